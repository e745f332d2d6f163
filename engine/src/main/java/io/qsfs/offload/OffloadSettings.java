package io.qsfs.offload;

import io.qsfs.codec.Code;

/**
 * Settings of {@link Offloader}.
 *
 * @param code           of new sealings.
 * @param segmentBytes   the most bytes of a segment.
 * @param chunkBytes     plain bytes of a chunk.
 * @param compression    as the codec's suites name it.
 * @param placedMin      acknowledged shards that make a segment placed; from k to n.
 * @param workspaces     sealings held at once, so that one is encoded while another is uploaded.
 * @param spares         more workspaces, made when a backend holds the buffers of placed segments for too long.
 * @param putTimeoutNs   deadline of one put, beside the time that a slow uplink takes for its bytes.
 * @param stragglerNs    how long a segment with enough shards waits for the rest at least.
 * @param retryAfterNs   first pause after too few backends took a shard; doubles up to {@code retryAfterMaxNs}.
 */
public record OffloadSettings(
        Code code,
        long segmentBytes,
        int chunkBytes,
        int compression,
        int placedMin,
        int workspaces,
        int spares,
        long putTimeoutNs,
        long stragglerNs,
        long retryAfterNs,
        long retryAfterMaxNs) {
    private static final long SECOND_NS = 1_000_000_000L;

    /** Checks the numbers. */
    public OffloadSettings {
        if (placedMin < code.k() || placedMin > code.n()) {
            throw new IllegalArgumentException("placedMin=" + placedMin + " is not from k to n of code " + code);
        }
        if (workspaces < 1 || spares < 0) {
            throw new IllegalArgumentException("workspaces=" + workspaces + " spares=" + spares);
        }
    }

    /** The usual settings. {@code placedMin} 0 means one more than k. */
    public static OffloadSettings defaults(
            Code code, long segmentBytes, int chunkBytes, int compression, int placedMin) {
        return new OffloadSettings(
                code,
                segmentBytes,
                chunkBytes,
                compression,
                placedMin > 0 ? placedMin : Math.min(code.n(), code.k() + 1),
                2,
                1,
                60 * SECOND_NS,
                5 * SECOND_NS,
                SECOND_NS / 4,
                15 * SECOND_NS);
    }
}
