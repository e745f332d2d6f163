package io.qsfs.log;

import io.qsfs.bindings.isal.Isal;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** What the offloader asks of a closed data segment before it seals it, asked of all segments. */
public final class TableCheck {
    private TableCheck() {}

    /** Compares the bytes of every range of every table with its checksum; returns how many there were. */
    public static int requireAllSound(SegmentCatalog catalog) {
        int ranges = 0;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment table = arena.allocate(catalog.rangeTableBytesMax(), 8);
            MemorySegment bytes = arena.allocate(DataStream.CLAIM_MAX, 8);
            for (long number : catalog.numbers(Streams.DATA)) {
                SegmentFile file = catalog.pin(Streams.DATA, number);
                try {
                    int count = catalog.readRangeTable(file, table);
                    for (int i = 0; i < count; i++, ranges++) {
                        requireSound(catalog, file, table, i, bytes);
                    }
                } finally {
                    catalog.unpin(file);
                }
            }
        }
        return ranges;
    }

    private static void requireSound(
            SegmentCatalog catalog, SegmentFile file, MemorySegment table, int index, MemorySegment bytes) {
        long position = file.fromPosition() + RangeTable.windowOffset(table, 0, index);
        int length = RangeTable.length(table, 0, index);
        int errno = catalog.pread(file, position, bytes, 0, length);
        if (errno != 0 || Isal.crc32c(bytes, 0, length, 0) != RangeTable.crc(table, 0, index)) {
            throw new AssertionError("range " + index + " of " + RangeTable.count(table, 0) + " in the table of " + file
                    + " is not what the table says: position=" + position + " length=" + length + " sequence="
                    + RangeTable.sequence(table, 0, index) + " errno=" + errno);
        }
    }
}
