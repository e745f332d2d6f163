package io.qsfs.offload;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.backend.Backend;
import io.qsfs.backend.BackendError;
import io.qsfs.codec.ChunkDecoder;
import io.qsfs.codec.ChunkTable;
import io.qsfs.codec.Code;
import io.qsfs.codec.SealIdentity;
import io.qsfs.codec.SealKind;
import io.qsfs.codec.ShardHeader;
import io.qsfs.codec.ShardName;
import io.qsfs.codec.Suite;
import io.qsfs.index.Placement;
import io.qsfs.keys.VolumeKey;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import io.qsfs.recall.ManualClock;
import io.qsfs.recall.MemoryBackend;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Goal: what is closed gets placed whatever single backends do, in the right order, and never with wrong bytes.
 * Method: faults and time by hand.
 */
class OffloaderTest {
    private static final long SEGMENT = 1 << 20;
    private static final int CHUNK = 64 * 1024;
    private static final long SECOND = 1_000_000_000L;
    private static final Id128 VOLUME = new Id128(7, 7);
    private static final Id128 MOUNT = new Id128(3, 4);

    private final SplittableRandom random = new SplittableRandom(Long.getLong("qsfs.seed", 42));
    private final ManualClock clock = new ManualClock();
    private final VolumeKey key = VolumeKey.random(new SecureRandom());
    private final MemorySegments log = new MemorySegments(SEGMENT);
    private final List<MemoryBackend> backends = new ArrayList<>();
    private final Sink sink = new Sink();
    private Offloader offloader;

    /** Remembers what it is told. */
    private static final class Sink implements PlacementSink {
        final List<String> events = new ArrayList<>();
        final TreeMap<String, Placement> placements = new TreeMap<>();

        @Override
        public void placed(Placement placement) {
            String name = (placement.stream() == 0 ? "d" : "m") + placement.number();
            events.add(name);
            placements.put(name, placement);
        }

        @Override
        public void shardPlaced(int stream, long number, Id256 sealId, int shardIndex, Id128 backend) {
            events.add((stream == 0 ? "d" : "m") + number + " shard " + shardIndex);
        }

        @Override
        public void failed(int stream, long number, String reason) {
            events.add((stream == 0 ? "d" : "m") + number + " failed");
        }
    }

    @BeforeEach
    void open() {
        for (int i = 0; i < 6; i++) {
            backends.add(new MemoryBackend(i, true));
        }
        offloader = offloader(5);
    }

    private Offloader offloader(int placedMin) {
        OffloadSettings settings = new OffloadSettings(
                new Code(4, 2),
                SEGMENT,
                CHUNK,
                Suite.COMPRESSION_LZ4,
                placedMin,
                2,
                1,
                60 * SECOND,
                5 * SECOND,
                SECOND / 4,
                15 * SECOND);
        return new Offloader(settings, clock, VOLUME, key, new SecureRandom(), log, this::choose, sink);
    }

    private List<Backend> choose(int count, Set<Id128> holders, Set<Id128> excluded) {
        List<Backend> chosen = new ArrayList<>();
        for (MemoryBackend backend : backends) {
            if (chosen.size() < count && !excluded.contains(backend.id())) {
                chosen.add(backend);
            }
        }
        return chosen;
    }

    @AfterEach
    void close() {
        backends.forEach(MemoryBackend::release);
        crank();
        offloader.close();
        key.close();
        assertEquals(log.opened, log.closed, "pins");
    }

    private void crank() {
        while (offloader.doWork() > 0) {}
    }

    private void pass(long ns) {
        for (long left = ns; left > 0; left -= SECOND / 4) {
            clock.advance(Math.min(left, SECOND / 4));
            crank();
        }
    }

    private byte[] closeData(long number, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        java.util.Arrays.fill(bytes, 0, length / 2, (byte) 9);
        log.addData(number, bytes, random);
        long from = number * SEGMENT;
        offloader.closed(new ClosedSegment(0, number, from, from + length, MOUNT, 1, -1));
        return bytes;
    }

