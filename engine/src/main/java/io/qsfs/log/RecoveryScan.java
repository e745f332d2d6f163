package io.qsfs.log;

import io.qsfs.bindings.isal.Isal;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.QsfsException;
import io.qsfs.log.ScanResult.Cut;
import io.qsfs.log.ScanResult.Rot;
import io.qsfs.log.ScanResult.UnclosedData;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.log.record.RecordType;
import io.qsfs.log.record.WriteRecord;
import io.qsfs.memory.NativeBuffer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * Finds history in the local log after a stop, whatever kind of stop it was.
 *
 * <ol>
 *   <li>A survey of all local meta segments collects what SYNC and MOUNT records say was durable.
 *   <li>Records are walked from the start, segment by segment; each must be sound and have the next sequence. Where that
 *       breaks, history ends. At or above the durable position it is a torn tail and is cut. Below it is rot: the segment's content is
 *       looked for elsewhere, and if it is nowhere the scan stops there and says so; history is never shortened in silence.
 *   <li>A WRITE record at or above the durable position is history only if its data matches its checksum. Below, its data was
 *       made durable by the commit that made the record durable; what is wrong with it now a read will find.
 *   <li>What was accepted is synced, so that the next mount builds on it as on what was durable.
 * </ol>
 *
 * A segment ends at its PAD record, at its limit, or at zero; that nothing is missing at its end shows in the sequence of what
 * follows. Segments that were made ahead and never used are skipped. The range tables of data segments that were open are built again; for this the survey
 * begins one segment before the start: a data segment's records lie in two meta segments at most, as closing one of these
 * closes the data segment that it refers to.
 *
 * <p>Threading: one thread, before {@link SegmentLog#begin}.
 */
public final class RecoveryScan implements AutoCloseable {
    private static final int UNCLOSED_MAX = 32;
    private static final int GAP_MAX = 1 << 16;
    private static final int DATA_BUFFER_BYTES = 1 << 20;

    private enum Step {
        /** The segment's records are all history; go on with the next. */
        ENDED,
        /** Its next bytes are no history. */
        BROKEN,
        /** The scan is over. */
        STOPPED
    }

    private final LogContext context;
    private final SegmentCatalog catalog;
    private final Disk disk;
    private final long segmentBytes;
    private final MetaReader reader = new MetaReader();
    private final DurableSurvey survey;
    private final NativeBuffer dataBuffer = new NativeBuffer(DATA_BUFFER_BYTES);

    /** By number: ranges of data segments that have no sound table. */
    private final TreeMap<Long, RangeBuilder> ranges = new TreeMap<>();

    private final TreeMap<Long, Long> dataEnds = new TreeMap<>();

    /** Numbers of data segments whose table stays, of those that were asked for. */
    private final Set<Long> closed = new HashSet<>();

    /** Where tables are read; made when the first is. */
    private NativeBuffer table;

    /** Numbers of unclosed data segments of which every record is seen. */
    private final Set<Long> whole = new HashSet<>();

    private RecordVisitor visitor;
    /** A data segment whose first record is met from here on has none that is not seen. */
    private long wholeFrom;

    private long reached;
    private long expected;
    private long lastPosition;
    private int lastCrc;
    private int lastLength;
    private long records;
    private long dataEnd;
    private int stop;
    private Cut cut;
    private String breakReason;
    private final List<Rot> rot = new ArrayList<>();

    RecoveryScan(LogContext context, SegmentCatalog catalog) {
        this.context = context;
        this.catalog = catalog;
        this.disk = context.disk();
        this.segmentBytes = context.segmentBytes();
        this.survey = new DurableSurvey(catalog, reader);
    }

    /** True when the record at {@code position} is sound and has this sequence and checksum, which an index remembers. */
    public boolean holds(long position, long sequence, int crc) {
        SegmentFile file = catalog.pin(Streams.META, position / segmentBytes);
        if (file == null) {
            return false;
        }
        try {
            reader.begin(catalog.source(file), position, file.fromPosition() + segmentBytes);
            return reader.next() == MetaReader.RECORD
                    && reader.sequence() == sequence
                    && RecordHeader.crc(reader.buffer(), reader.offset()) == crc;
        } finally {
            catalog.unpin(file);
        }
    }

    /**
     * Scans. Can be done again from another start.
     *
     * @param start     the end of what is applied already.
     * @param records   gets every record of history from there on, padding and sync records too.
     * @param elsewhere asked for meta segments that are missing or rotten.
     * @throws QsfsException when what was accepted cannot be synced.
     */
    public ScanResult run(ScanStart start, RecordVisitor records, MetaElsewhere elsewhere) {
        reset(start, records);
        long first = start.position() / segmentBytes;
        wholeFrom = start.position() == 0 ? 0 : first * segmentBytes; // the survey begins one segment before
        survey.run(Math.max(0, first - 1), start, this::remember, start.position());
        walkAll(first, elsewhere);
        if (stop == 0 && cut == null && reached < survey.durableMeta()) {
            rot.add(new Rot(reached / segmentBytes, reached, "durable up to " + survey.durableMeta()));
        }
        syncAccepted(start);
        List<UnclosedData> unclosed = new ArrayList<>();
        ranges.forEach((number, builder) ->
                unclosed.add(new UnclosedData(number, dataEnds.get(number), builder.count(), whole.contains(number))));
        long cutBytes = rot.isEmpty() && stop == 0 ? cutBytes() : 0; // behind a gap of zeros there may be more
        return new ScanResult(
                reached,
                lastPosition,
                expected - 1,
                lastCrc,
                lastLength,
                this.records,
                dataEnd,
                survey.durableData(),
                survey.durableMeta(),
                cut == Cut.DATA_MISSING ? cut : cutBytes > 0 ? Cut.TORN : Cut.NONE,
                cutBytes,
                List.copyOf(rot),
                List.copyOf(unclosed),
                stop);
    }

    private void reset(ScanStart start, RecordVisitor target) {
        closeRanges();
        visitor = target;
        reached = start.position();
        expected = start.sequence();
        lastPosition = -1;
        lastCrc = 0;
        lastLength = 0;
        records = 0;
        dataEnd = 0;
        stop = 0;
        cut = null;
        rot.clear();
    }

    private void walkAll(long first, MetaElsewhere elsewhere) {
        long[] local = catalog.numbers(Streams.META);
        long last = local.length == 0 ? first : Math.max(first, local[local.length - 1]);
        long number = first;
        while (number <= last) {
            Step step = Step.BROKEN;
            boolean isLocal = catalog.isLocal(Streams.META, number);
            if (isLocal) {
                step = walkLocal(number);
            } else if (followsDirectly(number, local)) {
                step = Step.ENDED;
            } else {
                breakReason = "segment is missing";
            }
            if (step == Step.BROKEN && (!isLocal || reached < survey.durableMeta())) {
                step = walkElsewhere(number, elsewhere, step);
            }
            if (step == Step.BROKEN) {
                endBroken(number);
                return;
            }
            if (step == Step.STOPPED) {
                return;
            }
            number++;
        }
    }

    private void endBroken(long number) {
        if (reached < survey.durableMeta()) {
            rot.add(new Rot(number, reached, breakReason));
        } else {
            cut = Cut.TORN;
        }
    }

    /** True when the next local segment with a record has the record that is expected: nothing is missing in between. */
    private boolean followsDirectly(long number, long[] local) {
        for (long next : local) {
            if (next > number) {
                if (next - number > GAP_MAX) {
                    return false;
                }
                SegmentFile file = catalog.pin(Streams.META, next);
                if (file == null) {
                    continue;
                }
                try {
                    reader.begin(catalog.source(file), file.fromPosition(), survey.limit(next));
                    int outcome = reader.next();
                    if (outcome != MetaReader.END) {
                        return outcome == MetaReader.RECORD && expected != 0 && reader.sequence() == expected;
                    }
                } finally {
                    catalog.unpin(file);
                }
            }
        }
        return false;
    }

    private Step walkLocal(long number) {
        SegmentFile file = catalog.pin(Streams.META, number);
        if (file == null) {
            breakReason = "segment is missing";
            return Step.BROKEN;
        }
        try {
            reader.begin(catalog.source(file), startIn(number), Math.max(startIn(number), survey.limit(number)));
            Step step = walk(number);
            if (reached > file.fromPosition() && (step == Step.ENDED || step == Step.BROKEN)) {
                file.toPosition(Math.min(reader.position(), survey.limit(number)));
            }
            return step;
        } finally {
            catalog.unpin(file);
        }
    }

    private Step walkElsewhere(long number, MetaElsewhere elsewhere, Step otherwise) {
        String reason = breakReason;
        MetaElsewhere.Content content = elsewhere.fetch(number);
        breakReason = reason;
        if (content == null || content.to() < startIn(number)) {
            return otherwise;
        }
        long limit = Math.min(content.to(), Math.max(startIn(number), survey.limit(number)));
        reader.begin(content.source(), startIn(number), limit);
        return walk(number);
    }

    private long startIn(long number) {
        return Math.max(reached, number * segmentBytes);
    }

    private Step walk(long number) {
        while (true) {
            int outcome = reader.next();
            if (outcome == MetaReader.END) {
                if (reader.isEnded()) {
                    reached = (number + 1) * segmentBytes;
                }
                return Step.ENDED;
            }
            if (outcome != MetaReader.RECORD) {
                breakReason = outcome < 0 ? "read error " + -outcome : "unsound bytes at " + reader.position();
                return Step.BROKEN;
            }
            if (expected != 0 && reader.sequence() != expected) {
                breakReason = "sequence " + reader.sequence() + " where " + expected + " should be";
                return Step.BROKEN;
            }
            if (!accept()) {
                return Step.STOPPED;
            }
        }
    }

    private boolean accept() {
        MemorySegment record = reader.buffer();
        long at = reader.offset();
        long position = reader.position();
        if (reader.type() == RecordType.WRITE && position >= survey.durableMeta() && !dataMatches(record, at)) {
            cut = Cut.DATA_MISSING;
            return false;
        }
        stop = visitor.onRecord(record, at, position, reader.length());
        if (stop != 0) {
            return false;
        }
        remember(record, at, position, reader.length());
        lastPosition = position;
        lastCrc = RecordHeader.crc(record, at);
        lastLength = reader.length();
        expected = reader.sequence() + 1;
        reached = position + reader.length();
        records++;
        return true;
    }

    /** Keeps the range of a WRITE record when its data segment has no sound table. */
    private int remember(MemorySegment record, long at, long position, int length) {
        if (RecordType.of(RecordHeader.typeCode(record, at)) != RecordType.WRITE) {
            return 0;
        }
        long from = WriteRecord.position(record, at);
        int bytes = WriteRecord.dataLength(record, at);
        dataEnd = Math.max(dataEnd, from + bytes);
        long number = from / segmentBytes;
        RangeBuilder builder = ranges.get(number);
        if (builder == null) {
            if (ranges.size() == UNCLOSED_MAX || !isUnclosed(number, position)) {
                return 0;
            }
            builder = new RangeBuilder(context.rangeCapacity());
            ranges.put(number, builder);
            if (position >= wholeFrom) {
                whole.add(number);
            }
            dataEnds.put(number, from + bytes);
        }
        builder.add(
                from - number * segmentBytes,
                bytes,
                WriteRecord.dataCrc(record, at),
                WriteRecord.ino(record, at),
                WriteRecord.fileOffset(record, at),
                RecordHeader.sequence(record, at));
        dataEnds.merge(number, from + bytes, Math::max);
        return 0;
    }

    /**
     * True when the segment is here without a table, or a sound header stands over entries that the power left torn: then the
     * table is made again, but only when no record of the segment can lie before {@code position}, where its first was met.
     */
    private boolean isUnclosed(long number, long position) {
        SegmentFile file = closed.contains(number) ? null : catalog.pin(Streams.DATA, number);
        if (file == null) {
            return false;
        }
        try {
            if (file.toPosition() == SegmentFile.UNKNOWN) {
                return true;
            }
            if (position >= wholeFrom && isTorn(file)) {
                return true;
            }
            closed.add(number);
            return false;
        } finally {
            catalog.unpin(file);
        }
    }

    private boolean isTorn(SegmentFile file) {
        if (table == null) {
            table = new NativeBuffer(catalog.rangeTableBytesMax());
        }
        MemorySegment target = table.segment();
        if (catalog.readRangeTable(file, target) != -Linux.ENODATA) {
            return false;
        }
        // A mount with more workers makes longer tables; one that does not fit must not be replaced by a part of it.
        return !RangeTable.isHeaderSound(target, 0, RangeTable.HEADER_BYTES)
                || RangeTable.bytes(RangeTable.count(target, 0)) <= target.byteSize();
    }

    private boolean dataMatches(MemorySegment record, long at) {
        long position = WriteRecord.position(record, at);
        int bytes = WriteRecord.dataLength(record, at);
        long number = position / segmentBytes;
        if (position + bytes <= survey.durableData()) {
            return true;
        }
        if (position + bytes > (number + 1) * segmentBytes) {
            return false;
        }
        SegmentFile file = catalog.pin(Streams.DATA, number);
        if (file == null) {
            return false;
        }
        try {
            int crc = 0;
            for (int done = 0; done < bytes; ) {
                int step = Math.min(bytes - done, DATA_BUFFER_BYTES);
                if (catalog.pread(file, position + done, dataBuffer.segment(), 0, step) != 0) {
                    return false;
                }
                crc = Isal.crc32c(dataBuffer.segment(), 0, step, crc);
                done += step;
            }
            return crc == WriteRecord.dataCrc(record, at);
        } finally {
            catalog.unpin(file);
        }
    }

    /** Bytes that are not zero behind the end of history, up to the end of the log. */
    private long cutBytes() {
        long bytes = 0;
        for (long number : catalog.numbers(Streams.META)) {
            long from = Math.max(reached, number * segmentBytes);
            long to = (number + 1) * segmentBytes;
            SegmentFile file = from < to ? catalog.pin(Streams.META, number) : null;
            if (file != null) {
                reader.begin(catalog.source(file), from, to);
                bytes += reader.lastByte(from) - from;
                catalog.unpin(file);
            }
        }
        return bytes;
    }

    /** What history is made of must survive a power cut before anything is added to it. */
    private void syncAccepted(ScanStart start) {
        long metaFrom = Math.min(survey.durableMeta(), start.position()) / segmentBytes;
        syncFiles(Streams.META, metaFrom, reached);
        syncFiles(Streams.DATA, survey.durableData() / segmentBytes, dataEnd);
    }

    private void syncFiles(int stream, long firstNumber, long end) {
        for (long number : catalog.numbers(stream)) {
            SegmentFile file =
                    number >= firstNumber && number * segmentBytes < end ? catalog.pin(stream, number) : null;
            if (file == null) {
                continue;
            }
            int fd = catalog.fd(file);
            int outcome = fd < 0 ? fd : disk.fdatasync(fd);
            catalog.unpin(file);
            if (outcome < 0) {
                throw new QsfsException("The segment " + file.path() + " cannot be synced (errno " + -outcome
                        + "): check the disk that holds it; nothing was changed.");
            }
        }
    }

    /** The rebuilt ranges of an unclosed data segment. */
    RangeBuilder ranges(long number) {
        return ranges.get(number);
    }

    private void closeRanges() {
        ranges.values().forEach(RangeBuilder::close);
        ranges.clear();
        dataEnds.clear();
        closed.clear();
        whole.clear();
    }

    @Override
    public void close() {
        closeRanges();
        reader.close();
        dataBuffer.close();
        if (table != null) {
            table.close();
        }
    }
}
