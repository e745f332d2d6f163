package io.qsfs.log.record;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;

import java.lang.foreign.MemorySegment;

/**
 * Content of a file: a range of the data stream becomes a range of the file.
 *
 * <p>Threading: stateless. Accessors trust the record: call {@link RecordHeader#isSound} on foreign bytes first.
 */
public final class WriteRecord {
    /** Bytes of the fixed part, with the frame. */
    public static final int FIXED_BYTES = 64;
    /** Flag of the frame: this write cleared the set-user-id and set-group-id bits. */
    public static final int FLAG_KILL_PRIVILEGES = 1;
    /** Flag of the frame: the times of the inode stay as they are; whoever wrote sets them by a record of its own. */
    public static final int FLAG_KEEPS_TIMES = 2;

    private static final int AT_INO = 32;
    private static final int AT_FILE_OFFSET = 40;
    private static final int AT_POSITION = 48;
    private static final int AT_DATA_LENGTH = 56;
    private static final int AT_DATA_CRC = 60;

    private WriteRecord() {}

    /** Writes all but sequence and checksum at {@code at}; returns the length in bytes. */
    public static int encode(
            MemorySegment target,
            long at,
            long timeNs,
            int flags,
            long ino,
            long fileOffset,
            long position,
            int dataLength,
            int dataCrc) {
        int length = FIXED_BYTES;
        RecordHeader.encode(target, at, length, RecordType.WRITE, flags, timeNs);
        target.set(LONG, at + AT_INO, ino);
        target.set(LONG, at + AT_FILE_OFFSET, fileOffset);
        target.set(LONG, at + AT_POSITION, position);
        target.set(INT, at + AT_DATA_LENGTH, dataLength);
        target.set(INT, at + AT_DATA_CRC, dataCrc);
        return length;
    }

    /** The inode. */
    public static long ino(MemorySegment record, long at) {
        return record.get(LONG, at + AT_INO);
    }

    /** Where in the file, bytes. */
    public static long fileOffset(MemorySegment record, long at) {
        return record.get(LONG, at + AT_FILE_OFFSET);
    }

    /** Where in the data stream. */
    public static long position(MemorySegment record, long at) {
        return record.get(LONG, at + AT_POSITION);
    }

    /** Bytes, more than 0. */
    public static int dataLength(MemorySegment record, long at) {
        return record.get(INT, at + AT_DATA_LENGTH);
    }

    /** CRC32C of the bytes. */
    public static int dataCrc(MemorySegment record, long at) {
        return record.get(INT, at + AT_DATA_CRC);
    }

    /** True when lengths inside agree with the length of the record. */
    static boolean isWellFormed(MemorySegment record, long at, int length) {
        return length == FIXED_BYTES
                && dataLength(record, at) > 0
                && fileOffset(record, at) >= 0
                && position(record, at) >= 0;
    }
}
