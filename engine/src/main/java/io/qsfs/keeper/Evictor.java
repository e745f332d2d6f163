package io.qsfs.keeper;

import io.qsfs.index.Placement;
import io.qsfs.memory.Clock;
import io.qsfs.offload.Safety;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.agrona.concurrent.Agent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the log's files below the cache limit, and room on their disk: removes whole files of segments that are placed durably
 * and safely, data first, oldest use first; metadata only when a durable local checkpoint is newer.
 *
 * <p>Threading: {@link #doWork} on the keeper thread; {@link #evictAll}, {@link #cacheLimit}, {@link #outlook} and the
 * counters from any thread.
 */
public final class Evictor implements Agent {
    private static final Logger LOG = LoggerFactory.getLogger(Evictor.class);

    private static final int STREAM_DATA = 0;
    private static final int STREAM_META = 1;
    private static final int STEPS_PER_CYCLE_MAX = 16;
    /** How long nothing is looked for after a look in vain. */
    private static final long PAUSE_NS = 500_000_000L;
    /** How long shards that are being read back are given to answer before the next look, and content to come after one with success. */
    private static final long LOOKING_NS = 20_000_000L;

    private final Clock clock;
    private final LocalSegments segments;
    private final EvictionSource source;
    private final Safety safety;
    private final LongSupplier diskShortBytes;

    private final AtomicLong evictedSegments = new AtomicLong();
    private final AtomicLong evictedBytes = new AtomicLong();
    private final ConcurrentLinkedQueue<EvictAll> requests = new ConcurrentLinkedQueue<>();
    private volatile long cacheLimitBytes;
    private volatile Outlook outlook = Outlook.GOING;

    // The keeper thread's.
    private final ArrayDeque<LocalSegments.Local> plan = new ArrayDeque<>();
    private EvictAll everything;
    private long planAgainNs;
    /** What the disk was short of at the last look, less what went since. */
    private long shortBytes;

    private int gone;
    private int notPlaced;
    private int notSafe;
    /** Of segments whose shards are being read back. */
    private long lookingBytes;
    /** Segments whose shards are being read back, or will be after a grace. */
    private int notKnown;

    private int notCheckpointed;

    /** Somebody wants everything evicted that may be. */
    private static final class EvictAll {
        final CompletableFuture<EvictionReport> done = new CompletableFuture<>();
        final long untilNs;
        long segments;
        long bytes;

        EvictAll(long untilNs) {
            this.untilNs = untilNs;
        }
    }

    /**
     * @param cacheLimitBytes how much the log's files may take on the disk.
     * @param diskShortBytes  how much must go for want of room on the disk, whatever the limit; asked on the keeper thread.
     */
    public Evictor(
            Clock clock,
            LocalSegments segments,
            EvictionSource source,
            Safety safety,
            long cacheLimitBytes,
            LongSupplier diskShortBytes) {
        this.clock = clock;
        this.segments = segments;
        this.source = source;
        this.safety = safety;
        this.diskShortBytes = diskShortBytes;
        this.cacheLimitBytes = cacheLimitBytes;
        planAgainNs = clock.nanoTime();
    }

    /** Sets the limit. */
    public void cacheLimit(long bytes) {
        cacheLimitBytes = bytes;
    }

    /** The limit in bytes. */
    public long cacheLimit() {
        return cacheLimitBytes;
    }

    /** What whoever needs room on the disk may expect. */
    public Outlook outlook() {
        return outlook;
    }

    /** Segments evicted since the start. */
    public long evictedSegments() {
        return evictedSegments.get();
    }

    /** Their bytes. */
    public long evictedBytes() {
        return evictedBytes.get();
    }

    /**
     * Evicts everything that may be, waiting up to {@code waitNs} for shards on buffered backends to be read back.
     *
     * @return completed on the keeper thread; {@link Keeper#wake} makes it begin at once.
     */
    public CompletableFuture<EvictionReport> evictAll(long waitNs) {
        EvictAll request = new EvictAll(clock.nanoTime() + waitNs);
        requests.add(request);
        return request.done;
    }

    @Override
    public String roleName() {
        return "evictor";
    }

    @Override
    public int doWork() {
        long nowNs = clock.nanoTime();
        if (everything == null) {
            everything = requests.poll();
            if (everything != null) {
                plan.clear();
                planAgainNs = nowNs;
            }
        }
        if (plan.isEmpty()) {
            shortBytes = diskShortBytes.getAsLong();
            if (shortBytes == 0) {
                outlook = Outlook.GOING;
            }
            boolean isDue = everything != null || segments.bytes() > cacheLimitBytes || shortBytes > 0;
            if (!isDue || nowNs - planAgainNs < 0) {
                return 0;
            }
            makePlan();
        }
        int work = 0;
        while (!plan.isEmpty() && work < STEPS_PER_CYCLE_MAX) {
            if (everything == null && isEnough()) {
                plan.clear();
                break;
            }
            step(plan.poll());
            work++;
        }
        if (plan.isEmpty()) {
            endOfPlan(nowNs);
        }
        return work;
    }

    private boolean isEnough() {
        return segments.bytes() - lookingBytes <= cacheLimitBytes && shortBytes - lookingBytes <= 0;
    }

    private void makePlan() {
        gone = 0;
        notPlaced = 0;
        notSafe = 0;
        lookingBytes = 0;
        notKnown = 0;
        notCheckpointed = 0;
        for (int stream = STREAM_DATA; stream <= STREAM_META; stream++) {
            List<LocalSegments.Local> closed = new ArrayList<>(segments.closed(stream));
            closed.sort(Comparator.comparingLong(LocalSegments.Local::lastUsedNs)
                    .thenComparingLong(LocalSegments.Local::number));
            plan.addAll(closed);
        }
    }

    private void step(LocalSegments.Local local) {
        Placement placement = source.durablePlacement(local.stream(), local.number());
        if (placement == null || (local.toPosition() >= 0 && placement.toPosition() < local.toPosition())) {
            notPlaced++;
        } else if (local.stream() == STREAM_META && placement.toPosition() > source.checkpointPosition()) {
            notCheckpointed++;
        } else if (!isSafe(placement, local)) {
            notSafe++;
        } else if (segments.evict(local.stream(), local.number())) {
            safety.forget(placement);
            gone++;
            shortBytes -= local.bytes();
            evictedSegments.incrementAndGet();
            evictedBytes.addAndGet(local.bytes());
            if (everything != null) {
                everything.segments++;
                everything.bytes += local.bytes();
            }
        }
    }

    private boolean isSafe(Placement placement, LocalSegments.Local local) {
        Safety.Verdict verdict = safety.judge(placement);
        lookingBytes += verdict == Safety.Verdict.LOOKING ? local.bytes() : 0;
        notKnown += verdict == Safety.Verdict.LOOKING || verdict == Safety.Verdict.WAITING ? 1 : 0;
        return verdict == Safety.Verdict.SAFE;
    }

    private void endOfPlan(long nowNs) {
        planAgainNs = nowNs + (lookingBytes > 0 || gone > 0 ? LOOKING_NS : PAUSE_NS);
        outlook = gone > 0 ? Outlook.GOING : notPlaced + notKnown > 0 ? Outlook.LATER : Outlook.HOPELESS;
        if (everything == null) {
            return;
        }
        if (notKnown > 0 && nowNs - everything.untilNs < 0) {
            return; // some of them are being read back
        }
        EvictionReport report = new EvictionReport(
                everything.segments, everything.bytes, segments.bytes(), notPlaced, notSafe, notCheckpointed);
        LOG.debug("{}", report);
        everything.done.complete(report);
        everything = null;
    }

    @Override
    public void onClose() {
        EvictAll request = everything != null ? everything : requests.poll();
        while (request != null) {
            request.done.cancel(false);
            request = requests.poll();
        }
    }
}
