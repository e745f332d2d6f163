package io.qsfs.mount;

import io.qsfs.bindings.linux.Errno;
import io.qsfs.codec.Code;
import io.qsfs.config.Compression;
import io.qsfs.config.VolumeConfig;
import io.qsfs.fs.FileSystem;
import io.qsfs.fs.FileSystemContext;
import io.qsfs.fs.Quota;
import io.qsfs.fuse.FuseSession;
import io.qsfs.index.IndexReader;
import io.qsfs.index.Placement;
import io.qsfs.index.SegmentInfo;
import io.qsfs.keeper.CatalogFiles;
import io.qsfs.keeper.Checkpointer;
import io.qsfs.keeper.EvictionReport;
import io.qsfs.keeper.Evictor;
import io.qsfs.keeper.Keeper;
import io.qsfs.keeper.Outlook;
import io.qsfs.keys.Superblock;
import io.qsfs.keys.VolumeKey;
import io.qsfs.log.SegmentFile;
import io.qsfs.log.SegmentLog;
import io.qsfs.log.Streams;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Failpoint;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import io.qsfs.offload.Backlog;
import io.qsfs.offload.CatalogSegments;
import io.qsfs.offload.ClosedSegment;
import io.qsfs.offload.OffloadSettings;
import io.qsfs.offload.Offloader;
import io.qsfs.offload.Repairer;
import io.qsfs.offload.Safety;
import io.qsfs.recall.PlacementSource;
import io.qsfs.recall.Recall;
import io.qsfs.recall.RecallSettings;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything that a mount runs on, put together in order and taken apart in the reverse order.
 *
 * <p>Threading: made, begun and closed by one thread; accessors from any.
 */
final class VolumeParts {
    /** Metadata between two local checkpoints of the index. */
    private static final long CHECKPOINT_BYTES = 64L << 20;

    private static final long POLL_NS = 20_000_000L;
    /** Shards are read back before their segment goes. */
    private static final long EVICT_POLLS_MAX = 50;

    private static final long HANDED_OVER_POLL_MS = 100;
    private static final int READ_BYTES_MAX = 1 << 20;
    private static final long WRITE_TIMEOUT_NS = 60_000_000_000L;
    private static final Logger LOG = LoggerFactory.getLogger(VolumeParts.class);

    private final StateDirectory state;
    private final VolumeConfig config;
    private final Superblock superblock;
    private final VolumeKey key;
    private final VolumeBackends backends;
    private final OpenedVolume opened;
    private final Arena arena = Arena.ofShared();
    private final FuseSession session;
    private final FileSystem fileSystem;
    private final Recall recall;
    private final IndexReader recallReader;
    private final PlacementRecords placements;
    private final Offloader offloader;
    private final Repairer repairer;
    private final Safety safety;
    private final Evictor evictor;
    private final Checkpointer checkpointer;
    private final Keeper keeper;
    private final Keeper checkpointKeeper;
    private final VolumeSpace space;
    /** By stream: segments of this mount below that number were given to the offloader. */
    private final long[] handedOver;

