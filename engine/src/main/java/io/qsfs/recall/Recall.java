package io.qsfs.recall;

import io.qsfs.backend.Backend;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.index.Placement;
import io.qsfs.keys.VolumeKey;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Seldom;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives back chunks of data segments whose local bytes are gone: from the recall cache at once, from the backends
 * later. Requests for the same chunk are one fetch.
 *
 * <p>Threading: {@link #tryPin}, {@link #request}, {@link #unpin} and the accessors of slots from any thread, none of
 * them blocks; everything else belongs to the thread {@code recall}, on which waiters are called. A test calls {@link
 * #doWork} instead of {@link #start}.
 */
public final class Recall implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Recall.class);

    private static final int MESSAGES_PER_CYCLE_MAX = 256;
    private static final long IDLE_NS = 60_000_000_000L;
    private static final long FAILURE_PAUSE_NS = 100_000_000L;
    private static final int STREAM_DATA = 0;

    private final RecallSettings settings;
    private final Clock clock;
    private final Id128 volumeId;
    private final PlacementSource placements;
    private final RecallCache cache;
    private final RecallCounters counters;
    private final ChunkFetcher fetcher;
    private final ChunkCodec codec;
    private final Inbox<Runnable> inbox = new Inbox<>();
    private final AtomicInteger requests = new AtomicInteger();

    // The recall thread's.
    /** Buffers that are lent to backends: closed only when none is. */
    private final Arena arena = Arena.ofShared();

    private final Map<ChunkKey, Wanted> wanted = new HashMap<>();
    private final ArrayDeque<Wanted> queue = new ArrayDeque<>();
    private int slotTaken = RecallCache.NONE;
    private final Seldom unplacedWarnings;

    private volatile boolean isClosing;
    private volatile boolean isSlotFree;
    private Thread thread;

    private record ChunkKey(long segment, int chunk) {}

    /** A chunk that somebody waits for. */
    private static final class Wanted {
        final ChunkKey key;
        final long deadlineNs;
        final List<ChunkWaiter> waiters = new ArrayList<>(1);

        Wanted(ChunkKey key, long deadlineNs) {
            this.key = key;
            this.deadlineNs = deadlineNs;
        }
    }

    /**
     * Makes the cache file and the buffers.
     *
     * @param volumeKey borrowed for this object's life.
     * @param backends  all backends of the volume, identified; they outlive this object.
     */
    public Recall(
            RecallSettings settings,
            Clock clock,
            Id128 volumeId,
            VolumeKey volumeKey,
            PlacementSource placements,
            Collection<? extends Backend> backends) {
        this(
                settings,
                clock,
                volumeId,
                placements,
                new BackendAccess(backends),
                new SealedChunkCodec(volumeKey, settings.slotBytes()));
    }

    Recall(
            RecallSettings settings,
            Clock clock,
            Id128 volumeId,
            PlacementSource placements,
            ShardAccess access,
            ChunkCodec codec) {
        this.settings = settings;
        this.clock = clock;
        this.unplacedWarnings = new Seldom(clock);
        this.volumeId = volumeId;
        this.placements = placements;
        this.codec = codec;
        counters = new RecallCounters();
        cache = new RecallCache(settings.cacheFile(), settings.slotBytes(), settings.slotCount());
        cache.onSlotFree(() -> {
            isSlotFree = true;
            inbox.wake();
        });
        fetcher = new ChunkFetcher(settings.fetch(), clock, arena, access, codec, new Sink(), counters, inbox);
    }

    /** Starts the thread. */
    public void start() {
        thread = new Thread(this::run, "recall");
        thread.start();
    }

    /** Pins the slot that holds the chunk, or -1: then {@link #request} it. Allocates nothing. */
    public int tryPin(long segment, int chunk) {
        return cache.tryPin(segment, chunk);
    }

    /**
     * Asks for a chunk.
     *
     * @param waiter called once; null only to have the chunk in the cache.
     */
    public void request(long segment, int chunk, ChunkWaiter waiter) {
        if (isClosing) {
            answer(waiter, segment, chunk, RecallCache.NONE, Linux.ESHUTDOWN);
            return;
        }
        if (requests.incrementAndGet() > settings.requestsMax()) {
            requests.decrementAndGet();
            LOG.error(
                    "Chunk {} of data segment {}: more than {} reads wait for backends.",
                    chunk,
                    segment,
                    settings.requestsMax());
            answer(waiter, segment, chunk, RecallCache.NONE, Linux.EIO);
            return;
        }
        long deadlineNs = clock.nanoTime() + settings.recallTimeoutNs();
        inbox.send(() -> onRequest(new ChunkKey(segment, chunk), waiter, deadlineNs));
    }

    /** Gives a pin back. */
    public void unpin(int slot) {
        cache.unpin(slot);
    }

    /** The cache file. */
    public int fd() {
        return cache.fd();
    }

    /** Where the slot's chunk begins in the cache file. */
    public long slotFileOffset(int slot) {
        return cache.fileOffset(slot);
    }

    /** Where the chunk of a pinned slot begins in the read-only mapping of the cache file: for {@code writev} alone. */
    public long slotAddress(int slot) {
        return cache.address(slot);
    }

    /** Bytes of the chunk in a pinned slot. */
    public int slotLength(int slot) {
        return cache.length(slot);
    }

    /** For status. */
    public RecallCounters counters() {
        return counters;
    }

    /** Bytes that the cache file takes. */
    public long cacheBytes() {
        return (long) cache.slotBytes() * cache.slotCount();
    }

    /** Bytes of its slots that hold a chunk. */
    public long usedBytes() {
        return (long) cache.slotBytes() * cache.usedSlots();
    }

    /** Slots that readers hold. */
    public long pinnedSlots() {
        return cache.pinnedSlots();
    }

    private void run() {
        while (!isClosing) {
            try {
                if (doWork() == 0) {
                    inbox.await(Math.min(IDLE_NS, fetcher.nextWorkNs(clock.nanoTime())));
                }
            } catch (RuntimeException | AssertionError e) { // a bug; who waits gets an error at the deadline
                LOG.error("recall has failed and goes on", e);
                inbox.await(FAILURE_PAUSE_NS);
            }
        }
        fetcher.failAll(Linux.ESHUTDOWN, "closing");
        for (Wanted waiting : List.copyOf(wanted.values())) {
            finish(waiting, RecallCache.NONE, Linux.ESHUTDOWN);
        }
        queue.clear();
        long giveUpNs = clock.nanoTime() + 2 * settings.fetch().readTimeoutNs();
        while (fetcher.lent() > 0 && clock.nanoTime() - giveUpNs < 0) {
            drain();
            inbox.await(10_000_000L);
        }
        if (fetcher.lent() > 0) {
            LOG.warn("{} reads of backends did not come back.", fetcher.lent());
        }
        drain();
    }

    /** One round of work; 0 when there was none. */
    int doWork() {
        int work = drain();
        if (isSlotFree) {
            isSlotFree = false;
            fetcher.lookAtAll(clock.nanoTime());
        }
        work += startQueued();
        work += fetcher.doWork(clock.nanoTime());
        work += startQueued();
        return work;
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

    /** Nanoseconds until {@link #doWork} is due without a message. */
    long nextWorkNs() {
        return fetcher.nextWorkNs(clock.nanoTime());
    }

    private void onRequest(ChunkKey key, ChunkWaiter waiter, long deadlineNs) {
        requests.decrementAndGet();
        if (isClosing) {
            answer(waiter, key.segment(), key.chunk(), RecallCache.NONE, Linux.ESHUTDOWN);
            return;
        }
        int slot = cache.pinExactly(key.segment(), key.chunk(), waiter == null ? 0 : 1);
        if (slot != RecallCache.NONE) {
            answer(waiter, key.segment(), key.chunk(), slot, 0);
            return;
        }
        Wanted waiting = wanted.get(key);
        if (waiting == null) {
            waiting = new Wanted(key, deadlineNs);
            wanted.put(key, waiting);
            queue.add(waiting);
        }
        if (waiter != null) {
            requests.incrementAndGet(); // it waits still
            waiting.waiters.add(waiter);
        }
    }

    private int startQueued() {
        int work = 0;
        long nowNs = clock.nanoTime();
        while (!queue.isEmpty() && (fetcher.hasRoom() || nowNs - queue.peek().deadlineNs >= 0)) {
            Wanted waiting = queue.poll();
            work++;
            if (nowNs - waiting.deadlineNs >= 0) {
                fail(
                        waiting,
                        Linux.EIO,
                        "chunk " + waiting.key.chunk() + " of data segment " + waiting.key.segment()
                                + " cannot be read: the deadline passed while other reads were waited for");
                continue;
            }
            ShardSet set = locate(waiting.key.segment());
            if (set == null) {
                refuseUnplaced(waiting);
                continue;
            }
            String refusal = fetcher.start(set, waiting.key.chunk(), waiting, waiting.deadlineNs);
            if (refusal != null) {
                fail(waiting, Linux.EIO, refusal);
            }
        }
        return work;
    }

    /** The shards of a segment, asked again for each chunk: a shard may have moved. */
    private ShardSet locate(long segment) {
        Placement placement = placements.placement(STREAM_DATA, segment);
        return placement == null ? null : ShardSet.of(volumeId, placement);
    }

    /** Its local bytes are gone or rotten, which whoever checked them has said, and there are no others. */
    private void refuseUnplaced(Wanted waiting) {
        long segment = waiting.key.segment();
        if (unplacedWarnings.isDue(segment)) {
            LOG.error("EIO: bytes of data segment {} are not sound here, and it lies on no backend.", segment);
        }
        finish(waiting, RecallCache.NONE, Linux.EIO);
    }

    private void fail(Wanted waiting, int errno, String reason) {
        LOG.error("EIO: {}.", reason);
        finish(waiting, RecallCache.NONE, errno);
    }

    /** Answers everybody who waits for a chunk. The slot is pinned once for each of them. */
    private void finish(Wanted waiting, int slot, int errno) {
        wanted.remove(waiting.key);
        requests.addAndGet(-waiting.waiters.size());
        for (ChunkWaiter waiter : waiting.waiters) {
            answer(waiter, waiting.key.segment(), waiting.key.chunk(), slot, errno);
        }
    }

    private void answer(ChunkWaiter waiter, long segment, int chunk, int slot, int errno) {
        if (waiter == null) {
            return;
        }
        try {
            waiter.onChunk(segment, chunk, slot, errno);
        } catch (RuntimeException | AssertionError e) {
            LOG.error("A waiter failed for chunk {} of data segment {}.", chunk, segment, e);
        }
    }

    private final class Sink implements FetchSink {
        @Override
        public boolean isReady(Object tag) {
            if (slotTaken == RecallCache.NONE) {
                slotTaken = cache.take();
            }
            return slotTaken != RecallCache.NONE;
        }

        @Override
        public void onPlain(Object tag, MemorySegment plain, int length) {
            Wanted waiting = (Wanted) tag;
            int slot = slotTaken;
            slotTaken = RecallCache.NONE;
            int errno = cache.write(slot, plain, 0, length);
            if (errno != 0) {
                cache.giveBack(slot);
                fail(
                        waiting,
                        Linux.EIO,
                        "chunk " + waiting.key.chunk() + " of data segment " + waiting.key.segment()
                                + " was fetched, but the recall cache cannot be written: errno=" + errno);
                return;
            }
            cache.publish(slot, waiting.key.segment(), waiting.key.chunk(), length, waiting.waiters.size());
            finish(waiting, slot, 0);
        }

        @Override
        public void onFailed(Object tag, int errno, String reason) {
            if (errno == Linux.ESHUTDOWN) {
                finish((Wanted) tag, RecallCache.NONE, errno);
            } else {
                fail((Wanted) tag, errno, reason);
            }
        }
    }

    /** Ends the thread. Waiting requests get ESHUTDOWN. Nobody may use slots afterwards. */
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
        while (drain() > 0) { // who asked while the thread ended
            Thread.onSpinWait();
        }
        codec.close();
        cache.close();
        if (fetcher.lent() == 0) {
            arena.close();
        }
    }
}
