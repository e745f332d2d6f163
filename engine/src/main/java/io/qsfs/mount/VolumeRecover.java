package io.qsfs.mount;

import io.qsfs.bindings.linux.Errno;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.codec.Code;
import io.qsfs.config.KeySource;
import io.qsfs.config.QsfsException;
import io.qsfs.config.VolumeConfig;
import io.qsfs.fs.EvictedBytes;
import io.qsfs.fs.FileSystem;
import io.qsfs.fs.FileSystemContext;
import io.qsfs.fs.MachineRecords;
import io.qsfs.fs.ParkedReads;
import io.qsfs.fs.Quota;
import io.qsfs.fs.Replies;
import io.qsfs.fs.SpaceReport;
import io.qsfs.index.Index;
import io.qsfs.index.IndexContext;
import io.qsfs.index.IndexWriter;
import io.qsfs.index.Inode;
import io.qsfs.index.Placement;
import io.qsfs.index.SegmentInfo;
import io.qsfs.index.Totals;
import io.qsfs.keys.Superblock;
import io.qsfs.log.LogContext;
import io.qsfs.log.MountIdentity;
import io.qsfs.log.MountState;
import io.qsfs.log.SegmentLog;
import io.qsfs.log.Streams;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Failpoint;
import io.qsfs.memory.Id128;
import io.qsfs.recall.FetchSettings;
import io.qsfs.recall.FoundSealing;
import io.qsfs.recall.RecoveredHistory;
import io.qsfs.recall.ShardListing;
import io.qsfs.recall.VolumeRecovery;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

/**
 * Builds a state directory from the backends and the key alone: index, title, and a first mount of the log that writes down
 * what only the listing of shards told.
 *
 * <pre>
 *   list → replay → can those that are silent have more? → title → list again (→ replay again) → first records
 * </pre>
 *
 * <p>The file {@code volume} is written last: a recovery that was interrupted leaves a directory that holds no volume, and
 * begins anew.
 *
 * <p>Threading: the thread of the command.
 */
final class VolumeRecover implements AutoCloseable {
    private static final int COMMIT_RECORDS = 1_000;
    private static final long LIST_TIMEOUT_NS = 120_000_000_000L;
    private static final long MS = 1_000_000L;

    private final VolumeConfig config;
    private final boolean isLossAccepted;
    private final Clock clock;
    private final SecureRandom random;
    private final List<String> missing = new ArrayList<>();
    /** Of the file system that writes the first records; closed with this, after its threads have ended. */
    private final Arena arena = Arena.ofShared();

    VolumeRecover(VolumeConfig config, boolean isLossAccepted, Clock clock, SecureRandom random) {
        this.config = config;
        this.isLossAccepted = isLossAccepted;
        this.clock = clock;
        this.random = random;
    }

    RecoverReport run(KeySource key, PrintSink out) {
        try (StateDirectory state = StateDirectory.lock(config.stateDir(), out)) {
            if (state.isInitialised()) {
                throw new QsfsException(
                        "the state directory " + config.stateDir()
                                + " holds the volume already: mount it, or move the directory away to recover from the backends.");
            }
            try (UnlockedVolume volume = UnlockedVolume.fromBackends(config, key, clock)) {
                volume.requireShape(config, out);
                volume.backends().requireReadable(volume.superblock());
                return recover(state, volume, out);
            }
        }
    }

    private RecoverReport recover(StateDirectory state, UnlockedVolume volume, PrintSink out) {
        Superblock superblock = volume.superblock();
        Code code = new Code(superblock.k(), superblock.m());
        try (VolumeRecovery recovery = new VolumeRecovery(
                superblock.volumeId(),
                volume.key(),
                superblock.segmentBytes(),
                clock,
                volume.backends().usable(),
                FetchSettings.defaults(superblock.chunkBytes(), code.n()).withReadTimeoutNs(config.getDeadlineNs()),
                LIST_TIMEOUT_NS)) {
            Found found = look(state, volume, recovery, recovery.list());
            try {
                out.line("found " + found.listing.shardCount() + " shards on "
                        + found.listing.listedBackends().size() + " backends");
                return claim(state, volume, recovery, found, out);
            } finally {
                if (found.index != null) {
                    found.index.close();
                }
            }
        }
    }

    /** What the backends that answer have, replayed into an index. */
    private static final class Found {
        ShardListing listing;
        Index index;
        RecoveredHistory history;
    }

