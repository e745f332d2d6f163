package io.qsfs.recall;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.backend.BackendError;
import io.qsfs.codec.Code;
import io.qsfs.index.Placement;
import io.qsfs.log.MetaElsewhere;
import io.qsfs.log.record.MountRecord;
import io.qsfs.log.record.PadRecord;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.log.record.SyncRecord;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Goal: history is found again from shards alone, and is one line of mounts without forks or gaps. Method: metadata
 * segments by hand.
 */
class VolumeRecoveryTest {
    private static final int CHUNK = 64 * 1024;
    private static final long SEGMENT = 1 << 20;
    private static final long TIMEOUT_NS = 1_500_000_000L;
    private static final Id128 A = new Id128(0, 0xa);
    private static final Id128 B = new Id128(0, 0xb);
    private static final Id128 C = new Id128(0, 0xc);

    private final SealedFixture volume = new SealedFixture(new Code(4, 2), SEGMENT, CHUNK);
    private final VolumeRecovery recovery = new VolumeRecovery(
            volume.volumeId,
            volume.key,
            SEGMENT,
            Clock.SYSTEM,
            volume.backends,
            new FetchSettings(4, CHUNK, 6, 1_000_000_000L, 250_000_000L, 50_000_000L),
            TIMEOUT_NS);
    private long sequence = 1;

    /** Records of a mount that are put into segments. */
    private final class Writer implements AutoCloseable {
        private final Arena arena = Arena.ofConfined();
        private final MemorySegment bytes = arena.allocate(SEGMENT, 8);
        private final Id128 mountId;
        private final long epoch;
        private long number;
        private int length;

        Writer(Id128 mountId, long counter, long epoch, long number, long fromEpoch, long fromPosition) {
            this.mountId = mountId;
            this.epoch = epoch;
            this.number = number;
            length = MountRecord.encode(
                    bytes, 0, 1000 + sequence, mountId, counter, epoch, fromEpoch, fromPosition, 0, Id128.NIL, 0);
            RecordHeader.seal(bytes, 0, sequence++);
        }

        Writer sync(int count) {
            for (int i = 0; i < count; i++) {
                int added = SyncRecord.encode(bytes, length, 1000 + sequence, 0, 0);
                RecordHeader.seal(bytes, length, sequence++);
                length += added;
            }
            return this;
        }

        long position() {
            return number * SEGMENT + length;
        }

        /** Ends the segment and seals it on all backends. */
        Placement end() {
            int added = PadRecord.encode(bytes, length, PadRecord.FIXED_BYTES, 1000 + sequence);
            RecordHeader.seal(bytes, length, sequence++);
            length += added;
            return cut();
        }

        /** Seals what there is. */
        Placement cut() {
            byte[] content = bytes.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
            Placement placement = volume.seal(1, number, mountId, epoch, content);
            bytes.fill((byte) 0);
            number++;
            length = 0;
            return placement;
        }

        @Override
        public void close() {
            arena.close();
        }
    }

    @AfterEach
    void close() {
        recovery.close();
        volume.close();
    }

    /** Sequences that the replay gave. */
    private final List<Long> replayed = new ArrayList<>();

    private RecoveredHistory replay() {
        recovery.list();
        return recovery.replay((record, offset, position, length) -> {
            assertTrue(RecordHeader.isSound(record, offset, length));
            replayed.add(RecordHeader.sequence(record, offset));
            return 0;
        });
    }

    private void assertReplayed(long count) {
        assertEquals(count, replayed.size());
        for (int i = 0; i < count; i++) {
            assertEquals(i + 1, replayed.get(i));
        }
    }

    private void remove(Placement placement, int... shards) {
        for (int shard : shards) {
            volume.backends.get(shard).objects.remove(volume.object(placement, shard));
        }
    }

