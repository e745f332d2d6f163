package io.qsfs.log;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The checksums of one data segment's ranges in the order of their offsets, and two bits for each range: compared and right,
 * compared and wrong. The checksums can be dropped and read again, the bits stay.
 *
 * <p>Threading: any thread.
 */
final class RangeSums {
    /** Every range of the segment was compared and is right. */
    static final RangeSums ALL_SOUND =
            new RangeSums(new Table(new int[0], new int[0], new int[0], new long[0], new long[0]));

    private static final int INDEX_BITS = 24;
    private static final long INDEX_MASK = (1L << INDEX_BITS) - 1;

    private final int count;
    private final AtomicLongArray sound;
    private final AtomicLongArray rotten;
    private final AtomicInteger unknown;
    private volatile Table table;

    /** Immutable; sorted by offset. */
    record Table(int[] offsets, int[] lengths, int[] crcs, long[] inos, long[] fileOffsets) {
        /** Takes {@code count} entries of a {@link RangeTable} at the beginning of {@code entries}. */
        static Table of(MemorySegment entries, int count) {
            long[] order = new long[count];
            for (int i = 0; i < count; i++) {
                order[i] = RangeTable.windowOffset(entries, 0, i) << INDEX_BITS | i;
            }
            Arrays.sort(order);
            Table table = new Table(new int[count], new int[count], new int[count], new long[count], new long[count]);
            for (int i = 0; i < count; i++) {
                int from = (int) (order[i] & INDEX_MASK);
                table.offsets[i] = (int) (order[i] >>> INDEX_BITS);
                table.lengths[i] = RangeTable.length(entries, 0, from);
                table.crcs[i] = RangeTable.crc(entries, 0, from);
                table.inos[i] = RangeTable.ino(entries, 0, from);
                table.fileOffsets[i] = RangeTable.fileOffset(entries, 0, from);
            }
            return table;
        }

        int count() {
            return offsets.length;
        }

        int end(int index) {
            return offsets[index] + lengths[index];
        }

        /** The range that holds byte {@code windowOffset}, or -1. */
        int indexOf(long windowOffset) {
            int index = Arrays.binarySearch(offsets, (int) windowOffset);
            index = index >= 0 ? index : -index - 2;
            return index >= 0 && end(index) > windowOffset ? index : -1;
        }
    }

    RangeSums(Table table) {
        this.table = table;
        this.count = table.count();
        this.sound = new AtomicLongArray((count + 63) / 64);
        this.rotten = new AtomicLongArray((count + 63) / 64);
        this.unknown = new AtomicInteger(count);
    }

    int count() {
        return count;
    }

    /** The checksums, or null when they were dropped. */
    Table table() {
        return table;
    }

    void table(Table value) {
        table = value;
    }

    boolean isSound(int index) {
        return (sound.get(index >> 6) & 1L << index) != 0;
    }

    boolean isRotten(int index) {
        return (rotten.get(index >> 6) & 1L << index) != 0;
    }

    /** Remembers that a range is right; true when it was the last one of the segment. */
    boolean markSound(int index) {
        return mark(sound, index) && unknown.decrementAndGet() == 0;
    }

    /** Remembers that a range is wrong; true for the first who says so. */
    boolean markRotten(int index) {
        return mark(rotten, index);
    }

    private static boolean mark(AtomicLongArray bits, int index) {
        long bit = 1L << index;
        return (bits.getAndAccumulate(index >> 6, bit, (before, added) -> before | added) & bit) == 0;
    }
}
