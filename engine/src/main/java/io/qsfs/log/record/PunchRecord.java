package io.qsfs.log.record;

import static io.qsfs.memory.LittleEndian.LONG;

import java.lang.foreign.MemorySegment;

/**
 * A range of a file becomes a hole.
 *
 * <p>Threading: stateless. Accessors trust the record: call {@link RecordHeader#isSound} on foreign bytes first.
 */
public final class PunchRecord {
    /** Bytes of the fixed part, with the frame. */
    public static final int FIXED_BYTES = 56;
    /** Flag of the frame: this change cleared the set-user-id and set-group-id bits. */
    public static final int FLAG_KILL_PRIVILEGES = 1;
    /** Flag of the frame: the size becomes at least the end of the range. */
    public static final int FLAG_GROWS = 2;

    private static final int AT_INO = 32;
    private static final int AT_FILE_OFFSET = 40;
    private static final int AT_BYTES = 48;

    private PunchRecord() {}

    /** Writes all but sequence and checksum at {@code at}; returns the length in bytes. */
    public static int encode(
            MemorySegment target, long at, long timeNs, int flags, long ino, long fileOffset, long bytes) {
        int length = FIXED_BYTES;
        RecordHeader.encode(target, at, length, RecordType.PUNCH, flags, timeNs);
        target.set(LONG, at + AT_INO, ino);
        target.set(LONG, at + AT_FILE_OFFSET, fileOffset);
        target.set(LONG, at + AT_BYTES, bytes);
        return length;
    }

    /** The inode. */
    public static long ino(MemorySegment record, long at) {
        return record.get(LONG, at + AT_INO);
    }

    /** Where the range begins in the file, bytes. */
    public static long fileOffset(MemorySegment record, long at) {
        return record.get(LONG, at + AT_FILE_OFFSET);
    }

    /** Length of the range in bytes, more than 0; its end is at most 2^63 - 1. */
    public static long bytes(MemorySegment record, long at) {
        return record.get(LONG, at + AT_BYTES);
    }

    /** True when lengths inside agree with the length of the record. */
    static boolean isWellFormed(MemorySegment record, long at, int length) {
        return length == FIXED_BYTES
                && fileOffset(record, at) >= 0
                && bytes(record, at) > 0
                && fileOffset(record, at) <= Long.MAX_VALUE - bytes(record, at);
    }
}
