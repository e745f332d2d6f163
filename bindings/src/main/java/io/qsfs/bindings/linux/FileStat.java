package io.qsfs.bindings.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/**
 * {@code struct stat} as plain fields, filled by {@link Linux#fstat}, {@link Linux#stat} and {@link Linux#lstat}.
 * After an error the fields are what they were. Make one and use it again: filling it allocates nothing.
 *
 * <p>Threading: none of its own; one thread at a time.
 */
public final class FileStat {
    public long device;
    public long inode;
    /** Bytes. */
    public long size;
    /** Allocated units of 512 bytes, whatever the block size is. */
    public long blocks512;
    /** Preferred I/O size in bytes. */
    public long blockBytes;
    /** Type and permissions, {@link Linux#S_IFMT} and below. */
    public int mode;

    public long nlink;
    public int uid;
    public int gid;
    public long rdev;
    /** Nanoseconds since 1970, saturated at the ends of {@code long} (years 1677 and 2262). */
    public long atimeNs;

    public long mtimeNs;
    public long ctimeNs;

    public boolean isDirectory() {
        return (mode & Linux.S_IFMT) == Linux.S_IFDIR;
    }

    public boolean isRegularFile() {
        return (mode & Linux.S_IFMT) == Linux.S_IFREG;
    }

    void read(MemorySegment struct) {
        device = stat.st_dev(struct);
        inode = stat.st_ino(struct);
        size = stat.st_size(struct);
        blocks512 = stat.st_blocks(struct);
        blockBytes = stat.st_blksize(struct);
        mode = stat.st_mode(struct);
        nlink = stat.st_nlink(struct);
        uid = stat.st_uid(struct);
        gid = stat.st_gid(struct);
        rdev = stat.st_rdev(struct);
        atimeNs = nanoseconds(struct, stat.st_atim$offset());
        mtimeNs = nanoseconds(struct, stat.st_mtim$offset());
        ctimeNs = nanoseconds(struct, stat.st_ctim$offset());
    }

    private static long nanoseconds(MemorySegment struct, long offset) {
        long seconds = struct.get(JAVA_LONG, offset + timespec.tv_sec$offset());
        long limit = Long.MAX_VALUE / 1_000_000_000L;
        if (seconds >= limit) {
            return Long.MAX_VALUE;
        }
        if (seconds < -limit) {
            return Long.MIN_VALUE;
        }
        return seconds * 1_000_000_000L + struct.get(JAVA_LONG, offset + timespec.tv_nsec$offset());
    }
}
