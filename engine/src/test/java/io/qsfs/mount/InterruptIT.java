package io.qsfs.mount;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qsfs.backend.RedisServer;
import io.qsfs.bindings.linux.FsStat;
import io.qsfs.bindings.linux.Linux;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a process that waits for backends which hang can be interrupted and killed, and the mount can be ended in every way that
 * there is. Method: a mount whose backend is a redis-server that is stopped by SIGSTOP, evicted bytes, and readers that are processes
 * of their own. Needs root, /dev/fuse, redis-server and perl.
 */
@Timeout(120)
class InterruptIT {
    private static final int FILE_BYTES = 4 << 20;
    private static final String PERL = "/usr/bin/perl";

    /** Reads 4 KiB past the page cache, and says how that ended. */
    private static final String DIRECT_READER = """
            use Fcntl; $| = 1; $SIG{USR1} = sub {};
            sysopen(my $file, $ARGV[0], O_RDONLY | O_DIRECT) or die $!;
            print "begin\\n";
            my $count = sysread($file, my $bytes, 4096);
            print defined $count ? "read $count\\n" : ($! + 0) . "\\n";
            """;

    @TempDir
    Path root;

    private RedisServer redis;
    private MountRig rig;
    private RunningMount mount;
    private Process reader;

    @BeforeEach
    void begin() throws Exception {
        assumeTrue(Linux.geteuid() == 0 && Files.isReadable(Path.of("/dev/fuse")), "needs root and /dev/fuse");
        assumeTrue(Files.isExecutable(Path.of(PERL)), "needs " + PERL);
        redis = RedisServer.start(root.resolve("redis"));
        rig = new MountRig(root)
                .on(
                        "minimal_shards = 1\nexpected_shards = 1\n[[groups]]\nname = \"g\"\n[[groups.backends]]\nname = \"r\"\n"
                                + "address = \"" + "127.0.0.1:" + redis.port() + "\"\n");
        rig.init();
        mount = rig.mount();
        byte[] content = new byte[FILE_BYTES];
        new Random(1).nextBytes(content);
        Files.write(file(), content);
        assertNull(mount.evict(true, PrintSink.NONE).kept());
        rig.unmount(); // what the kernel had cached is gone
        mount = rig.mount();
        redis.pause();
    }

    @AfterEach
    void end() throws Exception {
        if (reader != null) {
            reader.destroyForcibly();
        }
        if (redis != null) {
            redis.resume();
            rig.close();
            redis.close();
        }
    }

    private Path file() {
        return rig.mountPoint().resolve("file");
    }

    /** Begins to read, and returns once the mount waits for the backend. */
    private BufferedReader begin(String... command) throws IOException, InterruptedException {
        reader = new ProcessBuilder(command).redirectErrorStream(true).start();
        BufferedReader out = new BufferedReader(new InputStreamReader(reader.getInputStream(), StandardCharsets.UTF_8));
        while (mount.status().traffic().readsWaiting() == 0) {
            assertTrue(reader.isAlive(), "the reader ended");
            Thread.sleep(10);
        }
        return out;
    }

    private BufferedReader beginDirectly() throws IOException, InterruptedException {
        BufferedReader out = begin(PERL, "-e", DIRECT_READER, file().toString());
        assertEquals("begin", out.readLine());
        return out;
    }

    private void signal(String signal) throws IOException, InterruptedException {
        assertEquals(0, run("kill", signal, Long.toString(reader.pid())));
    }

    private static int run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command).start().waitFor();
    }

    @Test
    void shouldInterruptAReadThatWaitsForABackend() throws Exception {
        BufferedReader out = beginDirectly();
        signal("-USR1");
        assertEquals(Integer.toString(Linux.EINTR), out.readLine());
        assertTrue(reader.waitFor(20, TimeUnit.SECONDS));
    }

    @Test
    void shouldLetAReaderDieThatWaitsForABackend() throws Exception {
        begin("cat", file().toString());
        reader.destroyForcibly();
        assertTrue(reader.waitFor(20, TimeUnit.SECONDS), "a killed reader must not wait for a backend");
    }

    @Test
    void shouldEndWhenTheConnectionIsAbortedWhileReadsWait() throws Exception {
        Path control = Files.createDirectory(root.resolve("connections"));
        assertEquals(0, run("mount", "-t", "fusectl", "none", control.toString()));
        try {
            BufferedReader out = beginDirectly();
            Files.writeString(control.resolve(connection() + "/abort"), "1");
            expectTheEnd(out);
        } finally {
            run("umount", control.toString());
        }
    }

    @Test
    void shouldEndWhenItIsUnmountedByForceWhileReadsWait() throws Exception {
        BufferedReader out = beginDirectly();
        run("umount", "-f", rig.mountPoint().toString()); // says that it is busy, and has cut the connection
        expectTheEnd(out);
    }

    @Test
    void shouldServeOnWhenItIsDetachedWhileReadsWait() throws Exception {
        BufferedReader out = beginDirectly();
        assertEquals(0, Linux.umount2(rig.mountPoint().toString(), Linux.MNT_DETACH));
        redis.resume();
        assertEquals("read 4096", out.readLine());
        assertEquals(UnmountReport.Outcome.PLACED, mount.awaitEnd().outcome());
    }

    @Test
    void shouldEndBySigtermWhileReadsWait() throws Exception {
        BufferedReader out = beginDirectly();
        Thread stop = new Thread(() -> mount.stop(PrintSink.NONE)); // what the handler of the signal does
        stop.start();
        redis.resume();
        assertEquals("read 4096", out.readLine());
        assertEquals(UnmountReport.Outcome.PLACED, mount.awaitEnd().outcome());
        stop.join();
    }

    @Test
    void shouldEndBySigtermThoughAFileStaysOpen() throws Exception {
        redis.resume();
        ((LocalMount) mount).stopTimeoutNs(500_000_000L);
        try (OpenFile open = OpenFile.create(rig.mountPoint().resolve("open"))) {
            assertEquals(4096, open.write(new byte[4096], 0));
            assertEquals(
                    UnmountReport.Outcome.PLACED, mount.stop(PrintSink.NONE).outcome());
            assertTrue(open.sync() != 0, "the connection is cut");
        }
        assertEquals(0, Linux.statvfs(rig.mountPoint().toString(), new FsStat()), "a mount that is dead is left over");
        mount = rig.mount();
    }

    private long connection() throws IOException {
        long device = (long) Files.getAttribute(rig.mountPoint(), "unix:dev");
        return device & 0xff | device >>> 12 & ~0xffL;
    }

    /** The reader hears an error at once, and the mount point is a directory again. */
    private void expectTheEnd(BufferedReader out) throws Exception {
        String said = out.readLine();
        assertFalse(said.startsWith("read"), said);
        redis.resume();
        mount.awaitEnd();
        assertTrue(Files.isDirectory(rig.mountPoint()));
        assertEquals(0, Linux.statvfs(rig.mountPoint().toString(), new FsStat()), "a mount that is dead is left over");
        assertEquals(0, reader.waitFor());
        mount = rig.mount();
        assertEquals(FILE_BYTES, Files.readAllBytes(file()).length);
    }
}
