package io.qsfs.log.record;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;

import java.lang.foreign.MemorySegment;

/**
 * Attributes change; those that {@code valid} names.
 *
 * <p>Threading: stateless. Accessors trust the record: call {@link RecordHeader#isSound} on foreign bytes first.
 */
public final class SetAttrRecord {
    /** Bytes of the fixed part, with the frame. */
    public static final int FIXED_BYTES = 88;
    /** Bit of {@code valid}: mode counts. */
    public static final int MODE = 1;
    /** Bit of {@code valid}: uid counts. */
    public static final int UID = 2;
    /** Bit of {@code valid}: gid counts. */
    public static final int GID = 4;
    /** Bit of {@code valid}: size counts. */
    public static final int SIZE = 8;
    /** Bit of {@code valid}: atime counts. */
    public static final int ATIME = 16;
    /** Bit of {@code valid}: mtime counts. */
    public static final int MTIME = 32;
    /** Bit of {@code valid}: ctime counts. */
    public static final int CTIME = 64;

    /**
     * Flag: set-user-id goes, set-group-id where the group may execute, and the file capabilities, after all else has changed.
     */
    public static final int FLAG_KILL_PRIVILEGES = 1;

    private static final int AT_INO = 32;
    private static final int AT_VALID = 40;
    private static final int AT_MODE = 44;
    private static final int AT_UID = 48;
    private static final int AT_GID = 52;
    private static final int AT_SIZE = 56;
    private static final int AT_ATIME_NS = 64;
    private static final int AT_MTIME_NS = 72;
    private static final int AT_CTIME_NS = 80;

    private SetAttrRecord() {}

    /** Writes all but sequence and checksum at {@code at}; returns the length in bytes. */
    public static int encode(
            MemorySegment target,
            long at,
            long timeNs,
            int flags,
            long ino,
            int valid,
            int mode,
            int uid,
            int gid,
            long size,
            long atimeNs,
            long mtimeNs,
            long ctimeNs) {
        int length = FIXED_BYTES;
        RecordHeader.encode(target, at, length, RecordType.SET_ATTR, flags, timeNs);
        target.set(LONG, at + AT_INO, ino);
        target.set(INT, at + AT_VALID, valid);
        target.set(INT, at + AT_MODE, mode);
        target.set(INT, at + AT_UID, uid);
        target.set(INT, at + AT_GID, gid);
        target.set(LONG, at + AT_SIZE, size);
        target.set(LONG, at + AT_ATIME_NS, atimeNs);
        target.set(LONG, at + AT_MTIME_NS, mtimeNs);
        target.set(LONG, at + AT_CTIME_NS, ctimeNs);
        return length;
    }

    /** The inode. */
    public static long ino(MemorySegment record, long at) {
        return record.get(LONG, at + AT_INO);
    }

    /** Which fields count: the constants of this class. */
    public static int valid(MemorySegment record, long at) {
        return record.get(INT, at + AT_VALID);
    }

    /** Permission bits. */
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

    /** Bytes; smaller cuts content off, larger adds a hole. */
    public static long size(MemorySegment record, long at) {
        return record.get(LONG, at + AT_SIZE);
    }

    /** Ns since 1970 UTC. */
    public static long atimeNs(MemorySegment record, long at) {
        return record.get(LONG, at + AT_ATIME_NS);
    }

    /** Ns since 1970 UTC. */
    public static long mtimeNs(MemorySegment record, long at) {
        return record.get(LONG, at + AT_MTIME_NS);
    }

    /** Ns since 1970 UTC, counts when valid has CTIME, else the time of the record. */
    public static long ctimeNs(MemorySegment record, long at) {
        return record.get(LONG, at + AT_CTIME_NS);
    }

    /** True when lengths inside agree with the length of the record. */
    static boolean isWellFormed(MemorySegment record, long at, int length) {
        return length == FIXED_BYTES && size(record, at) >= 0;
    }
}
