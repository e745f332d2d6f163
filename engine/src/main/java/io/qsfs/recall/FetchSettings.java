package io.qsfs.recall;

/**
 * Limits and times of fetching.
 *
 * @param fetchesMax     chunks in flight at once.
 * @param slotBytes      the most plain bytes of a chunk.
 * @param shardCountMax  the most shards of a sealing.
 * @param readTimeoutNs  deadline of one read from a backend.
 * @param hedgeAfterNs   a shard that has not answered by then is read around; where it is known how fast a backend
 *                       usually is, twice that.
 * @param retryAfterNs   how soon a backend that could not be reached is asked again at first; doubles up to 2 s.
 */
public record FetchSettings(
        int fetchesMax, int slotBytes, int shardCountMax, long readTimeoutNs, long hedgeAfterNs, long retryAfterNs) {
    private static final long MEMORY_BYTES = 48L << 20;
    private static final int FETCHES_MAX = 16;
    private static final int FETCHES_MIN = 4;

    /** As many fetches as 48 MiB of buffers allow when every one is degraded, within 4 and 16. */
    public static FetchSettings defaults(int slotBytes, int shardCount) {
        long each = (long) shardCount * slotBytes;
        int fetches = (int) Math.max(FETCHES_MIN, Math.min(FETCHES_MAX, MEMORY_BYTES / each));
        return new FetchSettings(fetches, slotBytes, shardCount, 15_000_000_000L, 250_000_000L, 200_000_000L);
    }

    /** The same with another deadline of reads; whoever has not answered at half of it is read around at the latest. */
    public FetchSettings withReadTimeoutNs(long timeoutNs) {
        return new FetchSettings(
                fetchesMax, slotBytes, shardCountMax, timeoutNs, Math.min(hedgeAfterNs, timeoutNs / 2), retryAfterNs);
    }
}
