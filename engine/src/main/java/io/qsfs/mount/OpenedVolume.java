package io.qsfs.mount;

import io.qsfs.bindings.linux.Errno;
import io.qsfs.config.QsfsException;
import io.qsfs.config.VolumeConfig;
import io.qsfs.fs.FileSystem;
import io.qsfs.fs.MachineRecords;
import io.qsfs.index.Index;
import io.qsfs.index.IndexContext;
import io.qsfs.index.IndexWriter;
import io.qsfs.index.RecordCheck;
import io.qsfs.index.Refusal;
import io.qsfs.index.SegmentInfo;
import io.qsfs.log.LogContext;
import io.qsfs.log.MetaElsewhere;
import io.qsfs.log.MetaReader;
import io.qsfs.log.MountIdentity;
import io.qsfs.log.MountState;
import io.qsfs.log.RecoveryScan;
import io.qsfs.log.ScanResult;
import io.qsfs.log.ScanStart;
import io.qsfs.log.SegmentFile;
import io.qsfs.log.SegmentLog;
import io.qsfs.log.Streams;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Failpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;

/**
 * Log and index of a state directory, brought to the end of history and begun for a new mount: what happens between taking the
 * lock and serving requests.
 *
 * <p>Threading: the thread that mounts.
 */
final class OpenedVolume implements AutoCloseable {
    private static final int REPLAY_COMMIT_RECORDS = 1_000;

    private final StateDirectory state;
    private StateDirectory.Volume volume;
    private final SegmentLog log;
    private final Index index;
    private final ScanResult replay;
    private final String said;

    private MountIdentity identity;
    private long historyEnd;
    private long dataEndBefore;

    private OpenedVolume(
            StateDirectory state,
            StateDirectory.Volume volume,
            SegmentLog log,
            Index index,
            ScanResult replay,
            String said) {
        this.state = state;
        this.volume = volume;
        this.log = log;
        this.index = index;
        this.replay = replay;
        this.said = said;
    }

    /**
     * Opens and replays.
     *
     * @param segmentBytes of the volume.
     * @param elsewhere where metadata is that is not here.
     * @param logContext with what only the caller knows: whom to tell of closed segments and due syncs.
     * @throws QsfsException when history cannot be had whole: nothing was changed then.
     */
    static OpenedVolume open(
            StateDirectory state,
            VolumeConfig config,
            long segmentBytes,
            MetaElsewhere elsewhere,
            LogContext logContext,
            Clock clock) {
        StateDirectory.Volume volume = state.volume();
        long begunNs = clock.nanoTime();
        SegmentLog log = SegmentLog.open(logContext
                .directory(state.log())
                .volumeId(volume.volumeId())
                .segmentBytes(segmentBytes)
                .claimSlots(config.workers() + 1)
                .mappedSegmentsMax(config.mappedSegmentsMax()));
        RecoveryScan scan = log.scan();
        Index index = null;
        try {
            index = Index.open(IndexContext.of(state.index(), volume.volumeId(), segmentBytes)
                    .withMapBytes(config.indexMapBytes())
                    .withCheckpoints(Files.exists(state.checkpoint()) ? List.of(state.checkpoint()) : List.of())
                    .withRecordCheck((position, sequence, length, crc) -> check(log, scan, position, sequence, crc)));
            ScanResult replay = replay(index.writer(), scan, elsewhere, volume);
            Failpoint.REPLAY_COMMITTED.hit();
            requireWhole(replay, state);
            log.closeRecovered(scan, replay);
            Failpoint.TAIL_CLOSED.hit();
            String said = describe(index, replay, (clock.nanoTime() - begunNs) / 1_000_000);
            scan.close();
            return new OpenedVolume(state, volume, log, index, replay, said);
        } catch (RuntimeException e) {
            scan.close();
            if (index != null) {
                index.close();
            }
            log.close();
            throw e;
        }
    }

    private static RecordCheck.Answer check(SegmentLog log, RecoveryScan scan, long position, long sequence, int crc) {
        SegmentFile file =
                log.catalog().pin(Streams.META, position / log.catalog().segmentBytes());
        if (file == null) {
            return position / log.catalog().segmentBytes() >= log.catalog().nextNumber(Streams.META)
                    ? RecordCheck.Answer.DIFFERENT
                    : RecordCheck.Answer.ABSENT;
        }
        log.catalog().unpin(file);
        return scan.holds(position, sequence, crc) ? RecordCheck.Answer.SAME : RecordCheck.Answer.DIFFERENT;
    }

