package io.qsfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs the launcher in a checkout of its own, on machines made of fake programs: no Java, an old one, a missing library. */
@Timeout(60)
class ScriptsTest {
    private static final Path SCRIPTS =
            Path.of("..", "scripts").toAbsolutePath().normalize();

    @TempDir
    Path folder;

    private Path checkout;
    private Path programs;
    private final Map<String, String> environment = new HashMap<>();

    /** A checkout in which something is built, and a PATH with what a bare machine has. */
    @BeforeEach
    void make() throws IOException {
        folder = folder.toRealPath();
        checkout = Files.createDirectories(folder.resolve("check out"));
        Files.createDirectories(checkout.resolve("scripts"));
        for (String script : List.of("qsfs", "common.sh", "jvm-flags")) {
            Files.copy(
                    SCRIPTS.resolve(script),
                    checkout.resolve("scripts").resolve(script),
                    java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
        }
        Files.createDirectories(checkout.resolve("engine/target/lib"));
        Files.createDirectories(checkout.resolve("engine/src/main"));
        Files.createDirectories(checkout.resolve("bindings/src/main"));
        Files.writeString(checkout.resolve("engine/target/qsfs-engine-1.jar"), "");
        programs = Files.createDirectories(folder.resolve("bin"));
        for (String program : List.of(
                "bash",
                "sh",
                "sed",
                "head",
                "dirname",
                "readlink",
                "grep",
                "id",
                "cat",
                "find",
                "env",
                "mktemp",
                "flock")) {
            Path target = Stream.of("/usr/bin/", "/bin/")
                    .map(directory -> Path.of(directory + program))
                    .filter(Files::exists)
                    .findFirst()
                    .orElseThrow();
            program(program, "exec " + target + " \"$@\"");
        }
        program("fusermount3", "exit 0");
        program(
                "ldconfig",
                "for l in libfuse3.so.3 libisal.so.2 libcrypto.so.3 liblmdb.so.0; do printf '\\t%s (libc6) => /x\\n' $l; done");
        environment.put("PATH", programs.toString());
        environment.put("QSFS_JVM_DIRECTORIES", folder.resolve("jvm").toString());
    }

    private void program(String name, String body) throws IOException {
        Path file = programs.resolve(name);
        Files.deleteIfExists(file);
        Files.writeString(file, "#!/bin/sh\n" + body + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** A JDK that prints how it was called. */
    private Path jdk(String name, String version, boolean hasReleaseFile) throws IOException {
        Path home = folder.resolve("jvm").resolve(name);
        Files.createDirectories(home.resolve("bin"));
        Path java = home.resolve("bin/java");
        Files.writeString(
                java,
                "#!/bin/sh\nif [ \"$1\" = -version ]; then echo 'openjdk version \"" + version
                        + "\" 2026' >&2; exit; fi\necho " + name + " \"$@\"\n");
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
        if (hasReleaseFile) {
            Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
        }
        return home;
    }

    private record Ended(int code, String out, String err) {}

    private Ended run(Path script, String... arguments) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(Stream.concat(Stream.of(script.toString()), Stream.of(arguments))
                .toList());
        builder.directory(Path.of("/").toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        String out = new String(process.getInputStream().readAllBytes());
        String err = new String(process.getErrorStream().readAllBytes());
        assertTrue(process.waitFor(30, TimeUnit.SECONDS));
        return new Ended(process.exitValue(), out, err);
    }

    private Path launcher() {
        return checkout.resolve("scripts/qsfs");
    }

    @Test
    void shouldSayThatThereIsNoJava() throws Exception {
        Ended ended = run(launcher(), "version");
        assertEquals(1, ended.code());
        assertEquals(
                "qsfs: no Java is installed: install JDK 22 or newer (https://adoptium.net has one) and set JAVA_HOME to"
                        + " it.\n",
                ended.err());
    }

    @Test
    void shouldSayThatJavaIsTooOld() throws Exception {
        Path old = jdk("old", "1.8.0_402", false);
        jdk("older", "1.7.0", true);
        Ended ended = run(launcher(), "version");
        assertEquals(1, ended.code());
        assertEquals(
                "qsfs: Java 8 (" + old
                        + ") is too old: install JDK 22 or newer (https://adoptium.net has one) and set JAVA_HOME to it.\n",
                ended.err());
        environment.put("JAVA_HOME", jdk("old21", "21.0.11", true).toString());
        assertTrue(run(launcher(), "version").err().startsWith("qsfs: Java 21 ("));
    }

    @Test
    void shouldTakeTheNewestJava() throws Exception {
        jdk("a", "22", true);
        jdk("b", "25.0.3", true);
        jdk("c", "24-ea", false);
        Ended ended = run(launcher(), "mount", "-d", "--local", "/m n");
        assertEquals(0, ended.code(), ended.toString());
        assertTrue(ended.out().startsWith("b "), ended.out());
        assertTrue(ended.out().endsWith(" io.qsfs.cli.Main mount -d --local /m n\n"), ended.out());
        assertTrue(ended.out().contains("--illegal-native-access=deny"), ended.out());
        assertTrue(ended.out().contains("-Xmx256m"), ended.out());
        environment.put("JAVA_HOME", folder.resolve("jvm/a").toString());
        ended = run(launcher(), "version");
        assertTrue(ended.out().startsWith("a "), "JAVA_HOME goes first when it will do: " + ended.out());
        assertTrue(!ended.out().contains("--illegal-native-access"), "Java 22 does not know it: " + ended.out());
    }

    @Test
    void shouldStartThroughALink() throws Exception {
        jdk("b", "25.0.3", true);
        Path link = Files.createSymbolicLink(folder.resolve("qsfs"), launcher());
        Ended ended = run(link, "version");
        assertEquals(0, ended.code(), ended.toString());
        assertTrue(ended.out().contains(checkout + "/engine/target/lib/*"), ended.out());
    }

    @Test
    void shouldNameMissingPackages() throws Exception {
        jdk("b", "25.0.3", true);
        program("ldconfig", "printf '\\tlibcrypto.so.3 (libc6) => /x\\n\\tlibfuse3.so.4 (libc6) => /x\\n'");
        program("id", "echo 1000");
        Ended ended = run(launcher(), "version");
        assertEquals(1, ended.code());
        assertEquals(
                "qsfs: packages are missing: install libisal2 liblmdb0 (of Debian; | means one of the two), for example"
                        + " with sudo apt-get install.\n",
                ended.err());
    }

    @Test
    void shouldInstallMissingPackagesAsRoot() throws Exception {
        jdk("b", "25.0.3", true);
        program("ldconfig", "printf '\\tlibcrypto.so.3 (libc6) => /x\\n\\tlibisal.so.2 (libc6) => /x\\n'");
        program("id", "echo 0");
        program("rm", "exit 0");
        program("apt-cache", "[ \"$2\" = libfuse3-4 ]");
        // The lists are missing, as in a fresh image: the first install fails.
        program(
                "apt-get",
                "echo \"$DEBIAN_FRONTEND $*\" >> " + folder + "/apt; if [ \"$1\" = update ]; then : > " + folder
                        + "/updated; else [ -e " + folder + "/updated ]; fi");
        Ended ended = run(launcher(), "version");
        assertEquals(0, ended.code(), ended.toString());
        assertEquals("qsfs: installing libfuse3-4 liblmdb0 (apt-get)\n", ended.err());
        assertEquals(
                List.of(
                        "noninteractive install -y --no-install-recommends libfuse3-4 liblmdb0",
                        "noninteractive update",
                        "noninteractive install -y --no-install-recommends libfuse3-4 liblmdb0"),
                Files.readAllLines(folder.resolve("apt")));
    }

    @Test
    void shouldSayThatTheBuildFailed() throws Exception {
        Path home = jdk("b", "25.0.3", true);
        Files.copy(
                home.resolve("bin/java"), home.resolve("bin/javac"), java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
        Files.delete(checkout.resolve("engine/target/qsfs-engine-1.jar"));
        program("mvn", "echo broken; exit 1");
        Ended ended = run(launcher(), "version");
        assertEquals(1, ended.code());
        assertEquals("", ended.out(), "what the build says is not output of the command");
        assertTrue(ended.err().endsWith("broken\nqsfs: the build failed: see above.\n"), ended.err());
    }

    @Test
    void shouldBeStrictAndDescribed() throws IOException {
        try (Stream<Path> files = Files.list(SCRIPTS)) {
            for (Path script : files.filter(Files::isExecutable)
                    .filter(Files::isRegularFile)
                    .toList()) {
                String text = Files.readString(script);
                assertTrue(text.startsWith("#!/bin/bash\n# "), script + " says what it does");
                assertTrue(text.contains("\nset -euo pipefail\n"), script + " stops at the first error");
            }
        }
    }

    /** A change of the code may not quietly take a mutation away. */
    @Test
    void shouldHaveMutationsThatApplyAndAreListed() throws Exception {
        environment.put("PATH", System.getenv("PATH"));
        List<Path> patches;
        try (Stream<Path> files = Files.list(SCRIPTS.resolve("suites/mutations.d"))) {
            patches = files.sorted().toList();
        }
        assertTrue(patches.size() >= 25, "mutations: " + patches.size());
        for (Path patch : patches) {
            Ended ended = run(
                    Path.of("/usr/bin/env"),
                    "git",
                    "-C",
                    SCRIPTS.getParent().toString(),
                    "apply",
                    "--check",
                    patch.toString());
            assertEquals(0, ended.code(), patch + " does not apply any more: " + ended.err());
            String test = Files.readString(patch).lines().toList().get(1);
            assertTrue(test.startsWith("Test: "), patch + " names no test");
            assertTrue(isThere(test.substring("Test: ".length())), patch + " names a test that is not there: " + test);
        }
        Ended docs = run(SCRIPTS.resolve("suites/mutations"), "--docs");
        assertEquals(
                Files.readString(SCRIPTS.resolve("../docs/mutations.md")),
                docs.out(),
                "write it anew: scripts/suites/mutations --docs > docs/mutations.md " + docs.err());
    }

    private static boolean isThere(String test) throws IOException {
        String[] parts = test.split("#");
        for (String module : List.of("engine", "bindings")) {
            try (Stream<Path> files =
                    Files.walk(SCRIPTS.resolve("..").resolve(module).resolve("src/test/java"))) {
                for (Path file :
                        files.filter(f -> f.endsWith(parts[0] + ".java")).toList()) {
                    return parts.length == 1 || Files.readString(file).contains(" " + parts[1] + "(");
                }
            }
        }
        return false;
    }
}