    private void closeMeta(long number, int length, long dataRequired) {
        log.meta.put(number, new byte[length]);
        long from = number * SEGMENT;
        offloader.closed(new ClosedSegment(1, number, from, from + length, MOUNT, 1, dataRequired));
    }

    /** Opens every chunk out of the data shards on the backends. */
    private byte[] readBack(Placement placement) {
        int k = placement.dataShards();
        byte[] sealed = new byte[(int) (k * placement.shardBytes())];
        for (int shard = 0; shard < k; shard++) {
            Id128 holder = placement.backend(shard);
            String name = new ShardName(
                            placement.stream(),
                            placement.number(),
                            placement.mountId(),
                            placement.sealId(),
                            new Code(4, 2),
                            shard)
                    .format();
            for (MemoryBackend backend : backends) {
                if (backend.id().equals(holder)) {
                    System.arraycopy(
                            backend.objects.get(name),
                            ShardHeader.BYTES,
                            sealed,
                            (int) (shard * placement.shardBytes()),
                            (int) placement.shardBytes());
                }
            }
        }
        SealIdentity identity = new SealIdentity(
                SealKind.SEGMENT,
                placement.suite(),
                VOLUME,
                placement.stream(),
                placement.mountId(),
                placement.number(),
                placement.fromPosition(),
                placement.toPosition(),
                placement.sealId());
        byte[] all = new byte[(int) identity.plainBytes()];
        try (Arena arena = Arena.ofConfined();
                ChunkDecoder decoder = new ChunkDecoder(key, CHUNK)) {
            MemorySegment cipher = arena.allocateFrom(ValueLayout.JAVA_BYTE, sealed);
            MemorySegment plain = arena.allocate(CHUNK, 64);
            long at = 0;
            for (int chunk = 0; chunk < placement.chunkCount(); chunk++) {
                int plainBytes = identity.chunkPlainBytes(chunk, CHUNK);
                int stored = placement.chunkStoredLength(chunk);
                assertEquals(
                        0,
                        decoder.decode(
                                identity, chunk, stored, placement.chunkCrc(chunk), plainBytes, cipher, at, plain, 0));
                MemorySegment.copy(plain, ValueLayout.JAVA_BYTE, 0, all, chunk * CHUNK, plainBytes);
                at += ChunkTable.storedBytes(stored) + SealIdentity.TAG_BYTES;
            }
        }
        return all;
    }

    @Test
    void shouldPlaceAClosedSegmentOnAllBackends() {
        byte[] bytes = closeData(2, 700_001);
        crank();
        assertEquals(List.of("d2"), sink.events);
        assertEquals(6, sink.placements.get("d2").placedShards());
        assertEquals(6, new HashSet<>(sink.placements.get("d2").backends()).size());
        assertArrayEquals(bytes, readBack(sink.placements.get("d2")));
        assertEquals(0, offloader.backlog().segments());
        assertEquals(0, offloader.backlog().bytes());
        assertEquals(bytes.length, offloader.backlog().placedBytes());
        assertTrue(log.dropped.contains(2L));
    }

    @Test
    void shouldReadNothingThatIsNotDurable() {
        log.durableData = 2 * SEGMENT + 1000;
        closeData(2, 5000);
        crank();
        assertEquals(List.of(), sink.events);
        log.durableData = 2 * SEGMENT + 5000;
        offloader.durableAdvanced();
        crank();
        assertEquals(List.of("d2"), sink.events);
    }

    @Test
    void shouldPlaceMetadataAfterTheDataThatItRefersTo() {
        log.durableData = 1;
        closeData(0, 100_000);
        closeData(1, 100_000);
        closeMeta(0, 5000, 1);
        closeMeta(1, 5000, -1);
        crank();
        assertEquals(List.of("m1"), sink.events);
        log.durableData = SEGMENT / 2;
        crank();
        assertEquals(List.of("m1", "d0"), sink.events);
        log.durableData = Long.MAX_VALUE;
        crank();
        assertEquals(List.of("m1", "d0", "d1", "m0"), sink.events);
    }

