package io.qsfs.recall;

import io.qsfs.backend.BackendError;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.codec.ShardHeader;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Reads sealed segments, chunk tables and shard headers for a caller that waits: recovery and the rebuilding of an
 * index.
 *
 * <p>Threading: one thread, which blocks until the outcome or the deadline.
 */
final class SegmentReader implements AutoCloseable {
    private static final long STEP_NS = 1_000_000_000L;

    private final FetchSettings settings;
    private final Clock clock;
    private final Arena arena;
    private final ShardAccess access;
    private final ChunkCodec codec;
    private final long timeoutNs;
    private final Inbox<Runnable> inbox = new Inbox<>();
    private final ChunkFetcher fetcher;

    private MemorySegment target;
    private ShardSet set;
    private int left;
    private String failure;
    private int headersLent;

    /** @param arena lives until {@link #isAnythingLent} says no. */
    SegmentReader(
            FetchSettings settings,
            Clock clock,
            Arena arena,
            ShardAccess access,
            ChunkCodec codec,
            long timeoutNs,
            RecallCounters counters) {
        this.settings = settings;
        this.clock = clock;
        this.arena = arena;
        this.access = access;
        this.codec = codec;
        this.timeoutNs = timeoutNs;
        fetcher = new ChunkFetcher(settings, clock, arena, access, codec, new Sink(), counters, inbox);
    }

    /** A chunk on its way. */
    private record Target(int chunk, long offset) {}

    /** Reads all chunks; null, or why that failed. {@code dst} has room for the plain bytes of the segment. */
    String readAll(ShardSet set, MemorySegment dst) {
        return read(set, dst, 0, set.chunkCount());
    }

    /** Reads one chunk, or {@link ShardSet#TABLE}, to the beginning of {@code dst}; null, or why that failed. */
    String readOne(ShardSet set, int chunk, MemorySegment dst) {
        return read(set, dst, chunk, chunk + 1);
    }

    private String read(ShardSet set, MemorySegment dst, int from, int to) {
        this.set = set;
        target = dst;
        failure = null;
        left = to - from;
        int next = from;
        long deadlineNs = clock.nanoTime() + timeoutNs;
        while (left > 0 && failure == null) {
            while (next < to && fetcher.hasRoom() && failure == null) {
                long offset = (long) (next - from) * set.chunkBytes();
                failure = fetcher.start(set, next, new Target(next, offset), deadlineNs);
                next++;
            }
            pump();
        }
        if (failure != null) {
            fetcher.failAll(Linux.ECANCELED, "");
        }
        target = null;
        return failure;
    }

    /** The header of one shard, or null when it cannot be had or is not the one that the name promises. */
    ShardHeader readHeader(Id128 backend, String object) {
        MemorySegment buffer = arena.allocate(ShardHeader.BYTES, 64);
        BackendError[] outcome = new BackendError[1];
        long deadlineNs = clock.nanoTime() + settings.readTimeoutNs();
        headersLent++;
        access.getRange(
                backend,
                object,
                0,
                buffer,
                deadlineNs,
                (value, error, detail) -> inbox.send(() -> {
                    outcome[0] = error;
                    headersLent--;
                }));
        // The completion is bound to the same deadline; this one is for a backend that breaks its word.
        long giveUpNs = deadlineNs + settings.readTimeoutNs();
        while (outcome[0] == null && clock.nanoTime() - giveUpNs < 0) {
            pump();
        }
        if (outcome[0] != BackendError.NONE) {
            return null;
        }
        ShardHeader header = ShardHeader.read(buffer, 0);
        return header != null && header.name().format().equals(object) ? header : null;
    }

    /** Runs messages until {@code isDone} or a time in the future; for callers who wait for something of their own. */
    void pumpUntil(java.util.function.BooleanSupplier isDone, long untilNs) {
        while (!isDone.getAsBoolean() && clock.nanoTime() - untilNs < 0) {
            pump();
        }
    }

    Inbox<Runnable> inbox() {
        return inbox;
    }

    private void pump() {
        Runnable message = inbox.poll();
        if (message == null && fetcher.doWork(clock.nanoTime()) == 0) {
            inbox.await(Math.min(STEP_NS, fetcher.nextWorkNs(clock.nanoTime())));
            message = inbox.poll();
        }
        while (message != null) {
            message.run();
            message = inbox.poll();
        }
        fetcher.doWork(clock.nanoTime());
    }

    boolean isAnythingLent() {
        return fetcher.lent() + headersLent > 0;
    }

    /** Waits for what backends hold, as long as their deadlines allow. */
    @Override
    public void close() {
        long giveUpNs = clock.nanoTime() + 2 * settings.readTimeoutNs();
        while (isAnythingLent() && clock.nanoTime() - giveUpNs < 0) {
            pump();
        }
        codec.close();
    }

    private final class Sink implements FetchSink {
        @Override
        public boolean isReady(Object tag) {
            return true;
        }

        @Override
        public void onPlain(Object tag, MemorySegment plain, int length) {
            if (target != null && failure == null) {
                MemorySegment.copy(plain, 0, target, ((Target) tag).offset(), length);
                left--;
            }
        }

        @Override
        public void onFailed(Object tag, int errno, String reason) {
            if (errno != Linux.ECANCELED && failure == null) {
                failure = reason;
            }
        }
    }
}
