package io.qsfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Reads the sources for what a compiler does not see. Tests are left out. */
class TidyTest {
    private static final Path SOURCES = Path.of("src", "main", "java", "io", "qsfs");
    private static final Path REPOSITORY = Path.of("..");

    private static void forEachSource(BiConsumer<Path, String> check) throws IOException {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            List<Path> sources = files.filter(file -> file.toString().endsWith(".java"))
                    .sorted()
                    .toList();
            assertTrue(sources.size() > 20, "sources are found");
            for (Path file : sources) {
                check.accept(SOURCES.relativize(file), Files.readString(file));
            }
        }
    }

    private static List<String> found(Pattern forbidden, String... allowedIn) throws IOException {
        List<String> found = new ArrayList<>();
        forEachSource((file, text) -> {
            if (Arrays.stream(allowedIn).anyMatch(file.toString()::startsWith)) {
                return;
            }
            Matcher matcher = forbidden.matcher(text);
            while (matcher.find()) {
                long line = text.substring(0, matcher.start()).lines().count();
                found.add(file + ":" + Math.max(1, line) + ": " + matcher.group());
            }
        });
        return found;
    }

    @Test
    void shouldNotLeaveArenasToTheCollector() throws IOException {
        assertEquals(List.of(), found(Pattern.compile("Arena\\.ofAuto\\b"), "memory/"));
    }

    /** Closing a shared arena stalls every thread: an object that lives long may own one, a block of code may not. */
    @Test
    void shouldNotShareArenasForABlock() throws IOException {
        Pattern local = Pattern.compile("(?:try \\(| {8})(?:Arena|var) \\w+ = Arena\\.ofShared\\b");
        assertEquals(List.of(), found(local, "memory/"));
    }

    @Test
    void shouldTakeTimeAsAParameter() throws IOException {
        Pattern clocks = Pattern.compile("System\\.(nanoTime|currentTimeMillis)|Instant\\.now|Clock\\.system");
        assertEquals(List.of(), found(clocks, "memory/Clock.java"));
    }

    @Test
    void shouldTakeRandomnessAsAParameter() throws IOException {
        assertEquals(
                List.of(), found(Pattern.compile("new (java\\.util\\.)?Random\\(|Math\\.random|ThreadLocalRandom")));
    }

    @Test
    void shouldKeepNettyInBackends() throws IOException {
        assertEquals(List.of(), found(Pattern.compile("import io\\.netty\\.[\\w.]+"), "backend/", "zdb/"));
    }

    /** Standard streams belong to the command line. */
    @Test
    void shouldNotPrint() throws IOException {
        assertEquals(List.of(), found(Pattern.compile("System\\.(out|err)\\b|printStackTrace\\(\\)"), "cli/"));
    }

    /** A file that declares a class with a field that is not final has a line that says who may touch it. */
    @Test
    void shouldSayWhichThreadOwnsAClass() throws IOException {
        Set<String> silent = new TreeSet<>();
        JavaClasses engine = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPath(Path.of("target", "classes"));
        for (JavaClass type : engine) {
            Path file = Path.of(type.getName()
                            .split("\\$")[0]
                            .substring("io.qsfs.".length())
                            .replace('.', '/') + ".java");
            boolean isMutable = type.getFields().stream()
                    .anyMatch(field -> !field.getModifiers().contains(JavaModifier.FINAL));
            if (isMutable && !Files.readString(SOURCES.resolve(file)).contains("Threading:")) {
                silent.add(file.toString());
            }
        }
        assertEquals(Set.of(), silent);
    }

    @Test
    void shouldDescribeEveryPackage() throws IOException {
        List<String> undescribed = new ArrayList<>();
        forEachSource((file, text) -> {
            if (!Files.exists(SOURCES.resolve(file).resolveSibling("package-info.java"))) {
                undescribed.add(file.toString());
            }
        });
        assertEquals(List.of(), undescribed);
    }

    /** The pom repeats for tests and benchmarks what the launcher reads from scripts/jvm-flags. */
    @Test
    void shouldHaveOneSetOfFlags() throws IOException {
        String pom = Files.readString(REPOSITORY.resolve("pom.xml"));
        Matcher matcher =
                Pattern.compile("<qsfs\\.jvm\\.flags>(.*)</qsfs\\.jvm\\.flags>").matcher(pom);
        assertTrue(matcher.find());
        String ofLauncher = Files.readString(REPOSITORY.resolve("scripts/jvm-flags"));
        List<String> missing = Arrays.stream(matcher.group(1)
                        .replace("--add-exports ", "--add-exports=")
                        .split(" "))
                .filter(flag -> ofLauncher.lines().noneMatch(flag::equals))
                .toList();
        assertEquals(List.of(), missing);
    }
}