    /** Replays what was listed into an empty index; refuses when those that are silent can have more of it. */
    private Found look(StateDirectory state, UnlockedVolume volume, VolumeRecovery recovery, ShardListing listing) {
        Superblock superblock = volume.superblock();
        Found found = new Found();
        found.listing = listing;
        state.removeUnfinished();
        found.index = Index.open(IndexContext.of(state.index(), superblock.volumeId(), superblock.segmentBytes())
                .withMapBytes(config.indexMapBytes()));
        try {
            found.history = replay(recovery, found.index.writer());
            Failpoint.RECOVERY_REPLAYED.hit();
            requireNewest(volume.backends(), superblock, found);
            return found;
        } catch (RuntimeException e) {
            found.index.close();
            throw e;
        }
    }

    private void requireNewest(VolumeBackends backends, Superblock superblock, Found found) {
        VolumeBackends.Silent silent = backends.silent(superblock, found.listing.listedBackends());
        RecoveredHistory history = found.history;
        HiddenHistory hidden =
                new HiddenHistory(superblock.k(), config.placedMin(), superblock.segmentBytes(), silent.count());
        if (!hidden.isPossible(found.listing, history.endPosition(), history.stop() != null)) {
            return;
        }
        String moment = history.records() == 0
                ? "empty"
                : "as it was at "
                        + Instant.ofEpochMilli(history.lastTimeNs() / MS).truncatedTo(ChronoUnit.SECONDS);
        if (!isLossAccepted) {
            throw new QsfsException(
                    "metadata that is newer than what was found can lie on backends that do not answer: "
                            + silent.names() + "; bring them back, or go on with the volume " + moment
                            + " by qsfs recover --accept-loss, which gives up what is newer.");
        }
        missing.add("what " + silent.names() + " can hold, which did not answer: the volume is " + moment);
    }

    /** The title first, then another look: what the machine before has placed meanwhile is part of history. */
    private RecoverReport claim(
            StateDirectory state, UnlockedVolume volume, VolumeRecovery recovery, Found seen, PrintSink out) {
        Superblock superblock = volume.superblock();
        Id128 owner = Id128.random(random);
        long epoch = volume.backends().claimNextTitle(superblock, owner);
        Failpoint.RECOVERY_CLAIMED.hit();
        out.line("took epoch " + epoch + " of volume " + superblock.volumeId());
        state.writeSuperblock(volume.superblockBytes());
        ShardListing listing = recovery.list();
        if (!metadata(listing).equals(metadata(seen.listing))) {
            seen.index.close();
            seen.index = null;
            missing.clear();
            Found again = look(state, volume, recovery, listing);
            seen.index = again.index;
            seen.history = again.history;
        }
        seen.listing = listing;
        return finish(state, superblock, owner, epoch, recovery, seen);
    }

    private static Set<FoundSealing> metadata(ShardListing listing) {
        return listing.sealings().stream()
                .filter(sealing -> sealing.stream() == Streams.META)
                .collect(Collectors.toSet());
    }

    private RecoverReport finish(
            StateDirectory state,
            Superblock superblock,
            Id128 owner,
            long epoch,
            VolumeRecovery recovery,
            Found found) {
        ShardListing listing = found.listing;
        RecoveredHistory history = found.history;
        IndexWriter writer = found.index.writer();
        listing.silentBackends().forEach((name, why) -> missing.add("backend " + name + " did not answer: " + why));
        if (history.stop() != null) {
            missing.add(history.stop());
        }
        missing.addAll(history.notes());
        StateDirectory.Volume identity = new StateDirectory.Volume(
                superblock.volumeId(),
                owner,
                epoch,
                history.epoch(),
                history.endPosition(),
                writer.dataEnd(),
                Math.max(listing.highestNumber(Streams.DATA), highestIn(found.index, Streams.DATA)) + 1,
                Math.max(listing.highestNumber(Streams.META), highestIn(found.index, Streams.META)) + 1);
        List<Placement> placements = placementsOf(superblock.segmentBytes(), recovery, listing, history, writer);
        writeDown(state, superblock.segmentBytes(), identity, found.index, placements);
        Failpoint.RECOVERY_WRITTEN.hit();
        Totals totals = writer.totals();
        writer.rollback();
        state.write(identity);
        Failpoint.RECOVERY_NAMED.hit();
        return new RecoverReport(
                superblock.volumeId().toString(),
                epoch,
                history.lastTimeNs() / MS,
                totals.inodes(),
                totals.allocatedBytes(),
                history.segments(),
                List.copyOf(missing));
    }

    @Override
    public void close() {
        arena.close();
    }

