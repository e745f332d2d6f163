package io.qsfs.bench.tool;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * What happens at SIGINT and SIGTERM: the run is asked to stop, is given time to clean up by itself, and what it then
 * has not removed is removed here, or named.
 *
 * <p>Threading: any thread.
 */
final class Stop {
    private static final long UNWIND_S = 20;

    private final Output output;
    private final CountDownLatch unwound = new CountDownLatch(1);
    private final List<Scratch> scratches = new ArrayList<>();
    private volatile boolean isRequested;

    Stop(Output output) {
        this.output = output;
    }

    /** Thrown out of a run that was asked to stop. */
    static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Stopped() {
            super("stopped");
        }
    }

    /** Makes signals stop the run. */
    void install() {
        Runtime.getRuntime().addShutdownHook(new Thread(this::onExit, "stop"));
    }

    private void onExit() {
        isRequested = true;
        try {
            unwound.await(UNWIND_S, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        removeLeft();
    }

    /** Removes every place that is left; what cannot be removed is said. True when nothing is left. */
    boolean removeLeft() {
        List<Scratch> left;
        synchronized (scratches) {
            left = List.copyOf(scratches);
        }
        boolean isAll = true;
        for (Scratch scratch : left) {
            isAll &= scratch.remove(output);
        }
        return isAll;
    }

    /** The run has ended, one way or another. */
    void unwound() {
        unwound.countDown();
    }

    boolean isRequested() {
        return isRequested;
    }

    /** Throws when the run is to stop. */
    void check() {
        if (isRequested) {
            throw new Stopped();
        }
    }

    void add(Scratch scratch) {
        synchronized (scratches) {
            scratches.add(scratch);
        }
    }

    void forget(Scratch scratch) {
        synchronized (scratches) {
            scratches.remove(scratch);
        }
    }
}
