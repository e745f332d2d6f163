package io.qsfs.backend;

import io.qsfs.memory.Clock;
import java.util.Set;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One operation on a directory. A blocking call cannot be broken off, so the deadline ends the operation without its
 * thread: the thread notices when its call returns. Lent memory is touched only between {@link #enter} and
 * {@link #leave}; there the deadline has to wait.
 *
 * <p>Threading: {@link #run} on {@code dir-io-i}, {@link #expire} on the timer; the state decides who completes.
 *
 * @param <T> what the operation gives.
 */
abstract class DirTask<T> implements Runnable {
    private static final int IDLE = 0;
    private static final int TOUCHING = 1;
    private static final int ENDED = 2;
    private static final long TOUCHING_RETRY_NS = 2_000_000L;

    private final String what;
    private final long deadlineNs;
    private final Tracker tracker;
    private final Completion<T> completion;
    private final AtomicInteger state = new AtomicInteger(IDLE);
    private volatile ScheduledFuture<?> alarm;

    /** @param what name of operation and object, for messages. */
    DirTask(String what, long deadlineNs, Tracker tracker, Completion<T> completion) {
        this.what = what;
        this.deadlineNs = deadlineNs;
        this.tracker = tracker;
        this.completion = completion;
    }

    /** Does the work, on a thread that may block; ends with {@link #succeed} or {@link #fail}. */
    abstract void work();

    /** Sets the alarm; before the task is queued. */
    final void arm() {
        tracker.live.add(this);
        alarm = tracker.threads.schedule(this::expire, deadlineNs - tracker.clock.nanoTime());
    }

    @Override
    public final void run() {
        if (hasEnded()) {
            return;
        }
        try {
            work();
        } catch (Throwable t) { // Throwable on purpose: the caller is owed its completion whatever went wrong.
            fail(BackendError.UNREACHABLE, t.toString());
            throw t;
        }
        if (!hasEnded()) {
            throw new AssertionError("operation ended without an outcome: " + what);
        }
    }

    /** From here on the caller's memory may be touched. @return false when the deadline has passed. */
    final boolean enter() {
        return state.compareAndSet(IDLE, TOUCHING);
    }

    /** From here on it is not touched until the next {@link #enter}. */
    final void leave() {
        if (!state.compareAndSet(TOUCHING, IDLE)) {
            throw new AssertionError("left memory that was not entered: " + what);
        }
    }

    final boolean hasEnded() {
        return state.get() == ENDED;
    }

    /** True when it is of no use to go on. */
    final boolean isLate() {
        return hasEnded() || tracker.clock.nanoTime() - deadlineNs >= 0;
    }

    final void succeed(T value) {
        end(value, BackendError.NONE, "");
    }

    final void fail(BackendError error, String detail) {
        end(null, error, what + ": " + detail);
    }

    /** Ends the operation because the backend is closed; one that touches memory just now is ended by its thread. */
    final void cancel() {
        endIfIdle(BackendError.CLOSED, "backend is closed");
    }

    private void expire() {
        if (!endIfIdle(BackendError.TIMEOUT, "no answer before the deadline") && !hasEnded()) {
            tracker.threads.schedule(this::expire, TOUCHING_RETRY_NS);
        }
    }

    private boolean endIfIdle(BackendError error, String detail) {
        if (!state.compareAndSet(IDLE, ENDED)) {
            return false;
        }
        forget();
        Backends.complete(completion, null, error, what + ": " + detail);
        return true;
    }

    private void end(T value, BackendError error, String detail) {
        if (state.getAndSet(ENDED) != ENDED) {
            forget();
            Backends.complete(completion, value, error, detail);
        }
    }

    private void forget() {
        tracker.live.remove(this);
        ScheduledFuture<?> pending = alarm;
        if (pending != null) {
            pending.cancel(false);
        }
    }

    /**
     * What the tasks of one backend share.
     *
     * @param live those that have not ended; a concurrent set.
     */
    record Tracker(Clock clock, BackendThreads threads, Set<DirTask<?>> live) {}
}
