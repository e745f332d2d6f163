package io.qsfs.log.record;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;
import static io.qsfs.memory.LittleEndian.SHORT;

import java.lang.foreign.MemorySegment;

/**
 * An extended attribute goes. An access ACL that says no more than permission bits do is replaced by them: the record may carry
 * those.
 *
 * <p>Threading: stateless. Accessors trust the record: call {@link RecordHeader#isSound} on foreign bytes first.
 */
public final class RemoveXattrRecord {
    /** Bytes of the fixed part, with the frame. */
    public static final int FIXED_BYTES = 56;
    /** Flag: the mode counts. */
    public static final int FLAG_MODE = 1;

    private static final int AT_INO = 32;
    private static final int AT_MODE = 40;
    private static final int AT_NAME_LENGTH = 48;

    private RemoveXattrRecord() {}

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
            int nameLength) {
        int length = RecordHeader.align(FIXED_BYTES + nameLength);
        target.set(LONG, at + length - 8, 0L); // zero the alignment behind the name
        RecordHeader.encode(target, at, length, RecordType.REMOVE_XATTR, flags, timeNs);
        target.set(LONG, at + AT_INO, ino);
        target.set(INT, at + AT_MODE, mode);
        target.set(INT, at + 44, 0);
        target.set(SHORT, at + AT_NAME_LENGTH, (short) nameLength);
        target.set(SHORT, at + 50, (short) 0);
        target.set(INT, at + 52, 0);
        MemorySegment.copy(name, nameOffset, target, at + FIXED_BYTES, nameLength);
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

    /** Offset in {@code record} where the name begins. */
    public static long nameOffset(MemorySegment record, long at) {
        return at + FIXED_BYTES;
    }

    /** True when lengths inside agree with the length of the record. */
    static boolean isWellFormed(MemorySegment record, long at, int length) {
        return length >= FIXED_BYTES
                && nameLength(record, at) > 0
                && nameLength(record, at) <= SetXattrRecord.NAME_MAX
                && length == RecordHeader.align(FIXED_BYTES + nameLength(record, at));
    }
}
