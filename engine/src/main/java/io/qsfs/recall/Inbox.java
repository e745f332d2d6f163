package io.qsfs.recall;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;

/**
 * Messages from any thread to the one that owns some state, and the waking of that one. What may wait in it is
 * limited by the senders: each kind of message answers something that is itself limited.
 *
 * <p>Threading: {@link #send} and {@link #wake} from any thread; {@link #poll} and {@link #await} from the owner alone.
 */
public final class Inbox<M> {
    private final Queue<M> queue = new ConcurrentLinkedQueue<>();
    private volatile Thread sleeper;
    private volatile boolean woken;

    /** Hands a message over and wakes the owner if it sleeps. Never blocks. */
    public void send(M message) {
        queue.add(message);
        unparkSleeper();
    }

    /** Makes the owner look around once more, without a message. */
    public void wake() {
        woken = true;
        unparkSleeper();
    }

    /** The next message, or null. */
    public M poll() {
        return queue.poll();
    }

    /** Sleeps until there is a message, a {@link #wake}, or {@code nanos} have passed. May return early. */
    public void await(long nanos) {
        sleeper = Thread.currentThread();
        // Sender: adds, then reads sleeper. Owner: writes sleeper, then looks. One of them sees the other.
        if (queue.isEmpty() && !woken && nanos > 0) {
            LockSupport.parkNanos(this, nanos);
        }
        sleeper = null;
        woken = false;
    }

    private void unparkSleeper() {
        Thread thread = sleeper;
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }
}