    @Test
    void shouldWaitForDataThatIsHandedOverAfterTheMetadata() {
        log.mountId = MOUNT;
        log.data.put(5L, new byte[10]); // full, and not closed yet
        closeMeta(0, 5000, 5);
        closeMeta(1, 5000, 4); // of a mount before: nobody hands it over
        crank();
        assertEquals(List.of("m1"), sink.events);
        closeData(5, 100_000);
        crank();
        assertEquals(List.of("m1", "d5", "m0"), sink.events);
    }

    @Test
    void shouldNotSealRottenBytes() {
        byte[] bytes = closeData(0, 600_000);
        bytes[log.rottenOffset(0)] ^= 1;
        closeMeta(0, 100, 0);
        closeData(1, 600_000);
        crank();
        assertEquals(List.of("d0 failed", "d1"), sink.events);
        assertTrue(backends.stream()
                .noneMatch(b -> b.objects.keySet().stream().anyMatch(o -> o.startsWith(ShardName.prefix(0, 0)))));
        assertEquals(2, offloader.backlog().segments());
        assertEquals(Backlog.Outcome.FAILED, offloader.backlog().await(0, -1, SECOND, (segments, left, rate) -> true));
        assertTrue(offloader.backlog().waiting().getFirst().reason().contains("checksum"));
    }

    @Test
    void shouldSealWithoutARangeTableAndCountIt() {
        closeData(0, 1000);
        log.dropRanges(0);
        crank();
        assertEquals(List.of("d0"), sink.events);
        assertEquals(1, offloader.backlog().uncheckedSegments());
    }

    @Test
    void shouldTryAgainWhenASegmentCannotBeReadForAMoment() {
        log.readErrno = io.qsfs.bindings.linux.Linux.EIO;
        closeData(0, 1000);
        crank();
        assertEquals(List.of(), sink.events);
        log.readErrno = 0;
        pass(15 * SECOND);
        assertEquals(List.of("d0"), sink.events);
    }

    @Test
    void shouldOweTheShardOfALostBackend() {
        backends.get(3).fault = BackendError.UNREACHABLE;
        byte[] bytes = closeData(0, 600_000);
        crank();
        Placement placement = sink.placements.get("d0");
        assertEquals(5, placement.placedShards());
        assertEquals(1, placement.backends().stream().filter(Id128::isNil).count());
        assertEquals(List.of("d0"), sink.events);
        assertEquals(bytes.length, placement.toPosition());
    }

    @Test
    void shouldUseASpareBackendWhenOneFails() {
        backends.add(new MemoryBackend(6, true));
        backends.get(2).fault = BackendError.FULL;
        byte[] bytes = closeData(0, 600_000);
        crank();
        assertEquals(6, sink.placements.get("d0").placedShards());
        assertArrayEquals(bytes, readBack(sink.placements.get("d0")));
    }

    @Test
    void shouldWaitForBackendsWithTheSameSealing() {
        for (int i = 0; i < 3; i++) {
            backends.get(i).fault = BackendError.UNREACHABLE;
        }
        byte[] bytes = closeData(0, 600_000);
        crank();
        pass(30 * SECOND);
        assertEquals(List.of(), sink.events);
        assertEquals(
                3,
                backends.get(5).objects.size()
                        + backends.get(4).objects.size()
                        + backends.get(3).objects.size());
        backends.get(0).fault = BackendError.NONE;
        backends.get(1).fault = BackendError.NONE;
        offloader.backendsChanged();
        crank();
        assertEquals(5, sink.placements.get("d0").placedShards());
        Set<String> sealings = new HashSet<>();
        backends.forEach(b -> b.objects.keySet().forEach(o -> sealings.add(o.split("/")[4])));
        assertEquals(1, sealings.size());
        for (int i = 0; i < 4; i++) {
            assertFalse(sink.placements.get("d0").backend(i).isNil() && i < 3 && readable(i));
        }
        assertEquals(bytes.length, offloader.backlog().placedBytes());
    }

    private boolean readable(int backend) {
        return backends.get(backend).fault == BackendError.NONE;
    }

