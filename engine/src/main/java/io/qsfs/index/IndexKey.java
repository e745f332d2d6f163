package io.qsfs.index;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The keys of the tree: one byte that says of what, then numbers, big endian so that the order of bytes is the order of
 * numbers, then a name.
 *
 * <pre>
 * 'B' ino8               orphan         'I' ino8               inode
 * 'C' directory8 cookie8 name by cookie 'M' text               about the index itself
 * 'D' directory8 name    name           'P' stream1 number8    placement
 * 'E' ino8 fileOffset8   extent         'S' position8          shared range
 * 'G' stream1 number8    segment        'X' ino8 name          extended attribute
 *                                       'Y' ino8               target of a symbolic link
 * </pre>
 *
 * Each method that writes a key returns its length in bytes.
 *
 * <p>Threading: stateless.
 */
final class IndexKey {
    /** LMDB as Debian builds it takes keys up to this. */
    static final int BYTES_MAX = 511;
    /** Longest name of a directory entry, in bytes. */
    static final int NAME_BYTES_MAX = 255;

    static final byte ORPHAN = 'B';
    static final byte COOKIE = 'C';
    static final byte NAME = 'D';
    static final byte EXTENT = 'E';
    static final byte SEGMENT = 'G';
    static final byte INODE = 'I';
    static final byte META = 'M';
    static final byte PLACEMENT = 'P';
    static final byte SHARED = 'S';
    static final byte ATTRIBUTE = 'X';

    static final byte SYMLINK = 'Y';

    /** Length of the keys with one number. */
    static final int ONE_BYTES = 9;
    /** Length of the keys with two numbers. */
    static final int TWO_BYTES = 17;
    /** Length of the keys of segments and placements. */
    static final int SEGMENT_BYTES = 10;

    /** Where the name of a directory entry or an attribute begins. */
    static final int AT_NAME = 9;

    private static final ValueLayout.OfLong BIG_ENDIAN =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final int AT_FIRST = 1;
    private static final int AT_SECOND = 9;
    private static final int AT_NUMBER = 2;

    private IndexKey() {}

    static int one(MemorySegment key, byte tag, long first) {
        key.set(JAVA_BYTE, 0, tag);
        key.set(BIG_ENDIAN, AT_FIRST, first);
        return ONE_BYTES;
    }

    static int two(MemorySegment key, byte tag, long first, long second) {
        key.set(JAVA_BYTE, 0, tag);
        key.set(BIG_ENDIAN, AT_FIRST, first);
        key.set(BIG_ENDIAN, AT_SECOND, second);
        return TWO_BYTES;
    }

    static int name(MemorySegment key, long directory, MemorySegment name, long offset, int length) {
        return named(key, NAME, directory, name, offset, length);
    }

    static int attribute(MemorySegment key, long ino, MemorySegment name, long offset, int length) {
        return named(key, ATTRIBUTE, ino, name, offset, length);
    }

    private static int named(MemorySegment key, byte tag, long first, MemorySegment name, long offset, int length) {
        assert length > 0 && length <= NAME_BYTES_MAX : length;
        key.set(JAVA_BYTE, 0, tag);
        key.set(BIG_ENDIAN, AT_FIRST, first);
        MemorySegment.copy(name, offset, key, AT_SECOND, length);
        return AT_SECOND + length;
    }

    static int segment(MemorySegment key, byte tag, int stream, long number) {
        key.set(JAVA_BYTE, 0, tag);
        key.set(JAVA_BYTE, 1, (byte) stream);
        key.set(BIG_ENDIAN, AT_NUMBER, number);
        return SEGMENT_BYTES;
    }

    static int meta(MemorySegment key, String text) {
        key.set(JAVA_BYTE, 0, META);
        for (int i = 0; i < text.length(); i++) {
            key.set(JAVA_BYTE, 1L + i, (byte) text.charAt(i));
        }
        return 1 + text.length();
    }

    /** True when the key has this tag and, for tags with a first number, belongs to {@code first}. */
    static boolean isTwoOf(MemorySegment key, int keyBytes, byte tag, long first) {
        return keyBytes == TWO_BYTES && key.get(JAVA_BYTE, 0) == tag && first(key) == first;
    }

    /** True when this is an extended attribute of {@code ino}; its name begins at {@link #AT_NAME}. */
    static boolean isAttributeOf(MemorySegment key, int keyBytes, long ino) {
        return keyBytes > AT_SECOND && key.get(JAVA_BYTE, 0) == ATTRIBUTE && first(key) == ino;
    }

    static boolean isTag(MemorySegment key, int keyBytes, byte tag) {
        return keyBytes > 0 && key.get(JAVA_BYTE, 0) == tag;
    }

    static long first(MemorySegment key) {
        return key.get(BIG_ENDIAN, AT_FIRST);
    }

    static long second(MemorySegment key) {
        return key.get(BIG_ENDIAN, AT_SECOND);
    }

    static int stream(MemorySegment key) {
        return Byte.toUnsignedInt(key.get(JAVA_BYTE, 1));
    }

    static long number(MemorySegment key) {
        return key.get(BIG_ENDIAN, AT_NUMBER);
    }
}
