package io.qsfs.offload;

import io.qsfs.memory.Id128;
import java.lang.foreign.MemorySegment;

/**
 * The log as the offloader sees it: closed segments, and how much of each stream is durable.
 *
 * <p>Threading: any thread.
 */
public interface SegmentSource {
    /** Position of the stream below which everything is durable. */
    long durable(int stream);

    /** The longest range table in bytes. */
    long rangeTableBytesMax();

    /** The mount that wrote a local segment, closed or not; null when it is not local. */
    Id128 mountId(int stream, long number);

    /** A local segment, pinned until it is closed; null when it is not local. */
    LocalSegment open(int stream, long number);

    /** A pinned segment. */
    interface LocalSegment extends AutoCloseable {
        /** Reads exactly {@code length} bytes of the stream into native memory; 0 or a positive errno. */
        int read(long position, MemorySegment target, long offset, int length);

        /**
         * Reads the range table.
         *
         * @param target as large as {@link #rangeTableBytesMax()}.
         * @return its entries, or a negative errno; {@code -ENODATA}: there is no sound one.
         */
        int readRangeTable(MemorySegment target);

        /** Tells the kernel that its pages are not needed soon. */
        void dropPages();

        @Override
        void close();
    }
}
