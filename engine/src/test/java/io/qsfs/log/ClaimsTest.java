package io.qsfs.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: claims of several threads never overlap, never cross a segment; committed never passes a claim that has not ended, and
 * segments close with all their bytes. Method: real threads on a real disk, a watcher in between.
 */
@Timeout(60)
class ClaimsTest {
    private static final int WORKERS = 4;
    private static final int CLAIMS = 1_500;

    @TempDir
    Path directory;

    private record Claim(long position, int length) {}

    @Test
    void shouldGiveEveryThreadItsOwnBytes() throws InterruptedException {
        LogContext context = new LogContext().claimSlots(WORKERS);
        try (LogRig rig = new LogRig(
                        new RealDisk(), directory.resolve("log"), new ArrayList<>(), new Random(1), context)
                .mount(1)) {
            ConcurrentLinkedQueue<Claim> claims = new ConcurrentLinkedQueue<>();
            AtomicReference<Throwable> failure = new AtomicReference<>();
            List<Thread> workers = new ArrayList<>();
            for (int worker = 0; worker < WORKERS; worker++) {
                int slot = worker;
                workers.add(Thread.ofPlatform().start(() -> {
                    try {
                        work(rig.log.data(), slot, claims);
                    } catch (Throwable t) {
                        failure.compareAndSet(null, t);
                    }
                }));
            }
            long committed = 0;
            List<Long> closed = new ArrayList<>();
            while (workers.stream().anyMatch(Thread::isAlive)) {
                long now = rig.log.data().committed();
                assertTrue(now >= committed, "committed went back from " + committed + " to " + now);
                assertTrue(now <= rig.log.data().claimed());
                committed = now;
                closeEnded(rig, closed);
            }
            for (Thread worker : workers) {
                worker.join();
            }
            assertEquals(null, failure.get());
            assertEquals(rig.log.data().claimed(), rig.log.data().committed());
            rig.log.data().closeActive();
            closeEnded(rig, closed);
            rig.sync();
            check(rig, claims);
            for (int i = 0; i < closed.size(); i++) {
                assertEquals(i, closed.get(i));
            }
        }
    }

    private static void closeEnded(LogRig rig, List<Long> closed) {
        long number;
        while ((number = rig.log.data().nextToClose()) >= 0) {
            rig.log.data().close(number);
            closed.add(number);
        }
    }

    private static void work(DataStream data, int slot, ConcurrentLinkedQueue<Claim> claims) {
        Random random = new Random(slot);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment payload = arena.allocate(64 * 1024, 4096);
            for (int i = 0; i < CLAIMS; i++) {
                int length = 8 * (1 + random.nextInt(64 * 1024 / 8));
                long position = data.claim(slot, length);
                assertTrue(position >= 0, "outcome " + position);
                assertTrue(data.committed() <= position, "committed passed a claim that has not ended");
                for (int at = 0; at < length; at += 8) {
                    payload.set(ValueLayout.JAVA_LONG, at, position + at);
                }
                assertEquals(0, data.write(position, payload, 0, length));
                claims.add(new Claim(position, length));
                data.end(slot);
            }
        }
    }

    private static void check(LogRig rig, ConcurrentLinkedQueue<Claim> claims) {
        List<Claim> sorted = new ArrayList<>(claims);
        sorted.sort(Comparator.comparingLong(Claim::position));
        assertEquals(WORKERS * CLAIMS, sorted.size());
        long end = 0;
        for (Claim claim : sorted) {
            assertTrue(claim.position >= end, "claims overlap at " + claim.position);
            end = claim.position + claim.length;
            assertEquals(claim.position / LogRig.SEGMENT_BYTES, (end - 1) / LogRig.SEGMENT_BYTES);
            SegmentFile file = rig.log.catalog().pin(Streams.DATA, claim.position / LogRig.SEGMENT_BYTES);
            assertEquals(0, rig.log.catalog().pread(file, claim.position, rig.payload, 0, claim.length));
            for (int at = 0; at < claim.length; at += 8) {
                assertEquals(claim.position + at, rig.payload.get(ValueLayout.JAVA_LONG, at));
            }
            rig.log.catalog().unpin(file);
        }
    }
}
