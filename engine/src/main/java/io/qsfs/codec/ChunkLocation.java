package io.qsfs.codec;

/**
 * Where a run of bytes of the sealed stream lies: one range of one data shard, or more where it crosses from shard to shard. Made
 * once and located again and again.
 *
 * <p>Threading: one thread.
 */
public final class ChunkLocation {
    private final int[] shards = new int[Code.SHARDS_MAX];
    private final long[] shardOffsets = new long[Code.SHARDS_MAX];
    private final int[] lengths = new int[Code.SHARDS_MAX];
    private int count;

    /**
     * Finds the ranges of one sealed chunk, or of the sealed chunk table.
     *
     * @param sealedOffset from {@link ChunkTable#sealedOffset}.
     * @param sealedLength ciphertext and tag, in bytes; not negative.
     * @param shardBytes payload bytes of each shard.
     * @param dataShards k.
     * @return false when the sealed stream has no such bytes; then there are no ranges.
     */
    public boolean locate(long sealedOffset, int sealedLength, long shardBytes, int dataShards) {
        count = 0;
        if (sealedOffset < 0
                || sealedLength < 0
                || shardBytes <= 0
                || shardBytes > ShardHeader.SHARD_BYTES_MAX
                || dataShards < 1
                || dataShards > Code.SHARDS_MAX
                || sealedOffset > shardBytes * dataShards - sealedLength) {
            return false;
        }
        long offset = sealedOffset;
        int left = sealedLength;
        while (left > 0) {
            long within = offset % shardBytes;
            int length = (int) Math.min(left, shardBytes - within);
            shards[count] = (int) (offset / shardBytes);
            shardOffsets[count] = within;
            lengths[count] = length;
            count++;
            offset += length;
            left -= length;
        }
        return true;
    }

    /** How many ranges. */
    public int count() {
        return count;
    }

    /** The data shard that holds range {@code range}. */
    public int shard(int range) {
        assert range < count : range;
        return shards[range];
    }

    /** Where the range begins in the shard's payload; the same in every shard that replaces it. */
    public long shardOffset(int range) {
        assert range < count : range;
        return shardOffsets[range];
    }

    /** Where the range begins in the shard's object: what a backend is asked for. */
    public long objectOffset(int range) {
        return shardOffset(range) + ShardHeader.BYTES;
    }

    /** Bytes of the range. */
    public int length(int range) {
        assert range < count : range;
        return lengths[range];
    }
}
