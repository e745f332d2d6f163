package io.qsfs.recall;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.backend.BackendError;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.codec.Code;
import io.qsfs.codec.ShardHeader;
import io.qsfs.index.Placement;
import io.qsfs.memory.Id128;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: any m shards may be gone, rotten or slow, and a chunk comes back right or not at all. Method: faults by hand,
 * time by hand.
 */
class RecallTest {
    private static final int CHUNK = 64 * 1024;
    private static final long SEGMENT = 1 << 20;
    private static final long TIMEOUT_NS = 30_000_000_000L;
    private static final Id128 MOUNT = new Id128(1, 1);

    @TempDir
    Path directory;

    private final SplittableRandom random = new SplittableRandom(Long.getLong("qsfs.seed", 42));
    private final ManualClock clock = new ManualClock();
    private SealedFixture volume;
    private Recall recall;

    /** What a waiter was told. */
    private static final class Answers implements ChunkWaiter {
        final List<int[]> slotsAndErrors = new ArrayList<>();

        @Override
        public void onChunk(long segment, int chunk, int slot, int errno) {
            slotsAndErrors.add(new int[] {slot, errno});
        }

        int slot() {
            assertEquals(1, slotsAndErrors.size());
            assertEquals(0, slotsAndErrors.getFirst()[1]);
            return slotsAndErrors.getFirst()[0];
        }

        int errno() {
            assertEquals(1, slotsAndErrors.size());
            return slotsAndErrors.getFirst()[1];
        }
    }

    @BeforeEach
    void open() {
        volume = new SealedFixture(new Code(4, 2), SEGMENT, CHUNK);
        recall = recall(16);
    }

    private Recall recall(int slots) {
        FetchSettings fetch = new FetchSettings(4, CHUNK, 6, 5_000_000_000L, 250_000_000L, 200_000_000L);
        RecallSettings settings =
                new RecallSettings(directory.resolve("recall-" + slots), CHUNK, slots, TIMEOUT_NS, 100, fetch);
        return new Recall(
                settings,
                clock,
                volume.volumeId,
                (stream, number) -> stream == 0 ? volume.placements.get(number) : null,
                new BackendAccess(volume.backends),
                new SealedChunkCodec(volume.key, CHUNK));
    }

    @AfterEach
    void close() {
        volume.backends.forEach(MemoryBackend::release);
        recall.close();
        volume.close();
    }

    private void crank() {
        while (recall.doWork() > 0) {}
    }

    private Placement seal(long number, int length) {
        return volume.seal(0, number, MOUNT, 1, SealedFixture.bytes(random, length));
    }

