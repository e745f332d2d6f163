package io.qsfs.log.record;

import static io.qsfs.memory.LittleEndian.LONG;

import java.lang.foreign.MemorySegment;

/**
 * An orphan and its content go.
 *
 * <p>Threading: stateless. Accessors trust the record: call {@link RecordHeader#isSound} on foreign bytes first.
 */
public final class PurgeRecord {
    /** Bytes of the fixed part, with the frame. */
    public static final int FIXED_BYTES = 40;

    private static final int AT_INO = 32;

    private PurgeRecord() {}

    /** Writes all but sequence and checksum at {@code at}; returns the length in bytes. */
    public static int encode(MemorySegment target, long at, long timeNs, long ino) {
        int length = FIXED_BYTES;
        RecordHeader.encode(target, at, length, RecordType.PURGE, 0, timeNs);
        target.set(LONG, at + AT_INO, ino);
        return length;
    }

    /** The inode. */
    public static long ino(MemorySegment record, long at) {
        return record.get(LONG, at + AT_INO);
    }

    /** True when lengths inside agree with the length of the record. */
    static boolean isWellFormed(MemorySegment record, long at, int length) {
        return length == FIXED_BYTES;
    }
}
