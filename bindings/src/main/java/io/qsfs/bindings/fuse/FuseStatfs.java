package io.qsfs.bindings.fuse;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * {@code struct statvfs} for the reply to {@code statfs}.
 *
 * <p>Threading: no state.
 */
public final class FuseStatfs {
    private FuseStatfs() {}

    /** @return zeroed. */
    public static MemorySegment allocate(Arena arena) {
        return statvfs.allocate(arena);
    }

    /** @param blockBytes the unit of the three counts of blocks, and the preferred I/O size. */
    public static void blocks(MemorySegment statistics, long blockBytes, long total, long free, long available) {
        statvfs.f_bsize(statistics, blockBytes);
        statvfs.f_frsize(statistics, blockBytes);
        statvfs.f_blocks(statistics, total);
        statvfs.f_bfree(statistics, free);
        statvfs.f_bavail(statistics, available);
    }

    public static void files(MemorySegment statistics, long total, long free, long nameBytesMax) {
        statvfs.f_files(statistics, total);
        statvfs.f_ffree(statistics, free);
        statvfs.f_favail(statistics, free);
        statvfs.f_namemax(statistics, nameBytesMax);
    }
}
