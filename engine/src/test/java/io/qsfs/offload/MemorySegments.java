package io.qsfs.offload;

import io.qsfs.bindings.isal.Isal;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.log.RangeTable;
import io.qsfs.memory.Id128;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;

/** A log in memory: what an offloader reads. */
final class MemorySegments implements SegmentSource {
    private final long segmentBytes;
    final Map<Long, byte[]> data = new HashMap<>();
    final Map<Long, byte[]> meta = new HashMap<>();
    private final Map<Long, List<int[]>> ranges = new HashMap<>();
    final TreeSet<Long> dropped = new TreeSet<>();
    volatile long durableData = Long.MAX_VALUE;
    volatile long durableMeta = Long.MAX_VALUE;
    Id128 mountId = Id128.NIL;
    int readErrno;
    int opened;
    int closed;

    MemorySegments(long segmentBytes) {
        this.segmentBytes = segmentBytes;
    }

    /** A data segment whose bytes are covered by ranges of random lengths with gaps, in no order. */
    void addData(long number, byte[] bytes, SplittableRandom random) {
        data.put(number, bytes);
        List<int[]> list = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(Math.max(1, bytes.length));
            MemorySegment.copy(bytes, 0, copy, ValueLayout.JAVA_BYTE, 0, bytes.length);
            int at = random.nextInt(100);
            while (at < bytes.length) {
                int length = Math.min(bytes.length - at, 1 + random.nextInt(200_000));
                list.add(new int[] {at, length, Isal.crc32c(copy, at, length, 0)});
                at += length + (random.nextBoolean() ? 0 : random.nextInt(5000));
            }
        }
        Collections.shuffle(list, new java.util.Random(random.nextLong()));
        ranges.put(number, list);
    }

    void dropRanges(long number) {
        ranges.remove(number);
    }

    /** Somewhere inside of a range. */
    int rottenOffset(long number) {
        int[] range = ranges.get(number).getFirst();
        return range[0] + range[1] / 2;
    }

    @Override
    public long durable(int stream) {
        return stream == 0 ? durableData : durableMeta;
    }

    @Override
    public long rangeTableBytesMax() {
        return RangeTable.bytes(4096);
    }

    @Override
    public Id128 mountId(int stream, long number) {
        return (stream == 0 ? data : meta).containsKey(number) ? mountId : null;
    }

    @Override
    public LocalSegment open(int stream, long number) {
        byte[] bytes = (stream == 0 ? data : meta).get(number);
        if (bytes == null) {
            return null;
        }
        opened++;
        return new LocalSegment() {
            @Override
            public int read(long position, MemorySegment target, long offset, int length) {
                if (position + length > durable(stream)) {
                    throw new AssertionError("read above the durable position");
                }
                int from = (int) (position - number * segmentBytes);
                MemorySegment.copy(bytes, from, target, ValueLayout.JAVA_BYTE, offset, length);
                return readErrno;
            }

            @Override
            public int readRangeTable(MemorySegment target) {
                List<int[]> list = ranges.get(number);
                if (list == null) {
                    return -Linux.ENODATA;
                }
                for (int i = 0; i < list.size(); i++) {
                    int[] range = list.get(i);
                    RangeTable.putEntry(target, 0, i, range[0], range[1], range[2], 17, 0, 1);
                }
                RangeTable.seal(target, 0, list.size(), bytes.length);
                return list.size();
            }

            @Override
            public void dropPages() {
                dropped.add(number);
            }

            @Override
            public void close() {
                closed++;
            }
        };
    }
}
