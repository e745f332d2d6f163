package io.qsfs.recall;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Buffers of one fetch: a row for each shard, and one for the chunk put together. Each is made when it is first
 * needed; a healthy read needs one or two rows.
 *
 * <p>Threading: the fetcher's thread; rows are lent to backends, who may hold them longer than the fetch lasts.
 */
final class FetchMemory {
    private static final int ALIGNMENT = 64;

    private final Arena arena;
    private final long rowBytes;
    private final MemorySegment[] rows;
    private final long chunkBytes;
    private MemorySegment assembled;

    /** @param arena of the fetcher's owner, who closes it when nothing is lent any more. */
    FetchMemory(Arena arena, int shardCountMax, long rowBytes, long chunkBytes) {
        this.arena = arena;
        this.rowBytes = rowBytes;
        rows = new MemorySegment[shardCountMax];
        this.chunkBytes = chunkBytes;
    }

    MemorySegment row(int shard) {
        MemorySegment row = rows[shard];
        if (row == null) {
            row = arena.allocate(rowBytes, ALIGNMENT);
            rows[shard] = row;
        }
        return row;
    }

    MemorySegment assembled() {
        if (assembled == null) {
            assembled = arena.allocate(chunkBytes, ALIGNMENT);
        }
        return assembled;
    }

    long chunkBytes() {
        return chunkBytes;
    }

    long rowBytes() {
        return rowBytes;
    }
}
