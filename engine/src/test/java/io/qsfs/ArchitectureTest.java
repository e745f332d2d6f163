package io.qsfs;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.EvaluationResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Holds the directions between packages: imports only point down the list of the architecture. */
class ArchitectureTest {
    /** From the top; packages of one row may use each other only as {@link #WITHIN_LAST_ROW} says. */
    private static final List<String> ORDER = List.of(
            "cli", "mount", "fuse", "fs", "keeper", "offload", "recall", "zdb", "backend", "codec", "keys", "index",
            "log");

    private static final List<String> LAST_ROW = List.of("memory", "config", "metrics");

    /** Clocks and identities have no configuration. */
    private static final List<String> WITHIN_LAST_ROW = List.of("config->memory", "metrics->memory", "config->metrics");

    private static final JavaClasses ENGINE = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.qsfs");

    @Test
    void shouldPointDownOnly() {
        Set<String> wrong = new TreeSet<>();
        for (JavaClass from : ENGINE) {
            String fromPackage = box(from);
            if (fromPackage == null) {
                continue;
            }
            from.getDirectDependenciesFromSelf().forEach(dependency -> {
                JavaClass to = dependency.getTargetClass().getBaseComponentType();
                String toPackage = box(to);
                if (toPackage != null && !mayUse(fromPackage, toPackage)) {
                    wrong.add(from.getName() + " uses " + to.getName());
                }
            });
        }
        assertEquals(Set.of(), wrong);
    }

    @Test
    void shouldPutEveryClassInABox() {
        List<String> homeless = new ArrayList<>();
        for (JavaClass type : ENGINE) {
            boolean isEngine = type.getPackageName().startsWith("io.qsfs")
                    && !type.getPackageName().startsWith("io.qsfs.bindings")
                    && !type.getPackageName().startsWith("io.qsfs.bench");
            String box = box(type);
            if (isEngine && !ORDER.contains(box) && !LAST_ROW.contains(box)) {
                homeless.add(type.getName());
            }
        }
        assertEquals(List.of(), homeless);
    }

    private static boolean mayUse(String from, String to) {
        if (from.equals(to)) {
            return true;
        }
        if (LAST_ROW.contains(from)) {
            return WITHIN_LAST_ROW.contains(from + "->" + to);
        }
        return LAST_ROW.contains(to) || ORDER.indexOf(to) > ORDER.indexOf(from);
    }

    /** {@code log} for {@code io.qsfs.log.record.PadRecord}; null outside of the engine. */
    private static String box(JavaClass type) {
        String prefix = "io.qsfs.";
        String name = type.getPackageName();
        if (!name.startsWith(prefix) || name.startsWith("io.qsfs.bindings") || name.startsWith("io.qsfs.bench")) {
            return null;
        }
        return name.substring(prefix.length()).split("\\.")[0];
    }

    /** What jextract wrote is for the hand-written layer beside it. */
    @Test
    void shouldNotUseGeneratedBindings() {
        EvaluationResult result = noClasses()
                .that()
                .resideOutsideOfPackage("io.qsfs.bindings..")
                .should()
                .dependOnClassesThat(describe("jextract wrote", ArchitectureTest::isGenerated))
                .evaluate(ENGINE);
        assertEquals(List.of(), result.getFailureReport().getDetails());
    }

    /** Its functions are in NAME_h; its structs are lower-case classes, which nobody writes by hand. */
    private static boolean isGenerated(JavaClass type) {
        String name = type.getName();
        if (!name.startsWith("io.qsfs.bindings.")) {
            return false;
        }
        String simple = name.substring(name.lastIndexOf('.') + 1).split("\\$")[0];
        return simple.matches(".*_h(_[0-9]+)?") || Character.isLowerCase(simple.charAt(0)) || simple.matches("MDB_.*");
    }

    @Test
    void shouldLeaveUtilityClassesWithoutConstructors() {
        List<String> open = new ArrayList<>();
        for (JavaClass type : ENGINE) {
            boolean isUtility = !type.getName().startsWith("io.qsfs.bindings")
                    && !type.isInterface()
                    && !type.isAnonymousClass()
                    && type.getFields().stream().allMatch(f -> f.getModifiers().contains(JavaModifier.STATIC))
                    && !type.getMethods().isEmpty()
                    && type.getMethods().stream().allMatch(m -> m.getModifiers().contains(JavaModifier.STATIC));
            boolean hasOpenConstructor = type.getConstructors().stream()
                    .anyMatch(c -> c.getModifiers().contains(JavaModifier.PUBLIC));
            if (isUtility && hasOpenConstructor) {
                open.add(type.getName());
            }
        }
        assertEquals(List.of(), open);
    }
}
