package io.qsfs.backend;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A completion that a thread waits for: start-up, commands and tests, never an agent.
 *
 * <p>Threading: completed by one thread, waited for by any.
 *
 * @param <T> what the operation gives.
 */
public final class BlockingCompletion<T> implements Completion<T> {
    /** An operation of a backend always ends; this is for one that breaks that promise. */
    private static final long LOST_AFTER_SECONDS = 600;

    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile BackendError error;
    private T value;
    private String detail;

    @Override
    public void done(T result, BackendError outcome, String why) {
        if (error != null) {
            throw new AssertionError("completed twice: first " + error + ", then " + outcome + " " + why);
        }
        value = result;
        detail = why;
        error = outcome;
        ended.countDown();
    }

    /** Waits. An interrupt is kept for later: what was lent is not ours before the end. */
    public BackendError await() {
        boolean interrupted = false;
        long waitSeconds = LOST_AFTER_SECONDS;
        try {
            while (true) {
                try {
                    if (!ended.await(waitSeconds, TimeUnit.SECONDS)) {
                        throw new IllegalStateException(
                                "an operation of a backend did not end in " + waitSeconds + " s");
                    }
                    return error;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Waits. @return the result; null after an error. */
    public T value() {
        await();
        return value;
    }

    /** Waits. @return what the operation says of its end. */
    public String detail() {
        await();
        return detail;
    }

    /** True when it has ended. */
    public boolean isDone() {
        return ended.getCount() == 0;
    }
}
