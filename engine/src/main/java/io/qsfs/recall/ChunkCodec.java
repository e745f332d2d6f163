package io.qsfs.recall;

import java.lang.foreign.MemorySegment;

/**
 * What recall asks of the codec.
 *
 * <p>Threading: one thread.
 */
interface ChunkCodec extends AutoCloseable {
    /** Not the bytes that were sealed. */
    int NOT_AUTHENTIC = -1;

    /**
     * True when the block's bytes are those that were sealed.
     *
     * @param block as in the block table: payload begins at 1.
     * @param table the shard's whole block table.
     */
    boolean isGenuine(ShardSet set, int shard, int block, MemorySegment bytes, long offset, MemorySegment table);

    /** Makes the wanted shard's range out of the same range of k others, each of {@code length} bytes. */
    void reconstruct(
            ShardSet set,
            int[] shards,
            MemorySegment[] ranges,
            int wanted,
            MemorySegment out,
            long outOffset,
            int length);

    /**
     * Opens and decompresses.
     *
     * @param chunk or {@link ShardSet#TABLE}.
     * @return the length of the plain bytes, or {@link #NOT_AUTHENTIC}.
     */
    int open(ShardSet set, int chunk, MemorySegment cipher, long offset, int length, MemorySegment plain);

    @Override
    void close();
}
