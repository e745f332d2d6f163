package io.qsfs.index;

import static io.qsfs.memory.LittleEndian.LONG;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/**
 * The value of a directory entry by name.
 *
 * <pre>
 *  0      8        16     17
 * +------+--------+------+
 * | ino  | cookie | type |
 * +------+--------+------+
 * </pre>
 *
 * <p>Threading: stateless.
 */
final class NameValue {
    static final int BYTES = 17;

    private static final int AT_INO = 0;
    private static final int AT_COOKIE = 8;
    private static final int AT_TYPE = 16;

    private NameValue() {}

    static int encode(MemorySegment value, long ino, long cookie, int type) {
        value.set(LONG, AT_INO, ino);
        value.set(LONG, AT_COOKIE, cookie);
        value.set(JAVA_BYTE, AT_TYPE, (byte) type);
        return BYTES;
    }

    /** False when these bytes are no entry; {@code out} is then what it was. */
    static boolean decode(MemorySegment value, int valueBytes, DirectoryEntry out) {
        if (valueBytes != BYTES || value.get(LONG, AT_COOKIE) <= 0) {
            return false;
        }
        out.ino = value.get(LONG, AT_INO);
        out.cookie = value.get(LONG, AT_COOKIE);
        out.type = Byte.toUnsignedInt(value.get(JAVA_BYTE, AT_TYPE));
        return true;
    }
}
