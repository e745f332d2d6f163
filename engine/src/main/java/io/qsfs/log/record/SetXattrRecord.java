package io.qsfs.log.record;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;
import static io.qsfs.memory.LittleEndian.SHORT;

import java.lang.foreign.MemorySegment;

/**
 * An extended attribute gets a value, whether it was there or not. A POSIX access ACL is permission bits too, so the record may
 * carry those: both change at once or not at all.
 *
 * <p>Threading: stateless. Accessors trust the record: call {@link RecordHeader#isSound} on foreign bytes first.
 */
public final class SetXattrRecord {
    /** Bytes of the fixed part, with the frame. */
    public static final int FIXED_BYTES = 56;
    /** Flag: the mode counts. */
    public static final int FLAG_MODE = 1;
    /** Longest name in bytes, as in Linux. */
    public static final int NAME_MAX = 255;
    /** Longest value in bytes, as in Linux. */
    public static final int VALUE_MAX = 65_536;

    private static final int AT_INO = 32;
    private static final int AT_MODE = 40;
    private static final int AT_VALUE_LENGTH = 44;
    private static final int AT_NAME_LENGTH = 48;

    private SetXattrRecord() {}

    /** Writes all but sequence and checksum at {@code at}; returns the length in bytes. */
    public static int encode(
            MemorySegment target,
            long at,
            long timeNs,
            int flags,
            long ino,
            int mode,
            MemorySegment name,
            long nameOffset,
            int nameLength,
            MemorySegment value,
            long valueOffset,
            int valueLength) {
        int length = RecordHeader.align(FIXED_BYTES + nameLength + valueLength);
        target.set(LONG, at + length - 8, 0L); // zero the alignment behind the value
        RecordHeader.encode(target, at, length, RecordType.SET_XATTR, flags, timeNs);
        target.set(LONG, at + AT_INO, ino);
        target.set(INT, at + AT_MODE, mode);
        target.set(INT, at + AT_VALUE_LENGTH, valueLength);
        target.set(SHORT, at + AT_NAME_LENGTH, (short) nameLength);
        target.set(SHORT, at + 50, (short) 0);
        target.set(INT, at + 52, 0);
        MemorySegment.copy(name, nameOffset, target, at + FIXED_BYTES, nameLength);
        MemorySegment.copy(value, valueOffset, target, at + FIXED_BYTES + nameLength, valueLength);
        return length;
    }

    /** The inode. */
    public static long ino(MemorySegment record, long at) {
        return record.get(LONG, at + AT_INO);
    }

    /** Permission bits; they count with {@link #FLAG_MODE}. */
    public static int mode(MemorySegment record, long at) {
        return record.get(INT, at + AT_MODE);
    }

    /** Bytes of the name. */
    public static int nameLength(MemorySegment record, long at) {
        return Short.toUnsignedInt(record.get(SHORT, at + AT_NAME_LENGTH));
    }

    /** Bytes of the value. */
    public static int valueLength(MemorySegment record, long at) {
        return record.get(INT, at + AT_VALUE_LENGTH);
    }

    /** Offset in {@code record} where the name begins. */
    public static long nameOffset(MemorySegment record, long at) {
        return at + FIXED_BYTES;
    }

    /** Offset in {@code record} where the value begins. */
    public static long valueOffset(MemorySegment record, long at) {
        return at + FIXED_BYTES + nameLength(record, at);
    }

    /** True when lengths inside agree with the length of the record. */
    static boolean isWellFormed(MemorySegment record, long at, int length) {
        return length >= FIXED_BYTES
                && nameLength(record, at) > 0
                && nameLength(record, at) <= NAME_MAX
                && valueLength(record, at) >= 0
                && valueLength(record, at) <= VALUE_MAX
                && length == RecordHeader.align(FIXED_BYTES + nameLength(record, at) + valueLength(record, at));
    }
}