    private static RecoveredHistory replay(VolumeRecovery recovery, IndexWriter writer) {
        int[] failure = {0};
        RecoveredHistory history = recovery.replay((record, at, position, length) -> {
            int outcome = writer.apply(record, at, position);
            if (outcome == 0 && writer.pendingRecords() >= COMMIT_RECORDS) {
                outcome = writer.commit();
            }
            failure[0] = outcome;
            return outcome;
        });
        int outcome = failure[0] != 0 ? failure[0] : writer.commit();
        if (outcome != 0) {
            throw new QsfsException("the index cannot take the recovered records (" + Errno.message(outcome)
                    + "): make room on the disk of the state directory and recover again.");
        }
        return history;
    }

    private static long highestIn(Index index, int stream) {
        long[] highest = {-1};
        index.writer().forEachSegment(stream, info -> highest[0] = Math.max(highest[0], info.number()));
        return highest[0];
    }

    /** Placements that no recovered record tells: of segments that were placed after the metadata that is left. */
    private List<Placement> placementsOf(
            long segmentBytes,
            VolumeRecovery recovery,
            ShardListing listing,
            RecoveredHistory history,
            IndexWriter writer) {
        List<Placement> found = new ArrayList<>();
        writer.forEachSegment(Streams.DATA, info -> {
            if (info.state() == SegmentInfo.State.PLACED) {
                noteIfUnreadable(listing, info, writer.placement(Streams.DATA, info.number()));
                return;
            }
            Placement placement = placementOf(recovery, listing, history, Streams.DATA, info.number(), info.mountId());
            if (placement != null) {
                found.add(placement);
            } else if (info.liveBytes() > 0) {
                missing.add("data segment " + info.number() + " is on no backend: " + info.liveBytes()
                        + " bytes of files cannot be read");
            }
        });
        for (FoundSealing sealing : listing.sealings()) {
            boolean isHistory =
                    sealing.stream() == Streams.META && sealing.number() * segmentBytes < history.endPosition();
            boolean isKnown =
                    found.stream().anyMatch(p -> p.stream() == Streams.META && p.number() == sealing.number());
            if (isHistory && !isKnown && writer.placement(Streams.META, sealing.number()) == null) {
                Placement placement =
                        placementOf(recovery, listing, history, Streams.META, sealing.number(), sealing.mountId());
                if (placement != null) {
                    found.add(placement);
                }
            }
        }
        return found;
    }

    private static Placement placementOf(
            VolumeRecovery recovery,
            ShardListing listing,
            RecoveredHistory history,
            int stream,
            long number,
            Id128 mountId) {
        if (!mountId.isNil()) {
            return recovery.placement(stream, number, mountId);
        }
        Placement placement = recovery.placement(stream, number, history.mountId());
        for (FoundSealing sealing : listing.sealings(stream, number)) {
            placement = placement != null ? placement : recovery.placement(stream, number, sealing.mountId());
        }
        return placement;
    }

    private void noteIfUnreadable(ShardListing listing, SegmentInfo info, Placement placement) {
        if (placement == null || info.liveBytes() == 0) {
            return;
        }
        boolean isReadable = listing.sealings(Streams.DATA, info.number()).stream()
                .anyMatch(s -> s.sealId().equals(placement.sealId()) && s.isWhole());
        if (!isReadable) {
            missing.add("data segment " + info.number() + " has fewer than " + placement.dataShards()
                    + " shards on the backends that answer: " + info.liveBytes()
                    + " bytes of files cannot be read now");
        }
    }

    /** A first mount of the log, without the kernel: its records say what the listing told. */
    private void writeDown(
            StateDirectory state,
            long segmentBytes,
            StateDirectory.Volume identity,
            Index index,
            List<Placement> found) {
        MountState mount = state.nextMount(random);
        MountIdentity mountIdentity = new MountIdentity(mount.mountId(), mount.counter(), identity.epoch());
        try (SegmentLog log = SegmentLog.open(new LogContext()
                .directory(state.log())
                .volumeId(identity.volumeId())
                .segmentBytes(segmentBytes)
                .claimSlots(2)
                .mappedSegmentsMax(config.mappedSegmentsMax()))) {
            log.begin(
                    mountIdentity,
                    identity.dataNumberMin(),
                    identity.metaNumberMin(),
                    index.writer().appliedSequence() + 1);
            record(state, identity, mountIdentity, index, log, found);
        }
    }

