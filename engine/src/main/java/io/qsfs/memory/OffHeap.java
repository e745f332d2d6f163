package io.qsfs.memory;

/** Constants of off-heap memory. */
public final class OffHeap {
    /** Alignment of slabs, in bytes: a page. */
    public static final int PAGE_BYTES = 4096;

    private OffHeap() {}
}
