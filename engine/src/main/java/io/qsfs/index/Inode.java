package io.qsfs.index;

/**
 * An inode as plain fields, filled by {@link IndexView#inode}. After an error the fields are what they were. Make one
 * and use it again: filling it allocates nothing.
 *
 * <p>Threading: none of its own; one thread at a time.
 */
public final class Inode {
    /** Number of the root directory. */
    public static final long ROOT = 1;

    public long ino;
    /** Bytes; of a symbolic link the length of its target, of a directory 0. */
    public long size;
    /** Nanoseconds since 1970 UTC, as the other times. */
    public long atimeNs;

    public long mtimeNs;
    public long ctimeNs;
    /** Sum of the lengths of all extents. */
    public long allocatedBytes;
    /** Of a directory: the one it is in. Of anything else a hint: where its last new name is or was. */
    public long parent;
    /** Of its extended attributes: the bytes of each name, of the 0 behind it in a list, and of the value. */
    public int attributeBytes;
    /** Type and permissions as in st_mode. */
    public int mode;

    public int uid;
    public int gid;
    public int nlink;
    public int rdev;

    /** True for a directory. */
    public boolean isDirectory() {
        return FileType.isDirectory(mode);
    }

    /** True for a regular file. */
    public boolean isRegularFile() {
        return FileType.isRegularFile(mode);
    }

    /** True for a symbolic link. */
    public boolean isSymbolicLink() {
        return FileType.isSymbolicLink(mode);
    }

    /** Takes over every field of {@code other}. */
    public void copyFrom(Inode other) {
        ino = other.ino;
        size = other.size;
        atimeNs = other.atimeNs;
        mtimeNs = other.mtimeNs;
        ctimeNs = other.ctimeNs;
        allocatedBytes = other.allocatedBytes;
        parent = other.parent;
        attributeBytes = other.attributeBytes;
        mode = other.mode;
        uid = other.uid;
        gid = other.gid;
        nlink = other.nlink;
        rdev = other.rdev;
    }
}
