package io.qsfs.offload;

import io.qsfs.memory.Id128;

/**
 * A closed segment to be placed.
 *
 * @param stream       0 data, 1 meta.
 * @param from         first position of its content.
 * @param to           end, exclusive; more than {@code from}.
 * @param mountId      the mount that wrote it.
 * @param epoch        the epoch it was written in.
 * @param dataRequired of a meta segment: every data segment with a number up to this one is placed before it; -1 for
 *     none. Of this mount's, it may be a data segment that is handed over later; of an earlier mount's, it is one that
 *     was handed over before.
 */
public record ClosedSegment(int stream, long number, long from, long to, Id128 mountId, long epoch, long dataRequired)
        implements Comparable<ClosedSegment> {
    /** Bytes of content. */
    public long bytes() {
        return to - from;
    }

    /** By stream, then by number. */
    @Override
    public int compareTo(ClosedSegment other) {
        int order = Integer.compare(stream, other.stream);
        return order != 0 ? order : Long.compare(number, other.number);
    }

    @Override
    public String toString() {
        return (stream == 0 ? "data" : "meta") + " segment " + number;
    }
}