    private static ScanResult replay(
            IndexWriter writer, RecoveryScan scan, MetaElsewhere elsewhere, StateDirectory.Volume volume) {
        ScanStart start = writer.appliedSequence() == 0
                ? ScanStart.BEGINNING
                : new ScanStart(writer.appliedEnd(), writer.appliedSequence() + 1, 0, 0);
        ScanResult result = scan.run(
                start,
                (record, at, position, length) -> {
                    int outcome = writer.apply(record, at, position);
                    Failpoint.REPLAY_APPLIED.hit();
                    if (outcome == 0 && writer.pendingRecords() >= REPLAY_COMMIT_RECORDS) {
                        outcome = writer.commit();
                    }
                    return outcome;
                },
                elsewhere);
        int outcome = result.stop() != 0 ? result.stop() : writer.commit();
        if (outcome != 0) {
            writer.rollback();
            throw new QsfsException(
                    "the index of volume " + volume.volumeId() + " cannot take the records of the log ("
                            + (Refusal.is(outcome) ? Refusal.of(outcome).text() : Errno.message(outcome))
                            + ", behind position " + writer.appliedPosition()
                            + "): make room on its disk, or remove the directory index and the file checkpoint and mount again.");
        }
        return result;
    }

    private static void requireWhole(ScanResult replay, StateDirectory state) {
        if (!replay.isWhole()) {
            ScanResult.Rot rot = replay.rot().getFirst();
            throw new QsfsException("metadata that was durable cannot be read any more: meta segment " + rot.segment()
                    + " in " + state.log() + " from position " + rot.position() + " (" + rot.reason()
                    + "), and no backend has it: put a good copy of that file back, or start with an empty state directory"
                    + " and qsfs recover, which gives the state that was placed last.");
        }
    }

    private static String describe(Index index, ScanResult replay, long tookMs) {
        String from =
                switch (index.origin()) {
                    case TRUSTED -> "index as it was left";
                    case CHECKPOINT -> "index rebuilt from the checkpoint";
                    case EMPTY -> replay.records() == 0 ? "new index" : "index rebuilt from the whole log";
                };
        return from + ", " + replay.summary() + ", in " + tookMs + " ms";
    }

    /** One line on what was found and done. */
    String said() {
        return said;
    }

    /** End of history in the meta stream, where the next mount goes on. */
    long metaEnd() {
        return Math.max(index.writer().appliedEnd(), replay.endPosition());
    }

    /** From here on history goes on in this epoch, which continues the one before at its end; durable on return. */
    void takeOver(long epoch) {
        volume = new StateDirectory.Volume(
                volume.volumeId(),
                volume.ownerId(),
                epoch,
                isBegun() ? volume.epoch() : volume.fromEpoch(),
                metaEnd(),
                index.writer().dataEnd(),
                volume.dataNumberMin(),
                volume.metaNumberMin());
        index.writer().rollback(); // reading began a transaction
        state.write(volume);
    }

    /** True when history has a record of our epoch: those begin above what it continues. */
    private boolean isBegun() {
        return metaEnd() > volume.fromMetaPosition();
    }

    /** Draws this mount's identity and makes its streams ready. */
    void begin(SecureRandom random) {
        MountState mount = state.nextMount(random);
        Failpoint.MOUNT_COUNTED.hit();
        historyEnd = index.writer().appliedEnd();
        dataEndBefore = index.writer().dataEnd();
        identity = new MountIdentity(mount.mountId(), mount.counter(), volume.epoch());
        long segmentBytes = log.catalog().segmentBytes();
        IndexWriter writer = index.writer();
        long data = Math.max(
                Math.max(log.catalog().nextNumber(Streams.DATA), volume.dataNumberMin()),
                Math.max(segmentsBelow(writer.dataEnd(), segmentBytes), highestKnown(Streams.DATA) + 1));
        long meta = Math.max(
                Math.max(log.catalog().nextNumber(Streams.META), volume.metaNumberMin()),
                Math.max(segmentsBelow(writer.appliedEnd(), segmentBytes), highestKnown(Streams.META) + 1));
        log.begin(identity, data, meta, writer.appliedSequence() + 1);
        Failpoint.MOUNT_BEGUN.hit();
        int outcome = index.recordIdentity(List.of(state.log()));
        if (outcome != 0) {
            throw new QsfsException("the marker of the index in " + state.index() + " cannot be written ("
                    + Errno.message(outcome) + "): make room on its disk.");
        }
    }

    private static long segmentsBelow(long position, long segmentBytes) {
        return (position + segmentBytes - 1) / segmentBytes;
    }

    private long highestKnown(int stream) {
        long[] highest = {-1};
        index.writer().forEachSegment(stream, info -> highest[0] = Math.max(highest[0], info.number()));
        return highest[0];
    }

