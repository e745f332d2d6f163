package io.qsfs.offload;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.backend.Backend;
import io.qsfs.backend.BackendError;
import io.qsfs.backend.BackendSpec;
import io.qsfs.backend.Backends;
import io.qsfs.backend.BlockingCompletion;
import io.qsfs.backend.Identity;
import io.qsfs.bindings.isal.Isal;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.codec.Code;
import io.qsfs.codec.Suite;
import io.qsfs.index.Placement;
import io.qsfs.keeper.CatalogFiles;
import io.qsfs.keeper.EvictionReport;
import io.qsfs.keeper.EvictionSource;
import io.qsfs.keeper.Evictor;
import io.qsfs.keeper.Keeper;
import io.qsfs.keys.VolumeKey;
import io.qsfs.log.LogContext;
import io.qsfs.log.MountIdentity;
import io.qsfs.log.SegmentLog;
import io.qsfs.log.record.MountRecord;
import io.qsfs.log.record.SyncRecord;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import io.qsfs.recall.FetchSettings;
import io.qsfs.recall.Recall;
import io.qsfs.recall.RecallSettings;
import io.qsfs.recall.RecoveredHistory;
import io.qsfs.recall.ShardListing;
import io.qsfs.recall.VolumeRecovery;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: bytes that went through the log to six directories come back without the log, and without any two of the six.
 * Method: everything real, threads included, small segments.
 */
class RoundTripTest {
    private static final long SEGMENT = 1 << 20;
    private static final int CHUNK = 64 * 1024;
    private static final long SECOND = 1_000_000_000L;
    private static final Id128 VOLUME = new Id128(7, 7);
    private static final Id128 MOUNT = new Id128(8, 8);

    @TempDir
    Path directory;

    private final SplittableRandom random = new SplittableRandom(Long.getLong("qsfs.seed", 42));
    private final VolumeKey key = VolumeKey.random(new SecureRandom());
    private final List<Backend> backends = new ArrayList<>();
    private final Map<String, Placement> placements = new ConcurrentHashMap<>();
    private final TreeMap<Long, byte[]> written = new TreeMap<>();
    private SegmentLog log;
    private Offloader offloader;

    @BeforeEach
    void open() {
        for (int i = 0; i < 6; i++) {
            Backend backend = Backends.open(BackendSpec.directory("dir-" + i, "", directory.resolve("backend-" + i)));
            BlockingCompletion<Void> done = new BlockingCompletion<>();
            backend.putIdentity(new Identity(VOLUME, new Id128(9, i + 1), 0), deadline(), done);
            assertEquals(BackendError.NONE, done.await(), done.detail());
            backends.add(backend);
        }
        LogContext context = new LogContext()
                .directory(directory.resolve("log"))
                .volumeId(VOLUME)
                .segmentBytes(SEGMENT)
                .listener(this::onClosed);
        log = SegmentLog.open(context);
        log.begin(new MountIdentity(MOUNT, 1, 1), 0, 0, 1);
        offloader = new Offloader(
                OffloadSettings.defaults(new Code(4, 2), SEGMENT, CHUNK, Suite.COMPRESSION_LZ4, 0),
                Clock.SYSTEM,
                VOLUME,
                key,
                new SecureRandom(),
                new CatalogSegments(log.catalog(), log.sync()),
                this::choose,
                new Sink());
        offloader.start();
    }

    private void onClosed(int stream, long number, long from, long to) {
        long required = stream == 1 ? log.data().activeNumber() - 1 : -1;
        offloader.closed(new ClosedSegment(stream, number, from, to, MOUNT, 1, required));
    }

    private static long deadline() {
        return Clock.SYSTEM.nanoTime() + 10 * SECOND;
    }

    private List<Backend> choose(int count, Set<Id128> holders, Set<Id128> excluded) {
        List<Backend> chosen = new ArrayList<>();
        for (Backend backend : backends) {
            if (chosen.size() < count && !excluded.contains(backend.id())) {
                chosen.add(backend);
            }
        }
        return chosen;
    }

