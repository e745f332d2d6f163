package io.qsfs.mount;

import io.qsfs.backend.Backend;
import io.qsfs.backend.BackendSet;
import io.qsfs.backend.Health;
import io.qsfs.bindings.linux.Errno;
import io.qsfs.config.VolumeConfig;
import io.qsfs.fs.SpaceReport;
import io.qsfs.index.Index;
import io.qsfs.index.IndexReader;
import io.qsfs.index.Placement;
import io.qsfs.log.SegmentFile;
import io.qsfs.log.Streams;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import io.qsfs.offload.Backlog;
import io.qsfs.recall.RecallCounters;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * Puts the state of a mount together for people. It never waits for a backend.
 *
 * <p>Threading: any thread, one report at a time.
 */
final class StatusReporter {
    private static final long MS = 1_000_000L;

    private final VolumeConfig config;
    private final Path mountPoint;
    private final VolumeParts parts;
    private final Clock clock;
    private final BooleanSupplier isEnding;
    private final long begunNs;
    private StatusReport last;

    StatusReporter(VolumeConfig config, Path mountPoint, VolumeParts parts, Clock clock, BooleanSupplier isEnding) {
        this.config = config;
        this.mountPoint = mountPoint;
        this.parts = parts;
        this.clock = clock;
        this.isEnding = isEnding;
        this.begunNs = clock.nanoTime();
    }

    /** Bytes that log and recall cache take on the disk. */
    long localBytes() {
        return parts.opened().log().catalog().localBytes() + parts.recall().usedBytes();
    }

    /** What is not placed, segments that are open included. */
    List<Unplaced> unplaced() {
        List<Unplaced> left = unplaced(Long.MAX_VALUE, Long.MAX_VALUE);
        int stopped = parts.fileSystem().stoppedBy();
        for (VolumeParts.OpenSegment open : parts.openSegments()) {
            left.add(unplaced(
                    open.stream(),
                    open.number(),
                    open.bytes(),
                    0,
                    stopped == 0
                            ? "it is not closed"
                            : "the volume stopped before it was closed (" + Errno.message(stopped) + ")"));
        }
        return left;
    }

    /** What is closed and not placed of the segments below these numbers. */
    List<Unplaced> unplaced(long dataNumber, long metaNumber) {
        List<Unplaced> left = new ArrayList<>();
        for (Backlog.Waiting waiting : parts.backlog().waiting()) {
            int stream = waiting.segment().stream();
            if (waiting.segment().number() < (stream == Streams.DATA ? dataNumber : metaNumber)) {
                left.add(unplaced(
                        stream,
                        waiting.segment().number(),
                        waiting.segment().bytes(),
                        waiting.shards(),
                        waiting.reason().isEmpty() ? parts.backends().describeDown() : waiting.reason()));
            }
        }
        return left;
    }

    private Unplaced unplaced(int stream, long number, long bytes, int shards, String reason) {
        return new Unplaced(
                (stream == Streams.DATA ? "data " : "meta ") + number, bytes, shards, config.placedMin(), reason);
    }

    synchronized StatusReport report() {
        if (isEnding.getAsBoolean() && last != null) {
            return draining();
        }
        Survey survey = survey();
        SpaceReport space = parts.fileSystem().spaceReport();
        RecallCounters recall = parts.recall().counters();
        int stopped = parts.fileSystem().stoppedBy();
        List<String> warnings = new ArrayList<>(config.warnings());
        if (stopped != 0) {
            warnings.add(
                    "the volume is read-only since its log could not be written or synced: see the log of the mount, check the disk,"
                            + " unmount and mount again");
        }
        warnings.addAll(parts.backends().warnings());
        last = new StatusReport(
                config.name(),
                parts.superblock().volumeId().toString(),
                mountPoint.toString(),
                ProcessHandle.current().pid(),
                stopped == 0 ? StatusReport.State.RUNNING : StatusReport.State.READ_ONLY,
                (clock.nanoTime() - begunNs) / MS,
                warnings,
                survey.redundancy(),
                cache(survey),
                backlog(survey),
                backends(survey, recall),
                traffic(recall),
                new StatusReport.Files(space.inodes(), space.totalBytes() - space.freeBytes()));
        return last;
    }

    private StatusReport draining() {
        return new StatusReport(
                last.volume(),
                last.volumeId(),
                last.mountPoint(),
                last.pid(),
                StatusReport.State.DRAINING,
                (clock.nanoTime() - begunNs) / MS,
                last.warnings(),
                last.redundancy(),
                last.cache(),
                backlog(null),
                last.backends(),
                last.traffic(),
                last.files());
    }

    /** One pass over the placements. */
    private record Survey(
            StatusReport.Redundancy redundancy,
            long owed,
            long evictableBytes,
            Map<Id128, Long> shards,
            Map<Id128, Long> bytes) {}