    /** The first records of the mount: who writes from here on, and the closing of what the mount before left open. */
    void writeFirstRecords(FileSystem fileSystem) {
        // What the records need to know is read before them: LMDB shows the writer its own changes at once.
        List<SegmentFile> dataLeft = unclosed(Streams.DATA, log.data().activeNumber(), dataEndBefore);
        List<SegmentFile> metaLeft = unclosed(Streams.META, log.meta().activeNumber(), historyEnd);
        MachineRecords records = fileSystem.machineRecords();
        // The first mount of an epoch continues what init, recovery or take-over found; every other one the mount
        // before it.
        boolean isFirst = Math.max(historyEnd, replay.endPosition()) <= volume.fromMetaPosition();
        int outcome = records.mount(
                identity.mountId(),
                identity.mountCounter(),
                volume.epoch(),
                isFirst ? volume.fromEpoch() : volume.epoch(),
                isFirst ? volume.fromMetaPosition() : Math.max(historyEnd, replay.endPosition()),
                isFirst ? volume.fromDataPosition() : dataEndBefore,
                volume.ownerId(),
                log.data().claimed());
        for (SegmentFile file : dataLeft) {
            outcome = outcome != 0
                    ? outcome
                    : records.closed(
                            Streams.DATA,
                            file.number(),
                            file.identity().mountId(),
                            file.fromPosition(),
                            endOfData(file));
        }
        for (SegmentFile file : metaLeft) {
            long end = endOfRecords(file);
            if (outcome == 0 && end > file.fromPosition()) {
                outcome = records.closed(
                        Streams.META, file.number(), file.identity().mountId(), file.fromPosition(), end);
            }
        }
        if (outcome != 0) {
            throw new QsfsException("the first records of the mount cannot be written ("
                    + Errno.message(outcome) + "): free some space on the disk of " + state.path()
                    + ".");
        }
    }

    /**
     * Segments of earlier mounts that hold history and that no record has closed: the mount before may have ended at any moment, also
     * behind the range table of a data segment and before the record about it.
     */
    private List<SegmentFile> unclosed(int stream, long activeNumber, long end) {
        List<SegmentFile> found = new ArrayList<>();
        for (long number : log.catalog().numbers(stream)) {
            if (number >= activeNumber || number * log.catalog().segmentBytes() >= end) {
                continue;
            }
            SegmentInfo info = index.writer().segment(stream, number);
            if (info == null || info.state() == SegmentInfo.State.ACTIVE) {
                SegmentFile file = log.catalog().pin(stream, number);
                if (file != null) {
                    found.add(file);
                    log.catalog().unpin(file);
                }
            }
        }
        return found;
    }

    /** Where the content of a data segment of an earlier mount ends: as its range table says, else as far as history refers. */
    private long endOfData(SegmentFile file) {
        return file.toPosition() != SegmentFile.UNKNOWN
                ? file.toPosition()
                : Math.min(file.fromPosition() + log.catalog().segmentBytes(), dataEndBefore);
    }

    /** Where the history in a meta segment of an earlier mount ends. */
    private long endOfRecords(SegmentFile file) {
        long limit = Math.min(file.fromPosition() + log.catalog().segmentBytes(), historyEnd);
        SegmentFile pinned = log.catalog().pin(Streams.META, file.number());
        if (pinned == null) {
            return file.fromPosition();
        }
        try (MetaReader reader = new MetaReader()) {
            reader.begin(log.catalog().source(pinned), file.fromPosition(), limit);
            long end = file.fromPosition();
            while (reader.next() == MetaReader.RECORD) {
                end = reader.position() + reader.length();
            }
            return end;
        } finally {
            log.catalog().unpin(pinned);
        }
    }

    /** Segments that are closed and not placed: what the mount before could not place. Data first, in order. */
    List<SegmentInfo> unplaced() {
        List<SegmentInfo> left = new ArrayList<>();
        for (int stream : List.of(Streams.DATA, Streams.META)) {
            index.writer().forEachSegment(stream, info -> {
                if (info.state() == SegmentInfo.State.CLOSED) {
                    left.add(info);
                }
            });
        }
        return left;
    }

    /** End of the data that the history before this mount refers to. */
    long dataEndBefore() {
        return dataEndBefore;
    }

    SegmentLog log() {
        return log;
    }

    Index index() {
        return index;
    }

    ScanResult replayResult() {
        return replay;
    }

    MountIdentity identity() {
        return identity;
    }

    Path path() {
        return state.path();
    }

    StateDirectory.Volume volume() {
        return volume;
    }

    @Override
    public void close() {
        log.close();
        index.close();
    }
}
