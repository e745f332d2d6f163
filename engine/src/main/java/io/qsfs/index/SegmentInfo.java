package io.qsfs.index;

import io.qsfs.memory.Id128;

/**
 * What the index knows of a segment.
 *
 * @param stream       0 data, 1 meta.
 * @param number       the segment's number.
 * @param mountId      the mount that wrote it, NIL while it is active.
 * @param fromPosition first position of its content, 0 while it is active.
 * @param toPosition   end of its content, exclusive, 0 while it is active.
 * @param state        how far it has come.
 * @param liveBytes    bytes of a data segment that extents name; 0 for a meta segment.
 */
public record SegmentInfo(
        int stream, long number, Id128 mountId, long fromPosition, long toPosition, State state, long liveBytes) {
    /** Order is the order of life; the ordinal is part of the format. */
    public enum State {
        /** Extents name it, no record has closed it. */
        ACTIVE,
        /** Nothing is added to it. */
        CLOSED,
        /** It lies on backends. */
        PLACED
    }
}
