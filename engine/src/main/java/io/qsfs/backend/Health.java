package io.qsfs.backend;

/**
 * What was seen of a backend since it was opened.
 *
 * @param state               see {@link State}.
 * @param full                the last put was refused for space, and no later one succeeded.
 * @param consecutiveFailures operations in a row that got no answer.
 * @param lastError           of the last operation that got no answer; NONE when there was none.
 * @param lastDetail          what it said.
 * @param getLatencyEwmaNs    of ranged reads that were answered; 0 before the first.
 * @param getLatencyP95Ns     an estimate of what 95 in 100 ranged reads stay under; 0 before the first.
 * @param putLatencyEwmaNs    of puts that were answered, waiting for the window included; 0 before the first.
 * @param operations          ended, of all kinds.
 * @param errors              those among them that got no answer.
 * @param corruptions         ranged reads that ended in CORRUPT.
 * @param bytesPut            acknowledged.
 * @param bytesFetched        by ranged reads.
 * @param putsInFlight        handed to the backend and not acknowledged.
 * @param putsQueued          waiting for the window.
 */
public record Health(
        State state,
        boolean full,
        int consecutiveFailures,
        BackendError lastError,
        String lastDetail,
        long getLatencyEwmaNs,
        long getLatencyP95Ns,
        long putLatencyEwmaNs,
        long operations,
        long errors,
        long corruptions,
        long bytesPut,
        long bytesFetched,
        int putsInFlight,
        int putsQueued) {
    /** Of a backend that nobody watches. */
    public static final Health UNTRACKED =
            new Health(State.UP, false, 0, BackendError.NONE, "", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    /** Whether to count on it. */
    public enum State {
        /** The last operation was answered. */
        UP,
        /** The last one was not; it is still asked. */
        SUSPECT,
        /** Several in a row were not, or it is not what it should be: asked again by probes only. */
        DOWN
    }

    /** True when a new shard may go there. */
    public boolean isWritable() {
        return state != State.DOWN && !full;
    }

    /** True when a read may be answered. */
    public boolean isReadable() {
        return state != State.DOWN;
    }
}
