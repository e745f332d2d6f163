package io.qsfs.mount;

import java.util.List;

/**
 * How an unmount went.
 *
 * @param outcome  what became of it.
 * @param unplaced what is safe only on this machine, also after an unmount that does not wait; empty unless {@link Outcome#LOCAL_ONLY}
 *                 or {@link Outcome#FAILED}.
 * @param busy     processes that use the mount point, as {@code PID NAME}; empty unless {@link Outcome#BUSY}.
 * @param error    why the mount ended, when {@link Outcome#FAILED}; else null.
 */
public record UnmountReport(Outcome outcome, List<Unplaced> unplaced, List<String> busy, String error) {
    /** What became of it. */
    public enum Outcome {
        /** Unmounted, and everything is on the backends. */
        PLACED,
        /** Unmounted; everything is durable here, and some of it only here. */
        LOCAL_ONLY,
        /** Still mounted: processes use it. */
        BUSY,
        /** The mount ended by an error. */
        FAILED
    }
}