    /** Puts a volume together whose log has begun. Everything given is owned from here on. */
    VolumeParts(
            Path mountPoint,
            StateDirectory state,
            VolumeConfig config,
            Superblock superblock,
            VolumeKey key,
            VolumeBackends backends,
            OpenedVolume opened,
            IndexReserve reserve,
            boolean keepsAccessTimes,
            SecureRandom random,
            Clock clock) {
        this.state = state;
        this.config = config;
        this.superblock = superblock;
        this.key = key;
        this.backends = backends;
        this.opened = opened;
        SegmentLog log = opened.log();
        Code code = new Code(superblock.k(), superblock.m());
        handedOver = new long[] {log.data().activeNumber(), log.meta().activeNumber()};
        Quota quota = new Quota(config.quotaBytes(), config.quotaInodes());
        space = new VolumeSpace(backends, code, opened.index(), quota, this::backlogBytes);
        session = new FuseSession(arena, clock);
        DiskRoom room = new DiskRoom(state.log(), log, reserve);
        recallReader = opened.index().newReader();
        recall = new Recall(
                RecallSettings.defaults(
                        state.recallCache(),
                        config.recallCacheBytes(),
                        superblock.chunkBytes(),
                        code.n(),
                        config.recallTimeoutNs(),
                        config.getDeadlineNs()),
                clock,
                superblock.volumeId(),
                key,
                placementsFor(recallReader),
                backends.all());
        fileSystem = new FileSystem(
                new FileSystemContext(
                        mountPoint,
                        opened.index(),
                        log,
                        opened.identity().mountId(),
                        opened.identity().epoch(),
                        new RecalledBytes(recall, superblock.chunkBytes()),
                        session.replies(),
                        session.interrupts(),
                        new LocalAdmission(
                                log, config.cacheLimitBytes(), this::stoppedBy, reserve::isLow, room, this::outlook),
                        space,
                        quota,
                        reserve,
                        keepsAccessTimes,
                        clock,
                        config.workers(),
                        READ_BYTES_MAX,
                        config.rotateAfterNs(),
                        WRITE_TIMEOUT_NS),
                arena);
        checkpointer = new Checkpointer(
                clock,
                opened.index()::checkpointTo,
                () -> log.sync().durableMeta(),
                state.checkpoint(),
                CHECKPOINT_BYTES);
        safety = new Safety(clock, backends::usable);
        placements = new PlacementRecords(
                fileSystem, opened.index(), log.sync(), checkpointer::position, this::owe, this::settled);
        offloader = new Offloader(
                settings(code),
                clock,
                superblock.volumeId(),
                key,
                random,
                new CatalogSegments(log.catalog(), log.sync()),
                backends,
                placements);
        repairer = new Repairer(clock, superblock.volumeId(), key, backends.all(), backends, placements);
        evictor = new Evictor(
                clock, new CatalogFiles(log.catalog()), placements, safety, config.cacheLimitBytes(), room::shortBytes);
        keeper = new Keeper("keeper", List.of(evictor, repairer));
        checkpointKeeper = new Keeper("keeper-checkpoint", List.of(checkpointer, reserve));
    }

    private OffloadSettings settings(Code code) {
        OffloadSettings usual = OffloadSettings.defaults(
                code,
                superblock.segmentBytes(),
                superblock.chunkBytes(),
                config.compression() == Compression.NONE ? 0 : 1,
                config.placedMin());
        return new OffloadSettings(
                usual.code(),
                usual.segmentBytes(),
                usual.chunkBytes(),
                usual.compression(),
                usual.placedMin(),
                usual.workspaces(),
                usual.spares(),
                config.putDeadlineNs(),
                usual.stragglerNs(),
                usual.retryAfterNs(),
                usual.retryAfterMaxNs());
    }

    private Outlook outlook() {
        return evictor.outlook();
    }

    private int stoppedBy() {
        return fileSystem.stoppedBy();
    }

    private long backlogBytes() {
        return offloader.backlog().bytes();
    }

    private void owe(Placement placement) {
        repairer.owe(placement);
        keeper.wake();
    }

    private void settled(Id256 sealId, int shard, Id128 backend) {
        repairer.settled(sealId, shard, backend);
    }

    private static PlacementSource placementsFor(IndexReader reader) {
        return (stream, segment) -> {
            if (reader.renew() != 0) {
                return null;
            }
            Placement placement = reader.placement(stream, segment);
            reader.release();
            return placement;
        };
    }

