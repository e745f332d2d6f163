package io.qsfs.bindings.fuse;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.qsfs.bindings.Downcall;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * {@code struct fuse_bufvec} with one buffer, the first: the distance to a second one differs between releases.
 *
 * <pre>
 *  0 count   8 idx   16 off    24 buf[0]: size   32 flags   40 mem   48 fd   56 pos
 * </pre>
 *
 * <p>Threading: no state.
 */
public final class FuseBufVec {
    public static final int FUSE_BUF_IS_FD = 1 << 1;
    public static final int FUSE_BUF_FD_SEEK = 1 << 2;
    public static final int FUSE_BUF_FD_RETRY = 1 << 3;

    /** The prefix that every release shares. */
    static final long PREFIX_BYTES = 64;

    private static final long ALLOC_BYTES = 128;

    private FuseBufVec() {}

    /** @return zeroed, for a reply. */
    public static MemorySegment allocate(Arena arena) {
        return arena.allocate(ALLOC_BYTES, 8);
    }

    /** Makes it one range of memory, which must live until the reply has returned. */
    public static void memory(MemorySegment vector, MemorySegment data, long offset, long length) {
        header(vector, length, 0);
        vector.set(JAVA_LONG, 40, Downcall.address(data, offset, length));
    }

    /** Makes it a range of a file. */
    public static void file(MemorySegment vector, int fd, long position, long length) {
        header(vector, length, FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK);
        vector.set(JAVA_INT, 48, fd);
        vector.set(JAVA_LONG, 56, position);
    }

    public static long count(MemorySegment vector) {
        return vector.get(JAVA_LONG, 0);
    }

    public static int flags(MemorySegment vector) {
        return vector.get(JAVA_INT, 32);
    }

    public static long length(MemorySegment vector) {
        return vector.get(JAVA_LONG, 24);
    }

    /** @return the memory of a vector that {@code write_buf} got and that is not a file; valid until it returns. */
    public static MemorySegment memory(MemorySegment vector) {
        return vector.get(ADDRESS, 40).reinterpret(length(vector));
    }

    private static void header(MemorySegment vector, long length, int flags) {
        vector.fill((byte) 0);
        vector.set(JAVA_LONG, 0, 1);
        vector.set(JAVA_LONG, 24, length);
        vector.set(JAVA_INT, 32, flags);
    }
}
