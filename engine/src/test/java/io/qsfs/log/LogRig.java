package io.qsfs.log;

import io.qsfs.bindings.isal.Isal;
import io.qsfs.log.record.MountRecord;
import io.qsfs.log.record.PurgeRecord;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.log.record.RecordType;
import io.qsfs.log.record.SyncRecord;
import io.qsfs.log.record.WriteRecord;
import io.qsfs.memory.Id128;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/** Plays the file-system thread and one worker over a log, and remembers what it did. */
final class LogRig implements AutoCloseable {
    static final Id128 VOLUME = new Id128(0x1111_2222_3333_4444L, 0x5555_6666_7777_8888L);
    static final long SEGMENT_BYTES = 1 << 20;

    /** What was appended: enough to know it again. */
    record Appended(long sequence, int crc, long position) {}

    final Disk disk;
    final LogContext context;
    final Random random;
    final SegmentLog log;
    final Arena arena = Arena.ofShared();
    final MemorySegment payload = arena.allocate(DataStream.CLAIM_MAX, 4096);
    final List<Appended> history;
    final List<long[]> closed = Collections.synchronizedList(new ArrayList<>());
    ScanResult scan;
    long acknowledged;
    private long acknowledgedBefore;

    LogRig(Disk disk, Path directory, List<Appended> history, Random random) {
        this(disk, directory, history, random, new LogContext());
    }

    LogRig(Disk disk, Path directory, List<Appended> history, Random random, LogContext context) {
        this.disk = disk;
        this.history = history;
        this.random = random;
        this.context = context.disk(disk)
                .directory(directory)
                .volumeId(VOLUME)
                .segmentBytes(SEGMENT_BYTES)
                .listener((stream, number, from, to) -> closed.add(new long[] {stream, number, from, to}));
        this.log = SegmentLog.open(context);
    }

    /** Scans, compares with the history that a stop interrupted, and begins the next mount. */
    LogRig mount(int counter) {
        List<Appended> found = new ArrayList<>();
        try (RecoveryScan recovery = log.scan()) {
            scan = recovery.run(
                    ScanStart.BEGINNING,
                    (record, at, position, length) -> {
                        checkData(record, at);
                        found.add(new Appended(
                                RecordHeader.sequence(record, at), RecordHeader.crc(record, at), position));
                        return 0;
                    },
                    MetaElsewhere.NOWHERE);
            log.closeRecovered(recovery, scan);
        }
        TableCheck.requireAllSound(log.catalog());
        recovered(found);
        long position = scan.endPosition();
        long dataFrom = scan.dataEnd();
        log.begin(
                new MountIdentity(new Id128(7, counter), counter, 1),
                log.catalog().nextNumber(Streams.DATA),
                log.catalog().nextNumber(Streams.META),
                scan.lastSequence() + 1);
        long at = log.meta().stagingOffset(MountRecord.FIXED_BYTES);
        commit(MountRecord.encode(
                log.meta().staging(),
                at,
                0,
                new Id128(7, counter),
                counter,
                1,
                1,
                position,
                dataFrom,
                new Id128(9, 9),
                log.data().claimed()));
        return this;
    }

    /** What a power cut leaves of accepted records has its data, always. */
    private void checkData(MemorySegment record, long at) {
        if (RecordType.of(RecordHeader.typeCode(record, at)) != RecordType.WRITE) {
            return;
        }
        long position = WriteRecord.position(record, at);
        int bytes = WriteRecord.dataLength(record, at);
        SegmentFile file = log.catalog().pin(Streams.DATA, position / SEGMENT_BYTES);
        if (file == null) {
            throw new AssertionError("the data segment of an accepted record is missing: position=" + position);
        }
        int errno = log.catalog().pread(file, position, payload, 0, bytes);
        log.catalog().unpin(file);
        if (errno != 0 || Isal.crc32c(payload, 0, bytes, 0) != WriteRecord.dataCrc(record, at)) {
            throw new AssertionError("an accepted record has wrong data: position=" + position + " errno=" + errno);
        }
    }

