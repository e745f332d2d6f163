package io.qsfs.offload;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.qsfs.backend.Backend;
import io.qsfs.backend.BackendError;
import io.qsfs.codec.Code;
import io.qsfs.index.Placement;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import io.qsfs.recall.ManualClock;
import io.qsfs.recall.MemoryBackend;
import io.qsfs.recall.PlacementRecord;
import io.qsfs.recall.SealedFixture;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Goal: an owed shard becomes the very bytes that the encoder made. Method: take shards away and compare what comes
 * back.
 */
class RepairerTest {
    private static final Id128 MOUNT = new Id128(1, 1);

    private final SplittableRandom random = new SplittableRandom(Long.getLong("qsfs.seed", 42));
    private final ManualClock clock = new ManualClock();
    private final SealedFixture volume = new SealedFixture(new Code(3, 3), 8 << 20, 64 * 1024);
    private final List<String> placed = new ArrayList<>();
    private Repairer repairer;

    @BeforeEach
    void open() {
        PlacementSink sink = new PlacementSink() {
            @Override
            public void placed(Placement placement) {}

            @Override
            public void shardPlaced(int stream, long number, Id256 sealId, int shardIndex, Id128 backend) {
                placed.add(number + "/" + shardIndex);
            }

            @Override
            public void failed(int stream, long number, String reason) {}
        };
        repairer = new Repairer(clock, volume.volumeId, volume.key, volume.backends, this::choose, sink);
    }

    @AfterEach
    void close() {
        volume.backends.forEach(MemoryBackend::release);
        crank();
        repairer.onClose();
        volume.close();
    }

    private List<Backend> choose(int count, Set<Id128> holders, Set<Id128> excluded) {
        List<Backend> chosen = new ArrayList<>();
        for (MemoryBackend backend : volume.backends) {
            if (chosen.size() < count && backend.fault == BackendError.NONE && !excluded.contains(backend.id())) {
                chosen.add(backend);
            }
        }
        return chosen;
    }

    private void crank() {
        while (repairer.doWork() > 0) {}
    }

    private Placement owe(long number, int bytes, int... shards) {
        Placement whole = volume.seal(0, number, MOUNT, 5, SealedFixture.bytes(random, bytes));
        List<Id128> holders = new ArrayList<>(whole.backends());
        for (int shard : shards) {
            holders.set(shard, Id128.NIL);
        }
        int[] stored = new int[whole.chunkCount()];
        int[] crcs = new int[whole.chunkCount()];
        for (int i = 0; i < stored.length; i++) {
            stored[i] = whole.chunkStoredLength(i);
            crcs[i] = whole.chunkCrc(i);
        }
        return PlacementRecord.of(
                0,
                whole.suite(),
                number,
                MOUNT,
                5,
                whole.sealId(),
                whole.fromPosition(),
                whole.toPosition(),
                whole.shardBytes(),
                whole.chunkBytes(),
                stored,
                crcs,
                3,
                holders);
    }

    private byte[] take(Placement placement, int shard) {
        return volume.backends.get(shard).objects.remove(volume.object(placement, shard));
    }

    @Test
    void shouldMakeTheVeryShardsAgain() {
        Placement placement = owe(0, 7_000_000, 1, 4);
        byte[] data = take(placement, 1);
        byte[] parity = take(placement, 4);
        repairer.owe(placement);
        crank();
        assertArrayEquals(data, volume.backends.get(1).objects.get(volume.object(placement, 1)));
        assertArrayEquals(parity, volume.backends.get(4).objects.get(volume.object(placement, 4)));
        assertEquals(List.of("0/1", "0/4"), placed);
        assertEquals(0, repairer.owedSegments());
        assertEquals(2, repairer.repairedShards());
    }

    @Test
    void shouldWaitForABackendThatTakesIt() {
        Placement placement = owe(0, 100_000, 2);
        take(placement, 2);
        volume.backends.get(2).fault = BackendError.UNREACHABLE;
        repairer.owe(placement);
        crank();
        assertEquals(1, repairer.owedSegments());
        volume.backends.get(2).fault = BackendError.NONE;
        clock.advance(5_000_000_000L);
        crank();
        assertEquals(0, repairer.owedSegments());
    }

    @Test
    void shouldRepairTheSegmentThatCanLoseTheFewestFirst() {
        Placement thin = owe(1, 100_000, 0, 1, 2);
        Placement thick = owe(0, 100_000, 0);
        for (int shard = 0; shard < 3; shard++) {
            take(thin, shard);
        }
        take(thick, 0);
        repairer.owe(thick);
        repairer.owe(thin);
        crank();
        assertEquals(List.of("1/0", "1/1", "0/0", "1/2"), placed);
    }

    @Test
    void shouldNotUseRottenShards() {
        Placement placement = owe(0, 7_000_000, 5);
        byte[] parity = take(placement, 5);
        volume.backends.get(0).flip(volume.object(placement, 0), 900_000);
        volume.backends.get(1).flip(volume.object(placement, 1), 50);
        repairer.owe(placement);
        crank();
        assertArrayEquals(parity, volume.backends.get(5).objects.get(volume.object(placement, 5)));
    }

    @Test
    void shouldLeaveItOwedWhenTooFewAreLeftAndTryLater() {
        Placement placement = owe(0, 100_000, 5);
        take(placement, 5);
        byte[][] gone = {take(placement, 0), take(placement, 1), take(placement, 2)};
        repairer.owe(placement);
        crank();
        assertEquals(1, repairer.owedSegments());
        assertNull(volume.backends.get(5).objects.get(volume.object(placement, 5)));
        volume.backends.get(0).objects.put(volume.object(placement, 0), gone[0]);
        clock.advance(60_000_000_000L);
        crank();
        assertEquals(0, repairer.owedSegments());
    }

    @Test
    void shouldForgetWhatWasAcknowledgedLate() {
        Placement placement = owe(0, 100_000, 5);
        volume.backends.get(5).fault = BackendError.UNREACHABLE;
        repairer.owe(placement);
        crank();
        repairer.settled(placement.sealId(), 5, volume.backends.get(5).id());
        crank();
        assertEquals(0, repairer.owedSegments());
        assertEquals(List.of(), placed);
    }
}
