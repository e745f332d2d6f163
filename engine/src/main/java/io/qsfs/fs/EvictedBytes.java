package io.qsfs.fs;

import java.lang.foreign.MemorySegment;

/**
 * Content whose local file is gone: chunks of placed data segments, in the slots of the recall cache once they are fetched.
 *
 * <p>Threading: any thread; no method waits for a backend.
 */
public interface EvictedBytes {
    /** Plain bytes of a chunk; chunk {@code c} of a segment begins at {@code c * chunkBytes} of its window. */
    int chunkBytes();

    /** @return a slot that holds the chunk and stays until {@link #unpin}, or -1 when it must be fetched. */
    int tryPin(long segment, int chunk);

    /** Gives a slot back. */
    void unpin(int slot);

    /** Where a slot is mapped: for iovecs alone, never loaded from. */
    long slotAddress(int slot);

    /** Reads from a pinned slot into native memory; 0 or an errno. */
    int read(int slot, int offset, MemorySegment target, long targetOffset, int length);

    /** Fetches a chunk and tells {@code waiter} once, on a thread that must not be held up. */
    void request(long segment, int chunk, Waiter waiter);

    /** Whoever waits for a chunk. */
    interface Waiter {
        /** On success ({@code errno} 0) the slot is pinned for this waiter, who unpins it. */
        void onChunk(long segment, int chunk, int slot, int errno);
    }
}
