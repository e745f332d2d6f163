package io.qsfs.bench.tool;

import io.qsfs.bindings.isal.Isal;
import io.qsfs.log.RangeTable;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import io.qsfs.memory.NativeBuffer;
import io.qsfs.offload.SegmentSource;
import java.lang.foreign.MemorySegment;

/**
 * A log in memory for an offloader: every data segment holds the same bytes, with a range table to check them by, as
 * a mount's has. It times what the encoder does with a segment: from opening it to closing it, and of that the
 * reading.
 *
 * <p>Threading: the encoder thread reads; {@link #seen} from any. The monitor guards the counters.
 */
final class SampleSegments implements SegmentSource, AutoCloseable {
    private static final int RANGE_BYTES = 128 << 10;

    private final Clock clock;
    private final long segmentBytes;
    private final Id128 mountId;
    private final NativeBuffer bytes;
    private final NativeBuffer table;
    private final int ranges;
    private long readNs;
    private long sealNs;

    SampleSegments(Clock clock, long segmentBytes, SampleData.Kind data, Id128 mountId) {
        this.clock = clock;
        this.segmentBytes = segmentBytes;
        this.mountId = mountId;
        bytes = SampleData.make(data, segmentBytes);
        ranges = (int) (segmentBytes / RANGE_BYTES);
        table = new NativeBuffer(RangeTable.bytes(ranges));
        for (int i = 0; i < ranges; i++) {
            int at = i * RANGE_BYTES;
            int crc = Isal.crc32c(bytes.segment(), at, RANGE_BYTES, 0);
            RangeTable.putEntry(table.segment(), 0, i, at, RANGE_BYTES, crc, 1, at, i + 1);
        }
        RangeTable.seal(table.segment(), 0, ranges, segmentBytes);
    }

    /** Time spent reading segments, and sealing them. */
    record Seen(long readNs, long sealNs) {}

    /** What was seen until now. */
    synchronized Seen seen() {
        return new Seen(readNs, sealNs);
    }

    private synchronized void add(long reading, long sealing) {
        readNs += reading;
        sealNs += sealing;
    }

    @Override
    public long durable(int stream) {
        return Long.MAX_VALUE;
    }

    @Override
    public long rangeTableBytesMax() {
        return RangeTable.bytes(ranges);
    }

    @Override
    public Id128 mountId(int stream, long number) {
        return mountId;
    }

    @Override
    public LocalSegment open(int stream, long number) {
        return new Timed(number * segmentBytes);
    }

    /** One opening; only one that was read is a sealing. Threading: the encoder thread. */
    private final class Timed implements LocalSegment {
        private final long base;
        private final long openedNs = clock.nanoTime();
        private long reading;
        private boolean isRead;

        Timed(long base) {
            this.base = base;
        }

        @Override
        public int read(long position, MemorySegment target, long offset, int length) {
            long fromNs = clock.nanoTime();
            MemorySegment.copy(bytes.segment(), position - base, target, offset, length);
            reading += clock.nanoTime() - fromNs;
            isRead = true;
            return 0;
        }

        @Override
        public int readRangeTable(MemorySegment target) {
            MemorySegment.copy(table.segment(), 0, target, 0, RangeTable.bytes(ranges));
            return ranges;
        }

        @Override
        public void dropPages() {}

        @Override
        public void close() {
            if (isRead) {
                add(reading, clock.nanoTime() - openedNs - reading);
            }
        }
    }

    @Override
    public void close() {
        bytes.close();
        table.close();
    }
}
