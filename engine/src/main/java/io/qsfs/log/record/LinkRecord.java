package io.qsfs.log.record;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;
import static io.qsfs.memory.LittleEndian.SHORT;

import java.lang.foreign.MemorySegment;

/**
 * One more name for an inode.
 *
 * <p>Threading: stateless. Accessors trust the record: call {@link RecordHeader#isSound} on foreign bytes first.
 */
public final class LinkRecord {
    /** Bytes of the fixed part, with the frame. */
    public static final int FIXED_BYTES = 56;
    /** Longest name in bytes. */
    static final int NAME_MAX = 255;

    private static final int AT_INO = 32;
    private static final int AT_PARENT = 40;
    private static final int AT_NAME_LENGTH = 48;

    private LinkRecord() {}

    /** Writes all but sequence and checksum at {@code at}; returns the length in bytes. */
    public static int encode(
            MemorySegment target,
            long at,
            long timeNs,
            long ino,
            long parent,
            MemorySegment name,
            long nameOffset,
            int nameLength) {
        int length = RecordHeader.align(FIXED_BYTES + nameLength);
        target.set(LONG, at + length - 8, 0L); // zero the alignment behind the text
        RecordHeader.encode(target, at, length, RecordType.LINK, 0, timeNs);
        target.set(LONG, at + AT_INO, ino);
        target.set(LONG, at + AT_PARENT, parent);
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

    /** Inode of the directory. */
    public static long parent(MemorySegment record, long at) {
        return record.get(LONG, at + AT_PARENT);
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
                && nameLength(record, at) <= NAME_MAX
                && length == RecordHeader.align(FIXED_BYTES + nameLength(record, at));
    }
}
