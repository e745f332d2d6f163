package io.qsfs.fuse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.qsfs.fs.VolumeRig;
import io.qsfs.memory.Clock;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a request that is answered from what is here allocates nothing from the upcall to the answer, once it is compiled, but the
 * segments of the upcall's pointers: the compiler does not always see that they stay where they are. Method: a fake kernel, and the bytes that the FUSE workers and the single writer allocated over many requests; several
 * rounds, because compilation comes when it comes.
 */
@Timeout(300)
class AllocationLoopbackTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long ROOT = 1;
    private static final int REQUESTS = 10_000;
    private static final int ROUNDS_MAX = 30;
    private static final int BLOCKS = 64;
    /** The segment of one pointer. */
    private static final long POINTER_BYTES = 40;
    /** What a round may cost that is not paid for each request: less than one object for ten of them. */
    private static final long NOISE_BYTES = 8_000;

    /** A write has two, its payload and its file info, and the payload's bounds are one more. */
    private static final int POINTERS_OF_A_WRITE = 3;

    @TempDir
    Path directory;

    private KernelPlayer kernel;
    private FuseSession session;
    private VolumeRig rig;
    private Arena arena;

    @BeforeEach
    void begin() {
        arena = Arena.ofShared();
        kernel = new KernelPlayer();
        session = new FuseSession(arena, Clock.SYSTEM);
        rig = new VolumeRig(directory, session.replies(), session.interrupts());
        session.connect(kernel.daemonFd());
        session.start(rig.fileSystem(), VolumeRig.WORKERS);
        kernel.init();
    }

    @AfterEach
    void end() throws InterruptedException {
        session.exit();
        kernel.hangUp();
        session.awaitEnd();
        assertTrue(session.awaitAnswers(Long.MAX_VALUE));
        session.close();
        rig.stopCleanly();
        kernel.close();
        arena.close();
        assertEquals(0, session.failureCount(), "exceptions in upcalls");
    }

    private long file() {
        long ino = kernel.create(ROOT, "f", 0644).nodeId();
        for (int i = 0; i < BLOCKS; i++) {
            assertEquals(0, kernel.write(ino, i * 4096L, new byte[4096]).errno());
        }
        assertEquals(0, kernel.fsync(ino).errno());
        return ino;
    }

    private static long allocated() {
        long sum = 0;
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().startsWith("fuse-worker-") || thread.getName().equals("file-system")) {
                sum += THREADS.getThreadAllocatedBytes(thread.threadId());
            }
        }
        return sum;
    }

    private static void assertAllocatesPointersAlone(String what, int pointers, IntConsumer request) {
        long bytesMax = REQUESTS * pointers * POINTER_BYTES + NOISE_BYTES;
        long least = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS_MAX && least > bytesMax; round++) {
            long before = allocated();
            for (int i = 0; i < REQUESTS; i++) {
                request.accept(i);
            }
            least = Math.min(least, allocated() - before);
        }
        assertTrue(least <= bytesMax, what + ": " + least + " bytes for " + REQUESTS + " requests");
    }

    @Test
    void shouldAllocatePointersAloneWhenReading() {
        long ino = file();
        assertAllocatesPointersAlone("read", 1, i -> kernel.read(ino, i % BLOCKS * 4096L, 4096));
    }

    @Test
    void shouldAllocatePointersAloneWhenReadingWhatWasCompared() throws InterruptedException {
        file();
        end();
        begin();
        long ino = kernel.lookup(ROOT, "f").nodeId();
        assertAllocatesPointersAlone("read", 1, i -> kernel.read(ino, i % BLOCKS * 4096L, 4096));
    }

    @Test
    void shouldAllocatePointersAloneWhenAskingForAttributesAndNames() {
        long ino = file();
        assertAllocatesPointersAlone("getattr", 1, i -> kernel.getattr(ino));
        assertAllocatesPointersAlone("lookup", 1, i -> kernel.lookup(ROOT, "f"));
    }

    @Test
    void shouldAllocatePointersAloneWhenWriting() {
        long ino = file();
        byte[] block = new byte[4096];
        assertAllocatesPointersAlone("write", POINTERS_OF_A_WRITE, i -> kernel.write(ino, i % BLOCKS * 4096L, block));
    }
}