    private byte[] slotBytes(int slot) {
        try (Arena arena = Arena.ofConfined()) {
            int length = recall.slotLength(slot);
            MemorySegment bytes = arena.allocate(length);
            assertEquals(length, Linux.pread(recall.fd(), bytes, 0, length, recall.slotFileOffset(slot)));
            return bytes.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    private byte[] expected(long segment, int chunk) {
        byte[] all = volume.content.get(segment);
        return Arrays.copyOfRange(all, chunk * CHUNK, Math.min(all.length, (chunk + 1) * CHUNK));
    }

    private void assertReadsBack(long segment, int chunk) {
        Answers answers = new Answers();
        recall.request(segment, chunk, answers);
        crank();
        assertArrayEquals(expected(segment, chunk), slotBytes(answers.slot()));
        recall.unpin(answers.slot());
    }

    private void assertAllReadBack(long segment) {
        for (int chunk = 0; chunk < (volume.content.get(segment).length + CHUNK - 1) / CHUNK; chunk++) {
            assertReadsBack(segment, chunk);
        }
    }

    @Test
    void shouldFetchOnlyTheRangesOfTheChunk() {
        Placement placement = seal(3, (int) SEGMENT);
        assertReadsBack(3, 5);
        int sealedBytes = placement.chunkStoredBytes(5) + 16;
        assertEquals(sealedBytes, recall.counters().bytesFetchedTotal());
        assertTrue(volume.backends.stream().mapToInt(b -> b.reads.get()).sum() <= 2);
        assertEquals(0, recall.counters().degradedReads());
    }

    @Test
    void shouldReadEveryChunkOfSegmentsOfAnyLength() {
        int[] lengths = {1, 17, CHUNK - 1, CHUNK, CHUNK + 1, 300_001, (int) SEGMENT};
        for (int i = 0; i < lengths.length; i++) {
            seal(i, lengths[i]);
            assertAllReadBack(i);
        }
    }

    @Test
    void shouldServeFromTheCacheWithoutTheBackends() {
        seal(0, 200_000);
        assertEquals(-1, recall.tryPin(0, 1));
        assertReadsBack(0, 1);
        volume.backends.forEach(b -> b.fault = BackendError.UNREACHABLE);
        int slot = recall.tryPin(0, 1);
        assertNotEquals(-1, slot);
        assertArrayEquals(expected(0, 1), slotBytes(slot));
        recall.unpin(slot);
        assertReadsBack(0, 1);
    }

    @Test
    void shouldReadAroundTwoLostBackends() {
        seal(0, (int) SEGMENT);
        volume.backends.get(0).fault = BackendError.UNREACHABLE;
        volume.backends.get(2).objects.clear();
        assertAllReadBack(0);
        assertTrue(recall.counters().degradedReads() > 0);
    }

    @Test
    void shouldReadAroundOwedShards() {
        Placement whole = seal(0, (int) SEGMENT);
        List<Id128> holders = new ArrayList<>(whole.backends());
        holders.set(1, Id128.NIL);
        holders.set(5, Id128.NIL);
        int[] stored = new int[whole.chunkCount()];
        int[] crcs = new int[whole.chunkCount()];
        for (int i = 0; i < stored.length; i++) {
            stored[i] = whole.chunkStoredLength(i);
            crcs[i] = whole.chunkCrc(i);
        }
        volume.placements.put(
                0L,
                PlacementRecord.of(
                        0,
                        whole.suite(),
                        0,
                        MOUNT,
                        1,
                        whole.sealId(),
                        whole.fromPosition(),
                        whole.toPosition(),
                        whole.shardBytes(),
                        CHUNK,
                        stored,
                        crcs,
                        4,
                        holders));
        assertAllReadBack(0);
    }

    @Test
    void shouldReadAroundRotInTwoShardsAtTheSameOffset() {
        Placement placement = seal(0, (int) SEGMENT);
        for (long at = 100; at < placement.shardBytes(); at += 40_000) {
            volume.backends.get(0).flip(volume.object(placement, 0), ShardHeader.BYTES + at);
            volume.backends.get(3).flip(volume.object(placement, 3), ShardHeader.BYTES + at);
        }
        assertAllReadBack(0);
        assertEquals(2, recall.counters().rottenShards());
    }

    @Test
    void shouldReadAroundRotInParityWhenADataShardIsGone() {
        Placement placement = seal(0, (int) SEGMENT);
        volume.backends.get(1).objects.clear();
        volume.backends.get(4).flip(volume.object(placement, 4), ShardHeader.BYTES + 77);
        volume.backends.get(0).flip(volume.object(placement, 0), 5); // in the header, of no interest here
        assertAllReadBack(0);
    }

    @Test
    void shouldFailWhenThreeShardsAreRottenAtOneOffsetAndServeTheRest() {
        Placement placement = seal(0, (int) SEGMENT);
        for (int shard = 0; shard < 3; shard++) {
            volume.backends.get(shard).flip(volume.object(placement, shard), ShardHeader.BYTES + 10);
        }
        int failed = 0;
        for (int chunk = 0; chunk < 16; chunk++) {
            Answers answers = new Answers();
            recall.request(0, chunk, answers);
            crank();
            if (answers.errno() == Linux.EIO) {
                failed++;
            } else {
                assertArrayEquals(expected(0, chunk), slotBytes(answers.slot()));
                recall.unpin(answers.slot());
            }
        }
        // Each of the three bytes is in a chunk of its own; what lies in other blocks is served.
        assertTrue(failed >= 1 && failed <= 3, "failed=" + failed);
        assertEquals(failed, recall.counters().failedChunks());
    }

    @Test
    void shouldFailAtOnceWhenMoreShardsAreGoneThanTheCodeSurvives() {
        seal(0, (int) SEGMENT);
        for (int shard = 1; shard < 4; shard++) {
            volume.backends.get(shard).objects.clear();
        }
        int chunkOfShardOne = 5;
        Answers answers = new Answers();
        recall.request(0, chunkOfShardOne, answers);
        crank();
        assertEquals(Linux.EIO, answers.errno());
    }

    @Test
    void shouldWaitForBackendsThatAreAwayAndFailAtTheDeadline() {
        seal(0, (int) SEGMENT);
        for (int shard = 0; shard < 3; shard++) {
            volume.backends.get(shard).fault = BackendError.UNREACHABLE;
        }
        Answers back = new Answers();
        recall.request(0, 0, back);
        crank();
        assertEquals(0, back.slotsAndErrors.size());
        volume.backends.get(1).fault = BackendError.NONE;
        clock.advance(3_000_000_000L);
        crank();
        assertArrayEquals(expected(0, 0), slotBytes(back.slot()));
        recall.unpin(back.slot());

        volume.backends.get(1).fault = BackendError.UNREACHABLE;
        Answers never = new Answers();
        recall.request(0, 1, never);
        crank();
        clock.advance(TIMEOUT_NS - 1_000_000_000L);
        crank();
        assertEquals(0, never.slotsAndErrors.size());
        clock.advance(1_000_000_001L);
        crank();
        assertEquals(Linux.EIO, never.errno());
    }

    @Test
    void shouldReadAroundASlowBackendAndAskItLessFromThenOn() {
        seal(0, (int) SEGMENT);
        MemoryBackend slow = volume.backends.get(0);
        slow.isHolding = true;
        Answers answers = new Answers();
        recall.request(0, 0, answers);
        crank();
        assertEquals(0, answers.slotsAndErrors.size());
        clock.advance(250_000_000L);
        crank();
        assertArrayEquals(expected(0, 0), slotBytes(answers.slot()));
        recall.unpin(answers.slot());
        for (int chunk = 1; chunk < 4; chunk++) {
            Answers others = new Answers();
            recall.request(0, chunk, others);
            crank();
            clock.advance(250_000_000L);
            crank();
            others.slot();
        }
        assertTrue(slow.reads.get() <= 3, "reads=" + slow.reads.get());
        slow.release();
        crank();
        assertReadsBack(0, 0);
    }

    @Test
    void shouldMergeRequestsForOneChunk() {
        seal(0, (int) SEGMENT);
        volume.backends.forEach(b -> b.isHolding = true);
        List<Answers> all = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            all.add(new Answers());
            recall.request(0, 2, all.getLast());
        }
        recall.request(0, 2, null);
        crank();
        assertTrue(volume.backends.stream().mapToInt(b -> b.reads.get()).sum() <= 2);
        volume.backends.forEach(MemoryBackend::release);
        crank();
        for (Answers answers : all) {
            assertArrayEquals(expected(0, 2), slotBytes(answers.slot()));
        }
        assertEquals(1, recall.pinnedSlots());
        for (Answers answers : all) {
            recall.unpin(answers.slot());
        }
        assertEquals(0, recall.pinnedSlots());
    }

    @Test
    void shouldQueueWhileEverySlotIsPinned() {
        recall.close();
        recall = recall(2);
        seal(0, (int) SEGMENT);
        Answers first = new Answers();
        Answers second = new Answers();
        Answers third = new Answers();
        recall.request(0, 0, first);
        recall.request(0, 1, second);
        crank();
        recall.request(0, 2, third);
        crank();
        assertEquals(0, third.slotsAndErrors.size());
        recall.unpin(first.slot());
        crank();
        assertArrayEquals(expected(0, 2), slotBytes(third.slot()));
        assertArrayEquals(expected(0, 1), slotBytes(second.slot()));
        assertEquals(-1, recall.tryPin(0, 0));

        Answers late = new Answers();
        recall.request(0, 3, late);
        crank();
        clock.advance(TIMEOUT_NS);
        crank();
        assertEquals(Linux.EIO, late.errno());
    }

    @Test
    void shouldRefuseRequestsBeyondTheLimit() {
        seal(0, (int) SEGMENT);
        volume.backends.forEach(b -> b.isHolding = true);
        List<Answers> all = new ArrayList<>();
        for (int i = 0; i < 101; i++) {
            all.add(new Answers());
            recall.request(0, i % 16, all.getLast());
            crank();
        }
        assertEquals(Linux.EIO, all.getLast().errno());
        volume.backends.forEach(MemoryBackend::release);
        crank();
        all.subList(0, 100).forEach(answers -> recall.unpin(answers.slot()));
    }

    @Test
    void shouldFailForASegmentThatIsNotPlacedOrAChunkThatIsNotThere() {
        Answers nowhere = new Answers();
        recall.request(99, 0, nowhere);
        seal(0, 100);
        Answers beyond = new Answers();
        recall.request(0, 1, beyond);
        crank();
        assertEquals(Linux.EIO, nowhere.errno());
        assertEquals(Linux.EIO, beyond.errno());
    }

    @Test
    void shouldAnswerEverybodyWhenItEnds() {
        seal(0, (int) SEGMENT);
        recall.start();
        volume.backends.forEach(b -> b.isHolding = true);
        Answers answers = new Answers();
        recall.request(0, 0, answers);
        Thread releaser = new Thread(() -> {
            try {
                Thread.sleep(50);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            volume.backends.forEach(MemoryBackend::release);
        });
        releaser.start();
        recall.close();
        assertEquals(1, answers.slotsAndErrors.size());
        recall = recall(3);
    }

    @Test
    void shouldSurviveRandomFaultsOfUpToTwoShards() {
        for (int round = 0; round < 20; round++) {
            Placement placement = seal(round, 1 + random.nextInt((int) SEGMENT));
            int a = random.nextInt(6);
            int b = random.nextInt(6);
            for (int shard : new int[] {a, b}) {
                String object = volume.object(placement, shard);
                switch (random.nextInt(4)) {
                    case 0 -> volume.backends.get(shard).objects.remove(object);
                    case 1 -> {
                        byte[] bytes = volume.backends.get(shard).objects.get(object);
                        if (bytes != null) {
                            volume.backends
                                    .get(shard)
                                    .objects
                                    .put(object, Arrays.copyOf(bytes, random.nextInt(bytes.length)));
                        }
                    }
                    case 2 -> {
                        byte[] bytes = volume.backends.get(shard).objects.get(object);
                        for (int i = 0; bytes != null && i < bytes.length; i += 1 + random.nextInt(5000)) {
                            bytes[i] ^= (byte) (1 + random.nextInt(255));
                        }
                    }
                    default -> {
                        byte[] bytes = volume.backends.get(shard).objects.get(object);
                        if (bytes != null && bytes.length > 10) {
                            Arrays.fill(bytes, ShardHeader.BYTES, bytes.length, (byte) 0);
                        }
                    }
                }
            }
            assertAllReadBack(round);
        }
    }
}
