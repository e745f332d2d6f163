package io.qsfs.log;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.QsfsException;
import io.qsfs.memory.NativeBuffer;
import java.lang.foreign.MemorySegment;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The segment log of one volume on one machine: what is here, and once a mount has begun, its two streams.
 *
 * <pre>
 *   open → scan → closeRecovered → begin → (data, meta, sync) → close
 * </pre>
 *
 * <p>Threading: opened, begun and closed by one thread; what it hands out says for itself.
 */
public final class SegmentLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SegmentLog.class);
    private static final int DIRECTORY_PERMISSIONS = 0700;

    private final LogContext context;
    private final SegmentCatalog catalog;
    private SegmentMaker maker;
    private DataStream data;
    private MetaStream meta;
    private LogSync sync;
    private long firstData;
    private long firstMeta;

    private SegmentLog(LogContext context) {
        this.context = context;
        this.catalog = new SegmentCatalog(context);
    }

    /**
     * Lists what is in the log's directory, which is made when it is missing. Changes no segment.
     *
     * @throws QsfsException when the directory cannot be read, or belongs to another volume.
     */
    public static SegmentLog open(LogContext context) {
        context.conclude();
        int outcome = context.disk().makeDirectory(context.directory(), DIRECTORY_PERMISSIONS);
        if (outcome == 0 && context.directory().getParent() != null) {
            outcome = context.disk().syncDirectory(context.directory().getParent());
        }
        if (outcome < 0 && outcome != -Linux.EEXIST) {
            throw new QsfsException("The log directory " + context.directory() + " cannot be made (errno " + -outcome
                    + "): make its parent directory, or give another state directory.");
        }
        SegmentLog log = new SegmentLog(context);
        log.catalog.load();
        return log;
    }

    /** Which segment files are here. */
    public SegmentCatalog catalog() {
        return catalog;
    }

    /** A scan; the caller closes it. */
    public RecoveryScan scan() {
        return new RecoveryScan(context, catalog);
    }

    /**
     * Closes the data segments that a crash left open: writes the range tables that the scan has built, gives the unused rest
     * back; and takes out of the tables of those that were closed what history does not have. The caller appends a CLOSED record for
     * every segment of history that has none, which may be more than these: the power can go before those are durable. Segments
     * that no history refers to stay; {@link #dropUnused} removes them. A crash in here leaves what the next scan handles.
     *
     * @param result of that scan, whole.
     * @throws QsfsException when a table that names what is not history cannot be changed.
     */
    public void closeRecovered(RecoveryScan scan, ScanResult result) {
        if (!result.isWhole()) {
            throw new IllegalArgumentException("history is not whole: " + result.summary());
        }
        FileAllocator allocator = new FileAllocator(context.disk());
        for (ScanResult.UnclosedData segment : result.unclosedData()) {
            SegmentFile file = catalog.pin(Streams.DATA, segment.number());
            if (file != null) {
                closeRecovered(file, segment, scan.ranges(segment.number()), allocator);
                catalog.unpin(file);
            }
        }
        if (result.lastSequence() >= 0) { // else the scan does not know where history ends
            shortenTables(result);
        }
    }

    private void closeRecovered(
            SegmentFile file, ScanResult.UnclosedData segment, RangeBuilder ranges, FileAllocator allocator) {
        Disk disk = context.disk();
        // The header over entries that are torn can know more than the records that are here; of what is not seen all
        // is kept.
        long to = segment.isWhole()
                ? Math.max(segment.to(), file.toPosition())
                : file.fromPosition() + context.segmentBytes();
        long used = to - file.fromPosition();
        long windowEnd = SegmentHeader.BYTES + context.segmentBytes();
        int fd = disk.open(file.path(), Linux.O_RDWR, 0);
        long bytes = RangeTable.bytes(ranges.count());
        int outcome = fd < 0 ? fd : disk.pwrite(fd, ranges.seal(used), 0, bytes, windowEnd);
        if (outcome >= 0) {
            allocator.giveBack(fd, windowEnd + bytes, context.fileBytes(Streams.DATA));
            allocator.giveBack(fd, SegmentHeader.BYTES + used, windowEnd);
            outcome = disk.fdatasync(fd);
        }
        if (fd >= 0) {
            disk.close(fd);
        }
        if (outcome < 0) { // it is read and placed without a table, too
            LOG.warn("the range table of {} could not be written: errno={}", file, -outcome);
        }
        file.toPosition(to);
        catalog.measure(file);
    }

    /**
     * A table can reach the disk without the last bytes that it speaks of, or without their records; both are durable only with
     * the next commit. Where the data was not durable at the end of history, ranges behind that end become claims that were given up.
     */
    private void shortenTables(ScanResult result) {
        try (NativeBuffer table = new NativeBuffer(catalog.rangeTableBytesMax())) {
            for (long number : catalog.numbers(Streams.DATA)) {
                SegmentFile file = catalog.pin(Streams.DATA, number);
                if (file == null) {
                    continue;
                }
                try {
                    if (file.toPosition() > result.durableData()) {
                        shortenTable(file, table.segment(), result.lastSequence());
                    }
                } finally {
                    catalog.unpin(file);
                }
            }
        }
    }

    /** Ranges stand in the order of their records, so the header alone changes: one sector, and a crash leaves one or the other. */
    private void shortenTable(SegmentFile file, MemorySegment table, long lastSequence) {
        int count = catalog.readRangeTable(file, table);
        int kept = count;
        while (kept > 0 && RangeTable.sequence(table, 0, kept - 1) > lastSequence) {
            kept--;
        }
        if (kept == count) {
            return;
        }
        RangeTable.seal(table, 0, kept, RangeTable.usedBytes(table, 0));
        Disk disk = context.disk();
        int fd = disk.open(file.path(), Linux.O_RDWR, 0);
        int outcome = fd;
        if (fd >= 0) {
            long windowEnd = SegmentHeader.BYTES + context.segmentBytes();
            outcome = disk.pwrite(fd, table, 0, RangeTable.HEADER_BYTES, windowEnd);
            outcome = outcome < 0 ? outcome : disk.fdatasync(fd);
            disk.close(fd);
        }
        if (outcome < 0) {
            throw new QsfsException(
                    "The range table of " + file.path() + " names content that a crash has cut and cannot be"
                            + " changed (errno " + -outcome + "): check the disk that holds it, or make room there.");
        }
        LOG.info("{}: {} of {} ranges are no part of history and left its table", file, count - kept, count);
    }

    /**
     * Removes local segments that are no part of history: made ahead and never used, or above the cut. Only after the MOUNT record
     * of this mount is durable, as that is what says where history went on; does nothing when the result is not whole.
     *
     * @param result     of the scan from which this mount went on.
     * @param dataEnd    highest position of the data stream that anything refers to, the index included.
     * @return how many were removed.
     */
    public int dropUnused(ScanResult result, long dataEnd) {
        if (!result.isWhole() || meta == null) {
            return 0;
        }
        long metaEnd = result.endPosition();
        return drop(Streams.META, metaEnd) + drop(Streams.DATA, Math.max(dataEnd, result.dataEnd()));
    }

    private int drop(int stream, long end) {
        int count = 0;
        long firstOfMount = firstOf(stream);
        for (long number : catalog.numbers(stream)) {
            boolean behindHistory = number * context.segmentBytes() >= end;
            if (behindHistory && number < firstOfMount && catalog.evict(stream, number)) {
                count++;
            }
        }
        return count;
    }

    private long firstOf(int stream) {
        return stream == Streams.DATA ? firstData : firstMeta;
    }

    /**
     * Begins a mount's streams at fresh numbers: makes the reserve, makes the first two segments of each, starts {@code log-sync}.
     *
     * @param identity        of this mount; durable before this call.
     * @param firstDataNumber higher than every number of the stream that anybody ever used.
     * @param firstMetaNumber the same.
     * @param nextSequence    of the first record.
     * @throws QsfsException when the segments cannot be made.
     */
    public void begin(MountIdentity identity, long firstDataNumber, long firstMetaNumber, long nextSequence) {
        if (sync != null) {
            throw new IllegalStateException("the mount has begun");
        }
        firstData = firstDataNumber;
        firstMeta = firstMetaNumber;
        maker = new SegmentMaker(context, identity, catalog);
        SyncSignal signal = new SyncSignal();
        long bytes = context.segmentBytes();
        OpenSegments openData = new OpenSegments(
                Streams.DATA, bytes, firstDataNumber * bytes, context.claimSlots(), context.clock(), signal);
        OpenSegments openMeta =
                new OpenSegments(Streams.META, bytes, firstMetaNumber * bytes, 1, context.clock(), signal);
        data = new DataStream(context, openData, signal, firstDataNumber * bytes);
        meta = new MetaStream(context, openMeta, signal, firstMetaNumber * bytes, nextSequence);
        sync = new LogSync(context, catalog, maker, signal, data, meta);
        data.sync(sync);
        int errno = maker.reserve().restore();
        if (errno != 0) {
            LOG.warn("no reserve for a full disk can be kept in {}: errno={}", context.directory(), errno);
        }
        makeFirst(Streams.META, firstMetaNumber);
        makeFirst(Streams.DATA, firstDataNumber);
        sync.start();
    }

    /** The rest is made ahead by log-sync; on a full disk the reserve is what a mount begins with. */
    private void makeFirst(int stream, long number) {
        int errno = maker.make(stream, number);
        boolean fromReserve = errno == Linux.ENOSPC;
        if (fromReserve) {
            errno = maker.makeFromReserve(stream, number);
        }
        if (errno != 0) {
            throw new QsfsException("The first " + Streams.name(stream) + " segment cannot be made in "
                    + context.directory() + " (errno " + errno + "): "
                    + (errno == Linux.ENOSPC
                            ? "free some space on that disk."
                            : "check the disk and the permissions."));
        }
        sync.adopt(maker.made(), fromReserve);
    }

    /** The first data segment of this mount: those below are of earlier ones. */
    public long firstDataNumber() {
        return firstData;
    }

    /** The stream of content. */
    public DataStream data() {
        return data;
    }

    /** The stream of records. */
    public MetaStream meta() {
        return meta;
    }

    /** Group commit. */
    public LogSync sync() {
        return sync;
    }

    /**
     * Ends the mount: stops the threads, removes segments that were made ahead, closes every file. The active segments stay even
     * when they are empty, without their space: so {@link SegmentCatalog#nextNumber} never falls back, and no position is used twice.
     * Whoever wants the end to be durable has requested a sync before. No thread may use the log any more.
     */
    @Override
    public void close() {
        if (sync != null) {
            sync.stop();
            removeUnused(Streams.DATA, data.activeNumber());
            removeUnused(Streams.META, meta.activeNumber());
            data.release();
            meta.release();
            maker.close();
            sync = null;
        }
        catalog.close();
    }

    private void removeUnused(int stream, long activeNumber) {
        for (long number : catalog.numbers(stream)) {
            if (number > activeNumber) {
                context.disk().unlink(context.directory().resolve(SegmentName.of(stream, number)));
            } else if (number == activeNumber) {
                giveBackRest(stream, number);
            }
        }
    }

    private void giveBackRest(int stream, long number) {
        SegmentFile file = catalog.pin(stream, number);
        if (file != null) {
            long end = stream == Streams.DATA ? data.claimed() : meta.appendPosition();
            int fd = catalog.fd(file);
            if (fd >= 0) {
                long used = SegmentHeader.BYTES + end - file.fromPosition();
                maker.allocator().giveBack(fd, used, context.fileBytes(stream));
            }
            catalog.unpin(file);
        }
    }
}
