package io.qsfs.bindings.lmdb;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.qsfs.bindings.linux.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * One {@code MDB_val}, a key or a value: set by us before a call, or by LMDB in a call. What LMDB sets lies in its map and is
 * valid until the transaction ends or writes.
 *
 * <p>Java never loads from the map: a fault there stalls every collection until the disk has answered. So a value is copied
 * out by a native call first ({@link #copyTo}), where a fault stalls nobody else.
 *
 * <p>Threading: one thread at a time. The arena that it was made in owns it.
 */
public final class Val {
    private static final long SIZE_OFFSET = MDB_val.mv_size$offset();
    private static final long DATA_OFFSET = MDB_val.mv_data$offset();

    final MemorySegment struct;
    private MemorySegment source; // keeps alive what the struct points at

    private Val(MemorySegment struct) {
        this.struct = struct;
    }

    public static Val allocate(Arena arena) {
        return new Val(MDB_val.allocate(arena));
    }

    /** @param segment native; borrowed by the next call that gets this. @return this. */
    public Val set(MemorySegment segment, long offset, long length) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException("segment on the heap: " + segment);
        }
        source = segment;
        struct.set(JAVA_LONG, SIZE_OFFSET, length);
        struct.set(JAVA_LONG, DATA_OFFSET, segment.asSlice(offset, length).address());
        return this;
    }

    /** For {@link Lmdb#putReserve}, and to ask without a value. */
    Val set(long length) {
        source = null;
        struct.set(JAVA_LONG, SIZE_OFFSET, length);
        struct.set(JAVA_LONG, DATA_OFFSET, 0L);
        return this;
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
        if (length > 0) {
            Linux.memcpy(dst, dstOffset, data(), offset, length);
        }
    }

    /**
     * The memory itself. Only to be written, after {@link Lmdb#putReserve}: without MDB_WRITEMAP that is ordinary memory.
     *
     * @return {@link #size} bytes.
     */
    public MemorySegment data() {
        return struct.get(ADDRESS, DATA_OFFSET).reinterpret(size());
    }
}
