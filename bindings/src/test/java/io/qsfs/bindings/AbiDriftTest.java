package io.qsfs.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.SymbolLookup;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Asks the C compiler what the installed headers say, and compares every constant, size and offset that the bindings
 * hold, the generated and the hand-written ones; and looks every function up in the installed libraries. The lists
 * come from the argument files of jextract and from the classes themselves, so nothing can be forgotten. Skipped,
 * with the reason, where there is no compiler or no header.
 */
class AbiDriftTest {
    /** Structs that newer releases of libfuse made longer at the end, and how much of them the bindings can take. */
    private static final Map<String, Long> GROWING = Map.of(
            "fuse_file_info", 64L,
            "fuse_buf", 64L,
            "fuse_bufvec", 128L,
            "fuse_lowlevel_ops", Long.MAX_VALUE,
            "fuse_custom_io", Long.MAX_VALUE);

    /** The version of the headers is theirs. */
    private static final Set<String> VERSIONS = Set.of(
            "FUSE_MINOR_VERSION",
            "OPENSSL_VERSION_MINOR",
            "OPENSSL_VERSION_PATCH",
            "OPENSSL_VERSION_NUMBER",
            "OPENSSL_VERSION_TEXT",
            "MDB_VERSION_PATCH",
            "MDB_VERSION_FULL",
            "MDB_VERSION_DATE",
            "MDB_VERSION_STRING");

