package io.qsfs.keeper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.backend.BackendError;
import io.qsfs.codec.Code;
import io.qsfs.index.Placement;
import io.qsfs.memory.Id128;
import io.qsfs.offload.Safety;
import io.qsfs.recall.ManualClock;
import io.qsfs.recall.MemoryBackend;
import io.qsfs.recall.PlacementRecord;
import io.qsfs.recall.SealedFixture;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Goal: nothing goes that is not placed, durably and safely, and the cache stays within its limit. Method: files and
 * time by hand.
 */
class EvictorTest {
    private static final long SEGMENT = 1 << 20;
    private static final Id128 MOUNT = new Id128(1, 2);

    private final ManualClock clock = new ManualClock();
    private final SealedFixture volume = new SealedFixture(new Code(2, 1), SEGMENT, 64 * 1024);
    private final Files files = new Files();
    private final Map<String, Placement> durable = new HashMap<>();
    private long checkpoint;
    private long shortOf;
    private List<MemoryBackend> backends = volume.backends;

    /** Files in memory. */
    private static final class Files implements LocalSegments {
        final TreeMap<String, Local> all = new TreeMap<>();

        @Override
        public long bytes() {
            return all.values().stream().mapToLong(Local::bytes).sum();
        }

        @Override
        public List<Local> closed(int stream) {
            return all.values().stream().filter(l -> l.stream() == stream).toList();
        }

        @Override
        public boolean evict(int stream, long number) {
            return all.remove(stream + "-" + number) != null;
        }
    }

    private Evictor evictor(long limit) {
        EvictionSource source = new EvictionSource() {
            @Override
            public Placement durablePlacement(int stream, long number) {
                return durable.get(stream + "-" + number);
            }

            @Override
            public long checkpointPosition() {
                return checkpoint;
            }
        };
        return new Evictor(clock, files, source, new Safety(clock, this::answering), limit, () -> shortOf);
    }

    private List<MemoryBackend> answering() {
        return backends.stream()
                .filter(backend -> backend.fault == BackendError.NONE)
                .toList();
    }

    @AfterEach
    void close() {
        volume.close();
    }

    private void add(int stream, long number, long usedNs, boolean isPlaced) {
        long to = number * SEGMENT + 1000;
        files.all.put(stream + "-" + number, new LocalSegments.Local(stream, number, to, 100, usedNs));
        if (isPlaced) {
            durable.put(stream + "-" + number, volume.seal(stream, number, MOUNT, 1, new byte[1000]));
        }
    }

    private static void crank(Evictor evictor) {
        while (evictor.doWork() > 0) {}
    }

    @Test
    void shouldEvictTheOldestUseFirstUntilTheLimit() {
        add(0, 0, 500, true);
        add(0, 1, 100, true);
        add(0, 2, 300, true);
        add(0, 3, 200, false);
        Evictor evictor = evictor(200);
        crank(evictor);
        assertEquals(List.of("0-0", "0-3"), new ArrayList<>(files.all.keySet()));
        assertEquals(2, evictor.evictedSegments());
        assertEquals(200, evictor.evictedBytes());
        add(0, 4, 900, true);
        clock.advance(1_000_000_000L);
        crank(evictor);
        assertEquals(List.of("0-3", "0-4"), new ArrayList<>(files.all.keySet()));
    }

    @Test
    void shouldMakeRoomOnTheDiskBelowTheLimit() {
        add(0, 0, 500, true);
        add(0, 1, 100, true);
        add(0, 2, 300, false);
        Evictor evictor = evictor(Long.MAX_VALUE);
        crank(evictor);
        assertEquals(3, files.all.size());
        shortOf = 100;
        clock.advance(1_000_000_000L);
        evictor.doWork();
        assertEquals(List.of("0-0", "0-2"), new ArrayList<>(files.all.keySet()));
        assertEquals(Outlook.GOING, evictor.outlook());
        clock.advance(1_000_000_000L);
        crank(evictor);
        clock.advance(1_000_000_000L);
        crank(evictor);
        assertEquals(List.of("0-2"), new ArrayList<>(files.all.keySet()));
        assertEquals(Outlook.LATER, evictor.outlook());
        files.all.clear();
        clock.advance(1_000_000_000L);
        crank(evictor);
        assertEquals(Outlook.HOPELESS, evictor.outlook());
        shortOf = 0;
        crank(evictor);
        assertEquals(Outlook.GOING, evictor.outlook());
    }

    @Test
    void shouldLeaveWhatIsNotPlacedWhateverTheLimit() {
        add(0, 0, 1, false);
        add(0, 1, 2, false);
        crank(evictor(0));
        assertEquals(2, files.all.size());
    }

    @Test
    void shouldNotEvictWhatAShorterSealingIsPlacedOf() {
        add(0, 0, 1, true);
        files.all.put("0-0", new LocalSegments.Local(0, 0, 1001, 100, 1));
        crank(evictor(0));
        assertEquals(1, files.all.size());
    }

    @Test
    void shouldEvictMetadataBelowTheCheckpointOnly() {
        add(1, 0, 1, true);
        add(1, 1, 2, true);
        checkpoint = SEGMENT + 999;
        Evictor evictor = evictor(0);
        crank(evictor);
        assertEquals(List.of("1-1"), new ArrayList<>(files.all.keySet()));
    }

