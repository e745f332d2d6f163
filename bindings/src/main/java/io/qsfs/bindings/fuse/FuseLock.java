package io.qsfs.bindings.fuse;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * {@code struct flock} of {@code getlk} and {@code setlk}; offsets are absolute.
 *
 * <p>Threading: no state.
 */
public final class FuseLock {
    private FuseLock() {}

    /** @return zeroed. */
    public static MemorySegment allocate(Arena arena) {
        return flock.allocate(arena);
    }

    /** @param type F_RDLCK, F_WRLCK or F_UNLCK. @param bytes 0 to the end of the file. */
    public static void set(MemorySegment lock, int type, long start, long bytes, int pid) {
        flock.l_type(lock, (short) type);
        flock.l_whence(lock, (short) 0); // SEEK_SET
        flock.l_start(lock, start);
        flock.l_len(lock, bytes);
        flock.l_pid(lock, pid);
    }

    public static int type(MemorySegment lock) {
        return flock.l_type(lock);
    }

    public static long start(MemorySegment lock) {
        return flock.l_start(lock);
    }

    public static long bytes(MemorySegment lock) {
        return flock.l_len(lock);
    }

    public static int pid(MemorySegment lock) {
        return flock.l_pid(lock);
    }
}
