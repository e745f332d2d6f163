package io.qsfs.bindings.fuse;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * {@code struct stat} as libfuse takes it for a reply and gives it to {@code setattr}. Times are nanoseconds since
 * 1970.
 *
 * <p>Threading: no state.
 */
public final class FuseAttr {
    private static final long NS_PER_SECOND = 1_000_000_000L;

    private FuseAttr() {}

    /** @return zeroed. */
    public static MemorySegment allocate(Arena arena) {
        return stat.allocate(arena);
    }

    public static void identity(MemorySegment attributes, long inode, int mode, long nlink, long rdev) {
        stat.st_ino(attributes, inode);
        stat.st_mode(attributes, mode);
        stat.st_nlink(attributes, nlink);
        stat.st_rdev(attributes, rdev);
    }

    public static void owner(MemorySegment attributes, int uid, int gid) {
        stat.st_uid(attributes, uid);
        stat.st_gid(attributes, gid);
    }

    /** @param blocks512 allocated units of 512 bytes. @param blockBytes preferred I/O size. */
    public static void size(MemorySegment attributes, long bytes, long blocks512, long blockBytes) {
        stat.st_size(attributes, bytes);
        stat.st_blocks(attributes, blocks512);
        stat.st_blksize(attributes, blockBytes);
    }

    public static void times(MemorySegment attributes, long atimeNs, long mtimeNs, long ctimeNs) {
        time(attributes, stat.st_atim$offset(), atimeNs);
        time(attributes, stat.st_mtim$offset(), mtimeNs);
        time(attributes, stat.st_ctim$offset(), ctimeNs);
    }

    public static long inode(MemorySegment attributes) {
        return stat.st_ino(attributes);
    }

    public static int mode(MemorySegment attributes) {
        return stat.st_mode(attributes);
    }

    public static long nlink(MemorySegment attributes) {
        return stat.st_nlink(attributes);
    }

    public static int uid(MemorySegment attributes) {
        return stat.st_uid(attributes);
    }

    public static int gid(MemorySegment attributes) {
        return stat.st_gid(attributes);
    }

    public static long size(MemorySegment attributes) {
        return stat.st_size(attributes);
    }

    public static long atimeNs(MemorySegment attributes) {
        return time(attributes, stat.st_atim$offset());
    }

    public static long mtimeNs(MemorySegment attributes) {
        return time(attributes, stat.st_mtim$offset());
    }

    public static long ctimeNs(MemorySegment attributes) {
        return time(attributes, stat.st_ctim$offset());
    }

    private static void time(MemorySegment attributes, long offset, long ns) {
        attributes.set(JAVA_LONG, offset + timespec.tv_sec$offset(), Math.floorDiv(ns, NS_PER_SECOND));
        attributes.set(JAVA_LONG, offset + timespec.tv_nsec$offset(), Math.floorMod(ns, NS_PER_SECOND));
    }

    /** Saturates outside of the years 1677 to 2262: a caller may set any time. */
    private static long time(MemorySegment attributes, long offset) {
        long seconds = attributes.get(JAVA_LONG, offset + timespec.tv_sec$offset());
        long limit = Long.MAX_VALUE / NS_PER_SECOND;
        if (seconds >= limit) {
            return Long.MAX_VALUE;
        }
        return seconds < -limit
                ? Long.MIN_VALUE
                : seconds * NS_PER_SECOND + attributes.get(JAVA_LONG, offset + timespec.tv_nsec$offset());
    }
}
