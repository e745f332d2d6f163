package io.qsfs.log;

import io.qsfs.memory.NativeBuffer;
import java.lang.foreign.MemorySegment;

/**
 * The range table of one data segment that is not closed yet, kept off-heap.
 *
 * <p>Threading: one thread at a time; handed from {@code file-system} to the log's helper when the segment closes.
 */
final class RangeBuilder implements AutoCloseable {
    private final NativeBuffer buffer;
    private final int countMax;
    private int count;

    RangeBuilder(int countMax) {
        assert countMax > 0 && countMax <= RangeTable.COUNT_MAX : countMax;
        this.countMax = countMax;
        this.buffer = new NativeBuffer(RangeTable.bytes(countMax));
    }

    /** Remembers a range; false when there is no room for it. */
    boolean add(long windowOffset, int length, int crc, long ino, long fileOffset, long sequence) {
        if (count == countMax) {
            return false;
        }
        RangeTable.putEntry(buffer.segment(), 0, count++, windowOffset, length, crc, ino, fileOffset, sequence);
        return true;
    }

    int count() {
        return count;
    }

    void clear() {
        count = 0;
    }

    /** Completes the table; its first {@link RangeTable#bytes} bytes are ready to be written. */
    MemorySegment seal(long usedBytes) {
        RangeTable.seal(buffer.segment(), 0, count, usedBytes);
        return buffer.segment();
    }

    @Override
    public void close() {
        buffer.close();
    }
}
