package io.qsfs.index;

import org.agrona.collections.Long2LongHashMap;
import org.agrona.collections.LongLongConsumer;

/**
 * By how much the live bytes of data segments have changed since they were last written to the tree. A segment whose
 * changes cancel out stays in the set: whether the tree knows a segment must not depend on when commits were made.
 *
 * <p>Threading: that of the writer.
 */
final class SegmentDeltas {
    private static final long ABSENT = Long.MIN_VALUE;
    private static final int KEPT_CAPACITY_MAX = 4096;

    private final Long2LongHashMap deltas = new Long2LongHashMap(64, 0.65f, ABSENT);

    void add(long number, long bytes) {
        long before = deltas.get(number);
        deltas.put(number, before == ABSENT ? bytes : before + bytes);
    }

    boolean isEmpty() {
        return deltas.isEmpty();
    }

    void forEach(LongLongConsumer consumer) {
        deltas.forEachLong(consumer);
    }

    void clear() {
        deltas.clear();
        if (deltas.capacity() > KEPT_CAPACITY_MAX) {
            deltas.compact();
        }
    }
}
