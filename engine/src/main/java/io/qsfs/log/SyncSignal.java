package io.qsfs.log;

import java.util.concurrent.locks.LockSupport;

/**
 * How other threads reach {@code log-sync}: a flag and an unpark, and the word that the log has stopped.
 *
 * <p>Threading: {@link #wake}, {@link #dirtied} and {@link #failure} by any thread; the rest by {@code log-sync}.
 */
final class SyncSignal {
    private volatile Thread sleeper;
    private volatile boolean signalled;
    private volatile boolean quiet;
    private volatile int failure;

    /** There is something to do. */
    void wake() {
        signalled = true;
        Thread thread = sleeper;
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }

    /** Bytes were added to a stream; costs one load unless the log was quiet. */
    void dirtied() {
        if (quiet) {
            quiet = false;
            wake();
        }
    }

    /** 0, or the positive errno that the log stopped with. */
    int failure() {
        return failure;
    }

    void fail(int errno) {
        assert errno > 0 : errno;
        failure = errno;
    }

    /** From now on the next {@link #dirtied} wakes; look for dirt once more after this. */
    void quiet(boolean value) {
        quiet = value;
    }

    /** Forgets what was signalled, before looking for work. */
    void clear() {
        signalled = false;
    }

    /** Sleeps until a signal or for {@code ns}, for ever when it is 0 or less; at once when there was a signal. */
    void sleep(long ns) {
        sleeper = Thread.currentThread();
        if (!signalled) {
            if (ns > 0) {
                LockSupport.parkNanos(this, ns);
            } else {
                LockSupport.park(this);
            }
        }
        sleeper = null;
    }
}
