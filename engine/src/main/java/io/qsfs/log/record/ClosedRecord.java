package io.qsfs.log.record;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;

import io.qsfs.memory.Id128;
import java.lang.foreign.MemorySegment;

/**
 * A segment is closed: nothing is added to it.
 *
 * <p>Threading: stateless. Accessors trust the record: call {@link RecordHeader#isSound} on foreign bytes first.
 */
public final class ClosedRecord {
    /** Bytes of the fixed part, with the frame. */
    public static final int FIXED_BYTES = 80;

    private static final int AT_STREAM = 32;
    private static final int AT_NUMBER = 40;
    private static final int AT_MOUNT_ID = 48;
    private static final int AT_FROM_POSITION = 64;
    private static final int AT_TO_POSITION = 72;

    private ClosedRecord() {}

    /** Writes all but sequence and checksum at {@code at}; returns the length in bytes. */
    public static int encode(
            MemorySegment target,
            long at,
            long timeNs,
            int stream,
            long number,
            Id128 mountId,
            long fromPosition,
            long toPosition) {
        int length = FIXED_BYTES;
        RecordHeader.encode(target, at, length, RecordType.CLOSED, 0, timeNs);
        target.set(INT, at + AT_STREAM, stream);
        target.set(INT, at + 36, 0);
        target.set(LONG, at + AT_NUMBER, number);
        mountId.write(target, at + AT_MOUNT_ID);
        target.set(LONG, at + AT_FROM_POSITION, fromPosition);
        target.set(LONG, at + AT_TO_POSITION, toPosition);
        return length;
    }

    /** 0 data, 1 meta. */
    public static int stream(MemorySegment record, long at) {
        return record.get(INT, at + AT_STREAM);
    }

    /** Segment number. */
    public static long number(MemorySegment record, long at) {
        return record.get(LONG, at + AT_NUMBER);
    }

    /** The mount that wrote it. */
    public static Id128 mountId(MemorySegment record, long at) {
        return Id128.read(record, at + AT_MOUNT_ID);
    }

    /** First position of its content. */
    public static long fromPosition(MemorySegment record, long at) {
        return record.get(LONG, at + AT_FROM_POSITION);
    }

    /** End of its content, exclusive. */
    public static long toPosition(MemorySegment record, long at) {
        return record.get(LONG, at + AT_TO_POSITION);
    }

    /** True when lengths inside agree with the length of the record. */
    static boolean isWellFormed(MemorySegment record, long at, int length) {
        return length == FIXED_BYTES;
    }
}
