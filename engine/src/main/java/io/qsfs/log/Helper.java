package io.qsfs.log;

import java.util.concurrent.locks.LockSupport;

/**
 * The second thread of {@code log-sync}: does one job at a time. A job's {@code run} is the helper's, its {@code finish} is
 * {@code log-sync}'s; the hand-over in both directions is one volatile field.
 *
 * <p>Threading: as said; {@link #stop} by anyone once {@code log-sync} has ended.
 */
final class Helper {
    /** Something to do. Its fields belong to the helper from submit until it has run. */
    abstract static class Job {
        /** On the helper. */
        abstract void run();

        /** On {@code log-sync}. */
        abstract void finish();
    }

    private final Thread owner;
    private final Thread thread;
    private volatile Job job;
    private volatile boolean stopping;
    private volatile RuntimeException bug;
    private Job submitted;

    Helper(Thread owner) {
        this.owner = owner;
        this.thread = new Thread(this::loop, "log-sync-2");
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    boolean isIdle() {
        return submitted == null;
    }

    void submit(Job next) {
        assert submitted == null && job == null : "busy";
        submitted = next;
        job = next;
        LockSupport.unpark(thread);
    }

    /** Waits until the job has run. */
    void await() {
        while (job != null) {
            LockSupport.park(this);
        }
    }

    /** Finishes the job that has run; 1, or 0 when there is none. */
    int harvest() {
        if (submitted == null || job != null) {
            return 0;
        }
        Job done = submitted;
        submitted = null;
        if (bug != null) {
            throw new IllegalStateException("a job of the log's helper failed", bug);
        }
        done.finish();
        return 1;
    }

    void stop() {
        stopping = true;
        LockSupport.unpark(thread);
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void loop() {
        while (true) {
            Job next = job;
            if (next == null) {
                if (stopping) {
                    return;
                }
                LockSupport.park(this);
                continue;
            }
            try {
                next.run();
            } catch (RuntimeException | Error e) {
                bug = new IllegalStateException(e);
            }
            job = null;
            LockSupport.unpark(owner);
        }
    }
}
