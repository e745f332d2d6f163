package io.qsfs.log.record;

import static io.qsfs.memory.LittleEndian.LONG;

import java.lang.foreign.MemorySegment;

/**
 * Names the positions that the previous group commit made durable; recovery tells a torn tail from rot by it.
 *
 * <p>Threading: stateless. Accessors trust the record: call {@link RecordHeader#isSound} on foreign bytes first.
 */
public final class SyncRecord {
    /** Bytes of the fixed part, with the frame. */
    public static final int FIXED_BYTES = 48;

    private static final int AT_DURABLE_DATA_POSITION = 32;
    private static final int AT_DURABLE_META_POSITION = 40;

    private SyncRecord() {}

    /** Writes all but sequence and checksum at {@code at}; returns the length in bytes. */
    public static int encode(
            MemorySegment target, long at, long timeNs, long durableDataPosition, long durableMetaPosition) {
        int length = FIXED_BYTES;
        RecordHeader.encode(target, at, length, RecordType.SYNC, 0, timeNs);
        target.set(LONG, at + AT_DURABLE_DATA_POSITION, durableDataPosition);
        target.set(LONG, at + AT_DURABLE_META_POSITION, durableMetaPosition);
        return length;
    }

    /** Position in the data stream below which everything was durable. */
    public static long durableDataPosition(MemorySegment record, long at) {
        return record.get(LONG, at + AT_DURABLE_DATA_POSITION);
    }

    /** Position in the meta stream below which everything was durable. */
    public static long durableMetaPosition(MemorySegment record, long at) {
        return record.get(LONG, at + AT_DURABLE_META_POSITION);
    }

    /** True when lengths inside agree with the length of the record. */
    static boolean isWellFormed(MemorySegment record, long at, int length) {
        return length == FIXED_BYTES;
    }
}
