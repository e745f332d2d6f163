package io.qsfs.log;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;

import io.qsfs.bindings.isal.Isal;
import java.lang.foreign.MemorySegment;

/**
 * What lies in a closed data segment, written behind its window at offset {@code SegmentHeader.BYTES + segmentBytes}. It has no
 * stream positions. Ranges stand in the order of their records, not of their offsets; ranges that were abandoned, or cut by a crash,
 * are missing.
 *
 * <pre>
 *   0          8         12      16           24             28            32
 *  +----------+---------+-------+------------+--------------+-------------+----------
 *  | QSFSRNGT | version | count | used bytes | entries crc  | header crc  | entries
 *  +----------+---------+-------+------------+--------------+-------------+----------
 *
 *   0                  8        12       16      24            32         40
 *  +------------------+--------+--------+-------+-------------+----------+
 *  | offset in window | length | crc32c | inode | file offset | sequence |   one entry
 *  +------------------+--------+--------+-------+-------------+----------+
 * </pre>
 *
 * <p>Threading: stateless.
 */
public final class RangeTable {
    /** Size of the table's header. */
    public static final int HEADER_BYTES = 32;
    /** Size of one entry. */
    public static final int ENTRY_BYTES = 40;
    /** More entries than any segment has; a table that announces more is unsound. */
    public static final int COUNT_MAX = 1 << 21;

    private static final long MAGIC = 0x5447_4e52_5346_5351L; // "QSFSRNGT"
    private static final int AT_VERSION = 8;
    private static final int AT_COUNT = 12;
    private static final int AT_USED = 16;
    private static final int AT_ENTRIES_CRC = 24;
    private static final int AT_HEADER_CRC = 28;

    private static final int AT_OFFSET = 0;
    private static final int AT_LENGTH = 8;
    private static final int AT_RANGE_CRC = 12;
    private static final int AT_INO = 16;
    private static final int AT_FILE_OFFSET = 24;
    private static final int AT_SEQUENCE = 32;

    private RangeTable() {}

    /** Size of a table with {@code count} entries. */
    public static long bytes(int count) {
        return HEADER_BYTES + (long) count * ENTRY_BYTES;
    }

    /** Writes entry {@code index}. */
    public static void putEntry(
            MemorySegment table,
            long at,
            int index,
            long windowOffset,
            int length,
            int crc,
            long ino,
            long fileOffset,
            long sequence) {
        long entry = entry(at, index);
        table.set(LONG, entry + AT_OFFSET, windowOffset);
        table.set(INT, entry + AT_LENGTH, length);
        table.set(INT, entry + AT_RANGE_CRC, crc);
        table.set(LONG, entry + AT_INO, ino);
        table.set(LONG, entry + AT_FILE_OFFSET, fileOffset);
        table.set(LONG, entry + AT_SEQUENCE, sequence);
    }

    /** Writes the header over {@code count} complete entries. */
    public static void seal(MemorySegment table, long at, int count, long usedBytes) {
        table.set(LONG, at, MAGIC);
        table.set(INT, at + AT_VERSION, SegmentHeader.VERSION);
        table.set(INT, at + AT_COUNT, count);
        table.set(LONG, at + AT_USED, usedBytes);
        table.set(INT, at + AT_ENTRIES_CRC, Isal.crc32c(table, at + HEADER_BYTES, (long) count * ENTRY_BYTES, 0));
        table.set(INT, at + AT_HEADER_CRC, Isal.crc32c(table, at, AT_HEADER_CRC, 0));
    }

    /** True when {@code available} bytes begin with a header that {@link #count} may be asked of. Safe on arbitrary bytes. */
    public static boolean isHeaderSound(MemorySegment table, long at, long available) {
        return available >= HEADER_BYTES
                && table.get(LONG, at) == MAGIC
                && table.get(INT, at + AT_VERSION) == SegmentHeader.VERSION
                && table.get(INT, at + AT_HEADER_CRC) == Isal.crc32c(table, at, AT_HEADER_CRC, 0)
                && count(table, at) >= 0
                && count(table, at) <= COUNT_MAX
                && usedBytes(table, at) >= 0
                && usedBytes(table, at) <= SegmentHeader.SEGMENT_BYTES_MAX;
    }

    /**
     * True when {@code available} bytes begin with a whole table whose checksums hold and whose ranges lie in what was used.
     * Safe on arbitrary bytes.
     */
    public static boolean isSound(MemorySegment table, long at, long available) {
        if (!isHeaderSound(table, at, available)) {
            return false;
        }
        int count = count(table, at);
        if (bytes(count) > available
                || table.get(INT, at + AT_ENTRIES_CRC)
                        != Isal.crc32c(table, at + HEADER_BYTES, (long) count * ENTRY_BYTES, 0)) {
            return false;
        }
        long used = usedBytes(table, at);
        for (int index = 0; index < count; index++) {
            long offset = windowOffset(table, at, index);
            int length = length(table, at, index);
            if (offset < 0 || length <= 0 || offset > used - length) {
                return false;
            }
        }
        return true;
    }

    /** Entries. */
    public static int count(MemorySegment table, long at) {
        return table.get(INT, at + AT_COUNT);
    }

    /** Bytes of the window before the closing padding. */
    public static long usedBytes(MemorySegment table, long at) {
        return table.get(LONG, at + AT_USED);
    }

    /** Where the range begins in the window. */
    public static long windowOffset(MemorySegment table, long at, int index) {
        return table.get(LONG, entry(at, index) + AT_OFFSET);
    }

    /** Bytes of the range. */
    public static int length(MemorySegment table, long at, int index) {
        return table.get(INT, entry(at, index) + AT_LENGTH);
    }

    /** CRC32C of the range. */
    public static int crc(MemorySegment table, long at, int index) {
        return table.get(INT, entry(at, index) + AT_RANGE_CRC);
    }

    /** The file that it was written to. */
    public static long ino(MemorySegment table, long at, int index) {
        return table.get(LONG, entry(at, index) + AT_INO);
    }

    /** Where in that file. */
    public static long fileOffset(MemorySegment table, long at, int index) {
        return table.get(LONG, entry(at, index) + AT_FILE_OFFSET);
    }

    /** Sequence of the record that says so. */
    public static long sequence(MemorySegment table, long at, int index) {
        return table.get(LONG, entry(at, index) + AT_SEQUENCE);
    }

    private static long entry(long at, int index) {
        return at + HEADER_BYTES + (long) index * ENTRY_BYTES;
    }
}
