package io.qsfs.log;

/** Told when a segment is closed and everything in it is durable: an encoder may read it from here on. */
public interface SegmentListener {
    /** On {@code log-sync}; must not block. */
    void segmentClosed(int stream, long number, long fromPosition, long toPosition);
}