    @Test
    void shouldReplayWholeMetadataInOrder() {
        try (Writer a = new Writer(A, 1, 1, 0, 0, 0)) {
            a.sync(10).end();
            a.sync(5000).end();
            a.sync(3).cut();
        }
        RecoveredHistory history = replay();
        assertNull(history.stop());
        assertEquals(List.of(), history.notes());
        assertReplayed(1 + 10 + 1 + 5000 + 1 + 3);
        assertEquals(sequence - 1, history.lastSequence());
        assertEquals(1000 + sequence - 1, history.lastTimeNs());
        assertEquals(2 * SEGMENT + 3 * 48, history.endPosition());
        assertEquals(A, history.mountId());
        assertEquals(3, history.segments());
    }

    @Test
    void shouldReplayWithTwoBackendsGoneAndRottenHeaders() {
        Placement first;
        try (Writer a = new Writer(A, 1, 1, 0, 0, 0)) {
            first = a.sync(10).end();
            a.sync(5000).end();
        }
        volume.backends.get(0).fault = BackendError.UNREACHABLE;
        volume.backends.get(5).objects.clear();
        RecoveredHistory history = replay();
        assertNull(history.stop());
        assertReplayed(1 + 10 + 1 + 5000 + 1);
        assertEquals(2 * SEGMENT, history.endPosition());

        volume.backends.get(0).fault = BackendError.NONE;
        volume.backends.get(1).flip(volume.object(first, 1), 100);
        volume.backends.get(1).flip(volume.object(first, 1), 4150);
        replayed.clear();
        replay();
        assertReplayed(1 + 10 + 1 + 5000 + 1);
    }

    @Test
    void shouldNameBackendsThatDoNotAnswer() {
        volume.backends.get(2).fault = BackendError.DENIED;
        volume.backends.get(3).isHolding = true;
        ShardListing listing = recovery.list();
        assertEquals(4, listing.listedBackends().size());
        assertTrue(listing.silentBackends().get("memory-2").contains("DENIED"));
        assertEquals("no answer", listing.silentBackends().get("memory-3"));
        volume.backends.get(3).release();
    }

    @Test
    void shouldEndAtAGapAndSayWhere() {
        Placement second;
        try (Writer a = new Writer(A, 1, 1, 0, 0, 0)) {
            a.sync(10).end();
            second = a.sync(10).end();
            a.sync(10).end();
        }
        remove(second, 0, 1, 2);
        RecoveredHistory history = replay();
        assertReplayed(12);
        assertTrue(history.stop().contains("metadata segment 1"), history.stop());
        assertEquals(SEGMENT, history.endPosition());
    }

    @Test
    void shouldEndBeforeASegmentThatIsRottenBeyondRepair() {
        Placement second;
        try (Writer a = new Writer(A, 1, 1, 0, 0, 0)) {
            a.sync(10).end();
            second = a.sync(4000).end();
        }
        for (int shard = 0; shard < 3; shard++) {
            byte[] bytes = volume.backends.get(shard).objects.get(volume.object(second, shard));
            for (int i = 4096; i < bytes.length; i += 100) {
                bytes[i] ^= 1;
            }
        }
        RecoveredHistory history = replay();
        assertReplayed(12);
        assertNotNull(history.stop());
    }

    @Test
    void shouldFollowMountsAndLeaveForksOfALowerEpochOut() {
        long end;
        long after;
        try (Writer a = new Writer(A, 1, 1, 0, 0, 0)) {
            a.sync(10).end();
            a.sync(20);
            end = a.position();
            after = sequence;
            a.sync(7).end(); // the fork begins in the middle of segment 1
            a.sync(5).end();
        }
        sequence = after;
        try (Writer b = new Writer(B, 1, 2, 5, 1, end)) {
            b.sync(4).end();
        }
        try (Writer c = new Writer(C, 2, 2, 7, 2, 6 * SEGMENT)) {
            c.sync(2).cut();
        }
        RecoveredHistory history = replay();
        assertNull(history.stop());
        assertReplayed(1 + 10 + 1 + 20 + 1 + 4 + 1 + 1 + 2);
        assertEquals(C, history.mountId());
        assertEquals(2, history.epoch());
        assertEquals(1, history.notes().size());
        assertTrue(history.notes().getFirst().contains("above position " + end));
        assertEquals(7, recovery.list().highestNumber(1));
    }

