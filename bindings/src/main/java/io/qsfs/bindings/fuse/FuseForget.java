package io.qsfs.bindings.fuse;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/**
 * The array of {@code struct fuse_forget_data} that {@code forget_multi} gets; valid until it returns.
 *
 * <p>Threading: no state.
 */
public final class FuseForget {
    private static final long BYTES = fuse_forget_data.sizeof();

    private FuseForget() {}

    /** @param pointer and {@code count} as the operation got them. */
    public static MemorySegment array(MemorySegment pointer, long count) {
        return pointer.reinterpret(count * BYTES);
    }

    public static long inode(MemorySegment array, long index) {
        return array.get(JAVA_LONG, index * BYTES);
    }

    /** How many lookups of the inode the kernel gives up. */
    public static long lookups(MemorySegment array, long index) {
        return array.get(JAVA_LONG, index * BYTES + 8);
    }
}
