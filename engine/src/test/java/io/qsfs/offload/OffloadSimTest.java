package io.qsfs.offload;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.backend.Backend;
import io.qsfs.backend.BackendError;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.codec.Code;
import io.qsfs.codec.Suite;
import io.qsfs.index.Placement;
import io.qsfs.keys.VolumeKey;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import io.qsfs.recall.FetchSettings;
import io.qsfs.recall.ManualClock;
import io.qsfs.recall.MemoryBackend;
import io.qsfs.recall.Recall;
import io.qsfs.recall.RecallSettings;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Goal: whatever backends do in between, what is closed gets placed when they are calm again, metadata never before
 * its data, and a placement survives the loss of all its shards but k. Method: seeded faults, one thread, time by
 * hand.
 */
class OffloadSimTest {
    private static final long SEGMENT = 1 << 20;
    private static final int CHUNK = 64 * 1024;
    private static final long SECOND = 1_000_000_000L;
    private static final Id128 VOLUME = new Id128(7, 7);
    private static final Id128 MOUNT = new Id128(3, 4);
    private static final Code CODE = new Code(3, 2);
    private static final int SEGMENTS = 12;

    @TempDir
    Path directory;

    private final ManualClock clock = new ManualClock();
    private final MemorySegments log = new MemorySegments(SEGMENT);
    private final List<MemoryBackend> backends = new ArrayList<>();
    private final Map<Long, Placement> data = new HashMap<>();
    private final Map<Long, Placement> meta = new HashMap<>();
    private SplittableRandom random;

    private final class Sink implements PlacementSink {
        @Override
        public void placed(Placement placement) {
            assertTrue(placement.placedShards() >= 4);
            if (placement.stream() == 0) {
                assertEquals(null, data.put(placement.number(), placement));
            } else {
                for (long number = 0; number <= placement.number(); number++) {
                    assertTrue(data.containsKey(number), "metadata before data " + number);
                }
                meta.put(placement.number(), placement);
            }
        }

        @Override
        public void shardPlaced(int stream, long number, Id256 sealId, int shardIndex, Id128 backend) {
            Placement known = (stream == 0 ? data : meta).get(number);
            assertEquals(known.sealId(), sealId);
            assertTrue(known.backend(shardIndex).isNil());
        }

        @Override
        public void failed(int stream, long number, String reason) {
            throw new AssertionError(reason);
        }
    }

    private List<Backend> choose(int count, Set<Id128> holders, Set<Id128> excluded) {
        List<Backend> chosen = new ArrayList<>();
        int first = random.nextInt(backends.size());
        for (int i = 0; i < backends.size() && chosen.size() < count; i++) {
            MemoryBackend backend = backends.get((first + i) % backends.size());
            if (!excluded.contains(backend.id())) {
                chosen.add(backend);
            }
        }
        return chosen;
    }

    private void disturb() {
        MemoryBackend backend = backends.get(random.nextInt(backends.size()));
        switch (random.nextInt(8)) {
            case 0 -> backend.fault = BackendError.UNREACHABLE;
            case 1 -> backend.fault = BackendError.FULL;
            case 2 -> backend.isHolding = true;
            case 3 -> backend.lostAnswer = BackendError.TIMEOUT;
            case 4, 5 -> backend.release();
            default -> {
                backend.fault = BackendError.NONE;
                backend.lostAnswer = BackendError.NONE;
            }
        }
    }

    private void calm() {
        for (MemoryBackend backend : backends) {
            backend.fault = BackendError.NONE;
            backend.lostAnswer = BackendError.NONE;
            backend.release();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void shouldPlaceEverythingInTheEnd(long seed) {
        random = new SplittableRandom(seed + Long.getLong("qsfs.seed", 0));
        for (int i = 0; i < 6; i++) {
            backends.add(new MemoryBackend(i, true));
        }
        OffloadSettings settings = OffloadSettings.defaults(CODE, SEGMENT, CHUNK, Suite.COMPRESSION_LZ4, 0);
        try (VolumeKey key = VolumeKey.random(new SecureRandom())) {
            try (Offloader offloader =
                    new Offloader(settings, clock, VOLUME, key, new SecureRandom(), log, this::choose, new Sink())) {
                run(offloader);
            }
            assertEquals(SEGMENTS, data.size());
            assertEquals(SEGMENTS, meta.size());
            assertEachSurvives(key);
        }
    }

    private void run(Offloader offloader) {
        long next = 0;
        for (int step = 0; step < 600; step++) {
            if (next < SEGMENTS && random.nextInt(20) == 0) {
                close(offloader, next++);
            }
            if (random.nextInt(3) == 0) {
                disturb();
            }
            clock.advance(random.nextLong(SECOND));
            offloader.doWork();
        }
        while (next < SEGMENTS) {
            close(offloader, next++);
        }
        calm();
        for (int step = 0; step < 400; step++) {
            clock.advance(SECOND / 4);
            while (offloader.doWork() > 0) {}
        }
        assertEquals(List.of(), offloader.backlog().waiting());
    }

    private void close(Offloader offloader, long number) {
        byte[] bytes = new byte[1 + random.nextInt((int) SEGMENT)];
        random.nextBytes(bytes);
        log.addData(number, bytes, random);
        log.meta.put(number, new byte[100]);
        long from = number * SEGMENT;
        offloader.closed(new ClosedSegment(0, number, from, from + bytes.length, MOUNT, 1, -1));
        offloader.closed(new ClosedSegment(1, number, from, from + 100, MOUNT, 1, number));
    }

    /** Each segment is read with as many backends gone as it can lose. */
    private void assertEachSurvives(VolumeKey key) {
        RecallSettings settings = new RecallSettings(
                directory.resolve("recall"), CHUNK, 32, 5 * SECOND, 100, FetchSettings.defaults(CHUNK, 5));
        try (Recall recall = new Recall(
                        settings, Clock.SYSTEM, VOLUME, key, (stream, number) -> data.get(number), backends);
                Arena arena = Arena.ofConfined()) {
            recall.start();
            MemorySegment buffer = arena.allocate(CHUNK);
            data.forEach((number, placement) -> {
                List<Id128> holders = new ArrayList<>(placement.backends());
                holders.removeIf(Id128::isNil);
                Set<Id128> gone = new HashSet<>();
                while (gone.size() < holders.size() - CODE.k()) {
                    gone.add(holders.get(random.nextInt(holders.size())));
                }
                backends.forEach(b -> b.fault = gone.contains(b.id()) ? BackendError.UNREACHABLE : BackendError.NONE);
                byte[] expected = log.data.get(number);
                byte[] found = new byte[expected.length];
                for (int at = 0; at < found.length; at += CHUNK) {
                    read(recall, number, at / CHUNK, buffer, found);
                }
                assertArrayEquals(expected, found);
            });
        }
    }

    private static void read(Recall recall, long segment, int chunk, MemorySegment buffer, byte[] out) {
        CountDownLatch answered = new CountDownLatch(1);
        AtomicInteger slot = new AtomicInteger();
        AtomicInteger error = new AtomicInteger();
        recall.request(segment, chunk, (s, c, got, errno) -> {
            slot.set(got);
            error.set(errno);
            answered.countDown();
        });
        try {
            assertTrue(answered.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        assertEquals(0, error.get());
        int length = recall.slotLength(slot.get());
        Linux.pread(recall.fd(), buffer, 0, length, recall.slotFileOffset(slot.get()));
        MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, out, chunk * CHUNK, length);
        recall.unpin(slot.get());
    }
}
