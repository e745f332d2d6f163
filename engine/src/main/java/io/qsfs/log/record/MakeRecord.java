package io.qsfs.log.record;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;
import static io.qsfs.memory.LittleEndian.SHORT;

import java.lang.foreign.MemorySegment;

/**
 * A new inode with its first name: file, directory, symbolic link, device, pipe, socket; or a file without a name.
 *
 * <p>Threading: stateless. Accessors trust the record: call {@link RecordHeader#isSound} on foreign bytes first.
 */
public final class MakeRecord {
    /** Bytes of the fixed part, with the frame. */
    public static final int FIXED_BYTES = 72;
    /** Longest name in bytes. */
    static final int NAME_MAX = 255;

    private static final int AT_PARENT = 32;
    private static final int AT_INO = 40;
    private static final int AT_MODE = 48;
    private static final int AT_UID = 52;
    private static final int AT_GID = 56;
    private static final int AT_RDEV = 60;
    private static final int AT_NAME_LENGTH = 64;
    private static final int AT_TARGET_LENGTH = 66;

    private MakeRecord() {}

    /** Writes all but sequence and checksum at {@code at}; returns the length in bytes. */
    public static int encode(
            MemorySegment target,
            long at,
            long timeNs,
            long parent,
            long ino,
            int mode,
            int uid,
            int gid,
            int rdev,
            MemorySegment name,
            long nameOffset,
            int nameLength,
            MemorySegment linkTarget,
            long linkTargetOffset,
            int linkTargetLength) {
        int length = RecordHeader.align(FIXED_BYTES + nameLength + linkTargetLength);
        target.set(LONG, at + length - 8, 0L); // zero the alignment behind the text
        RecordHeader.encode(target, at, length, RecordType.MAKE, 0, timeNs);
        target.set(LONG, at + AT_PARENT, parent);
        target.set(LONG, at + AT_INO, ino);
        target.set(INT, at + AT_MODE, mode);
        target.set(INT, at + AT_UID, uid);
        target.set(INT, at + AT_GID, gid);
        target.set(INT, at + AT_RDEV, rdev);
        target.set(SHORT, at + AT_NAME_LENGTH, (short) nameLength);
        target.set(SHORT, at + AT_TARGET_LENGTH, (short) linkTargetLength);
        target.set(INT, at + 68, 0);
        MemorySegment.copy(name, nameOffset, target, at + FIXED_BYTES, nameLength);
        MemorySegment.copy(linkTarget, linkTargetOffset, target, at + FIXED_BYTES + nameLength, linkTargetLength);
        return length;
    }

    /** Inode of the directory. */
    public static long parent(MemorySegment record, long at) {
        return record.get(LONG, at + AT_PARENT);
    }

    /** The new inode number. */
    public static long ino(MemorySegment record, long at) {
        return record.get(LONG, at + AT_INO);
    }

    /** Type and permission bits as in st_mode. */
    public static int mode(MemorySegment record, long at) {
        return record.get(INT, at + AT_MODE);
    }

    /** Owner. */
    public static int uid(MemorySegment record, long at) {
        return record.get(INT, at + AT_UID);
    }

    /** Group. */
    public static int gid(MemorySegment record, long at) {
        return record.get(INT, at + AT_GID);
    }

    /** Device number of a device, else 0. */
    public static int rdev(MemorySegment record, long at) {
        return record.get(INT, at + AT_RDEV);
    }

    /** Bytes of the name; 0 for a file without any. */
    public static int nameLength(MemorySegment record, long at) {
        return Short.toUnsignedInt(record.get(SHORT, at + AT_NAME_LENGTH));
    }

    /** Bytes of the target of a symbolic link, else 0. */
    public static int targetLength(MemorySegment record, long at) {
        return Short.toUnsignedInt(record.get(SHORT, at + AT_TARGET_LENGTH));
    }

    /** Offset in {@code record} where the name begins. */
    public static long nameOffset(MemorySegment record, long at) {
        return at + FIXED_BYTES;
    }

    /** Offset in {@code record} where the target begins. */
    public static long targetOffset(MemorySegment record, long at) {
        return at + FIXED_BYTES + nameLength(record, at);
    }

    /** True when lengths inside agree with the length of the record. */
    static boolean isWellFormed(MemorySegment record, long at, int length) {
        return length >= FIXED_BYTES
                && nameLength(record, at) <= NAME_MAX
                && length == RecordHeader.align(FIXED_BYTES + nameLength(record, at) + targetLength(record, at));
    }
}
