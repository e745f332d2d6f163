package io.qsfs.index;

import static io.qsfs.memory.LittleEndian.LONG;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/**
 * The value of a directory entry by cookie: what reading a directory needs, in its order.
 *
 * <pre>
 *  0      8      9
 * +------+------+-----------------+
 * | ino  | type | name, 1 to 255  |
 * +------+------+-----------------+
 * </pre>
 *
 * <p>Threading: stateless.
 */
final class CookieValue {
    static final int AT_NAME = 9;

    private static final int AT_INO = 0;
    private static final int AT_TYPE = 8;

    private CookieValue() {}

    static int encode(MemorySegment value, long ino, int type, MemorySegment name, long offset, int length) {
        value.set(LONG, AT_INO, ino);
        value.set(JAVA_BYTE, AT_TYPE, (byte) type);
        MemorySegment.copy(name, offset, value, AT_NAME, length);
        return AT_NAME + length;
    }

    static boolean isSound(int valueBytes) {
        return valueBytes > AT_NAME && valueBytes <= AT_NAME + IndexKey.NAME_BYTES_MAX;
    }

    static long ino(MemorySegment value) {
        return value.get(LONG, AT_INO);
    }

    static int type(MemorySegment value) {
        return Byte.toUnsignedInt(value.get(JAVA_BYTE, AT_TYPE));
    }
}
