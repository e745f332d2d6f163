package io.qsfs.recall;

import java.nio.file.Path;

/**
 * Settings of {@link Recall}.
 *
 * @param cacheFile       the recall cache, made anew.
 * @param slotBytes       bytes of a slot: the volume's chunk size.
 * @param slotCount       slots.
 * @param recallTimeoutNs how long a request waits at most.
 * @param requestsMax     requests that may wait; more get EIO at once.
 * @param fetch           limits and times of fetching.
 */
public record RecallSettings(
        Path cacheFile, int slotBytes, int slotCount, long recallTimeoutNs, int requestsMax, FetchSettings fetch) {
    /** Fits every FUSE request that the kernel can have in flight, several times over. */
    public static final int REQUESTS_MAX_DEFAULT = 4096;

    /** The usual settings for a cache of {@code cacheBytes} bytes; {@code getDeadlineNs} is that of one read from a backend. */
    public static RecallSettings defaults(
            Path cacheFile, long cacheBytes, int chunkBytes, int shardCount, long recallTimeoutNs, long getDeadlineNs) {
        int slots = (int) Math.max(8, Math.min(1 << 24, cacheBytes / chunkBytes));
        return new RecallSettings(
                cacheFile,
                chunkBytes,
                slots,
                recallTimeoutNs,
                REQUESTS_MAX_DEFAULT,
                FetchSettings.defaults(chunkBytes, shardCount).withReadTimeoutNs(getDeadlineNs));
    }
}