    private void record(
            StateDirectory state,
            StateDirectory.Volume identity,
            MountIdentity mount,
            Index index,
            SegmentLog log,
            List<Placement> found) {
        FileSystem fileSystem = new FileSystem(
                new FileSystemContext(
                        state.path(), // nothing is mounted, and nothing is read
                        index,
                        log,
                        mount.mountId(),
                        mount.epoch(),
                        new NoBytes(),
                        new NoReplies(),
                        new NoInterrupts(),
                        bytes -> Linux.EROFS,
                        () -> new SpaceReport(0, 0, 0, 0),
                        Quota.none(),
                        () -> {},
                        false,
                        clock,
                        1,
                        4096,
                        Long.MAX_VALUE,
                        0),
                arena);
        index.recordIdentity(List.of(state.log()));
        fileSystem.prepare(() -> {
            MachineRecords records = fileSystem.machineRecords();
            int outcome = records.mount(
                    mount.mountId(),
                    mount.mountCounter(),
                    identity.epoch(),
                    identity.fromEpoch(),
                    identity.fromMetaPosition(),
                    identity.fromDataPosition(),
                    identity.ownerId(),
                    log.data().claimed());
            for (Placement placement : found) {
                outcome = outcome != 0
                        ? outcome
                        : records.closed(
                                placement.stream(),
                                placement.number(),
                                placement.mountId(),
                                placement.fromPosition(),
                                placement.toPosition());
                outcome = outcome != 0 ? outcome : records.placed(placement);
            }
            if (outcome != 0) {
                throw new QsfsException("what was recovered cannot be written down (" + Errno.message(outcome)
                        + "): make room on the disk of " + state.path() + " and recover again.");
            }
        });
        fileSystem.start();
        CompletableFuture<Integer> done = new CompletableFuture<>();
        fileSystem.sync((token, errno) -> done.complete(errno), 0);
        int errno = done.join();
        fileSystem.close();
        if (errno == 0) {
            errno = index.checkpointTo(state.checkpoint());
        }
        if (errno == 0) {
            errno = index.markClean();
        }
        if (errno != 0) {
            throw new QsfsException("what was recovered cannot be made durable (" + Errno.message(errno)
                    + "): check the disk of " + state.path() + " and recover again.");
        }
    }

    /** Nothing asks for content while a volume is recovered. */
    private static final class NoBytes implements EvictedBytes {
        @Override
        public int chunkBytes() {
            return 4096;
        }

        @Override
        public int tryPin(long segment, int chunk) {
            return -1;
        }

        @Override
        public void unpin(int slot) {
            throw new AssertionError("no slot is ever given: " + slot);
        }

        @Override
        public long slotAddress(int slot) {
            throw new AssertionError("no slot is ever given: " + slot);
        }

        @Override
        public int read(int slot, int offset, MemorySegment target, long targetOffset, int length) {
            throw new AssertionError("no slot is ever given: " + slot);
        }

        @Override
        public void request(long segment, int chunk, Waiter waiter) {
            waiter.onChunk(segment, chunk, -1, Linux.EIO);
        }
    }

    /** There is no kernel to interrupt anything. */
    private static final class NoInterrupts implements ParkedReads.Interrupts {
        @Override
        public void watch(long request, Runnable onInterrupt) {
            throw new AssertionError("no request comes");
        }

        @Override
        public void unwatch(long request) {
            throw new AssertionError("no request comes");
        }
    }

    /** There is no kernel to answer. */
    private static final class NoReplies implements Replies {
        private static AssertionError unexpected() {
            return new AssertionError("no request comes while a volume is recovered");
        }

        @Override
        public void error(long request, int errno) {
            throw unexpected();
        }

        @Override
        public void none(long request) {
            throw unexpected();
        }

        @Override
        public void entry(long request, Inode inode, boolean mayKeep) {
            throw unexpected();
        }

        @Override
        public void noEntry(long request) {
            throw unexpected();
        }

        @Override
        public void created(long request, Inode inode, boolean mayKeep) {
            throw unexpected();
        }

        @Override
        public void attributes(long request, Inode inode, boolean mayKeep) {
            throw unexpected();
        }

        @Override
        public void attributesChanged(long ino) {
            throw unexpected();
        }

        @Override
        public void link(long request, MemorySegment target) {
            throw unexpected();
        }

        @Override
        public void written(long request, int count) {
            throw unexpected();
        }

        @Override
        public void bytes(long request, MemorySegment source, long length) {
            throw unexpected();
        }

        @Override
        public void xattrLength(long request, int length) {
            throw unexpected();
        }

        @Override
        public boolean gathered(long request, MemorySegment iovecs, int count) {
            throw unexpected();
        }

        @Override
        public void space(long request, SpaceReport report) {
            throw unexpected();
        }
    }
}