    @Test
    void shouldEvictEverythingOnRequestAndReportTheRest() {
        add(0, 0, 1, true);
        add(0, 1, 2, false);
        add(1, 0, 3, true);
        Evictor evictor = evictor(1 << 20);
        crank(evictor);
        assertEquals(3, files.all.size());
        CompletableFuture<EvictionReport> report = evictor.evictAll(0);
        crank(evictor);
        assertEquals(new EvictionReport(1, 100, 200, 1, 0, 1), report.getNow(null));
        CompletableFuture<EvictionReport> never = evictor.evictAll(0);
        evictor.onClose();
        assertTrue(never.isCancelled());
    }

    @Test
    void shouldWaitForBufferedShardsToBeReadBack() {
        backends = List.of(new MemoryBackend(0, true), new MemoryBackend(1, false), new MemoryBackend(2, false));
        add(0, 0, 1, true);
        for (int i = 0; i < 3; i++) {
            backends.get(i).objects.putAll(volume.backends.get(i).objects);
        }
        Evictor evictor = evictor(0);
        crank(evictor);
        clock.advance(1_000_000_000L);
        crank(evictor);
        assertEquals(1, files.all.size());
        assertEquals(0, backends.get(1).reads.get());
        clock.advance(MemoryBackend.GRACE_NS);
        crank(evictor); // reads back
        assertEquals(0, files.all.size());
        assertTrue(backends.get(1).reads.get() > 0);
    }

    @Test
    void shouldKeepLocalBytesWhileTheirBackendsAreGone() {
        add(0, 0, 1, true);
        backends.get(0).fault = BackendError.ABSENT;
        backends.get(1).fault = BackendError.ABSENT;
        Evictor evictor = evictor(0);
        crank(evictor);
        assertEquals(1, files.all.size(), "one backend is left, and two shards are needed");
        backends.get(0).fault = BackendError.NONE;
        clock.advance(1_000_000_000L);
        crank(evictor);
        assertEquals(0, files.all.size());
    }

    /** It answers, is durable, and has nothing: an exchanged disk. */
    @Test
    void shouldKeepLocalBytesWhenDurableBackendsHaveLostTheirShards() {
        add(0, 0, 1, true);
        backends.get(0).objects.clear();
        backends.get(1).objects.clear();
        CompletableFuture<EvictionReport> report = evictAll(evictor(1 << 20));
        assertEquals(1, report.getNow(null).notSafe());
        assertEquals(1, files.all.size());
    }

    /** What was read back counts for a while only. */
    @Test
    void shouldReadBackAgainWhatWasSeenLongAgo() {
        add(0, 0, 1, true);
        Placement placement = durable.get("0-0");
        Safety safety = new Safety(clock, this::answering);
        assertEquals(Safety.Verdict.SAFE, safety.judge(placement));
        backends.get(0).objects.clear();
        backends.get(1).objects.clear();
        assertEquals(Safety.Verdict.SAFE, safety.judge(placement));
        clock.advance(60_000_000_000L);
        assertEquals(Safety.Verdict.UNSAFE, safety.judge(placement));
    }

    @Test
    void shouldLookAtNoMoreThanMustGo() {
        for (int i = 0; i < 10; i++) {
            add(0, i, i, true);
        }
        backends.forEach(backend -> backend.isHolding = true);
        Evictor evictor = evictor(700);
        crank(evictor);
        assertEquals(
                9, backends.stream().mapToInt(MemoryBackend::heldCount).sum(), "three segments, three shards each");
        backends.forEach(MemoryBackend::release);
        clock.advance(20_000_000L);
        crank(evictor);
        assertEquals(7, files.all.size());
    }

    private CompletableFuture<EvictionReport> evictAll(Evictor evictor) {
        CompletableFuture<EvictionReport> report = evictor.evictAll(0);
        crank(evictor);
        return report;
    }

    @Test
    void shouldKeepLocalBytesWhenABufferedBackendForgot() {
        backends = List.of(new MemoryBackend(0, true), new MemoryBackend(1, false), new MemoryBackend(2, false));
        add(0, 0, 1, true);
        backends.get(0).objects.putAll(volume.backends.get(0).objects);
        Evictor evictor = evictor(0);
        CompletableFuture<EvictionReport> report = evictor.evictAll(3 * MemoryBackend.GRACE_NS);
        for (int i = 0; i < 30; i++) {
            crank(evictor);
            clock.advance(1_000_000_000L);
        }
        assertEquals(1, report.getNow(null).notSafe());
        assertEquals(1, files.all.size());
        // Another reading, later, finds it.
        backends.get(2).objects.putAll(volume.backends.get(2).objects);
        for (int i = 0; i < 30; i++) {
            crank(evictor);
            clock.advance(1_000_000_000L);
        }
        assertEquals(0, files.all.size());
    }

    @Test
    void shouldCountOwedShardsAsNotThere() {
        Placement whole = volume.seal(0, 7, MOUNT, 1, new byte[10]);
        List<Id128> holders = new ArrayList<>(whole.backends());
        holders.set(0, Id128.NIL);
        holders.set(2, Id128.NIL);
        Placement thin = PlacementRecord.of(
                0,
                whole.suite(),
                7,
                MOUNT,
                1,
                whole.sealId(),
                whole.fromPosition(),
                whole.toPosition(),
                whole.shardBytes(),
                whole.chunkBytes(),
                new int[] {whole.chunkStoredLength(0)},
                new int[] {whole.chunkCrc(0)},
                2,
                holders);
        Safety safety = new Safety(clock, () -> volume.backends);
        assertEquals(Safety.Verdict.SAFE, safety.judge(whole));
        assertEquals(Safety.Verdict.UNSAFE, safety.judge(thin));
    }
}