    private void recovered(List<Appended> found) {
        // PAD records are the stream's own; the rig does not see them when they are appended
        int i = 0;
        long lastSequence = 0;
        for (Appended record : found) {
            while (i < history.size() && history.get(i).sequence < record.sequence) {
                throw new AssertionError("record " + history.get(i) + " was skipped, found " + record);
            }
            if (i < history.size() && history.get(i).sequence == record.sequence) {
                if (!history.get(i).equals(record)) {
                    throw new AssertionError("appended " + history.get(i) + ", found " + record);
                }
                i++;
            }
            lastSequence = record.sequence;
        }
        if (lastSequence < acknowledgedBefore) {
            throw new AssertionError("acknowledged up to sequence " + acknowledgedBefore + ", recovered up to "
                    + lastSequence + ": " + scan.summary());
        }
        while (history.size() > i) {
            history.remove(history.size() - 1);
        }
    }

    LogRig acknowledgedBefore(long sequence) {
        acknowledgedBefore = sequence;
        acknowledged = sequence;
        return this;
    }

    long commit(int length) {
        MetaStream meta = log.meta();
        long sequence = meta.nextSequence();
        long position = meta.commit(length);
        MemorySegment staging = meta.staging();
        long at = lastOffset(position);
        history.add(new Appended(sequence, RecordHeader.crc(staging, at), position));
        return position;
    }

    private long lastOffset(long position) {
        return position - log.meta().flushed();
    }

    /** Claims, writes random bytes, appends the record; the position in the data stream, or -errno. */
    long write(int bytes) {
        DataStream data = log.data();
        long position = data.claim(0, bytes);
        if (position < 0) {
            return position;
        }
        for (int i = 0; i < bytes; i += 8) {
            payload.set(ValueLayout.JAVA_LONG_UNALIGNED, Math.min(i, Math.max(0, bytes - 8)), random.nextLong());
        }
        int crc = Isal.crc32c(payload, 0, bytes, 0);
        int errno = data.write(position, payload, 0, bytes);
        data.end(0);
        if (errno != 0) {
            return -errno;
        }
        long at = log.meta().stagingOffset(WriteRecord.FIXED_BYTES);
        if (at < 0) {
            return at;
        }
        long sequence = log.meta().nextSequence();
        commit(WriteRecord.encode(log.meta().staging(), at, 1, 0, 2, position, position, bytes, crc));
        data.addRange(position, bytes, crc, 2, position, sequence);
        closeEnded();
        return position;
    }

    void closeEnded() {
        long number;
        while ((number = log.data().nextToClose()) >= 0) {
            log.data().close(number);
        }
    }

    long purge() {
        long at = log.meta().stagingOffset(PurgeRecord.FIXED_BYTES);
        return at < 0 ? at : commit(PurgeRecord.encode(log.meta().staging(), at, 1, random.nextLong()));
    }

    /** A group commit as the file-system thread does it; 0 or errno. */
    int sync() {
        CompletableFuture<Integer> done = new CompletableFuture<>();
        long at = log.meta().stagingOffset(SyncRecord.FIXED_BYTES);
        if (at < 0) {
            return (int) -at;
        }
        commit(SyncRecord.encode(
                log.meta().staging(),
                at,
                1,
                log.sync().durableData(),
                log.sync().durableMeta()));
        int errno = log.meta().flush();
        if (errno != 0) {
            return errno;
        }
        long sequence = log.meta().nextSequence() - 1;
        log.sync().request(log.data().claimed(), log.meta().flushed(), (token, outcome) -> done.complete(outcome), 1);
        errno = done.join();
        if (errno == 0) {
            acknowledged = sequence;
        }
        return errno;
    }

    @Override
    public void close() {
        log.close();
        arena.close();
    }
}
