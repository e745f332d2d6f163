package io.qsfs.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A thread {@code dir-io-i} with a buffer of its own, into which it reads before the bytes go to the caller: a read that
 * hangs past its deadline then never writes into memory that was given back.
 *
 * <p>Threading: the buffer belongs to the thread and ends with it.
 */
final class DirThread extends Thread {
    /** One chunk's ciphertext and more: most reads are one piece. */
    static final int BOUNCE_BYTES = 512 * 1024;

    private static final AtomicInteger COUNT = new AtomicInteger();

    private MemorySegment bounce;

    private DirThread(Runnable work) {
        super(work, "dir-io-" + COUNT.getAndIncrement());
        setDaemon(true);
    }

    static ThreadFactory factory() {
        return DirThread::new;
    }

    /** The calling thread's buffer. */
    static MemorySegment bounce() {
        return ((DirThread) Thread.currentThread()).bounce;
    }

    @Override
    public void run() {
        try (Arena arena = Arena.ofConfined()) {
            bounce = arena.allocate(BOUNCE_BYTES, 4096);
            super.run();
        }
    }
}
