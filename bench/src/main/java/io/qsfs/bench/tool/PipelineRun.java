package io.qsfs.bench.tool;

import io.qsfs.backend.Backend;
import io.qsfs.backend.BackendError;
import io.qsfs.backend.BackendSet;
import io.qsfs.backend.BackendSpec;
import io.qsfs.backend.PlacementPolicy;
import io.qsfs.codec.Suite;
import io.qsfs.config.QsfsException;
import io.qsfs.index.Placement;
import io.qsfs.keys.VolumeKey;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import io.qsfs.offload.ClosedSegment;
import io.qsfs.offload.OffloadSettings;
import io.qsfs.offload.Offloader;
import io.qsfs.offload.PlacementSink;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Lets the engine's own offloader seal segments and place their shards in scratch places, and watches at the
 * interfaces around it what each stage does with its time: the log that is read, the encoder thread, each backend.
 *
 * <p>Threading: one thread feeds and waits; the offloader and the backends have theirs.
 */
final class PipelineRun {
    private static final long IDENTIFY_NS = 10_000_000_000L;
    private static final long NOTHING_PLACED_S = 60;
    /** Closed segments that wait: the encoder never lacks one. */
    private static final int AHEAD = 3;

    private final Session session;
    private final List<Scratch> places;
    private final Id128 volume;
    private final SampleData.Kind data;

    PipelineRun(Session session, ScratchSet places, SampleData.Kind data) {
        this.session = session;
        this.places = places.places();
        this.volume = places.volume();
        this.data = data;
    }

    /**
     * What a round saw.
     *
     * @param megabytesPerSecond of content sealed and placed.
     * @param segmentsPerSecond  placed.
     * @param stages             the log, the encoder, each backend.
     * @param backends           by name.
     */
    record Result(
            double megabytesPerSecond,
            double segmentsPerSecond,
            List<StageShare> stages,
            Map<String, MeasuredBackend.Seen> backends) {}

    /**
     * One round.
     *
     * @param durationNs segments that begin after it are not placed any more.
     * @param spaceBytes that shards may take on all backends together.
     */
    Result run(PipelinePlan plan, long durationNs, long spaceBytes) {
        session.stop().check();
        List<BackendSpec> specs = places.stream().map(Scratch::spec).toList();
        if (specs.size() < plan.code().n()) {
            throw new QsfsException(
                    "the code " + plan.code() + " needs " + plan.code().n() + " backends and " + specs.size()
                            + " can be measured: name more, or a smaller code with --code.");
        }
        try (VolumeKey key = VolumeKey.random(new SecureRandom());
                SampleSegments log = new SampleSegments(session.clock(), plan.segmentBytes(), data, volume);
                BackendSet set = BackendSet.open(specs, volume, plan.inFlightMax(), session.clock())) {
            set.identifyAll(IDENTIFY_NS);
            requireAll(set);
            Map<Id128, MeasuredBackend> measured = new LinkedHashMap<>();
            set.members()
                    .forEach(member -> measured.put(
                            member.backend().id(), new MeasuredBackend(member.backend(), session.clock())));
            try {
                return offload(plan, durationNs, spaceBytes, key, log, set, measured);
            } finally {
                empty(set);
            }
        }
    }

    private static void requireAll(BackendSet set) {
        for (BackendSet.Member member : set.members()) {
            if (member.identifyError() != BackendError.NONE) {
                throw Scratch.failure(member.spec(), member.identifyError(), member.identifyDetail());
            }
        }
    }

    private void empty(BackendSet set) {
        List<BackendSet.Member> members = set.members();
        for (int i = 0; i < members.size(); i++) {
            if (!session.stop().isRequested()) { // else the whole place goes in a moment
                places.get(i).deleteObjects(members.get(i).backend());
            }
        }
    }

    /** Counts what is placed. Threading: the encoder thread writes. */
    private static final class Placed implements PlacementSink {
        final Semaphore room = new Semaphore(AHEAD);
        final AtomicLong count = new AtomicLong();
        final AtomicReference<String> failure = new AtomicReference<>();
        private final io.qsfs.memory.Clock clock;
        volatile long lastNs;

        Placed(io.qsfs.memory.Clock clock) {
            this.clock = clock;
        }

        @Override
        public void placed(Placement placement) {
            lastNs = clock.nanoTime();
            count.incrementAndGet();
            room.release();
        }

        @Override
        public void shardPlaced(int stream, long number, Id256 sealId, int shardIndex, Id128 backend) {}