    /** Starts every thread but the FUSE workers; hands over what the mount before left unplaced. */
    void start() {
        fileSystem.prepare(() -> opened.writeFirstRecords(fileSystem));
        List<SegmentInfo> unplaced = opened.unplaced();
        opened.index().writer().forEachPlacement(Streams.DATA, this::oweIfReduced);
        opened.index().writer().forEachPlacement(Streams.META, this::oweIfReduced);
        opened.index().writer().rollback(); // reading began a transaction, which belongs to this thread
        fileSystem.start();
        recall.start();
        offloader.start();
        keeper.start();
        checkpointKeeper.start();
        space.start();
        backends.onReturn(backend -> {
            offloader.backendsChanged();
            keeper.wake();
        });
        syncFirstRecords();
        long dataRequired = -1;
        for (SegmentInfo info : unplaced) {
            if (info.stream() == Streams.DATA) {
                dataRequired = Math.max(dataRequired, info.number());
            }
            offer(info.stream(), info.number(), info.fromPosition(), info.toPosition(), info.mountId(), dataRequired);
        }
    }

    private void oweIfReduced(Placement placement) {
        if (placement.placedShards() < placement.shardCount()) {
            repairer.owe(placement);
        }
    }

    /** What the mount before left behind the end of history goes once this mount's beginning is durable. */
    private void syncFirstRecords() {
        CompletableFuture<Integer> done = new CompletableFuture<>();
        fileSystem.sync((token, errno) -> done.complete(errno), 0);
        Failpoint.MOUNT_RECORDED.hit();
        if (done.join() == 0) {
            opened.log().dropUnused(opened.replayResult(), opened.dataEndBefore());
            Failpoint.UNUSED_DROPPED.hit();
        }
    }

    /** {@code log-sync}: a segment of this mount is closed and durable. */
    void segmentClosed(int stream, long number, long fromPosition, long toPosition) {
        long dataRequired = opened.log().data().activeNumber() - 1;
        offer(stream, number, fromPosition, toPosition, opened.identity().mountId(), dataRequired);
        synchronized (handedOver) {
            handedOver[stream] = number + 1;
            handedOver.notifyAll();
        }
        keeper.wake(); // the next segment was made, which took space
    }

    /**
     * Waits until all segments below these numbers are in the backlog. A segment that was closed is made durable and tidied before it
     * comes there, so whoever asked for its closing is a moment earlier.
     */
    void awaitHandedOver(long nextDataNumber, long nextMetaNumber) throws InterruptedException {
        synchronized (handedOver) {
            while ((handedOver[Streams.DATA] < nextDataNumber || handedOver[Streams.META] < nextMetaNumber)
                    && opened.log().sync().failure() == 0) {
                handedOver.wait(HANDED_OVER_POLL_MS);
            }
        }
    }

    /** A segment of this mount with changes that the backlog does not have. */
    record OpenSegment(int stream, long number, long bytes) {}

    /** Segments with changes that are not closed, or closed and not durable yet: data first, by number. */
    List<OpenSegment> openSegments() {
        List<OpenSegment> found = new ArrayList<>();
        addOpen(found, Streams.DATA, opened.log().data().claimed(), true);
        addOpen(found, Streams.META, opened.log().meta().flushed(), fileSystem.changeAgeNs() >= 0);
        return found;
    }

    private void addOpen(List<OpenSegment> found, int stream, long end, boolean hasChanges) {
        long segmentBytes = opened.log().catalog().segmentBytes();
        long number;
        synchronized (handedOver) {
            number = handedOver[stream];
        }
        for (; number * segmentBytes < end; number++) {
            long to = Math.min(end, (number + 1) * segmentBytes);
            SegmentFile file = opened.log().catalog().pin(stream, number);
            if (file != null) {
                to = file.toPosition() == SegmentFile.UNKNOWN ? to : file.toPosition();
                opened.log().catalog().unpin(file);
            }
            boolean isActive = end < (number + 1) * segmentBytes;
            if (to > number * segmentBytes && (hasChanges || !isActive)) {
                found.add(new OpenSegment(stream, number, to - number * segmentBytes));
            }
        }
    }

