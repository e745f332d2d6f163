package io.qsfs.codec;

/**
 * An erasure code: any {@code k} of {@code k + m} shards give everything back.
 *
 * @param k data shards, at least 1.
 * @param m parity shards, 0 and more; {@code k + m} is at most 255.
 */
public record Code(int k, int m) {
    /** The most shards that one sealing can have: shard indices and matrix rows are bytes. */
    public static final int SHARDS_MAX = 255;

    /**
     * A code.
     *
     * @throws IllegalArgumentException when the counts are out of range.
     */
    public Code {
        if (!isValid(k, m)) {
            throw new IllegalArgumentException(
                    "a code needs k >= 1, m >= 0 and k + m <= " + SHARDS_MAX + ", this is k=" + k + " m=" + m);
        }
    }

    /** True when the two counts make a code. Safe on arbitrary numbers. */
    public static boolean isValid(int k, int m) {
        return k >= 1 && m >= 0 && k <= SHARDS_MAX && m <= SHARDS_MAX - k;
    }

    /** Shards in all. */
    public int n() {
        return k + m;
    }

    /** Payload bytes of each shard for a sealed stream: equal parts, rounded up to whole cache lines. */
    public long shardBytes(long sealedBytes) {
        assert sealedBytes > 0 : sealedBytes;
        long part = (sealedBytes - 1) / k + 1;
        return (part + ShardHeader.SHARD_ALIGNMENT - 1) & -ShardHeader.SHARD_ALIGNMENT;
    }

    @Override
    public String toString() {
        return k + "+" + m;
    }
}