        @Override
        public void failed(int stream, long number, String reason) {
            failure.compareAndSet(null, reason);
            room.release();
        }
    }

    private Result offload(
            PipelinePlan plan,
            long durationNs,
            long spaceBytes,
            VolumeKey key,
            SampleSegments log,
            BackendSet set,
            Map<Id128, MeasuredBackend> measured) {
        SecureRandom random = new SecureRandom();
        PlacementPolicy policy =
                new PlacementPolicy(set, plan.code().k(), plan.code().n(), 0, 0, random);
        OffloadSettings settings = OffloadSettings.defaults(
                plan.code(),
                plan.segmentBytes(),
                plan.chunkBytes(),
                plan.isCompressed() ? Suite.COMPRESSION_LZ4 : Suite.COMPRESSION_NONE,
                plan.placedMin());
        Placed placed = new Placed(session.clock());
        try (Offloader offloader = new Offloader(
                settings,
                session.clock(),
                volume,
                key,
                random,
                log,
                (count, holders, excluded) -> choose(policy, measured, count, holders, excluded),
                placed)) {
            long most = Math.max(2, spaceBytes / plan.shardBytesTogether());
            long fromNs = session.clock().nanoTime();
            offloader.start();
            long fed = 0;
            for (; fed < most && session.clock().nanoTime() - fromNs < durationNs; fed++) {
                awaitRoom(placed, set);
                long from = fed * plan.segmentBytes();
                offloader.closed(new ClosedSegment(0, fed, from, from + plan.segmentBytes(), volume, 1, -1));
            }
            for (int i = 0; i < AHEAD; i++) { // until the last is placed
                awaitRoom(placed, set);
            }
            long elapsedNs = Math.max(1, placed.lastNs - fromNs);
            return result(plan, placed.count.get(), elapsedNs, log, measured);
        }
    }

    private void awaitRoom(Placed placed, BackendSet set) {
        try {
            for (int waited = 0; !placed.room.tryAcquire(1, TimeUnit.SECONDS); waited++) {
                session.stop().check();
                if (waited >= NOTHING_PLACED_S) {
                    throw new QsfsException("nothing was placed in " + NOTHING_PLACED_S + " s (" + describe(set)
                            + "): see whether the backends work.");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Stop.Stopped();
        }
        session.stop().check();
        if (placed.failure.get() != null) {
            throw new QsfsException(
                    "a segment could not be placed (" + placed.failure.get() + "): see whether the backends work.");
        }
    }

    private static String describe(BackendSet set) {
        List<String> words = new ArrayList<>();
        set.members().forEach(member -> words.add(member.spec().name() + " is " + member.word()));
        return String.join(", ", words);
    }

    private static List<Backend> choose(
            PlacementPolicy policy,
            Map<Id128, MeasuredBackend> measured,
            int count,
            Set<Id128> holders,
            Set<Id128> excluded) {
        return policy.choose(count, holders, excluded).stream()
                .<Backend>map(backend -> measured.get(backend.id()))
                .toList();
    }

    private static Result result(
            PipelinePlan plan,
            long segments,
            long elapsedNs,
            SampleSegments log,
            Map<Id128, MeasuredBackend> measured) {
        SampleSegments.Seen seen = log.seen();
        double reading = Math.min(1, (double) seen.readNs() / elapsedNs);
        double sealing = Math.min(1 - reading, (double) seen.sealNs() / elapsedNs);
        List<StageShare> stages = new ArrayList<>();
        stages.add(new StageShare("read the log", reading, 0, 1 - reading, "segments always wait"));
        stages.add(new StageShare(
                "seal and code", sealing, reading, Math.max(0, 1 - reading - sealing), "one encoder thread"));
        Map<String, MeasuredBackend.Seen> backends = new HashMap<>();
        for (MeasuredBackend backend : measured.values()) {
            MeasuredBackend.Seen of = backend.seen();
            backends.put(backend.name(), of);
            double busy = Math.min(1, (double) of.busyNs() / elapsedNs);
            stages.add(new StageShare(
                    "to " + backend.name(),
                    busy,
                    1 - busy,
                    0,
                    of.puts() == 0
                            ? "no shard"
                            : "a shard in " + Format.milliseconds(of.meanMs()) + ", "
                                    + Format.number(of.bytes() * 1e3 / elapsedNs) + " MB/s"));
        }
        return new Result(
                segments * plan.segmentBytes() * 1e3 / elapsedNs, segments * 1e9 / elapsedNs, stages, backends);
    }
}
