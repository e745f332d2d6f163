package io.qsfs.mount;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qsfs.bindings.linux.Linux;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: whatever a user gets wrong is answered by one sentence that says what to do, and exit code 1. Method: the command {@code
 * scripts/qsfs} as a user runs it, in directories of the test. What goes wrong before the program starts (no Java, an old one, a missing
 * library) is in ScriptsTest. Needs root and /dev/fuse.
 */
@Timeout(180)
class BadInputIT {
    private static final Path COMMAND =
            Path.of("..", "scripts", "qsfs").toAbsolutePath().normalize();

    @TempDir
    Path root;

    private MountRig rig;
    private Path config;

    private record Ended(int code, String out, String err) {}

    @BeforeEach
    void begin() {
        assumeTrue(Linux.geteuid() == 0 && Files.isReadable(Path.of("/dev/fuse")), "needs root and /dev/fuse");
        rig = new MountRig(root);
        config = rig.config().file();
        assertEquals(0, run("init", "-c", config.toString()).code());
    }

    @AfterEach
    void end() {
        if (rig != null) {
            rig.close();
        }
    }

    private Ended run(String... arguments) {
        try {
            Path out = Files.createTempFile(root, "out", "");
            Path err = Files.createTempFile(root, "err", "");
            List<String> command = new ArrayList<>(List.of(COMMAND.toString()));
            command.addAll(List.of(arguments));
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
            for (String name : List.of("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "RUNTIME_DIR")) {
                builder.environment().put("XDG_" + name, root.toString());
            }
            // Into files: a mount in the background keeps what it is given open.
            int code = builder.redirectOutput(out.toFile())
                    .redirectError(err.toFile())
                    .start()
                    .waitFor();
            return new Ended(code, Files.readString(out), withoutNotes(Files.readString(err)));
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(String.join(" ", arguments), e);
        }
    }

    /** The launcher's own remark that something is newer than the build is no error of the command. */
    private static String withoutNotes(String err) {
        return err.replaceAll("(?m)^qsfs: note: .*\n", "");
    }

    private Ended mount() {
        return run("mount", "-d", "-c", config.toString(), rig.mountPoint().toString());
    }

    private static void expectSentence(Ended ended, String... words) {
        assertEquals(1, ended.code(), ended.toString());
        List<String> lines = ended.err()
                .lines()
                .filter(line -> !line.startsWith("warning: "))
                .toList();
        assertEquals(1, lines.size(), ended.err());
        assertTrue(lines.getFirst().startsWith("qsfs: "), ended.err());
        assertFalse(ended.err().contains("\tat ") || ended.err().contains("Exception"), ended.err());
        for (String word : words) {
            assertTrue(ended.err().contains(word), word + " is missing: " + ended.err());
        }
    }

    private static void flip(Path file, long at) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[(int) at] ^= 0x10;
        Files.write(file, bytes);
    }

    @Test
    void shouldRefuseAWrongKey() throws IOException {
        Files.delete(rig.keyFile());
        io.qsfs.keys.KeyFile.create(rig.keyFile(), new SecureRandom()).close();
        expectSentence(mount(), "key");
        Files.delete(rig.keyFile());
        expectSentence(mount(), rig.keyFile().toString());
    }

    @Test
    void shouldMountDegradedAndRefuseBelowK() {
        MountRig.delete(rig.backend(1));
        MountRig.delete(rig.backend(2));
        Ended ended = mount();
        assertEquals(0, ended.code(), ended.toString());
        assertEquals(
                2,
                ended.err().lines().filter(line -> line.startsWith("warning: ")).count(),
                ended.err());
        assertEquals(0, run("umount", "--now", rig.mountPoint().toString()).code());
        MountRig.delete(rig.backend(3));
        expectSentence(mount(), "only 3 of 6 backends", "4 are needed");
    }

    @Test
    void shouldRefuseABackendOfAnotherVolume() throws IOException {
        try (MountRig other = new MountRig(Files.createDirectory(root.resolve("other")))) {
            other.init();
            MountRig.delete(rig.backend(3));
            MountRig.copy(other.backend(3), rig.backend(3));
        }
        expectSentence(mount(), "b3", "another volume");
    }

    @Test
    void shouldNameTheLineOfAnUnknownKey() throws IOException {
        String good = Files.readString(config);
        Files.writeString(config, "cache_limt = \"1GiB\"\n" + good);
        expectSentence(mount(), config + ":1: ", "cache_limt", "cache_limit");
        Files.writeString(config, good.replace("\"8MiB\"", "\"8 bananas\""));
        expectSentence(mount(), "8 bananas");
        expectSentence(
                run(
                        "mount",
                        "-c",
                        root.resolve("absent.toml").toString(),
                        rig.mountPoint().toString()),
                "absent");
    }