    private void offer(int stream, long number, long fromPosition, long toPosition, Id128 mountId, long dataRequired) {
        if (toPosition > fromPosition) {
            offloader.closed(new ClosedSegment(
                    stream,
                    number,
                    fromPosition,
                    toPosition,
                    mountId,
                    opened.identity().epoch(),
                    stream == Streams.META ? dataRequired : -1));
        }
    }

    Backlog backlog() {
        return offloader.backlog();
    }

    FileSystem fileSystem() {
        return fileSystem;
    }

    FuseSession session() {
        return session;
    }

    OpenedVolume opened() {
        return opened;
    }

    VolumeBackends backends() {
        return backends;
    }

    Superblock superblock() {
        return superblock;
    }

    Recall recall() {
        return recall;
    }

    Repairer repairer() {
        return repairer;
    }

    VolumeConfig config() {
        return config;
    }

    /** Makes a checkpoint of the index that contains all that is durable now, waiting for so long at most. */
    void checkpoint(long waitNs) {
        long wanted = opened.log().sync().durableMeta();
        long pollsMax = waitNs / POLL_NS;
        checkpointer.request();
        checkpointKeeper.wake();
        for (long i = 0; i < pollsMax && checkpointer.position() < wanted - CHECKPOINT_SLACK_BYTES; i++) {
            LockSupport.parkNanos(POLL_NS);
        }
    }

    /** The sync record that named the durable position lies behind it. */
    private static final long CHECKPOINT_SLACK_BYTES = 4096;

    CompletableFuture<EvictionReport> evictAll(long waitNs) {
        CompletableFuture<EvictionReport> done = evictor.evictAll(waitNs);
        keeper.wake();
        return done;
    }

    /** Has the evictor work until the limit is kept, or nothing has gone for a moment; how many segments went. */
    long evictToLimit() {
        long before = evictor.evictedSegments();
        keeper.wake();
        long seen = -1;
        while (seen != evictor.evictedSegments()) {
            seen = evictor.evictedSegments();
            for (long i = 0; i < EVICT_POLLS_MAX && seen == evictor.evictedSegments() && isAboveLimit(); i++) {
                LockSupport.parkNanos(POLL_NS);
            }
        }
        return evictor.evictedSegments() - before;
    }

    private boolean isAboveLimit() {
        return opened.log().catalog().localBytes() > evictor.cacheLimit();
    }

    void sayDraining() {
        state.sayDraining();
    }

    /**
     * Ends every thread and closes every file. The workers have ended.
     *
     * @param isClean the log is synced, so the index may be marked clean.
     * @return null, or what went wrong, for the user.
     */
    String close(boolean isClean) {
        space.close();
        keeper.close();
        checkpointKeeper.close();
        offloader.close();
        recall.close();
        String problem = null;
        if (isClean) {
            problem = syncLast();
        }
        fileSystem.close();
        if (!fileSystem.hasEnded()) {
            return "its file-system thread did not end, so log, index and lock stay open until the process ends: the next"
                    + " mount replays the log in " + state.log() + "; see the messages above.";
        }
        placements.close();
        safety.close();
        recallReader.close();
        space.closeReader();
        if (isClean && problem == null && fileSystem.stoppedBy() == 0) {
            int outcome = opened.index().markClean();
            Failpoint.CLEAN_MARKED.hit();
            if (outcome != 0) {
                LOG.warn("the index cannot be marked clean ({}); the next mount replays", Errno.message(outcome));
            }
        }
        opened.close();
        backends.close();
        key.close();
        session.close();
        if (session.isClosed()) {
            arena.close();
        } else {
            LOG.error(
                    "{} requests were never answered: their memory is kept until the process ends",
                    session.openRequests());
        }
        state.close();
        return problem;
    }

    private String syncLast() {
        CompletableFuture<Integer> done = new CompletableFuture<>();
        fileSystem.sync((token, errno) -> done.complete(errno), 0);
        int errno = done.join();
        return errno == 0
                ? null
                : "the log in " + state.log() + " cannot be synced (" + Errno.message(errno)
                        + "): check the disk, then mount again.";
    }
}