    @Test
    void shouldUseTheOlderEpochWhenTheBeginningOfTheNewerOneIsLost() {
        Placement lost;
        try (Writer a = new Writer(A, 1, 1, 0, 0, 0)) {
            a.sync(10).end();
        }
        try (Writer b = new Writer(B, 1, 2, 5, 1, SEGMENT)) {
            lost = b.sync(4).end();
            b.sync(4).end();
        }
        remove(lost, 1, 2, 3);
        RecoveredHistory history = replay();
        assertReplayed(12);
        assertEquals(1, history.notes().size());
    }

    @Test
    void shouldTakeTheSealingThatIsWhole() {
        try (Writer a = new Writer(A, 1, 1, 0, 0, 0)) {
            a.sync(10);
            byte[] content = a.bytes.asSlice(0, a.length).toArray(ValueLayout.JAVA_BYTE);
            Placement broken = volume.seal(1, 0, A, 1, content);
            remove(broken, 0, 1, 2);
            Placement rotten = volume.seal(1, 0, A, 1, content);
            for (int shard = 0; shard < 4; shard++) {
                byte[] bytes = volume.backends.get(shard).objects.get(volume.object(rotten, shard));
                java.util.Arrays.fill(bytes, 4096, bytes.length, (byte) 3);
            }
            a.cut();
        }
        RecoveredHistory history = replay();
        assertNull(history.stop());
        assertReplayed(11);
        assertEquals(3, recovery.list().sealings(1, 0).size());
    }

    @Test
    void shouldFindNothingInNothing() {
        volume.backends.get(0).objects.put("shard/strange", new byte[1]);
        RecoveredHistory history = replay();
        assertEquals(0, history.records());
        assertNull(history.stop());
        assertEquals(1, recovery.list().strangerCount());
    }

    @Test
    void shouldGiveThePlacementOfASegmentFromItsShards() {
        byte[] bytes = SealedFixture.bytes(new SplittableRandom(1), 900_000);
        Placement original = volume.seal(0, 4, A, 3, bytes);
        remove(original, 2);
        recovery.list();
        Placement found = recovery.placement(0, 4, A);
        assertEquals(original.sealId(), found.sealId());
        assertEquals(original.toPosition(), found.toPosition());
        assertEquals(3, found.epoch());
        assertEquals(original.chunkCount(), found.chunkCount());
        assertEquals(original.chunkCrc(7), found.chunkCrc(7));
        assertTrue(found.backend(2).isNil());
        assertEquals(original.backend(3), found.backend(3));
        assertNull(recovery.placement(0, 4, B));
        try (Arena arena = Arena.ofShared()) {
            MemorySegment plain = arena.allocate(SEGMENT);
            assertNull(recovery.fetchSegment(found, plain));
            assertArrayEquals(bytes, plain.asSlice(0, bytes.length).toArray(ValueLayout.JAVA_BYTE));
            volume.backends.get(0).objects.clear();
            volume.backends.get(4).objects.clear();
            assertTrue(recovery.fetchSegment(original, plain).contains("segment 4"));
        }
    }

    @Test
    void shouldGiveALogScanWhatIsNotLocal() {
        Placement placement;
        try (Writer a = new Writer(A, 1, 1, 0, 0, 0)) {
            placement = a.sync(10).end();
            a.sync(3).end();
        }
        recovery.list();
        MetaElsewhere elsewhere = recovery.elsewhere((stream, number) -> number == 0 ? placement : null);
        assertEquals(placement.toPosition(), elsewhere.fetch(0).to());
        assertEquals(SEGMENT + 4 * 48 - 16, elsewhere.fetch(1).to());
        assertNull(elsewhere.fetch(2));
    }
}
