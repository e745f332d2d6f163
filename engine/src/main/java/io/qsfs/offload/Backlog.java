package io.qsfs.offload;

import io.qsfs.memory.Clock;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * What is closed and not placed, for status, flush and umount.
 *
 * <p>Threading: any thread reads and waits; the closing thread adds, the encoder thread takes away.
 */
public final class Backlog {
    private static final long LOOK_NS = 20_000_000L;
    private static final long RATE_WINDOW_NS = 2_000_000_000L;

    private final Clock clock;
    private final ConcurrentSkipListMap<ClosedSegment, Waiting> pending = new ConcurrentSkipListMap<>();
    private final AtomicLong pendingBytes = new AtomicLong();
    private final AtomicLong placedSegments = new AtomicLong();
    private final AtomicLong placedBytes = new AtomicLong();
    private final AtomicLong shardBytes = new AtomicLong();
    private final AtomicLong uncheckedSegments = new AtomicLong();

    private volatile long progressNs;
    private volatile long bytesPerSecond;
    private long windowFromNs;
    private long windowBytes;

    /** How waiting ended. */
    public enum Outcome {
        /** All of it is placed. */
        PLACED,
        /** Nothing has moved for as long as the caller was patient. */
        STALLED,
        /** What is left will not be placed: see {@link #waiting}. */
        FAILED
    }

    /** Told now and then while somebody waits. */
    public interface Progress {
        /** @return false to stop waiting. */
        boolean onProgress(long segmentsLeft, long bytesLeft, long bytesPerSecond);

        /** Bytes that have left for backends so far, acknowledged or not: a shard on a slow way counts as it goes. */
        default long bytesMoved() {
            return 0;
        }
    }

    Backlog(Clock clock) {
        this.clock = clock;
        progressNs = clock.nanoTime();
        windowFromNs = progressNs;
    }

    /** Closed segments that are not placed. */
    public int segments() {
        return pending.size();
    }

    /** Their bytes. */
    public long bytes() {
        return pendingBytes.get();
    }

    /** Segments placed since the start. */
    public long placedSegments() {
        return placedSegments.get();
    }

    /** Their bytes. */
    public long placedBytes() {
        return placedBytes.get();
    }

    /** Bytes of shards that backends acknowledged. */
    public long shardBytes() {
        return shardBytes.get();
    }

    /** Data segments that were sealed without a range table to check them by. */
    public long uncheckedSegments() {
        return uncheckedSegments.get();
    }

    /** Bytes of segments placed a second, over the last seconds; 0 when nothing moves. */
    public long bytesPerSecond() {
        return clock.nanoTime() - progressNs > 2 * RATE_WINDOW_NS ? 0 : bytesPerSecond;
    }

    /**
     * A closed segment that is not placed.
     *
     * @param reason why placing it has failed for good; empty while it is on its way.
     * @param shards acknowledged shards that it has.
     */
    public record Waiting(ClosedSegment segment, String reason, int shards) {
        @Override
        public String toString() {
            return reason.isEmpty() ? segment.toString() : segment + ": " + reason;
        }
    }

    /** Closed segments that are not placed, data first, by number. */
    public List<Waiting> waiting() {
        return List.copyOf(pending.values());
    }

    /** True when no closed segment with a number up to these is waiting. */
    public boolean isPlaced(long dataNumber, long metaNumber) {
        return look(dataNumber, metaNumber) == Outcome.PLACED;
    }

    /** PLACED: none is left. FAILED: only such that will not be placed. STALLED: some are on their way. */
    private Outcome look(long dataNumber, long metaNumber) {
        Outcome outcome = Outcome.PLACED;
        for (var entry : pending.entrySet()) {
            ClosedSegment segment = entry.getKey();
            if (segment.number() <= (segment.stream() == 0 ? dataNumber : metaNumber)) {
                if (entry.getValue().reason().isEmpty()) {
                    return Outcome.STALLED;
                }
                outcome = Outcome.FAILED;
            }
        }
        return outcome;
    }

    /**
     * Waits until the segments up to these numbers are placed. For threads that may block.
     *
     * @param stallNs how long nothing may move: no segment, no shard, no byte of one.
     */
    public Outcome await(long dataNumber, long metaNumber, long stallNs, Progress progress) {
        long fromNs = clock.nanoTime();
        long moved = progress.bytesMoved();
        Outcome outcome = look(dataNumber, metaNumber);
        while (outcome == Outcome.STALLED) {
            if (!progress.onProgress(segments(), bytes(), bytesPerSecond())) {
                return Outcome.STALLED;
            }
            long nowNs = clock.nanoTime();
            if (progress.bytesMoved() != moved) {
                moved = progress.bytesMoved();
                fromNs = nowNs;
            }
            if (nowNs - fromNs >= stallNs && nowNs - progressNs >= stallNs) {
                return Outcome.STALLED;
            }
            LockSupport.parkNanos(this, LOOK_NS);
            outcome = look(dataNumber, metaNumber);
        }
        return outcome;
    }

    /** False when it is there already. */
    boolean add(ClosedSegment segment) {
        if (pending.putIfAbsent(segment, new Waiting(segment, "", 0)) != null) {
            return false;
        }
        pendingBytes.addAndGet(segment.bytes());
        return true;
    }

    void fail(ClosedSegment segment, String reason) {
        pending.computeIfPresent(segment, (key, waiting) -> new Waiting(key, reason, waiting.shards()));
    }

    /** So many shards of the segment's sealing are acknowledged. */
    void acknowledged(ClosedSegment segment, int shards) {
        pending.computeIfPresent(segment, (key, waiting) -> new Waiting(key, waiting.reason(), shards));
    }

    void addUnchecked() {
        uncheckedSegments.incrementAndGet();
    }

    void addShard(long bytes) {
        shardBytes.addAndGet(bytes);
        progressNs = clock.nanoTime();
    }

    void remove(ClosedSegment segment) {
        if (pending.remove(segment) != null) {
            pendingBytes.addAndGet(-segment.bytes());
            placedSegments.incrementAndGet();
            placedBytes.addAndGet(segment.bytes());
            measure(segment.bytes());
        }
    }

    private void measure(long bytes) {
        long nowNs = clock.nanoTime();
        progressNs = nowNs;
        windowBytes += bytes;
        long elapsed = nowNs - windowFromNs;
        if (elapsed >= RATE_WINDOW_NS) {
            bytesPerSecond = (long) (windowBytes * 1e9 / elapsed);
            windowFromNs = nowNs;
            windowBytes = 0;
        } else if (bytesPerSecond == 0 && elapsed > 0) {
            bytesPerSecond = (long) (windowBytes * 1e9 / Math.max(elapsed, 100_000_000L));
        }
    }
}
