package io.qsfs.log.record;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;
import static io.qsfs.memory.LittleEndian.SHORT;

import java.lang.foreign.MemorySegment;

/**
 * A name moves, and may replace another.
 *
 * <p>Threading: stateless. Accessors trust the record: call {@link RecordHeader#isSound} on foreign bytes first.
 */
public final class RenameRecord {
    /** Bytes of the fixed part, with the frame. */
    public static final int FIXED_BYTES = 72;
    /** Longest name in bytes. */
    static final int NAME_MAX = 255;

    private static final int AT_PARENT = 32;
    private static final int AT_NEW_PARENT = 40;
    private static final int AT_INO = 48;
    private static final int AT_REPLACED_INO = 56;
    private static final int AT_NAME_LENGTH = 64;
    private static final int AT_NEW_NAME_LENGTH = 66;
    private static final int AT_EXCHANGE = 68;

    private RenameRecord() {}

    /** Writes all but sequence and checksum at {@code at}; returns the length in bytes. */
    public static int encode(
            MemorySegment target,
            long at,
            long timeNs,
            long parent,
            long newParent,
            long ino,
            long replacedIno,
            MemorySegment name,
            long nameOffset,
            int nameLength,
            MemorySegment newName,
            long newNameOffset,
            int newNameLength,
            int exchange) {
        int length = RecordHeader.align(FIXED_BYTES + nameLength + newNameLength);
        target.set(LONG, at + length - 8, 0L); // zero the alignment behind the text
        RecordHeader.encode(target, at, length, RecordType.RENAME, 0, timeNs);
        target.set(LONG, at + AT_PARENT, parent);
        target.set(LONG, at + AT_NEW_PARENT, newParent);
        target.set(LONG, at + AT_INO, ino);
        target.set(LONG, at + AT_REPLACED_INO, replacedIno);
        target.set(SHORT, at + AT_NAME_LENGTH, (short) nameLength);
        target.set(SHORT, at + AT_NEW_NAME_LENGTH, (short) newNameLength);
        target.set(INT, at + AT_EXCHANGE, exchange);
        MemorySegment.copy(name, nameOffset, target, at + FIXED_BYTES, nameLength);
        MemorySegment.copy(newName, newNameOffset, target, at + FIXED_BYTES + nameLength, newNameLength);
        return length;
    }

    /** Inode of the old directory. */
    public static long parent(MemorySegment record, long at) {
        return record.get(LONG, at + AT_PARENT);
    }

    /** Inode of the new directory. */
    public static long newParent(MemorySegment record, long at) {
        return record.get(LONG, at + AT_NEW_PARENT);
    }

    /** Inode that moves. */
    public static long ino(MemorySegment record, long at) {
        return record.get(LONG, at + AT_INO);
    }

    /** Inode that the new name stood for, 0 for none. */
    public static long replacedIno(MemorySegment record, long at) {
        return record.get(LONG, at + AT_REPLACED_INO);
    }

    /** Bytes of the old name. */
    public static int nameLength(MemorySegment record, long at) {
        return Short.toUnsignedInt(record.get(SHORT, at + AT_NAME_LENGTH));
    }

    /** Bytes of the new name. */
    public static int newNameLength(MemorySegment record, long at) {
        return Short.toUnsignedInt(record.get(SHORT, at + AT_NEW_NAME_LENGTH));
    }

    /** 1 when both names swap (RENAME_EXCHANGE), else 0. */
    public static int exchange(MemorySegment record, long at) {
        return record.get(INT, at + AT_EXCHANGE);
    }

    /** Offset in {@code record} where the name begins. */
    public static long nameOffset(MemorySegment record, long at) {
        return at + FIXED_BYTES;
    }

    /** Offset in {@code record} where the new name begins. */
    public static long newNameOffset(MemorySegment record, long at) {
        return at + FIXED_BYTES + nameLength(record, at);
    }

    /** True when lengths inside agree with the length of the record. */
    static boolean isWellFormed(MemorySegment record, long at, int length) {
        return length >= FIXED_BYTES
                && nameLength(record, at) > 0
                && nameLength(record, at) <= NAME_MAX
                && newNameLength(record, at) > 0
                && newNameLength(record, at) <= NAME_MAX
                && length == RecordHeader.align(FIXED_BYTES + nameLength(record, at) + newNameLength(record, at));
    }
}
