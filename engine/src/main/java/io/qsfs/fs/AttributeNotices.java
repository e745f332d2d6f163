package io.qsfs.fs;

import java.util.Arrays;

/**
 * Tells the kernel to forget attributes that it was allowed to keep for long. Taking such a notice may make the kernel end its
 * last use of an inode, and wait for writes of it that are with the file system: so no thread that serves requests sends one.
 *
 * <p>Threading: {@link #add} on {@code file-system}, {@link #start} and {@link #stop} by whoever owns it; notices go out on
 * {@code attribute-notices}.
 */
final class AttributeNotices {
    private final Replies replies;
    private final Thread thread = new Thread(this::run, "attribute-notices");
    private long[] waiting = new long[256];
    private int count;
    private boolean isStopping;

    AttributeNotices(Replies replies) {
        this.replies = replies;
    }

    void start() {
        thread.start();
    }

    /** The attributes of this inode are not what the kernel was told. Never waits for the kernel. */
    synchronized void add(long ino) {
        if (count == waiting.length) {
            waiting = Arrays.copyOf(waiting, 2 * count);
        }
        waiting[count++] = ino;
        if (count == 1) {
            notifyAll();
        }
    }

    /** Ends the thread; the kernel is gone, and so is the use of what still waits. */
    void stop() throws InterruptedException {
        synchronized (this) {
            isStopping = true;
            notifyAll();
        }
        thread.join();
    }

    private void run() {
        long ino = next();
        while (ino != 0) {
            replies.attributesChanged(ino);
            ino = next();
        }
    }

    /** 0 at the end. */
    private synchronized long next() {
        while (count == 0 && !isStopping) {
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return 0;
            }
        }
        return isStopping ? 0 : waiting[--count];
    }
}
