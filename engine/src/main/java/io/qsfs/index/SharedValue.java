package io.qsfs.index;

import static io.qsfs.memory.LittleEndian.LONG;

import java.lang.foreign.MemorySegment;

/**
 * The value of a shared range of the data stream: within one segment, and by how many extents each of its bytes is named.
 *
 * <pre>
 *  0        8       16
 * +--------+-------+
 * | length | count |
 * +--------+-------+
 * </pre>
 *
 * <p>Threading: stateless.
 */
final class SharedValue {
    static final int BYTES = 16;
    /** What only one extent names is not shared. */
    static final long COUNT_MIN = 2;

    private static final int AT_LENGTH = 0;
    private static final int AT_COUNT = 8;

    private SharedValue() {}

    static int encode(MemorySegment value, long length, long count) {
        value.set(LONG, AT_LENGTH, length);
        value.set(LONG, AT_COUNT, count);
        return BYTES;
    }

    /** True when these bytes can be a shared range that begins at {@code position}. */
    static boolean isSound(MemorySegment value, int valueBytes, long position) {
        return valueBytes == BYTES
                && position >= 0
                && length(value) > 0
                && position <= Long.MAX_VALUE - length(value)
                && count(value) >= COUNT_MIN;
    }

    static long length(MemorySegment value) {
        return value.get(LONG, AT_LENGTH);
    }

    static long count(MemorySegment value) {
        return value.get(LONG, AT_COUNT);
    }
}
