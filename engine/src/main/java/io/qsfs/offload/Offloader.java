package io.qsfs.offload;

import io.qsfs.bindings.linux.Errno;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.codec.RangeVerifier;
import io.qsfs.codec.SealEncoder;
import io.qsfs.codec.SealIdentity;
import io.qsfs.codec.SealKind;
import io.qsfs.codec.SealRequest;
import io.qsfs.codec.SealedSegment;
import io.qsfs.index.Placement;
import io.qsfs.keys.VolumeKey;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Failpoint;
import io.qsfs.memory.Id128;
import io.qsfs.memory.NativeBuffer;
import io.qsfs.recall.Inbox;
import io.qsfs.recall.PlacementRecord;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns closed segments into placed shards.
 *
 * <pre>
 *   closed ─▶ waiting ─(durable; of meta: its data is placed)─▶ sealed ─▶ uploading ─▶ placed
 *                                                                 ▲  too few backends │
 *                                                                 └──── pause ◀───────┘   the same sealing again
 * </pre>
 *
 * Several workspaces overlap sealing with uploading. A segment is placed when {@code placedMin} shards are
 * acknowledged and the others have answered, or are late; late shards are reported when they come, and their backend
 * gets nothing more until then.
 *
 * <p>Threading: {@link #closed}, {@link #durableAdvanced} and {@link #backlog} from any thread; all else on the
 * thread {@code encoder-0}, which never waits for the network. A test calls {@link #doWork} instead of {@link
 * #start}.
 */
public final class Offloader implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Offloader.class);

    private static final int STREAM_DATA = 0;
    private static final int STREAM_META = 1;
    private static final int MESSAGES_PER_CYCLE_MAX = 1024;
    private static final long SECOND_NS = 1_000_000_000L;
    private static final long IDLE_NS = 60 * SECOND_NS;
    private static final long UPLINK_BYTES_PER_SECOND_MIN = 256 * 1024;
    private static final long READ_RETRIES_MAX = 3;

    private final OffloadSettings settings;
    private final Clock clock;
    private final Id128 volumeId;
    private final VolumeKey volumeKey;
    private final SecureRandom random;
    private final SegmentSource source;
    private final ShardTargets targets;
    private final PlacementSink sink;
    private final Backlog backlog;
    private final Inbox<Runnable> inbox = new Inbox<>();

    // The encoder thread's.
    private final TreeMap<ClosedSegment, Job> jobs = new TreeMap<>();
    private final List<Upload> uploads = new ArrayList<>();
    private final Set<Id128> slow = new HashSet<>();
    private long highestData = -1;
    private final NativeBuffer rangeTable;
    private final RangeChecker checker;

    private String lastReasons = "";

    private volatile boolean isClosing;
    private Thread thread;

    /** A closed segment on its way. */
    private static final class Job {
        final ClosedSegment segment;
        boolean isStarted;
        boolean isFailed;
        int readFailures;
        long retryAtNs;

        Job(ClosedSegment segment, long nowNs) {
            this.segment = segment;
            retryAtNs = nowNs;
        }
    }

    /**
     * Allocates the workspaces.
     *
     * @param volumeKey borrowed for this object's life.
     */
    public Offloader(
            OffloadSettings settings,
            Clock clock,
            Id128 volumeId,
            VolumeKey volumeKey,
            SecureRandom random,
            SegmentSource source,
            ShardTargets targets,
            PlacementSink sink) {
        this.settings = settings;
        this.clock = clock;
        this.volumeId = volumeId;
        this.volumeKey = volumeKey;
        this.random = random;
        this.source = source;
        this.targets = targets;
        this.sink = sink;
        backlog = new Backlog(clock);
        rangeTable = new NativeBuffer(source.rangeTableBytesMax());
        checker = new RangeChecker(rangeTable.segment());
        for (int i = 0; i < settings.workspaces(); i++) {
            addWorkspace(false);
        }
    }

    private Upload addWorkspace(boolean isSpare) {
        SealEncoder encoder =
                new SealEncoder(settings.code(), settings.segmentBytes(), settings.chunkBytes(), volumeKey, random);
        Upload upload = new Upload(encoder, put -> inbox.send(() -> onPut(put)), isSpare);
        uploads.add(upload);
        return upload;
    }

    /** Starts the thread. */
    public void start() {
        thread = new Thread(this::run, "encoder-0");
        thread.start();
    }

    /**
     * Hands a closed segment over, each stream in the order of numbers. Of an empty segment, or one that is on its
     * way already, nothing happens. Data segments are handed over before the meta segments that refer to them.
     */
    public void closed(ClosedSegment segment) {
        if (segment.bytes() > 0 && backlog.add(segment)) {
            inbox.send(() -> take(segment));
        }
    }

    private void take(ClosedSegment segment) {
        jobs.put(segment, new Job(segment, clock.nanoTime()));
        if (segment.stream() == STREAM_DATA) {
            highestData = Math.max(highestData, segment.number());
        }
    }

    /** What is durable has grown: closed segments may have become readable. */
    public void durableAdvanced() {
        inbox.wake();
    }

    /** A backend came back: segments that wait for one try again at once. */
    public void backendsChanged() {
        inbox.send(() -> {
            for (Upload upload : uploads) {
                if (upload.isPausing) {
                    upload.retryAtNs = clock.nanoTime();
                }
            }
        });
    }

    /** What is closed and not placed. */
    public Backlog backlog() {
        return backlog;
    }

    private void run() {
        while (!isClosing) {
            try {
                if (doWork() == 0) {
                    inbox.await(Math.min(IDLE_NS, nextWorkNs()));
                }
            } catch (RuntimeException | AssertionError e) { // a bug; what is not placed stays local
                LOG.error("offloading has failed and goes on", e);
                inbox.await(settings.retryAfterMaxNs());
            }
        }
        long giveUpNs = clock.nanoTime() + settings.stragglerNs();
        while (lent() > 0 && clock.nanoTime() - giveUpNs < 0) {
            drain();
            inbox.await(10_000_000L);
        }
    }

    private int lent() {
        int lent = 0;
        for (Upload upload : uploads) {
            lent += upload.lent();
        }
        return lent;
    }

    /** One round of work; 0 when there was none. */
    int doWork() {
        int work = drain();
        long nowNs = clock.nanoTime();
        findSlow(nowNs);
        for (Upload upload : List.copyOf(uploads)) {
            work += advance(upload, nowNs);
        }
        return work + sealNext();
    }

    private int drain() {
        int work = 0;
        Runnable message;
        while (work < MESSAGES_PER_CYCLE_MAX && (message = inbox.poll()) != null) {
            message.run();
            work++;
        }
        return work;
    }

    private void findSlow(long nowNs) {
        slow.clear();
        for (Upload upload : uploads) {
            upload.collectLate(nowNs, slow);
        }
    }

    /** How long {@link #doWork} has nothing to do if no message comes, in nanoseconds. */
    long nextWorkNs() {
        long nowNs = clock.nanoTime();
        long next = IDLE_NS;
        for (Upload upload : uploads) {
            if (upload.segment() != null && !upload.isPlaced) {
                next = Math.min(next, upload.nextLookNs(nowNs, settings.stragglerNs()));
            }
        }
        for (Job job : jobs.values()) {
            if (!job.isFailed && !job.isStarted && job.retryAtNs - nowNs > 0) {
                next = Math.min(next, job.retryAtNs - nowNs);
            }
        }
        return Math.max(0, next);
    }

    /** Called through the inbox. */
    private void onPut(Upload.Put put) {
        Upload upload = put.upload;
        Failpoint.SHARD_ACKNOWLEDGED.hit();
        SealedSegment sealed = upload.sealed();
        if (upload.take(put)) {
            backlog.addShard(sealed.objectBytes());
            backlog.acknowledged(upload.segment(), upload.acknowledged());
            if (upload.isPlaced) {
                sink.shardPlaced(
                        upload.segment().stream(),
                        upload.segment().number(),
                        sealed.sealId(),
                        put.shard,
                        put.backend.id());
            }
        }
    }

    private int advance(Upload upload, long nowNs) {
        if (upload.segment() == null) {
            return 0;
        }
        if (upload.isPlaced) {
            return upload.lent() == 0 ? release(upload) : 0;
        }
        boolean hasEnough = upload.acknowledged() >= settings.placedMin();
        if (hasEnough && !upload.hasEnough) {
            upload.hasEnough = true;
            upload.enoughSinceNs = nowNs;
        }
        if (upload.isPausing) {
            if (!hasEnough && nowNs - upload.retryAtNs < 0) {
                return 0;
            }
            upload.beginRound();
        }
        int sent = upload.send(targets, slow, nowNs + putTimeoutNs(upload.sealed()));
        if (hasEnough && (upload.lent() == 0 || upload.isPatienceOver(nowNs, settings.stragglerNs()))) {
            place(upload);
            return 1;
        }
        if (!hasEnough && upload.isAllOverdue(nowNs)) {
            pause(upload, nowNs);
        }
        return sent;
    }

    /** A put may take as long as a slow uplink needs for all shards of the sealing. */
    private long putTimeoutNs(SealedSegment sealed) {
        long bytes = sealed.objectBytes() * settings.code().n();
        return settings.putTimeoutNs() + bytes / UPLINK_BYTES_PER_SECOND_MIN * SECOND_NS;
    }

    private void pause(Upload upload, long nowNs) {
        upload.isPausing = true;
        boolean isFirst = upload.retryAfterNs == 0;
        upload.retryAfterNs =
                isFirst ? settings.retryAfterNs() : Math.min(2 * upload.retryAfterNs, settings.retryAfterMaxNs());
        upload.retryAtNs = nowNs + upload.retryAfterNs;
        if (isFirst) {
            LOG.warn(
                    "{} has {} shards placed and needs {}; trying again. {}",
                    upload.segment(),
                    upload.acknowledged(),
                    settings.placedMin(),
                    upload.reasons());
        }
    }

    private void place(Upload upload) {
        ClosedSegment segment = upload.segment();
        upload.isPlaced = true;
        int owed = settings.code().n() - upload.acknowledged();
        String reasons = upload.reasons();
        if (owed > 0 && !reasons.equals(lastReasons)) { // once for each change, not for each segment
            LOG.warn("{} is placed with {} shards owed. {}", segment, owed, reasons);
        }
        lastReasons = owed > 0 ? reasons : "";
        Failpoint.SHARDS_PLACED.hit();
        sink.placed(placement(segment, upload));
        jobs.remove(segment);
        backlog.remove(segment);
        SegmentSource.LocalSegment local = source.open(segment.stream(), segment.number());
        if (local != null) {
            try (local) {
                local.dropPages();
            }
        }
        if (upload.lent() == 0) {
            release(upload);
        }
    }

    private static Placement placement(ClosedSegment segment, Upload upload) {
        SealedSegment sealed = upload.sealed();
        SealIdentity identity = sealed.identity();
        int[] stored = new int[sealed.chunkCount()];
        int[] crcs = new int[sealed.chunkCount()];
        for (int chunk = 0; chunk < stored.length; chunk++) {
            stored[chunk] = sealed.chunkStored(chunk);
            crcs[chunk] = sealed.chunkCrc(chunk);
        }
        return PlacementRecord.of(
                segment.stream(),
                identity.suite(),
                segment.number(),
                segment.mountId(),
                segment.epoch(),
                identity.sealId(),
                segment.from(),
                segment.to(),
                sealed.shardBytes(),
                sealed.header().chunkBytes(),
                stored,
                crcs,
                sealed.code().k(),
                upload.holders());
    }

    private int release(Upload upload) {
        upload.end();
        if (upload.isSpare()) {
            uploads.remove(upload);
            upload.close();
        }
        return 1;
    }

    private int sealNext() {
        Job job = nextJob();
        if (job == null) {
            return 0;
        }
        Upload upload = freeWorkspace();
        if (upload == null) {
            return 0;
        }
        try {
            job.isStarted = seal(job, upload);
        } catch (RuntimeException | AssertionError e) {
            LOG.error("{} could not be sealed", job.segment, e);
            fail(job, "it could not be sealed: " + e.getMessage());
        }
        return 1;
    }

    private Upload freeWorkspace() {
        int spares = 0;
        boolean isAllLingering = true;
        for (Upload upload : uploads) {
            if (upload.isFree()) {
                return upload;
            }
            spares += upload.isSpare() ? 1 : 0;
            isAllLingering &= upload.isLingering();
        }
        return isAllLingering && spares < settings.spares() ? addWorkspace(true) : null;
    }

    /** The oldest segment that may be sealed now, data before meta. */
    private Job nextJob() {
        long nowNs = clock.nanoTime();
        long unplacedData = Long.MAX_VALUE;
        for (Job job : jobs.values()) {
            ClosedSegment segment = job.segment;
            if (segment.stream() == STREAM_DATA) {
                unplacedData = Math.min(unplacedData, segment.number());
            }
            boolean isReady = !job.isStarted
                    && !job.isFailed
                    && nowNs - job.retryAtNs >= 0
                    && source.durable(segment.stream()) >= segment.to()
                    && (segment.stream() != STREAM_META || isDataPlaced(segment, unplacedData));
            if (isReady) {
                return job;
            }
        }
        return null;
    }

    /**
     * True when the data that a metadata segment refers to is placed. A data segment of the same mount that has not
     * been handed over yet is not: the log closes it a moment later.
     */
    private boolean isDataPlaced(ClosedSegment meta, long unplacedData) {
        long required = meta.dataRequired();
        return required < unplacedData
                && (required <= highestData || !meta.mountId().equals(source.mountId(STREAM_DATA, required)));
    }

    /** Reads and seals a segment, and sends its shards; false when that could not be. */
    private boolean seal(Job job, Upload upload) {
        ClosedSegment segment = job.segment;
        SegmentSource.LocalSegment local = source.open(segment.stream(), segment.number());
        if (local == null) {
            fail(job, "its file is gone");
            return false;
        }
        try (local) {
            boolean isChecked = segment.stream() == STREAM_DATA && hasRanges(segment, local);
            SealRequest request = new SealRequest(
                    SealKind.SEGMENT,
                    volumeId,
                    segment.stream(),
                    segment.mountId(),
                    segment.epoch(),
                    segment.number(),
                    segment.from(),
                    segment.to(),
                    settings.compression(),
                    clock.realtimeNs(),
                    isChecked ? checker : RangeVerifier.NONE);
            SealEncoder encoder = upload.encoder();
            Failpoint.SEAL_BEGUN.hit();
            int errno = encoder.encode(request, local::read);
            if (errno != 0) {
                onUnreadable(job, errno, isChecked ? checker.rot() : null);
                return false;
            }
            Failpoint.SEALED.hit();
            upload.begin(segment, encoder.sealed(), clock.nanoTime());
            backlog.acknowledged(segment, 0); // shards of another sealing do not count
        }
        advance(upload, clock.nanoTime());
        return true;
    }

    private boolean hasRanges(ClosedSegment segment, SegmentSource.LocalSegment local) {
        int errno = checker.begin(local, segment.from() - segment.from() % settings.segmentBytes());
        if (errno != 0) {
            backlog.addUnchecked();
            LOG.warn("{} has no range table to check it by ({}); it is sealed as it is.", segment, Errno.name(errno));
        }
        return errno == 0;
    }

    private void onUnreadable(Job job, int errno, String rot) {
        if (rot != null) {
            fail(job, "its local bytes are not what was written: " + rot);
        } else if (++job.readFailures > READ_RETRIES_MAX || errno == Linux.ENOENT) {
            fail(job, "it cannot be read: " + Errno.message(errno));
        } else {
            job.retryAtNs = clock.nanoTime() + settings.retryAfterMaxNs();
            LOG.warn("{} cannot be read ({}); trying again.", job.segment, Errno.message(errno));
        }
    }

    private void fail(Job job, String reason) {
        job.isFailed = true;
        LOG.error("{} is not placed: {}. It stays as it is.", job.segment, reason);
        backlog.fail(job.segment, reason);
        sink.failed(job.segment.stream(), job.segment.number(), reason);
    }

    /**
     * Ends the thread; what is not placed stays in the log. Waits a few seconds for backends that hold buffers;
     * memory that they do not give back is not freed.
     */
    @Override
    public void close() {
        isClosing = true;
        inbox.wake();
        boolean isInterrupted = false;
        while (thread != null && thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                isInterrupted = true;
            }
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
        if (lent() > 0) {
            LOG.warn("{} buffers did not come back from backends; their memory is kept.", lent());
        }
        for (Upload upload : uploads) {
            if (upload.lent() == 0) {
                upload.close();
            }
        }
        rangeTable.close();
    }
}