    private final class Sink implements PlacementSink {
        @Override
        public void placed(Placement placement) {
            placements.put(placement.stream() + "-" + placement.number(), placement);
        }

        @Override
        public void shardPlaced(int stream, long number, Id256 sealId, int shardIndex, Id128 backend) {}

        @Override
        public void failed(int stream, long number, String reason) {
            throw new AssertionError(reason);
        }
    }

    @AfterEach
    void close() {
        offloader.close();
        log.close();
        backends.forEach(Backend::close);
        key.close();
    }

    /** Writes content and records as the file system does, and closes both segments. */
    private void write(int bytes) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment buffer = arena.allocate(200_000);
            MemorySegment staging = log.meta().staging();
            if (written.isEmpty()) {
                long at = log.meta().stagingOffset(MountRecord.FIXED_BYTES);
                int length = MountRecord.encode(staging, at, 1, MOUNT, 1, 1, 0, 0, 0, Id128.NIL, 0);
                log.meta().commit(length);
            }
            for (int left = bytes; left > 0; ) {
                int length = Math.min(left, 1 + random.nextInt(200_000));
                byte[] content = new byte[length];
                random.nextBytes(content);
                MemorySegment.copy(content, 0, buffer, ValueLayout.JAVA_BYTE, 0, length);
                long position = log.data().claim(0, length);
                assertTrue(position >= 0);
                assertEquals(0, log.data().write(position, buffer, 0, length));
                log.data().end(0);
                log.data().addRange(position, length, Isal.crc32c(buffer, 0, length, 0), 1, 0, 1);
                closeFull();
                written.put(position, content);
                long at = log.meta().stagingOffset(SyncRecord.FIXED_BYTES);
                log.meta().commit(SyncRecord.encode(staging, at, 1, 0, 0));
                left -= length;
            }
        }
        assertEquals(0, log.meta().flush());
        log.data().closeActive();
        closeFull();
        log.meta().closeActive();
        CountDownLatch synced = new CountDownLatch(1);
        log.sync().request(log.data().claimed(), log.meta().flushed(), (token, errno) -> synced.countDown(), 0);
        await(synced);
    }

    private void closeFull() {
        for (long number = log.data().nextToClose();
                number >= 0;
                number = log.data().nextToClose()) {
            log.data().close(number);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void awaitPlaced() {
        long data = log.data().activeNumber() - 1;
        long meta = log.meta().activeNumber() - 1;
        long giveUpNs = Clock.SYSTEM.nanoTime() + 20 * SECOND;
        while (!(placements.containsKey("0-" + data) && placements.containsKey("1-" + meta))) {
            assertTrue(
                    Clock.SYSTEM.nanoTime() - giveUpNs < 0,
                    () -> "not placed: " + offloader.backlog().waiting());
            Thread.onSpinWait();
        }
        assertEquals(
                Backlog.Outcome.PLACED,
                offloader.backlog().await(data, meta, 20 * SECOND, (segments, bytes, rate) -> true));
    }

    private EvictionReport evictAll() {
        EvictionSource source = new EvictionSource() {
            @Override
            public Placement durablePlacement(int stream, long number) {
                return placements.get(stream + "-" + number);
            }

            @Override
            public long checkpointPosition() {
                return Long.MAX_VALUE;
            }
        };
        try (Safety safety = new Safety(Clock.SYSTEM, () -> backends)) {
            Evictor evictor =
                    new Evictor(Clock.SYSTEM, new CatalogFiles(log.catalog()), source, safety, Long.MAX_VALUE, () -> 0);
            try (Keeper keeper = new Keeper("keeper", List.of(evictor))) {
                keeper.start();
                var report = evictor.evictAll(20 * SECOND);
                keeper.wake();
                return report.orTimeout(20, TimeUnit.SECONDS).join();
            }
        }
    }

    private static void delete(Path path) {
        try (Stream<Path> all = Files.walk(path)) {
            for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Reads everything that was written through a recall whose cache is small. */
    private void assertEverythingReadsBack() {
        RecallSettings settings = new RecallSettings(
                directory.resolve("recall"), CHUNK, 8, 5 * SECOND, 1000, FetchSettings.defaults(CHUNK, 6));
        Recall recall = new Recall(
                settings,
                Clock.SYSTEM,
                VOLUME,
                key,
                (stream, number) -> placements.get(stream + "-" + number),
                backends);
        recall.start();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(CHUNK);
            written.forEach((position, content) -> {
                assertArrayEquals(content, read(recall, buffer, position, content.length));
            });
        } finally {
            recall.close();
        }
        assertTrue(recall.counters().bytesFetchedTotal() > 0);
    }

    private static byte[] read(Recall recall, MemorySegment buffer, long position, int length) {
        byte[] all = new byte[length];
        int done = 0;
        while (done < length) {
            long at = position + done;
            long segment = at / SEGMENT;
            int chunk = (int) (at % SEGMENT / CHUNK);
            int within = (int) (at % CHUNK);
            int slot = recall.tryPin(segment, chunk);
            if (slot < 0) {
                CountDownLatch answered = new CountDownLatch(1);
                AtomicInteger pinned = new AtomicInteger();
                recall.request(segment, chunk, (s, c, got, errno) -> {
                    assertEquals(0, errno);
                    pinned.set(got);
                    answered.countDown();
                });
                await(answered);
                slot = pinned.get();
            }
            int count = Math.min(length - done, recall.slotLength(slot) - within);
            assertEquals(count, Linux.pread(recall.fd(), buffer, 0, count, recall.slotFileOffset(slot) + within));
            recall.unpin(slot);
            MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, all, done, count);
            done += count;
        }
        return all;
    }

    @Test
    void shouldReadEverythingBackWithoutTheLogAndTwoOfSixBackends() {
        write(3_500_000);
        write(10);
        awaitPlaced();
        EvictionReport report = evictAll();
        assertEquals(0, report.notPlaced() + report.notSafe() + report.notCheckpointed());
        assertTrue(report.evictedSegments() >= 6, report::toString);
        for (int i = 0; i < placements.size() - 2; i++) {
            assertNull(log.catalog().pin(0, i));
        }
        assertEverythingReadsBack();
        delete(directory.resolve("backend-1"));
        delete(directory.resolve("backend-4"));
        assertEverythingReadsBack();
    }

    @Test
    void shouldFindHistoryAndPlacementsFromTheBackendsAlone() {
        write(2_200_000);
        write(700_000);
        awaitPlaced();
        delete(directory.resolve("backend-0"));
        delete(directory.resolve("backend-5"));
        Map<String, Placement> original = Map.copyOf(placements);
        placements.clear();
        try (VolumeRecovery recovery = new VolumeRecovery(
                VOLUME, key, SEGMENT, Clock.SYSTEM, backends, FetchSettings.defaults(CHUNK, 6), 5 * SECOND)) {
            ShardListing listing = recovery.list();
            assertEquals(2, listing.silentBackends().size());
            assertEquals(List.of(), listing.incomplete(0));
            RecoveredHistory history = recovery.replay((record, offset, position, length) -> 0);
            assertNull(history.stop());
            assertEquals(List.of(), history.notes());
            assertEquals(MOUNT, history.mountId());
            assertEquals(log.meta().nextSequence() - 1, history.lastSequence());
            assertEquals(log.meta().activeNumber() * SEGMENT, history.endPosition());
            for (String name : original.keySet()) {
                int stream = name.charAt(0) - '0';
                long number = Long.parseLong(name.substring(2));
                Placement found = recovery.placement(stream, number, MOUNT);
                assertEquals(original.get(name).sealId(), found.sealId());
                placements.put(name, found);
            }
            assertFalse(placements.isEmpty());
        }
        assertEverythingReadsBack();
    }
}
