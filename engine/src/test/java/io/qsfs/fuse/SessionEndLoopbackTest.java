package io.qsfs.fuse;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.fs.EvictedBytes;
import io.qsfs.fs.VolumeRig;
import io.qsfs.log.Streams;
import io.qsfs.memory.Clock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: however a session ends, every request is answered once, and none through a session that was destroyed. Method: the real
 * libfuse over a socket pair, evicted bytes that come when the test says so, and the connection cut while reads wait for them.
 */
@Timeout(60)
class SessionEndLoopbackTest {
    private static final long ROOT = 1;
    private static final int FUSE_ASYNC_DIO = 1 << 15;
    private static final byte[] CONTENT = {1, 2, 3, 4, 5, 6, 7, 8};

    @TempDir
    Path directory;

    private final Backends backends = new Backends();
    private KernelPlayer kernel;
    private FuseSession session;
    private VolumeRig rig;
    private Arena arena;

    /** Backends that keep everybody waiting until they are told what to say. */
    private static final class Backends implements EvictedBytes {
        private record Asked(long segment, int chunk, Waiter waiter) {}

        private final List<Asked> asked = new ArrayList<>();

        @Override
        public int chunkBytes() {
            return 256 << 10;
        }

        @Override
        public int tryPin(long segment, int chunk) {
            return -1;
        }

        @Override
        public void unpin(int slot) {}

        @Override
        public long slotAddress(int slot) {
            throw new IllegalStateException("no slot is mapped");
        }

        @Override
        public int read(int slot, int offset, MemorySegment target, long targetOffset, int length) {
            MemorySegment.copy(MemorySegment.ofArray(CONTENT), offset, target, targetOffset, length);
            return 0;
        }

        @Override
        public synchronized void request(long segment, int chunk, Waiter waiter) {
            asked.add(new Asked(segment, chunk, waiter));
            notifyAll();
        }

        synchronized void awaitAsked(int count) throws InterruptedException {
            while (asked.size() < count) {
                wait();
            }
        }

        /** All chunks come, or fail. */
        void answer(int errno) {
            List<Asked> all;
            synchronized (this) {
                all = List.copyOf(asked);
                asked.clear();
            }
            all.forEach(each -> each.waiter().onChunk(each.segment(), each.chunk(), errno == 0 ? 0 : -1, errno));
        }
    }

    @BeforeEach
    void begin() {
        arena = Arena.ofShared();
        kernel = new KernelPlayer();
        session = new FuseSession(arena, Clock.SYSTEM);
        rig = new VolumeRig(directory, session.replies(), session.interrupts(), backends);
        session.connect(kernel.daemonFd());
        session.start(rig.fileSystem(), VolumeRig.WORKERS);
        assertEquals(0, kernel.init() & FUSE_ASYNC_DIO, "a direct read could not be interrupted");
    }

    @AfterEach
    void end() {
        assertEquals(0, session.failureCount(), "exceptions in upcalls");
        session.close();
        assertTrue(session.isClosed(), "requests that nobody answered: " + session.openRequests());
        rig.close();
        kernel.close();
        arena.close();
    }

    /** A file whose bytes are not here any more; returns its inode. */
    private long evictedFile() throws InterruptedException {
        long ino = kernel.create(ROOT, "f", 0644).nodeId();
        assertEquals(0, kernel.write(ino, 0, CONTENT).errno());
        long number = rig.log().data().activeNumber();
        CountDownLatch closed = new CountDownLatch(1);
        rig.fileSystem().closeSegments((nextData, nextMeta, errno) -> closed.countDown());
        closed.await();
        while (!rig.log().catalog().evict(Streams.DATA, number)) {
            Thread.sleep(1); // its range table is being written
        }
        return ino;
    }

    private void cut() throws InterruptedException {
        session.exit();
        kernel.hangUp();
        session.awaitEnd();
    }

    @Test
    void shouldNotDestroyASessionThroughWhichAReadIsStillToBeAnswered() throws InterruptedException {
        kernel.sendRead(evictedFile(), 0, CONTENT.length);
        backends.awaitAsked(1);
        cut();
        assertEquals(1, session.openRequests());
        assertFalse(session.awaitAnswers(2_000_000));
        session.close();
        assertFalse(session.isClosed(), "it would be answered through freed memory");
        backends.answer(0);
        assertEquals(0, session.openRequests());
    }

    @Test
    void shouldAnswerReadsThatWaitForBackendsWhenTheKernelIsGone() throws InterruptedException {
        long ino = evictedFile();
        int count = 80; // more than wait with a buffer of their own
        for (int i = 0; i < count; i++) {
            kernel.sendRead(ino, 0, CONTENT.length);
        }
        backends.awaitAsked(64);
        while (rig.fileSystem().parkedReadCount() < count) {
            Thread.sleep(1); // they come one after the other
        }
        cut();
        assertEquals(count, session.openRequests());
        rig.fileSystem().refuseWaiting();
        assertTrue(session.awaitAnswers(0));
        session.close();
        assertTrue(session.isClosed());
        backends.answer(0); // late: the reads are gone
        backends.answer(Linux.EIO);
        assertEquals(0, session.openRequests());
    }

    @Test
    void shouldAnswerOnceWhenTheWishToInterruptAReadCameBeforeIt() throws InterruptedException {
        long ino = evictedFile();
        long next = kernel.sendRead(ino, 0, CONTENT.length) + 4; // the one after the interrupt
        backends.awaitAsked(1);
        kernel.interrupt(next);
        long read = kernel.sendRead(ino, 0, CONTENT.length);
        assertEquals(next, read);
        assertEquals(Linux.EINTR, kernel.receive(read).errno());
        backends.answer(0);
        assertArrayEquals(CONTENT, kernel.receive(next - 4).bytes());
        cut();
        assertEquals(0, session.openRequests());
    }
}
