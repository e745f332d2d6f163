package io.qsfs.log;

import java.util.List;

/**
 * What a recovery scan found.
 *
 * @param endPosition  end of history: where the last good record ends, or the end of a segment that is complete.
 * @param lastPosition position of the last good record, -1 when the scan saw none.
 * @param lastSequence its sequence; without one, the sequence before the first expected.
 * @param lastCrc      its checksum.
 * @param lastLength   its length in bytes.
 * @param records      how many the visitor got.
 * @param dataEnd      highest position in the data stream that a record refers to, 0 when none does.
 * @param durableData  highest position of the data stream that the log says was durable.
 * @param durableMeta  the same of the meta stream.
 * @param cut          why history ends where it does.
 * @param cutBytes     bytes behind the end that are not history: a torn tail.
 * @param rot          metadata that was durable and is not readable. When there is any, history stops before it.
 * @param unclosedData data segments without a sound range table, to be closed by {@link SegmentLog#closeRecovered}.
 * @param stop         what the visitor ended the scan with, or 0.
 */
public record ScanResult(
        long endPosition,
        long lastPosition,
        long lastSequence,
        int lastCrc,
        int lastLength,
        long records,
        long dataEnd,
        long durableData,
        long durableMeta,
        Cut cut,
        long cutBytes,
        List<Rot> rot,
        List<UnclosedData> unclosedData,
        int stop) {
    /** Why history ends. */
    public enum Cut {
        /** Nothing is behind it. */
        NONE,
        /** What is behind it was being written when the power went, or the process died. */
        TORN,
        /** The next record is whole, but its data did not reach the disk. */
        DATA_MISSING
    }

    /**
     * A place where metadata was durable and is not there any more.
     *
     * @param segment  number of the meta segment.
     * @param position where its records cannot be read.
     * @param reason   for the log.
     */
    public record Rot(long segment, long position, String reason) {}

    /**
     * A data segment that a crash left open.
     *
     * @param number  of the segment.
     * @param to      end of what history refers to in it.
     * @param ranges  how many ranges are known.
     * @param isWhole every record that speaks of the segment was seen; else there may be more, behind {@code to} too.
     */
    public record UnclosedData(long number, long to, int ranges, boolean isWhole) {}

    /** True when nothing durable is missing. */
    public boolean isWhole() {
        return rot.isEmpty();
    }

    /** One line for the log. */
    public String summary() {
        StringBuilder line = new StringBuilder();
        line.append("replayed ")
                .append(records)
                .append(" records up to sequence ")
                .append(lastSequence);
        switch (cut) {
            case NONE -> line.append(", nothing was cut");
            case TORN -> line.append(", cut ").append(cutBytes).append(" bytes of a torn tail");
            case DATA_MISSING -> line.append(", cut ").append(cutBytes).append(" bytes whose data is not on the disk");
        }
        for (Rot place : rot) {
            line.append(", ROTTEN: meta segment ")
                    .append(place.segment)
                    .append(" from position ")
                    .append(place.position)
                    .append(" (")
                    .append(place.reason)
                    .append(')');
        }
        return line.toString();
    }
}
