package io.qsfs.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Off-heap memory of one owner that several threads touch, zeroed, aligned to pages. Made at start and closed at the end:
 * closing makes every thread stop for a moment.
 *
 * <p>Threading: the segment may be used by any thread; the owner closes it when nobody does.
 */
public final class NativeBuffer implements AutoCloseable {
    private static final long PAGE_BYTES = 4096;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;

    /** Allocates. */
    public NativeBuffer(long bytes) {
        this.segment = arena.allocate(bytes, PAGE_BYTES);
    }

    /** The memory, valid until {@link #close}. */
    public MemorySegment segment() {
        return segment;
    }

    @Override
    public void close() {
        arena.close();
    }
}
