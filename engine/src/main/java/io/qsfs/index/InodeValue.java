package io.qsfs.index;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;

import java.lang.foreign.MemorySegment;

/**
 * The value of an inode.
 *
 * <pre>
 *  0      4      8      12     16     20     24      32      40      48      56         64       72
 * +------+------+------+------+------+------+-------+-------+-------+-------+----------+--------+
 * | mode | uid  | gid  | nlink| rdev | attrs| size  | atime | mtime | ctime | allocated| parent |
 * +------+------+------+------+------+------+-------+-------+-------+-------+----------+--------+
 * </pre>
 *
 * <p>Threading: stateless.
 */
final class InodeValue {
    static final int BYTES = 72;

    private static final int AT_MODE = 0;
    private static final int AT_UID = 4;
    private static final int AT_GID = 8;
    private static final int AT_NLINK = 12;
    private static final int AT_RDEV = 16;
    private static final int AT_ATTRIBUTE_BYTES = 20;
    private static final int AT_SIZE = 24;
    private static final int AT_ATIME_NS = 32;
    private static final int AT_MTIME_NS = 40;
    private static final int AT_CTIME_NS = 48;
    private static final int AT_ALLOCATED_BYTES = 56;
    private static final int AT_PARENT = 64;

    private InodeValue() {}

    static int encode(MemorySegment value, Inode inode) {
        value.set(INT, AT_MODE, inode.mode);
        value.set(INT, AT_UID, inode.uid);
        value.set(INT, AT_GID, inode.gid);
        value.set(INT, AT_NLINK, inode.nlink);
        value.set(INT, AT_RDEV, inode.rdev);
        value.set(INT, AT_ATTRIBUTE_BYTES, inode.attributeBytes);
        value.set(LONG, AT_SIZE, inode.size);
        value.set(LONG, AT_ATIME_NS, inode.atimeNs);
        value.set(LONG, AT_MTIME_NS, inode.mtimeNs);
        value.set(LONG, AT_CTIME_NS, inode.ctimeNs);
        value.set(LONG, AT_ALLOCATED_BYTES, inode.allocatedBytes);
        value.set(LONG, AT_PARENT, inode.parent);
        return BYTES;
    }

    /** False when these bytes are no inode; {@code out} is then what it was. */
    static boolean decode(MemorySegment value, int valueBytes, long ino, Inode out) {
        if (valueBytes != BYTES
                || value.get(LONG, AT_SIZE) < 0
                || value.get(LONG, AT_ALLOCATED_BYTES) < 0
                || value.get(INT, AT_NLINK) < 0
                || value.get(INT, AT_ATTRIBUTE_BYTES) < 0
                || !FileType.isKnown(value.get(INT, AT_MODE))) {
            return false;
        }
        out.ino = ino;
        out.mode = value.get(INT, AT_MODE);
        out.uid = value.get(INT, AT_UID);
        out.gid = value.get(INT, AT_GID);
        out.nlink = value.get(INT, AT_NLINK);
        out.rdev = value.get(INT, AT_RDEV);
        out.attributeBytes = value.get(INT, AT_ATTRIBUTE_BYTES);
        out.size = value.get(LONG, AT_SIZE);
        out.atimeNs = value.get(LONG, AT_ATIME_NS);
        out.mtimeNs = value.get(LONG, AT_MTIME_NS);
        out.ctimeNs = value.get(LONG, AT_CTIME_NS);
        out.allocatedBytes = value.get(LONG, AT_ALLOCATED_BYTES);
        out.parent = value.get(LONG, AT_PARENT);
        return true;
    }
}