    @Test
    void shouldConfirmAShardWhoseAnswerWasLost() {
        for (int i = 0; i < 2; i++) {
            backends.get(i).lostAnswer = BackendError.TIMEOUT;
        }
        closeData(0, 600_000);
        crank();
        assertEquals(List.of(), sink.events);
        backends.forEach(b -> b.lostAnswer = BackendError.NONE);
        pass(SECOND);
        assertEquals(6, sink.placements.get("d0").placedShards());
        backends.forEach(b -> assertEquals(1, b.objects.size()));
    }

    @Test
    void shouldNotWaitLongForASlowBackendAndReportItsShardLater() {
        backends.get(1).isHolding = true;
        closeData(0, 600_000);
        closeData(1, 600_000);
        crank();
        assertEquals(List.of(), sink.events);
        pass(5 * SECOND);
        assertEquals(List.of("d0", "d1"), sink.events);
        assertEquals(5, sink.placements.get("d0").placedShards());
        // Both workspaces are with the slow backend: a spare one goes on, without it.
        closeData(2, 600_000);
        closeData(3, 600_000);
        crank();
        assertEquals(List.of("d0", "d1", "d2", "d3"), sink.events);
        assertEquals(2, backends.get(1).heldCount());
        backends.get(1).release();
        crank();
        assertEquals(6, sink.events.size());
        assertTrue(
                sink.events.get(4).startsWith("d0 shard") && sink.events.get(5).startsWith("d1 shard"));
        closeData(4, 1000);
        crank();
        assertEquals(6, sink.placements.get("d4").placedShards());
    }

    @Test
    void shouldGoOnWhenABackendVanishesInTheMiddleOfAnUpload() {
        backends.get(4).isHolding = true;
        closeData(0, 600_000);
        crank();
        assertEquals(List.of(), sink.events);
        backends.get(4).fault = BackendError.UNREACHABLE;
        backends.get(4).release();
        crank();
        assertEquals(5, sink.placements.get("d0").placedShards());
    }

    @Test
    void shouldPlaceWithAsFewShardsAsConfigured() {
        offloader.close();
        offloader = offloader(4);
        backends.get(0).fault = BackendError.UNREACHABLE;
        backends.get(5).fault = BackendError.DENIED;
        closeData(0, 600_000);
        crank();
        assertEquals(4, sink.placements.get("d0").placedShards());
    }

    @Test
    void shouldTakeASegmentOnce() {
        closeData(0, 1000);
        offloader.closed(new ClosedSegment(0, 0, 0, 1000, MOUNT, 1, -1));
        crank();
        assertEquals(List.of("d0"), sink.events);
        assertEquals(1, offloader.backlog().placedSegments());
    }

    @Test
    void shouldSayWhatIsLeftWhileAndAfterItWaits() throws InterruptedException {
        offloader.close();
        offloader = new Offloader(
                OffloadSettings.defaults(new Code(4, 2), SEGMENT, CHUNK, Suite.COMPRESSION_LZ4, 0),
                io.qsfs.memory.Clock.SYSTEM,
                VOLUME,
                key,
                new SecureRandom(),
                log,
                this::choose,
                sink);
        backends.forEach(b -> b.isHolding = true);
        closeData(0, 600_000);
        closeData(1, 600_000);
        offloader.start();
        assertEquals(
                Backlog.Outcome.STALLED, offloader.backlog().await(1, -1, SECOND / 5, (segments, left, rate) -> true));
        assertEquals(2, offloader.backlog().waiting().size());
        backends.forEach(MemoryBackend::release);
        assertEquals(
                Backlog.Outcome.PLACED, offloader.backlog().await(1, -1, 10 * SECOND, (segments, left, rate) -> true));
    }

    @Test
    void shouldTellHowManyShardsAWaitingSegmentHas() {
        backends.subList(3, 6).forEach(b -> b.isHolding = true);
        closeData(0, 600_000);
        crank();
        assertEquals(3, offloader.backlog().waiting().getFirst().shards());
        backends.get(3).release();
        crank();
        assertEquals(4, offloader.backlog().waiting().getFirst().shards());
        backends.forEach(MemoryBackend::release);
        crank();
        assertEquals(List.of(), offloader.backlog().waiting());
    }
}
