package io.qsfs.bindings.lmdb;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.qsfs.bindings.Downcall;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.Objects;

/**
 * One {@code MDB_val}, a key or a value: set by us before a call, or by LMDB in a call. What LMDB sets lies in its
 * map and is valid until the transaction ends or writes.
 *
 * <p>Java never loads from the map: a fault there stalls every collection until the disk has answered. So a value is
 * copied out by a native call first ({@link #copyTo}), where a fault stalls nobody else.
 *
 * <p>Threading: one thread at a time. The arena that it was made in owns it.
 */
public final class Val {
    private static final long SIZE_OFFSET = MDB_val.mv_size$offset();
    private static final long DATA_OFFSET = MDB_val.mv_data$offset();

    private static final MethodHandle MEMCPY = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().find("memcpy").orElseThrow(),
                    FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));

    private final MemorySegment struct;
    private MemorySegment source; // keeps alive what the struct points at

    private Val(MemorySegment struct) {
        this.struct = struct;
    }

    public static Val allocate(Arena arena) {
        return new Val(MDB_val.allocate(arena));
    }

    /** @param segment native; borrowed by the next call that gets this. @return this. */
    public Val set(MemorySegment segment, long offset, long length) {
        long address = Downcall.address(segment, offset, length);
        source = segment;
        struct.set(JAVA_LONG, SIZE_OFFSET, length);
        struct.set(JAVA_LONG, DATA_OFFSET, address);
        return this;
    }

    /** For {@link Lmdb#putReserve}, and to ask without a value. */
    Val set(long length) {
        source = null;
        struct.set(JAVA_LONG, SIZE_OFFSET, length);
        struct.set(JAVA_LONG, DATA_OFFSET, 0L);
        return this;
    }

    long address() {
        return struct.address();
    }

    /** Bytes. */
    public long size() {
        return struct.get(JAVA_LONG, SIZE_OFFSET);
    }

    /** Copies all of it. @return its size. @throws IndexOutOfBoundsException when {@code dst} is too small. */
    public long copyTo(MemorySegment dst, long dstOffset) {
        long size = size();
        copyTo(0, dst, dstOffset, size);
        return size;
    }

    public long copyTo(MemorySegment dst) {
        return copyTo(dst, 0);
    }

    /** Copies a part. */
    public void copyTo(long offset, MemorySegment dst, long dstOffset, long length) {
        Objects.checkFromIndexSize(offset, length, size());
        memcpy(Downcall.address(dst, dstOffset, length), struct.get(JAVA_LONG, DATA_OFFSET) + offset, length);
        Reference.reachabilityFence(dst);
    }

    /** Writes a part, after {@link Lmdb#putReserve}. */
    public void copyFrom(long offset, MemorySegment src, long srcOffset, long length) {
        Objects.checkFromIndexSize(offset, length, size());
        memcpy(struct.get(JAVA_LONG, DATA_OFFSET) + offset, Downcall.address(src, srcOffset, length), length);
        Reference.reachabilityFence(src);
    }

    /**
     * The memory itself; allocates. Only to be written, after {@link Lmdb#putReserve}: without MDB_WRITEMAP that is
     * ordinary memory.
     *
     * @return {@link #size} bytes.
     */
    public MemorySegment data() {
        return struct.get(ADDRESS, DATA_OFFSET).reinterpret(size());
    }

    private static void memcpy(long dst, long src, long length) {
        try {
            long ignored = (long) MEMCPY.invokeExact(dst, src, length);
        } catch (Throwable t) {
            throw Downcall.failure("memcpy", t);
        }
    }
}
