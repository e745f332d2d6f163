package io.qsfs.bindings.fuse;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * {@code struct fuse_file_info}. Read through the 40-byte prefix that every release shares; where C gets one from us
 * it has the 64 bytes of the largest. Of its bit-fields only {@code direct_io} and {@code keep_cache} never moved
 * between releases, so only these two are here.
 *
 * <pre>
 *  0  flags         int   as open(2)
 *  4  bits          int   0 writepage, 1 direct_io, 2 keep_cache, ...
 *  8  (bit-fields)
 * 16  fh            long  ours, from open to release
 * 24  lock_owner    long
 * 32  poll_events   int
 * </pre>
 *
 * <p>Operations get null ({@code address() == 0}) for a request without an open file.
 *
 * <p>Threading: no state.
 */
public final class FuseFileInfo {
    static final StructLayout PREFIX = MemoryLayout.structLayout(
            JAVA_INT.withName("flags"),
            JAVA_INT.withName("bits"),
            MemoryLayout.paddingLayout(8),
            JAVA_LONG.withName("fh"),
            JAVA_LONG.withName("lock_owner"),
            JAVA_INT.withName("poll_events"),
            MemoryLayout.paddingLayout(4));

    public static final long ALLOC_BYTES = 64;

    static final int DIRECT_IO = 1 << 1;
    static final int KEEP_CACHE = 1 << 2;

    private static final VarHandle FLAGS = field("flags");
    private static final VarHandle BITS = field("bits");
    private static final VarHandle FH = field("fh");
    private static final VarHandle LOCK_OWNER = field("lock_owner");

    static {
        if (PREFIX.byteSize() != 40 || PREFIX.byteOffset(PathElement.groupElement("fh")) != 16) {
            throw new ExceptionInInitializerError("fuse_file_info prefix moved: " + PREFIX);
        }
    }

    private FuseFileInfo() {}

    /** @return zeroed, for a reply. */
    public static MemorySegment allocate(Arena arena) {
        return arena.allocate(ALLOC_BYTES, 8);
    }

    /** Makes a reply's one ready for the next reply. */
    public static void clear(MemorySegment info) {
        info.fill((byte) 0);
    }

    public static int flags(MemorySegment info) {
        return (int) FLAGS.get(info);
    }

    public static long fh(MemorySegment info) {
        return (long) FH.get(info);
    }

    public static void fh(MemorySegment info, long handle) {
        FH.set(info, handle);
    }

    public static long lockOwner(MemorySegment info) {
        return (long) LOCK_OWNER.get(info);
    }

    public static void flags(MemorySegment info, int flags) {
        FLAGS.set(info, flags);
    }

    public static boolean directIo(MemorySegment info) {
        return ((int) BITS.get(info) & DIRECT_IO) != 0;
    }

    /** For the reply to open: reads and writes of this file pass by the page cache. */
    public static void directIo(MemorySegment info, boolean on) {
        bit(info, DIRECT_IO, on);
    }

    public static boolean keepCache(MemorySegment info) {
        return ((int) BITS.get(info) & KEEP_CACHE) != 0;
    }

    /** For the reply to open: what is cached of this file is still right. */
    public static void keepCache(MemorySegment info, boolean on) {
        bit(info, KEEP_CACHE, on);
    }

    private static void bit(MemorySegment info, int mask, boolean on) {
        int bits = (int) BITS.get(info);
        BITS.set(info, on ? bits | mask : bits & ~mask);
    }

    private static VarHandle field(String name) {
        return MethodHandles.insertCoordinates(PREFIX.varHandle(PathElement.groupElement(name)), 1, 0L)
                .withInvokeExactBehavior();
    }
}