    private final Path headers = Project.root().resolve("native-headers");

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"fuse", "isal", "crypto", "lmdb", "linux"})
    void shouldFindEveryFunction(String library) throws IOException {
        SymbolLookup lookup = lookup(library);
        List<String> missing = new ArrayList<>(arguments(library, "function"));
        missing.removeIf(function -> lookup.find(function).isPresent());
        assertEquals(List.of(), missing, "functions that the installed library does not have");
    }

    @ParameterizedTest
    @ValueSource(strings = {"fuse", "isal", "crypto", "lmdb", "linux"})
    void shouldAgreeWithTheHeaders(String library) throws Exception {
        Map<String, Long> held = new TreeMap<>();
        StringBuilder questions = new StringBuilder();
        askConstants(library, held, questions);
        for (String struct : arguments(library, "struct")) {
            GroupLayout layout =
                    (GroupLayout) type(library, struct).getMethod("layout").invoke(null);
            String type = library.equals("lmdb") ? struct : "struct " + struct;
            questions.append("STRUCT(\"%s\", %s);\n".formatted(struct, type));
            held.put("sizeof " + struct, layout.byteSize());
            askFields(struct, type, layout, held, questions);
        }
        if (library.equals("fuse")) {
            hold("fuse_file_info", layout("fuse.FuseFileInfo", "PREFIX"), held);
            hold("fuse_conn_info", layout("fuse.FuseConnInfo", "PREFIX"), held);
        }
        Map<String, String> said = probe(library, questions.toString());
        List<String> differences = new ArrayList<>();
        held.forEach((key, value) -> {
            String answer = said.get(key);
            if (answer == null) {
                if (!key.endsWith("_ext") && !key.startsWith("constant ") && !key.endsWith(".bits")) {
                    differences.add(key + ": no answer");
                }
            } else if (!agrees(key, value, Long.parseLong(answer))) {
                differences.add(key + ": the bindings hold " + value + ", the headers say " + answer);
            }
        });
        assertEquals(List.of(), differences);
        if (library.equals("fuse")) {
            assertEquals("4:" + constant("fuse.FuseFileInfo", "DIRECT_IO"), said.get("bit fuse_file_info.direct_io"));
            assertEquals("4:" + constant("fuse.FuseFileInfo", "KEEP_CACHE"), said.get("bit fuse_file_info.keep_cache"));
        }
    }

    private static boolean agrees(String key, long held, long said) {
        if (key.startsWith("sizeof ") && GROWING.containsKey(key.substring(7))) {
            return said >= held && said <= GROWING.get(key.substring(7));
        }
        return key.equals("sizeof fuse_bufvec.buf") ? said >= held : held == said;
    }

    /** Those that jextract was asked for must be there; of the hand-written ones the newest may be missing. */
    private void askConstants(String library, Map<String, Long> held, StringBuilder questions)
            throws IOException, ReflectiveOperationException {
        for (String name : arguments(library, "constant")) {
            Object value = type(library, library + "_h").getMethod(name).invoke(null);
            if (!VERSIONS.contains(name) && value instanceof Number number) {
                held.put("constant " + name, number.longValue());
                questions.append("CONSTANT(%s);\n".formatted(name));
            }
        }
        List<String> handWritten = library.equals("linux")
                ? List.of("linux.LinuxConstants")
                : library.equals("lmdb")
                        ? List.of("lmdb.Lmdb")
                        : library.equals("fuse")
                                ? List.of("fuse.Fuse", "fuse.FuseConnInfo", "fuse.FuseBufVec")
                                : List.of();
        for (String name : handWritten) {
            for (Field field : Class.forName("io.qsfs.bindings." + name).getDeclaredFields()) {
                boolean fromC = Modifier.isPublic(field.getModifiers())
                        && (!library.equals("fuse") || field.getName().startsWith("FUSE_"));
                if (fromC) {
                    field.setAccessible(true); // the class may be package-private
                    long value = ((Number) field.get(null)).longValue();
                    Long generated = held.put("constant " + field.getName(), value);
                    if (generated == null) {
                        questions.append("#ifdef %1$s\nCONSTANT(%1$s);\n#endif\n".formatted(field.getName()));
                    } else {
                        assertEquals(generated, value, field.getName());
                    }
                }
            }
        }
    }

    private static void askFields(
            String struct, String type, GroupLayout layout, Map<String, Long> held, StringBuilder questions) {
        for (MemoryLayout member : layout.memberLayouts()) {
            String field = member.name().orElse("__padding");
            if (!field.startsWith("__") && !field.equals("reserved")) {
                questions.append("FIELD(\"%s\", %s, %s);\n".formatted(struct, type, field));
                held.put("offsetof " + struct + "." + field, layout.byteOffset(PathElement.groupElement(field)));
                held.put("sizeof " + struct + "." + field, member.byteSize());
            }
        }
    }

    /** A hand-written layout must hold what is asked already; where it holds something else, both fail to agree. */
    private static void hold(String struct, GroupLayout layout, Map<String, Long> held) {
        for (MemoryLayout member : layout.memberLayouts()) {
            member.name().ifPresent(field -> {
                long offset = layout.byteOffset(PathElement.groupElement(field));
                Long generated = held.put("offsetof " + struct + "." + field, offset);
                assertTrue(generated == null || generated == offset, struct + "." + field);
            });
        }
    }

    private Map<String, String> probe(String library, String questions) throws IOException, InterruptedException {
        Path source = headers.resolve("probe/" + library + ".c");
        String compiler = Stream.of("cc", "gcc", "clang")
                .filter(AbiDriftTest::isOnPath)
                .findFirst()
                .orElse(null);
        assumeTrue(compiler != null, "no C compiler on the path");
        Path nothing = directory.resolve("nothing");
        Output preprocessed = run(
                compiler,
                "-E",
                "-o",
                nothing.toString(),
                headers.resolve("qsfs_" + library + ".h").toString());
        assumeTrue(
                preprocessed.status == 0,
                () -> "headers of " + library + ": " + preprocessed.text.lines().findFirst());
        Files.writeString(directory.resolve(library + ".inc"), questions);
        Path program = directory.resolve("probe");
        Output compiled = run(compiler, "-I", directory.toString(), "-o", program.toString(), source.toString());
        assertEquals(0, compiled.status, compiled.text);
        Output answers = run(program.toString());
        assertEquals(0, answers.status, answers.text);
        Map<String, String> said = new TreeMap<>();
        answers.text.lines().forEach(line -> {
            int equals = line.indexOf('=');
            said.put(line.substring(0, equals), line.substring(equals + 1));
        });
        return said;
    }

    private List<String> arguments(String library, String kind) throws IOException {
        String option = "--include-" + kind + " ";
        try (Stream<String> lines = Files.lines(headers.resolve(library + ".args"))) {
            return lines.filter(line -> line.startsWith(option))
                    .map(line -> line.substring(option.length()))
                    .toList();
        }
    }

    private static SymbolLookup lookup(String library) {
        NativeLibrary found =
                switch (library) {
                    case "fuse" -> NativeLibrary.FUSE;
                    case "isal" -> NativeLibrary.ISAL;
                    case "crypto" -> NativeLibrary.CRYPTO;
                    case "lmdb" -> NativeLibrary.LMDB;
                    default -> null;
                };
        if (found == null) {
            return Linker.nativeLinker().defaultLookup();
        }
        assumeTrue(found.isAvailable(), found::unavailabilityCause);
        return found;
    }

    private static Class<?> type(String library, String name) throws ClassNotFoundException {
        return Class.forName("io.qsfs.bindings." + library + "." + name);
    }

    private static GroupLayout layout(String type, String field) throws ReflectiveOperationException {
        return (GroupLayout) field(type, field).get(null);
    }

    private static int constant(String type, String field) throws ReflectiveOperationException {
        return field(type, field).getInt(null);
    }

    private static Field field(String type, String name) throws ReflectiveOperationException {
        Field field = Class.forName("io.qsfs.bindings." + type).getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }

    private static boolean isOnPath(String program) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
                .anyMatch(entry -> Files.isExecutable(Path.of(entry, program)));
    }

    private record Output(int status, String text) {}

    private static Output run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes());
        return new Output(process.waitFor(), text);
    }
}