    private Survey survey() {
        Set<Id128> readable = new HashSet<>();
        parts.backends().usable().forEach(backend -> readable.add(backend.id()));
        Map<Id128, Long> shards = new HashMap<>();
        Map<Id128, Long> bytes = new HashMap<>();
        long[] counts = new long[5]; // full, reduced, unreadable, owed, evictable
        int[] margin = {Integer.MAX_VALUE};
        Index index = parts.opened().index();
        try (IndexReader reader = index.newReader()) {
            if (reader.renew() == 0) {
                for (int stream : List.of(Streams.DATA, Streams.META)) {
                    reader.forEachPlacement(stream, p -> count(p, readable, shards, bytes, counts, margin));
                }
                reader.release();
            }
        }
        StatusReport.Redundancy redundancy = new StatusReport.Redundancy(
                parts.superblock().k(),
                parts.superblock().k() + parts.superblock().m(),
                config.placedMin(),
                margin[0] == Integer.MAX_VALUE ? -1 : margin[0],
                counts[0],
                counts[1],
                counts[2]);
        return new Survey(redundancy, counts[3], counts[4], shards, bytes);
    }

    private void count(
            Placement placement,
            Set<Id128> readable,
            Map<Id128, Long> shards,
            Map<Id128, Long> bytes,
            long[] counts,
            int[] margin) {
        int alive = 0;
        for (Id128 backend : placement.backends()) {
            if (backend.isNil()) {
                counts[3]++;
                continue;
            }
            shards.merge(backend, 1L, Long::sum);
            bytes.merge(backend, placement.shardBytes(), Long::sum);
            alive += readable.contains(backend) ? 1 : 0;
        }
        var file = parts.opened().log().catalog().pin(placement.stream(), placement.number());
        boolean isLocal = file != null;
        if (isLocal) {
            counts[4] += file.allocatedBytes();
            parts.opened().log().catalog().unpin(file);
        }
        margin[0] = Math.min(margin[0], Math.max(0, alive - placement.dataShards()));
        if (alive == placement.shardCount()) {
            counts[0]++;
        } else if (alive >= placement.dataShards() || isLocal) {
            counts[1]++;
        } else {
            counts[2]++;
        }
    }

    private StatusReport.Cache cache(Survey survey) {
        return new StatusReport.Cache(
                config.cacheLimitBytes(),
                parts.opened().log().catalog().localBytes(),
                survey.evictableBytes(),
                parts.recall().usedBytes(),
                parts.recall().cacheBytes(),
                parts.opened().index().fileBytes());
    }

    private StatusReport.Backlog backlog(Survey survey) {
        Backlog backlog = parts.backlog();
        List<VolumeParts.OpenSegment> open = parts.openSegments();
        long openBytes = open.stream().mapToLong(VolumeParts.OpenSegment::bytes).sum();
        return new StatusReport.Backlog(
                backlog.segments() + open.size(),
                backlog.bytes() + openBytes,
                backlog.bytesPerSecond(),
                oldestMs(),
                survey == null ? 0 : survey.owed(),
                MountUsers.openForWriting(mountPoint));
    }

    /** Age of the oldest change that is safe only here; of a closed segment that of its file. */
    private long oldestMs() {
        long oldestNs = Math.max(0, parts.fileSystem().changeAgeNs());
        long nowNs = clock.realtimeNs();
        for (Backlog.Waiting waiting : parts.backlog().waiting()) {
            SegmentFile file = parts.opened()
                    .log()
                    .catalog()
                    .pin(waiting.segment().stream(), waiting.segment().number());
            if (file != null) {
                oldestNs = Math.max(oldestNs, nowNs - file.createdNs());
                parts.opened().log().catalog().unpin(file);
            }
        }
        return oldestNs / MS;
    }

    private List<StatusReport.Backend> backends(Survey survey, RecallCounters recall) {
        List<StatusReport.Backend> reports = new ArrayList<>();
        Map<Id128, Long> fetched = recall.bytesFetched();
        for (BackendSet.Member member : parts.backends().members()) {
            Backend backend = member.backend();
            Health health = backend.health();
            Id128 id = backend.id();
            reports.add(new StatusReport.Backend(
                    backend.name(),
                    id.isNil() ? null : id.toString(),
                    member.spec().kind().name().toLowerCase(Locale.ROOT),
                    member.spec().group(),
                    member.spec().location(),
                    member.word(),
                    member.detail(),
                    id.isNil() ? !member.spec().buffered() : backend.durable(),
                    survey.bytes().getOrDefault(id, 0L),
                    member.capacity().freeBytes(),
                    survey.shards().getOrDefault(id, 0L),
                    health.bytesPut(),
                    Math.max(health.bytesFetched(), fetched.getOrDefault(id, 0L)),
                    health.errors(),
                    health.corruptions()));
        }
        return reports;
    }

    private StatusReport.Traffic traffic(RecallCounters recall) {
        return new StatusReport.Traffic(
                parts.fileSystem().counters().bytesRead.sum(),
                parts.fileSystem().counters().bytesWritten.sum(),
                recall.bytesFetchedTotal(),
                parts.backlog().shardBytes(),
                recall.chunksFetched(),
                recall.degradedReads(),
                recall.rottenShards(),
                parts.fileSystem().counters().readErrors.sum(),
                parts.fileSystem().rottenRanges(),
                parts.fileSystem().parkedReadCount());
    }
}
