package io.qsfs.log;

import io.qsfs.bindings.isal.Isal;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.log.record.RecordType;
import io.qsfs.log.record.WriteRecord;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares local content with its checksums before it is served the first time: a disk may have changed what an earlier mount
 * wrote. Bytes that this mount wrote are taken as they are; so a mount's own writes cost nothing here.
 *
 * <p>The unit is the range of one write: it is read once, compared with the segment's range table (with the WRITE records when
 * the table itself has rotted), and a bit remembers the outcome until the mount ends. A range that does not match stays
 * distrusted, whatever a later read of it would give; its neighbours are served.
 *
 * <p>Memory: two bits for each range, and the checksums of {@link #LOADED_RANGES_MAX} ranges, about 15 MB at most.
 *
 * <p>Threading: any thread that may wait for the local disk. The buffers belong to the arena given.
 */
public final class LocalVerifier {
    /** Ranges whose checksums are in memory; those of the segment that came first go when there are more. */
    private static final int LOADED_RANGES_MAX = 1 << 19;

    private static final int BUFFER_BYTES = 256 << 10;
    private static final Logger LOG = LoggerFactory.getLogger(LocalVerifier.class);

    private final SegmentCatalog catalog;
    private final long firstOfMount;
    private final Arena arena;
    private final Path mountPoint;
    private final LongAdder rottenRanges = new LongAdder();
    private final ArrayDeque<MemorySegment> buffers = new ArrayDeque<>();
    private final Object loading = new Object();
    private final ArrayDeque<RangeSums> loaded = new ArrayDeque<>();
    private MemorySegment entries;
    private int loadedRanges;

    /**
     * Checks what is older than the mount of {@code log}, which has begun.
     *
     * @param arena shared; owns the buffers.
     * @param mountPoint for messages.
     */
    public LocalVerifier(SegmentLog log, Arena arena, Path mountPoint) {
        this.catalog = log.catalog();
        this.firstOfMount = log.firstDataNumber();
        this.arena = arena;
        this.mountPoint = mountPoint;
    }

    /** Ranges that were found not to match since the mount began. */
    public long rottenRanges() {
        return rottenRanges.sum();
    }

    /**
     * True when these bytes of a pinned data segment may be served. Reads ranges that were not compared yet from the disk;
     * allocates nothing when all of them were.
     */
    public boolean isSound(SegmentFile file, long position, long length) {
        if (file.number() >= firstOfMount) {
            return true;
        }
        RangeSums sums = file.sums();
        if (sums == RangeSums.ALL_SOUND) {
            return true;
        }
        RangeSums.Table table = sums == null ? null : sums.table();
        while (table == null) {
            sums = load(file);
            if (sums == RangeSums.ALL_SOUND) {
                return true;
            }
            table = sums.table();
        }
        long at = position - file.fromPosition();
        long end = at + length;
        while (at < end) {
            int index = table.indexOf(at);
            if (index < 0 || !isSound(file, sums, table, index)) {
                return false; // bytes of no range are nobody's: nothing can be said for them
            }
            at = table.end(index);
        }
        return true;
    }

    private boolean isSound(SegmentFile file, RangeSums sums, RangeSums.Table table, int index) {
        return sums.isSound(index) || (!sums.isRotten(index) && compare(file, sums, table, index));
    }

    private boolean compare(SegmentFile file, RangeSums sums, RangeSums.Table table, int index) {
        MemorySegment buffer = takeBuffer();
        int errno = 0;
        int crc = 0;
        int bytes = table.lengths()[index];
        long position = file.fromPosition() + table.offsets()[index];
        for (int done = 0; done < bytes && errno == 0; ) {
            int step = Math.min(bytes - done, BUFFER_BYTES);
            errno = catalog.pread(file, position + done, buffer, 0, step);
            crc = Isal.crc32c(buffer, 0, step, crc);
            done += step;
        }
        giveBack(buffer);
        if (errno != 0 && errno != Linux.EIO) {
            LOG.warn("{} cannot be read now: errno={}", file, errno);
            return false;
        }
        if (errno == 0 && crc == table.crcs()[index]) {
            if (sums.markSound(index)) {
                file.sums(RangeSums.ALL_SOUND);
                sums.table(null);
            }
            return true;
        }
        if (sums.markRotten(index)) {
            rottenRanges.increment();
            LOG.error(
                    "rot on the local disk: data segment {} ({}), {} bytes at position {}, which are bytes {} and following of"
                            + " inode {}: {}; they are read from the backends when the segment is placed, else reads of them fail;"
                            + " the file: find {} -xdev -inum {}",
                    file.number(),
                    file.path(),
                    bytes,
                    position,
                    table.fileOffsets()[index],
                    table.inos()[index],
                    errno != 0
                            ? "the disk cannot read them"
                            : "checksum stored=0x" + Integer.toHexString(table.crcs()[index]) + " computed=0x"
                                    + Integer.toHexString(crc),
                    mountPoint,
                    table.inos()[index]);
        }
        return false;
    }

    /** Reads the checksums of a segment, if nobody did meanwhile. */
    private RangeSums load(SegmentFile file) {
        synchronized (loading) {
            RangeSums known = file.sums();
            if (known != null && (known == RangeSums.ALL_SOUND || known.table() != null)) {
                return known;
            }
            if (entries == null) {
                entries = arena.allocate(catalog.rangeTableBytesMax(), SegmentHeader.BYTES);
            }
            int count = catalog.readRangeTable(file, entries);
            if (count < 0) {
                LOG.warn("{} has no sound range table (errno {}): its records say what it holds", file, -count);
                count = collect(file);
            }
            RangeSums.Table table = RangeSums.Table.of(entries, count);
            if (known == null || known.count() != count) {
                known = new RangeSums(table);
                file.sums(known);
            } else {
                known.table(table);
            }
            loaded.add(known);
            loadedRanges += count;
            while (loadedRanges > LOADED_RANGES_MAX && loaded.size() > 1) {
                RangeSums oldest = loaded.poll();
                oldest.table(null);
                loadedRanges -= oldest.count();
            }
            return known;
        }
    }

    /** Makes the entries of a segment again from the records of the meta segments that are here; returns how many. */
    private int collect(SegmentFile file) {
        int count = 0;
        int countMax = (int) ((entries.byteSize() - RangeTable.HEADER_BYTES) / RangeTable.ENTRY_BYTES);
        try (MetaReader reader = new MetaReader()) {
            for (long number : catalog.numbers(Streams.META)) {
                SegmentFile meta = catalog.pin(Streams.META, number);
                if (meta == null) {
                    continue;
                }
                try {
                    reader.begin(
                            catalog.source(meta), meta.fromPosition(), meta.fromPosition() + catalog.segmentBytes());
                    while (count < countMax && reader.next() == MetaReader.RECORD) {
                        count += collect(file, reader, count);
                    }
                } finally {
                    catalog.unpin(meta);
                }
            }
        }
        return count;
    }

    private int collect(SegmentFile file, MetaReader reader, int count) {
        if (reader.type() != RecordType.WRITE) {
            return 0;
        }
        MemorySegment record = reader.buffer();
        long at = reader.offset();
        long windowOffset = WriteRecord.position(record, at) - file.fromPosition();
        int bytes = WriteRecord.dataLength(record, at);
        if (windowOffset < 0 || bytes <= 0 || windowOffset > catalog.segmentBytes() - bytes) {
            return 0;
        }
        RangeTable.putEntry(
                entries,
                0,
                count,
                windowOffset,
                bytes,
                WriteRecord.dataCrc(record, at),
                WriteRecord.ino(record, at),
                WriteRecord.fileOffset(record, at),
                RecordHeader.sequence(record, at));
        return 1;
    }

    private MemorySegment takeBuffer() {
        synchronized (buffers) {
            MemorySegment buffer = buffers.poll();
            return buffer != null ? buffer : arena.allocate(BUFFER_BYTES, SegmentHeader.BYTES);
        }
    }

    private void giveBack(MemorySegment buffer) {
        synchronized (buffers) {
            buffers.push(buffer);
        }
    }
}
