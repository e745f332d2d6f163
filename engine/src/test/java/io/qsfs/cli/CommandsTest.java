package io.qsfs.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.qsfs.config.Paths;
import io.qsfs.config.QsfsException;
import io.qsfs.memory.Clock;
import io.qsfs.mount.EvictReport;
import io.qsfs.mount.FakeLauncher;
import io.qsfs.mount.FakeMount;
import io.qsfs.mount.FlushReport;
import io.qsfs.mount.StatusReport;
import io.qsfs.mount.UnmountReport;
import io.qsfs.mount.Unplaced;
import io.qsfs.mount.control.ControlServer;
import io.qsfs.mount.control.Message;
import io.qsfs.mount.control.MountPoints;
import io.qsfs.mount.control.MountRegistry;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs every command on an engine that does nothing: what it prints, what it asks, how it exits. */
@Timeout(60)
class CommandsTest {
    @TempDir
    Path folder;

    private final Map<String, String> environment = new HashMap<>();
    private final FakeLauncher launcher = new FakeLauncher();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private boolean isTerminal;
    private Paths paths;
    private Path directory;
    private FakeMount mount;
    private ControlServer server;

    @BeforeEach
    void make() throws IOException {
        folder = folder.toRealPath();
        paths = Paths.of(
                Map.of(
                        "XDG_CONFIG_HOME", folder + "/config",
                        "XDG_DATA_HOME", folder + "/data",
                        "XDG_STATE_HOME", folder + "/state",
                        "XDG_RUNTIME_DIR", folder + "/run"),
                folder,
                "u");
        directory = Files.createDirectory(folder.resolve("mnt"));
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.close();
        }
    }

    /** A mount that answers, served by this process. */
    private void serve() {
        mount = new FakeMount(directory.toString());
        Path socket = folder.resolve("state/control.sock");
        server = ControlServer.open(socket, mount, Clock.SYSTEM);
        new MountRegistry(paths)
                .put(MountRegistry.Entry.ofThisProcess(directory, "local", folder.resolve("state"), socket));
    }

    private int run(String... arguments) {
        out.reset();
        err.reset();
        Context context = new Context(
                FakeMain.class,
                launcher,
                paths,
                environment,
                null,
                new ByteArrayInputStream(new byte[0]),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                isTerminal,
                Clock.SYSTEM);
        return Commands.run(context, arguments);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void shouldExitWith2WhenTheCommandLineIsWrong() {
        assertEquals(2, run());
        assertTrue(err().startsWith("Usage: qsfs"), err());
        assertEquals(2, run("explode"));
        assertEquals("qsfs: Unmatched argument at index 0: 'explode': see qsfs --help.\n", err());
        assertEquals(2, run("mount"));
        assertEquals("qsfs: Missing required parameter: 'DIR': see qsfs mount --help.\n", err());
        assertEquals(2, run("umount", "--later", "x"));
        assertEquals("qsfs: Unknown option: '--later': see qsfs umount --help.\n", err());
        assertEquals(2, run("mount", "--passphrase", "secret", "x"));
        assertEquals("", out());
    }

    @Test
    void shouldShowHelp() {
        assertEquals(0, run("--help"));
        assertEquals(1, out().split("Usage:", -1).length - 1, out());
        for (String command : List.of("init", "mount", "umount", "status", "flush", "evict", "recover", "version")) {
            assertTrue(out().contains("\n  " + command + " "), command);
            String all = out();
            assertEquals(0, run(command, "--help"), command);
            assertTrue(out().startsWith("Usage: qsfs " + command), out());
            out.reset();
            out.writeBytes(all.getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    void shouldShowVersions() {
        assertEquals(0, run("version"));
        assertTrue(out().startsWith("qsfs "), out());
        assertTrue(out().contains("\nJava " + Runtime.version()), out());
    }

    @Test
    void shouldShowTheStatusWithTheMarginFirst() {
        serve();
        assertEquals(0, run("status", directory.toString()));
        assertEquals("""
                volume "local" on %s: running for 2h 3m, pid %d
                redundancy  4+2, 1 more backend may be lost; 120 segments whole, 3 reduced
                cache       1.2 GiB of 10.0 GiB (1.0 GiB may go), recalled 0 B of 256.0 MiB, index 12.0 MiB
                backlog     3 segments, 120.0 MiB, 40.0 MiB/s, left 3s; oldest safe only here for 12s; 2 shards owed; \
                1 file open for writing
                fetched     12.0 MiB in 43 chunks (3 rebuilt from other shards); 2 rotten shards, 0 read errors; placed 34.0 MiB
                files       20,312 inodes, 3.0 GiB
                backends
                  ok          backend-1 (this-machine), free 12.0 GiB, 123 shards, /srv/b1
                  unreachable backend-2 (elsewhere), free ?, 0 shards, 192.0.2.1:6379, buffered, 4 errors, 1 rotten shard: \
                connection refused
                warning: placed_min = 4 equals minimal_shards.
                """.formatted(directory, ProcessHandle.current().pid()), out());
        assertEquals(0, run("status"), "the only mount needs no name");
        assertEquals("", err());
    }

    @Test
    void shouldShowTheStatusAsJson() throws IOException {
        serve();
        assertEquals(0, run("status", "--json", directory.toString()));
        JsonNode json = Message.JSON.readTree(out());
        assertEquals(1, json.get("redundancy").get("margin").asInt());
        assertEquals(12 << 20, json.get("traffic").get("bytesFetched").asLong());
        assertEquals(mount.status, Message.JSON.treeToValue(json, StatusReport.class));
    }

    @Test
    void shouldFlush() {
        serve();
        assertEquals(0, run("flush", directory.toString()));
        assertEquals(
                "placing: 0 B of 10.0 MiB, 1.0 MiB/s, 3 segments to go, left 10s\n"
                        + "everything received is on the backends (3.0 MiB placed now)\n",
                out());
        mount.flush = new FlushReport(true, 0, 2, List.of());
        assertEquals(0, run("flush", "--local", "-q", directory.toString()));
        assertEquals("flush true", mount.lastCall);
        assertEquals("", out());
        assertEquals(
                "warning: 2 files open for writing: what the kernel still holds of them is not part of this, fsync them.\n",
                err());
    }

    @Test
    void shouldWriteProgressOverOnATerminal() {
        serve();
        isTerminal = true;
        assertEquals(0, run("flush", directory.toString()));
        assertEquals(
                "\r\u001b[Kplacing: 0 B of 10.0 MiB, 1.0 MiB/s, 3 segments to go, left 10s\r\u001b[K"
                        + "everything received is on the backends (3.0 MiB placed now)\n",
                out());
    }

    @Test
    void shouldEvict() {
        serve();
        assertEquals(0, run("evict", "--all", directory.toString()));
        assertEquals("evicted 7 segments: 100.0 MiB on disk before, 0 B now\n", out());
        assertEquals("evict true", mount.lastCall);
        mount.evict = new EvictReport(0, 1, 1, "2 segments are owed to backend-2, which is unreachable.");
        assertEquals(0, run("evict", directory.toString()));
        assertEquals("warning: 2 segments are owed to backend-2, which is unreachable.\n", err());
    }

    @Test
    void shouldUnmount() {
        serve();
        assertEquals(0, run("umount", directory.toString()));
        assertTrue(out().endsWith("unmounted " + directory + ": everything is on the backends\n"), out());
        assertEquals("unmount false", mount.lastCall);
    }

    @Test
    void shouldExitWith3AndNameWhatIsSafeOnlyHere() {
        serve();
        mount.progressCalls = 0;
        mount.unmount = new UnmountReport(
                UnmountReport.Outcome.LOCAL_ONLY,
                List.of(
                        new Unplaced("data 17", 63 << 20, 3, 5, "backend-5 and backend-6 are unreachable."),
                        new Unplaced("meta 4", 1 << 20, 3, 5, "backend-5 and backend-6 are unreachable.")),
                List.of(),
                null);
        assertEquals(3, run("umount", directory.toString()));
        assertEquals("unmounted " + directory + "\n", out());
        assertEquals(
                "qsfs: 2 segments with 64.0 MiB safe only on this machine: keep its state directory and mount again.\n"
                        + "  data 17, 63.0 MiB, 3 of 5 shards placed: backend-5 and backend-6 are unreachable.\n"
                        + "  meta 4, 1.0 MiB, 3 of 5 shards placed: backend-5 and backend-6 are unreachable.\n",
                err());
        assertEquals(0, run("umount", "--now", directory.toString()));
        assertEquals("unmount true", mount.lastCall);
        assertEquals(
                "unmounted " + directory
                        + ": 2 segments with 64.0 MiB safe only on this machine until the next mount places them\n",
                out());
        mount.flush = new FlushReport(false, 0, 0, mount.unmount.unplaced());
        assertEquals(3, run("flush", directory.toString()));
    }

    @Test
    void shouldNameTheProcessesThatUseTheMountPoint() {
        serve();
        mount.unmount = new UnmountReport(UnmountReport.Outcome.BUSY, List.of(), List.of("4711 bash", "12 vim"), null);
        assertEquals(1, run("umount", directory.toString()));
        assertEquals("qsfs: " + directory + " is in use by 4711 bash, 12 vim: end them and try again.\n", err());
    }

    @Test
    void shouldSayThatNothingIsMounted() {
        for (String command : List.of("status", "flush", "evict", "umount")) {
            assertEquals(1, run(command, directory.toString()), command);
            assertEquals(
                    "qsfs: " + directory
                            + " is not a mount point of qsfs: check the path, or mount it with qsfs mount.\n",
                    err());
        }
    }

    @Test
    void shouldInitialise() throws IOException {
        Path config = Files.writeString(
                folder.resolve("v.toml"),
                "key_file = \"v.key\"\nminimal_shards = 1\nexpected_shards = 1\n[[groups]]\n[[groups.backends]]\npath = \"/b\"\n");
        assertEquals(0, run("init", "--config", config.toString()));
        assertEquals(List.of("init v key file " + folder.resolve("v.key") + " NEW"), launcher.calls);
        assertEquals(
                "made volume \"v\" (00112233445566778899aabbccddeeff): 1+0 on 1 backends, epoch 1\n"
                        + "its secret is the key file " + folder.resolve("v.key")
                        + ": keep a copy elsewhere, without it nothing can be read back\n",
                out());
        assertTrue(err().startsWith("warning: expected_shards = 1 equals minimal_shards"), err());
        environment.put("QSFS_PASSPHRASE", "p");
        run("init", "--continue", "-c", config.toString());
        assertEquals("init v QSFS_PASSPHRASE CONTINUE", launcher.calls.get(1));
    }

    @Test
    void shouldSayWhereAVolumeCanBeNamed() {
        assertEquals(1, run("init"));
        assertEquals(
                "qsfs: no volume is named and there is no " + folder.resolve("config/qsfs/config.toml")
                        + ": use --config FILE, --volume NAME, or --local for a try.\n",
                err());
        assertEquals(1, run("mount", "--local", "--config", "x", directory.toString()));
        assertEquals("qsfs: --config is given beside --local: give one of the two.\n", err());
    }

    @Test
    void shouldMakeALocalVolumeOnce() throws IOException {
        launcher.failure = new QsfsException("stop here.");
        assertEquals(1, run("mount", "--local", directory.toString()));
        assertFalse(Files.exists(folder.resolve("config/qsfs/local.toml")), "not made, so it has no configuration");
        launcher.failure = null;
        launcher.calls.clear();
        assertEquals(0, run("init", "--local"));
        Path key = folder.resolve("config/qsfs/local.key");
        assertEquals(List.of("init local key file " + key + " CONTINUE"), launcher.calls);
        assertTrue(out().contains("its key is " + key + ": keep a copy elsewhere"), out());
        for (int i = 1; i <= 6; i++) {
            Path backend = folder.resolve("data/qsfs/local/backend-" + i);
            assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(backend)));
        }
        assertEquals(0, run("init", "--local"));
        assertEquals(1, launcher.calls.size(), "a second time it is there");
        assertEquals(0, run("init", "--local", "--volume", "other"));
        assertTrue(Files.exists(folder.resolve("config/qsfs/other.toml")));
        assertEquals(1, run("init", "--local", "--volume", "../x"));
    }

    @Test
    void shouldNotGiveANewKeyToOldData() throws IOException {
        assertEquals(0, run("init", "--local"));
        Path backend = folder.resolve("data/qsfs/local/backend-1");
        Files.writeString(backend.resolve("shard"), "x");
        Files.delete(folder.resolve("config/qsfs/local.key"));
        Files.delete(folder.resolve("config/qsfs/local.toml"));
        assertEquals(1, run("mount", "--local", directory.toString()));
        assertEquals(
                "qsfs: " + backend + " holds data of a volume, and its key " + folder
                        + "/config/qsfs/local.key and configuration " + folder
                        + "/config/qsfs/local.toml are gone: put your copies back, or remove " + folder
                        + "/data/qsfs/local to begin anew.\n",
                err());
    }

    @Test
    void shouldRecover() {
        assertEquals(0, run("init", "--local"));
        assertEquals(0, run("recover", "--local"));
        assertEquals(
                "recovered volume \"local\" as it was at 2023-11-14T22:13:20Z: 20,312 inodes, 3.0 GiB, from 17 metadata"
                        + " segments, epoch 2\n"
                        + "mount it with: qsfs mount --local --volume local DIR\n",
                out());
        assertEquals("warning: not found: segment meta 3.\n", err());
        assertEquals("recover local", launcher.calls.getLast());
        assertEquals(0, run("recover", "--local", "--accept-loss"));
        assertEquals("recover local accept loss", launcher.calls.getLast());
    }

    @Test
    void shouldMountHereUntilItIsUnmounted() throws Exception {
        int[] code = {-1};
        Thread serving =
                new Thread(() -> code[0] = run("mount", "--local", "--take-over", "--noatime", directory.toString()));
        serving.start();
        while (launcher.mount == null || new MountRegistry(paths).find(directory) == null) {
            Thread.sleep(5);
        }
        launcher.mount.unmount(false, io.qsfs.mount.PrintSink.NONE);
        serving.join();
        assertEquals(0, code[0]);
        assertEquals("mount local " + directory + " take over noatime", launcher.calls.getLast());
        assertTrue(out().contains("replayed 12 records in 3 ms\n"), out());
        assertTrue(out().contains("mounted \"local\" on " + directory), out());
        assertTrue(out().endsWith("unmounted " + directory + ": everything is on the backends\n"), out());
        assertEquals(null, new MountRegistry(paths).find(directory));
        assertFalse(Files.exists(folder.resolve("state/qsfs/local/control.sock")));
    }

    @Test
    void shouldRefuseWhatIsNoDirectory() throws IOException {
        assertEquals(1, run("mount", "--local", folder.resolve("none").toString()));
        assertEquals("qsfs: mount point " + folder.resolve("none") + " does not exist: mkdir it.\n", err());
        Path file = Files.writeString(folder.resolve("file"), "x");
        assertEquals(1, run("mount", "--local", file.toString()));
        assertEquals("qsfs: mount point " + file + " is not a directory: name one.\n", err());
    }

    @Test
    void shouldNotMountOverItself() throws IOException {
        assertEquals(0, run("init", "--local"));
        Path backend = folder.resolve("data/qsfs/local/backend-3");
        assertEquals(1, run("mount", "--local", backend.toString()));
        assertEquals(
                "qsfs: mount point " + backend + " overlaps backend " + backend + ": name a directory outside of it.\n",
                err());
        assertEquals(1, run("mount", "--local", folder.toString()));
        assertEquals(
                "qsfs: mount point " + folder + " overlaps state_dir " + folder.resolve("state/qsfs/local")
                        + ": name a directory outside of it.\n",
                err());
    }

    /** A file system of memory with our source stands for a mount of ours; only root can do this. */
    @Test
    void shouldClearAwayWhatADeadProcessLeft() throws Exception {
        Process mounting = new ProcessBuilder("mount", "-t", "tmpfs", "qsfs:local", directory.toString())
                .redirectErrorStream(true)
                .start();
        mounting.getInputStream().readAllBytes();
        Assumptions.assumeTrue(mounting.waitFor() == 0, "may mount");
        try {
            assertEquals(1, run("status", directory.toString()));
            assertTrue(
                    err().startsWith(
                                    "qsfs: the process that serves " + directory + " cannot be found: run the command"),
                    err());
            assertEquals(1, run("mount", "--local", directory.toString()));
            assertEquals(
                    "qsfs: mount point " + directory
                            + " is in use by another qsfs mount: qsfs umount it first, or name another directory.\n",
                    err());
            new MountRegistry(paths)
                    .put(new MountRegistry.Entry(directory.toString(), "local", "/s", "/s/c", 4_999_999, 0));
            assertEquals(1, run("status", directory.toString()));
            assertEquals(
                    "qsfs: the mount process of " + directory
                            + " (pid 4999999) is not running and its mount point is left over: qsfs umount " + directory
                            + " detaches it, the next qsfs mount replays its log.\n",
                    err());
            assertEquals(0, run("umount", directory.toString()));
            assertTrue(out().startsWith("detached " + directory + ": its process (pid 4999999) was gone"), out());
            assertEquals(null, MountPoints.find(directory));
        } finally {
            new ProcessBuilder("umount", directory.toString()).start().waitFor();
        }
    }

    @Test
    void shouldSayWhichLibraryIsMissing() {
        launcher.failure = new UnsatisfiedLinkError(
                "libisal cannot be loaded (tried libisal.so.2): install the Debian package libisal2.");
        assertEquals(1, run("mount", "--local", directory.toString()));
        assertEquals(
                "qsfs: libisal cannot be loaded (tried libisal.so.2): install the Debian package libisal2.\n", err());
        launcher.failure = new ExceptionInInitializerError(launcher.failure);
        assertEquals(1, run("mount", "--local", directory.toString()));
        assertEquals(
                "qsfs: libisal cannot be loaded (tried libisal.so.2): install the Debian package libisal2.\n", err());
    }

    @Test
    void shouldShowAStackTraceToThoseWhoAsk() {
        launcher.failure = new IllegalStateException("two and two");
        assertEquals(1, run("mount", "--local", directory.toString()));
        assertEquals(
                "qsfs: this is a bug (java.lang.IllegalStateException: two and two): run the command again with -v and"
                        + " report what it prints.\n",
                err());
        assertEquals(1, run("mount", "-v", "--local", directory.toString()));
        assertTrue(err().contains("\tat "), err());
        assertEquals("DEBUG", Main.logLevel(new String[] {"mount", "-v"}));
        assertEquals("ERROR", Main.logLevel(new String[] {"-q", "mount"}));
        assertEquals("INFO", Main.logLevel(new String[] {"mount"}));
    }
}
