package io.qsfs.bindings.linux;

import io.qsfs.bindings.Downcall;
import java.lang.foreign.MemorySegment;

/**
 * An array of {@code struct iovec} for {@link Linux#writev} and {@code fuse_reply_iov}. It holds addresses: what they
 * point at must live, and be held by somebody, until the call that uses the array has returned.
 *
 * <p>Threading: no state.
 */
public final class IoVec {
    /** Bytes of one element; alignment 8. */
    public static final long BYTES = 16;

    static {
        if (iovec.sizeof() != BYTES) {
            throw new ExceptionInInitializerError("struct iovec is " + iovec.layout());
        }
    }

    private IoVec() {}

    public static void set(MemorySegment array, int index, MemorySegment segment, long offset, long length) {
        long element = index * BYTES;
        array.set(linux_h.C_LONG, element, Downcall.address(segment, offset, length));
        array.set(linux_h.C_LONG, element + 8, length);
    }

    public static long address(MemorySegment array, int index) {
        return array.get(linux_h.C_LONG, index * BYTES);
    }

    public static long length(MemorySegment array, int index) {
        return array.get(linux_h.C_LONG, index * BYTES + 8);
    }
}
