package io.qsfs.recall;

import java.lang.foreign.MemorySegment;

/**
 * Where a fetcher's chunks go.
 *
 * <p>Threading: called on the fetcher's thread.
 */
interface FetchSink {
    /** False when a chunk could not be put anywhere now; its fetch waits, its buffers with it. */
    boolean isReady(Object tag);

    /** @param plain borrowed until return; the first {@code length} bytes are the chunk. */
    void onPlain(Object tag, MemorySegment plain, int length);

    /** @param reason for the log: what was tried. */
    void onFailed(Object tag, int errno, String reason);
}
