package io.qsfs.log.record;

import static io.qsfs.memory.LittleEndian.LONG;

import java.lang.foreign.MemorySegment;

/**
 * A range of a file becomes what a range of a file is: both name the same bytes of the data stream from then on, and
 * holes become holes.
 *
 * <p>Threading: stateless. Accessors trust the record: call {@link RecordHeader#isSound} on foreign bytes first.
 */
public final class CloneRecord {
    /** Bytes of the fixed part, with the frame. */
    public static final int FIXED_BYTES = 72;
    /** Flag of the frame: this change cleared the set-user-id and set-group-id bits. */
    public static final int FLAG_KILL_PRIVILEGES = 1;

    private static final int AT_SOURCE_INO = 32;
    private static final int AT_SOURCE_OFFSET = 40;
    private static final int AT_INO = 48;
    private static final int AT_FILE_OFFSET = 56;
    private static final int AT_BYTES = 64;

    private CloneRecord() {}

    /** Writes all but sequence and checksum at {@code at}; returns the length in bytes. */
    public static int encode(
            MemorySegment target,
            long at,
            long timeNs,
            int flags,
            long sourceIno,
            long sourceOffset,
            long ino,
            long fileOffset,
            long bytes) {
        int length = FIXED_BYTES;
        RecordHeader.encode(target, at, length, RecordType.CLONE, flags, timeNs);
        target.set(LONG, at + AT_SOURCE_INO, sourceIno);
        target.set(LONG, at + AT_SOURCE_OFFSET, sourceOffset);
        target.set(LONG, at + AT_INO, ino);
        target.set(LONG, at + AT_FILE_OFFSET, fileOffset);
        target.set(LONG, at + AT_BYTES, bytes);
        return length;
    }

    /** The inode whose content is shared. */
    public static long sourceIno(MemorySegment record, long at) {
        return record.get(LONG, at + AT_SOURCE_INO);
    }

    /** Where the range begins in it, bytes. */
    public static long sourceOffset(MemorySegment record, long at) {
        return record.get(LONG, at + AT_SOURCE_OFFSET);
    }

    /** The inode that changes; it may be the same, the ranges then do not overlap. */
    public static long ino(MemorySegment record, long at) {
        return record.get(LONG, at + AT_INO);
    }

    /** Where the range begins in it, bytes. */
    public static long fileOffset(MemorySegment record, long at) {
        return record.get(LONG, at + AT_FILE_OFFSET);
    }

    /** Length of both ranges in bytes, more than 0; both end at 2^63 - 1 at most. */
    public static long bytes(MemorySegment record, long at) {
        return record.get(LONG, at + AT_BYTES);
    }

    /** True when lengths inside agree with the length of the record. */
    static boolean isWellFormed(MemorySegment record, long at, int length) {
        return length == FIXED_BYTES
                && sourceOffset(record, at) >= 0
                && fileOffset(record, at) >= 0
                && bytes(record, at) > 0
                && sourceOffset(record, at) <= Long.MAX_VALUE - bytes(record, at)
                && fileOffset(record, at) <= Long.MAX_VALUE - bytes(record, at);
    }
}