    @Test
    void shouldRefuseAMountPointThatCannotBeOne() throws IOException {
        Path file = Files.createFile(root.resolve("file"));
        expectSentence(run("mount", "-d", "-c", config.toString(), file.toString()), file.toString());
        Path absent = root.resolve("absent");
        expectSentence(run("mount", "-d", "-c", config.toString(), absent.toString()), absent.toString());
    }

    @Test
    void shouldRefuseASecondMountAndAMountPointInUse() throws IOException, InterruptedException {
        assertEquals(0, mount().code());
        Path elsewhere = Files.createDirectory(root.resolve("elsewhere"));
        expectSentence(run("mount", "-d", "-c", config.toString(), elsewhere.toString()), "mounted already");
        expectSentence(mount(), rig.mountPoint().toString());
        Process user = new ProcessBuilder("sleep", "100")
                .directory(rig.mountPoint().toFile())
                .start();
        try {
            expectSentence(run("umount", rig.mountPoint().toString()), "in use by", "sleep");
        } finally {
            user.destroyForcibly();
            user.waitFor();
        }
        Ended ended = run("umount", rig.mountPoint().toString());
        assertEquals(0, ended.code(), ended.toString());
        expectSentence(run("umount", rig.mountPoint().toString()), "not a mount point");
    }

    @Test
    void shouldClearAwayAMountPointThatAKilledProcessLeft() throws IOException, InterruptedException {
        Ended ended = mount();
        assertEquals(0, ended.code(), ended.toString());
        Files.writeString(rig.mountPoint().resolve("f"), "content");
        assertEquals(0, run("flush", "--local", rig.mountPoint().toString()).code());
        String pid = ended.out().replaceAll("(?s).*\\(pid (\\d+).*", "$1");
        assertEquals(0, new ProcessBuilder("kill", "-9", pid).start().waitFor());
        while (ProcessHandle.of(Long.parseLong(pid)).map(ProcessHandle::isAlive).orElse(false) && !isZombie(pid)) {
            Thread.sleep(20);
        }
        expectSentence(run("status", rig.mountPoint().toString()), "is not running", "qsfs umount");
        ended = mount();
        assertEquals(0, ended.code(), "a mount over what is left: " + ended);
        assertTrue(Files.exists(rig.mountPoint().resolve("f")));
        assertEquals(0, run("umount", rig.mountPoint().toString()).code());
    }

    private static boolean isZombie(String pid) {
        try {
            return Files.readString(Path.of("/proc", pid, "stat")).contains(") Z ");
        } catch (IOException e) {
            return true; // it is gone altogether
        }
    }

    @Test
    void shouldReadAroundATruncatedAndAFlippedShardAndCountThem() throws IOException {
        assertEquals(0, mount().code());
        byte[] content = new byte[5 << 20];
        new java.util.Random(1).nextBytes(content);
        Files.write(rig.mountPoint().resolve("f"), content);
        Ended evicted = run("evict", "--all", rig.mountPoint().toString());
        assertEquals(0, evicted.code(), evicted.toString());
        assertEquals(0, run("umount", rig.mountPoint().toString()).code());
        for (Path shard : rig.shards(1, "d")) {
            Files.write(shard, java.util.Arrays.copyOf(Files.readAllBytes(shard), 5_000));
        }
        for (Path shard : rig.shards(2, "d")) {
            flip(shard, 4096 + 1000);
        }
        assertEquals(0, mount().code());
        assertTrue(java.util.Arrays.equals(
                content, Files.readAllBytes(rig.mountPoint().resolve("f"))));
        Ended status = run("status", "--json", rig.mountPoint().toString());
        assertFalse(status.out().replace(" ", "").contains("\"shardsRotten\":0,"), status.out());
        assertEquals(0, run("umount", rig.mountPoint().toString()).code());
    }

    @Test
    void shouldRefuseAnOldCopyOfTheStateDirectory() throws IOException {
        assertEquals(0, mount().code());
        Files.writeString(rig.mountPoint().resolve("f"), "1");
        assertEquals(0, run("umount", rig.mountPoint().toString()).code());
        Path copy = root.resolve("copy");
        MountRig.copy(rig.state(), copy);
        assertEquals(0, mount().code());
        Files.writeString(rig.mountPoint().resolve("g"), "2");
        assertEquals(0, run("umount", rig.mountPoint().toString()).code());
        MountRig.delete(rig.state());
        Files.move(copy, rig.state());
        expectSentence(mount(), "old copy", "qsfs recover");
        try (Stream<Path> left = Files.list(rig.mountPoint())) {
            assertEquals(0, left.count());
        }
    }
}
