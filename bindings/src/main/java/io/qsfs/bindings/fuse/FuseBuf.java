package io.qsfs.bindings.fuse;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.qsfs.bindings.Downcall;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * {@code struct fuse_buf} that requests are received into. It is allocated with the 64 bytes that cover every release:
 * libfuse 3.17 writes a field behind the end of the older struct.
 *
 * <p>Threading: no state; a buffer belongs to the thread that receives into it until the request is processed.
 */
public final class FuseBuf {
    private static final long ALLOC_BYTES = 64;
    private static final long MEM_OFFSET = fuse_buf.mem$offset();

    private FuseBuf() {}

    /**
     * A buffer with memory of ours.
     *
     * @param memory at least {@link Fuse#RECEIVE_BYTES_MIN} bytes; must live as long as the buffer is received into.
     */
    public static MemorySegment allocate(Arena arena, MemorySegment memory) {
        MemorySegment buffer = arena.allocate(ALLOC_BYTES, 8);
        memory(buffer, memory);
        return buffer;
    }

    /** Gives a buffer other memory, after the old one was lent to somebody. */
    public static void memory(MemorySegment buffer, MemorySegment memory) {
        if (memory.byteSize() < Fuse.RECEIVE_BYTES_MIN) {
            throw new IllegalArgumentException(
                    "receive buffer too small: bytes=" + memory.byteSize() + " minimum=" + Fuse.RECEIVE_BYTES_MIN);
        }
        buffer.set(JAVA_LONG, MEM_OFFSET, Downcall.address(memory, 0, memory.byteSize()));
    }

    /** The address of the memory, to find out where in it a payload lies. */
    public static long address(MemorySegment buffer) {
        return buffer.get(JAVA_LONG, MEM_OFFSET);
    }

    /** Bytes of the request that was received. */
    public static long size(MemorySegment buffer) {
        return fuse_buf.size(buffer);
    }

    /** For tests that play the kernel without a file. */
    public static void size(MemorySegment buffer, long bytes) {
        fuse_buf.size(buffer, bytes);
    }
}
