package io.qsfs.index;

import static io.qsfs.memory.LittleEndian.LONG;

import java.lang.foreign.MemorySegment;

/**
 * The value of an extent: a range of the data stream, within one segment, that is a range of a file.
 *
 * <pre>
 *  0        8          16
 * +--------+----------+
 * | length | position |
 * +--------+----------+
 * </pre>
 *
 * <p>Threading: stateless.
 */
final class ExtentValue {
    static final int BYTES = 16;

    private static final int AT_LENGTH = 0;
    private static final int AT_POSITION = 8;

    private ExtentValue() {}

    static int encode(MemorySegment value, long length, long position) {
        value.set(LONG, AT_LENGTH, length);
        value.set(LONG, AT_POSITION, position);
        return BYTES;
    }

    /** True when these bytes can be an extent that begins at {@code fileOffset}. */
    static boolean isSound(MemorySegment value, int valueBytes, long fileOffset) {
        return valueBytes == BYTES
                && fileOffset >= 0
                && length(value) > 0
                && fileOffset <= Long.MAX_VALUE - length(value)
                && position(value) >= 0
                && position(value) <= Long.MAX_VALUE - length(value);
    }

    static long length(MemorySegment value) {
        return value.get(LONG, AT_LENGTH);
    }

    static long position(MemorySegment value) {
        return value.get(LONG, AT_POSITION);
    }
}
