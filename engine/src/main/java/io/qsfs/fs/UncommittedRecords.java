package io.qsfs.fs;

import io.qsfs.index.IndexWriter;
import io.qsfs.log.record.RecordHeader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A copy of the records that are applied but not committed, so that a commit that failed can be made again: its transaction is
 * gone, and so is everything in it.
 *
 * <p>Threading: {@code file-system} only. The buffer belongs to the arena given.
 */
final class UncommittedRecords {
    private static final long CAPACITY_BYTES = 2 << 20;
    /** From here on a commit is due: one more record of any kind still fits. */
    private static final long FULL_BYTES = CAPACITY_BYTES - RecordHeader.LENGTH_MAX - 16;

    private final MemorySegment buffer;
    private long used;
    private int count;
    private long written;
    private int writtenCount;

    UncommittedRecords(Arena arena) {
        buffer = arena.allocate(CAPACITY_BYTES, 8);
    }

    /** Keeps a copy of a record that lies at {@code position} of the meta stream. */
    void add(MemorySegment source, long at, int length, long position) {
        buffer.set(ValueLayout.JAVA_LONG, used, position);
        MemorySegment.copy(source, at, buffer, used + 8, length);
        used += 8L + length;
        count++;
    }

    /** Applies all again, in order. 0, or what {@code apply} said. */
    int applyAgain(IndexWriter index) {
        long at = 0;
        while (at < used) {
            int outcome = index.apply(buffer, at + 8, buffer.get(ValueLayout.JAVA_LONG, at));
            if (outcome != 0) {
                return outcome;
            }
            at += 8L + RecordHeader.length(buffer, at + 8);
        }
        return 0;
    }

    /** All of them are in the log now. */
    void written() {
        written = used;
        writtenCount = count;
    }

    /** Forgets those that did not come into the log. */
    void dropUnwritten() {
        used = written;
        count = writtenCount;
    }

    boolean isFull() {
        return used >= FULL_BYTES;
    }

    int count() {
        return count;
    }

    void clear() {
        used = 0;
        count = 0;
        written = 0;
        writtenCount = 0;
    }
}
