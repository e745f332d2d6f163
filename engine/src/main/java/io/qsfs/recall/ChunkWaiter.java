package io.qsfs.recall;

/** Who waits for a chunk. */
public interface ChunkWaiter {
    /**
     * Called exactly once for each {@link Recall#request}, on the recall thread (on the calling thread when the
     * request could not be taken). Must not block.
     *
     * @param slot  pinned once for this waiter, who unpins it; -1 after an error.
     * @param errno 0, else why the chunk cannot be had: EIO, or ESHUTDOWN when recall ends.
     */
    void onChunk(long segment, int chunk, int slot, int errno);
}
