package io.qsfs.log;

import io.qsfs.log.record.MountRecord;
import io.qsfs.log.record.RecordType;
import io.qsfs.log.record.SyncRecord;
import java.lang.foreign.MemorySegment;

/**
 * What the local log says about itself before a record of it is applied: up to where it was durable, and where later mounts
 * cut history. A bad record is rot below those positions and a torn tail above, so records behind it have to be heard, too.
 *
 * <p>Threading: the scanning thread.
 */
final class DurableSurvey {
    private final SegmentCatalog catalog;
    private final MetaReader reader;
    private final long segmentBytes;

    private long[] mountBase = new long[8];
    private long[] mountFrom = new long[8];
    private int mounts;
    private long durableData;
    private long durableMeta;
    private long sequence;

    DurableSurvey(SegmentCatalog catalog, MetaReader reader) {
        this.catalog = catalog;
        this.reader = reader;
        this.segmentBytes = catalog.segmentBytes();
    }

    /**
     * Looks at all local meta segments from {@code firstNumber} on. {@code early} gets what lies below {@code earlyEnd}: records
     * that are applied already.
     */
    void run(long firstNumber, ScanStart start, RecordVisitor early, long earlyEnd) {
        durableData = start.durableData();
        durableMeta = start.durableMeta();
        sequence = 0;
        mounts = 0;
        long[] numbers = catalog.numbers(Streams.META);
        for (long number : numbers) {
            if (number >= firstNumber) {
                lookForMount(number);
            }
        }
        for (long number : numbers) {
            if (number >= firstNumber) {
                survey(number, early, earlyEnd);
            }
        }
    }

    long durableData() {
        return durableData;
    }

    long durableMeta() {
        return durableMeta;
    }

    /** Where history ends in a segment at the latest: at its end, or where a later mount went on from. */
    long limit(long number) {
        long base = number * segmentBytes;
        long limit = base + segmentBytes;
        for (int i = 0; i < mounts; i++) {
            if (mountBase[i] > base) {
                limit = Math.min(limit, mountFrom[i]);
            }
        }
        return Math.max(limit, base);
    }

    private void lookForMount(long number) {
        SegmentFile file = catalog.pin(Streams.META, number);
        if (file == null) {
            return;
        }
        try {
            reader.begin(catalog.source(file), file.fromPosition(), file.fromPosition() + segmentBytes);
            if (reader.next() == MetaReader.RECORD && reader.type() == RecordType.MOUNT) {
                MemorySegment record = reader.buffer();
                long from = MountRecord.fromMetaPosition(record, reader.offset());
                if (from >= 0 && from <= file.fromPosition() && from % 8 == 0) {
                    noteMount(file.fromPosition(), from);
                    durableMeta = Math.max(durableMeta, from);
                    durableData = Math.max(durableData, MountRecord.fromDataPosition(record, reader.offset()));
                }
            }
        } finally {
            catalog.unpin(file);
        }
    }

    private void noteMount(long base, long from) {
        if (mounts == mountBase.length) {
            mountBase = java.util.Arrays.copyOf(mountBase, 2 * mounts);
            mountFrom = java.util.Arrays.copyOf(mountFrom, 2 * mounts);
        }
        mountBase[mounts] = base;
        mountFrom[mounts++] = from;
    }

    private void survey(long number, RecordVisitor early, long earlyEnd) {
        SegmentFile file = catalog.pin(Streams.META, number);
        if (file == null) {
            return;
        }
        try {
            boolean chain = true; // unbroken from the segment's base
            reader.begin(catalog.source(file), file.fromPosition(), limit(number));
            int outcome = reader.next();
            while (outcome >= 0) {
                if (outcome == MetaReader.RECORD) {
                    if (chain && reader.position() < earlyEnd) {
                        early.onRecord(reader.buffer(), reader.offset(), reader.position(), reader.length());
                    }
                    note();
                    outcome = reader.next();
                } else if (reader.isEnded()) {
                    return;
                } else {
                    chain = false;
                    outcome = reader.resync(sequence);
                    if (outcome == MetaReader.END) {
                        return;
                    }
                }
            }
        } finally {
            catalog.unpin(file);
        }
    }

    private void note() {
        sequence = Math.max(sequence, reader.sequence());
        if (reader.type() == RecordType.SYNC) {
            long meta = SyncRecord.durableMetaPosition(reader.buffer(), reader.offset());
            if (meta <= reader.position()) { // else it is no word of ours
                durableMeta = Math.max(durableMeta, meta);
                durableData = Math.max(durableData, SyncRecord.durableDataPosition(reader.buffer(), reader.offset()));
            }
        }
    }
}
