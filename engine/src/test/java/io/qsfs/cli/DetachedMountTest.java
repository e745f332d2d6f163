package io.qsfs.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Mounts in the background, in processes of their own, on an engine that does nothing. */
@Timeout(120)
class DetachedMountTest {
    @TempDir
    Path folder;

    private Path directory;
    private String failure;
    private String passphrase;

    @BeforeEach
    void make() throws IOException {
        folder = folder.toRealPath();
        directory = Files.createDirectory(folder.resolve("mnt"));
    }

    private record Ended(int code, String out, String err) {}

    /** Standard output and error are pipes, which must not stay open in the child of a mount. */
    private Ended run(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                FakeMain.class.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        for (String variable : List.of("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "RUNTIME_DIR")) {
            builder.environment()
                    .put("XDG_" + variable, folder.resolve(variable).toString());
        }
        if (failure != null) {
            builder.environment().put("QSFS_FAKE_FAILURE", failure);
        }
        if (passphrase != null) {
            builder.environment().put("QSFS_PASSPHRASE", passphrase);
        }
        Process process = builder.start();
        String out = new String(process.getInputStream().readAllBytes());
        String err = new String(process.getErrorStream().readAllBytes());
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        return new Ended(process.exitValue(), out, err);
    }

    private Path config(String key) throws IOException {
        Files.writeString(
                folder.resolve("v.toml"),
                key
                        + "state_dir = \"state\"\nminimal_shards = 1\nexpected_shards = 2\n[[groups]]\n[[groups.backends]]\n"
                        + "path = \"/b\"\n[[groups.backends]]\npath = \"/c\"\n");
        return folder.resolve("v.toml");
    }

    @Test
    void shouldMountInTheBackground() throws Exception {
        Ended mounted = run("mount", "-d", "--local", directory.toString());
        assertEquals(0, mounted.code(), mounted.toString());
        assertTrue(mounted.out().contains("replayed 12 records in 3 ms\n"), mounted.toString());
        assertTrue(mounted.out().contains("mounted \"local\" on " + directory + " (pid "), mounted.toString());
        Path state = folder.resolve("STATE_HOME/qsfs/local");
        String log = Files.readString(state.resolve("qsfs.log"));
        assertTrue(log.contains("INFO  FakeLauncher [main] fake mount on " + directory), log);
        Ended status = run("status", directory.toString());
        assertEquals(0, status.code(), status.toString());
        assertTrue(status.out().startsWith("volume \"local\" on " + directory + ": running"), status.toString());
        long pid = Long.parseLong(mounted.out().replaceAll("(?s).*\\(pid ([0-9]+),.*", "$1"));
        assertTrue(ProcessHandle.of(pid).isPresent());
        Ended unmounted = run("umount", directory.toString());
        assertEquals(0, unmounted.code(), unmounted.toString());
        assertFalse(isRunning(pid), "umount waits for the process");
    }

    /** False also for a process that has ended and that nobody has asked how: it is listed still. */
    private static boolean isRunning(long pid) throws java.io.IOException {
        Path stat = Path.of("/proc", Long.toString(pid), "stat");
        if (!Files.exists(stat)) {
            return false;
        }
        String text = Files.readString(stat);
        return text.charAt(text.lastIndexOf(')') + 2) != 'Z';
    }

    @Test
    void shouldEndBySignal() throws Exception {
        Ended mounted = run("mount", "-d", "--local", directory.toString());
        long pid = Long.parseLong(mounted.out().replaceAll("(?s).*\\(pid ([0-9]+),.*", "$1"));
        ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
        process.destroy();
        process.onExit().get(30, TimeUnit.SECONDS);
        Ended status = run("status", directory.toString());
        assertEquals(1, status.code());
        assertEquals(
                "qsfs: " + directory + " is not a mount point of qsfs: check the path, or mount it with qsfs mount.\n",
                status.err());
    }

    @Test
    void shouldSayThatAProcessWasKilled() throws Exception {
        Ended mounted = run("mount", "-d", "--local", directory.toString());
        long pid = Long.parseLong(mounted.out().replaceAll("(?s).*\\(pid ([0-9]+),.*", "$1"));
        ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
        process.destroyForcibly();
        process.onExit().get(30, TimeUnit.SECONDS);
        Ended status = run("status", directory.toString());
        assertEquals(1, status.code());
        assertEquals(
                "qsfs: the mount process of " + directory + " (pid " + pid
                        + ") is not running: mount it again, its log is replayed then.\n",
                status.err());
        Ended again = run("mount", "-d", "--local", directory.toString());
        assertEquals(0, again.code(), again.toString());
        assertEquals(0, run("umount", "--now", directory.toString()).code());
    }

    @Test
    void shouldRelayWhyItFailed() throws Exception {
        Path config = config("key_file = \"k\"\n");
        failure = "backend /b is absent: bring it back.";
        Ended ended = run("mount", "-d", "--config", config.toString(), directory.toString());
        assertEquals(1, ended.code());
        assertEquals("qsfs: backend /b is absent: bring it back.\n", ended.err());
        String log = Files.readString(folder.resolve("state/qsfs.log"));
        assertTrue(log.contains("qsfs: backend /b is absent: bring it back."), log);
    }

    @Test
    void shouldHandAPassphraseDown() throws Exception {
        Path config = config("");
        passphrase = "wrong";
        Ended refused = run("mount", "-d", "--config", config.toString(), directory.toString());
        assertEquals("qsfs: the passphrase does not open the volume: check it.\n", refused.err());
        passphrase = "right";
        assertEquals(
                0,
                run("mount", "-d", "--config", config.toString(), directory.toString())
                        .code());
        assertEquals(0, run("umount", directory.toString()).code());
    }
}
