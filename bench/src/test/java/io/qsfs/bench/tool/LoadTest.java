package io.qsfs.bench.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.backend.BackendError;
import io.qsfs.memory.Clock;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Goal: loops count what happened, and an open loop hides no stall. Method: operations made of timers. */
@Timeout(60)
class LoadTest {
    private static final long MS = 1_000_000L;

    private final Stop stop = new Stop(new Output(System.out, System.err, false, Clock.SYSTEM));
    private final Load load = new Load(Clock.SYSTEM, stop);
    private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(2);

    @AfterEach
    void close() {
        timer.shutdownNow();
    }

    /** A refused operation is answered inside of begin: a million of them must not grow the stack. */
    @Test
    void shouldNotRecurse() {
        Latencies seen = load.closed(2, Long.MAX_VALUE >> 2, 1_000_000, 7, (number, slot, completion) -> {
            completion.done(null, BackendError.NONE, "");
            return true;
        });
        assertEquals(1_000_000, seen.operations());
        assertEquals(7_000_000, seen.bytes());
    }

    @Test
    void shouldKeepAsManyUnderWay() {
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        Latencies seen = load.closed(5, Long.MAX_VALUE >> 2, 50, 0, (number, slot, completion) -> {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            timer.schedule(
                    () -> {
                        now.decrementAndGet();
                        completion.done(null, BackendError.NONE, "");
                    },
                    20,
                    TimeUnit.MILLISECONDS);
            return true;
        });
        assertEquals(50, seen.operations());
        assertEquals(5, most.get());
        assertTrue(seen.percentileMs(50) >= 20, "latency is at least the delay");
    }

    @Test
    void shouldEndAfterManyErrors() {
        Latencies seen = load.closed(1, Long.MAX_VALUE >> 2, Long.MAX_VALUE, 1, (number, slot, completion) -> {
            completion.done(null, BackendError.FULL, "no space");
            return true;
        });
        assertEquals(0, seen.operations());
        assertEquals("FULL no space", seen.firstError());
        assertTrue(seen.errors() >= 64);
    }

    /**
     * A server that answers at once, and stalls once for 400 ms. A closed loop sees one long operation; of an open
     * loop every operation that was due during the stall was late, and half of those by more than half of it. Time is
     * the test's own.
     */
    @Test
    void shouldCountWhatWasDueDuringAStall() {
        ManualClock clock = new ManualClock();
        Load manual = new Load(clock, stop, ns -> clock.now += ns);
        Load.Operation stalling = (number, slot, completion) -> {
            clock.now += number == 20 ? 400 * MS : MS;
            completion.done(null, BackendError.NONE, "");
            return true;
        };
        Latencies closed = manual.closed(1, 800 * MS, 200, 0, stalling);
        assertEquals(1, closed.percentileMs(99), 0.01, "the stall is one of many");
        Latencies open = manual.open(200, 800 * MS, 1, Long.MAX_VALUE, 0, stalling);
        assertEquals(160, open.operations());
        long late = open.operations() - open.histogram().getCountBetweenValues(0, 200 * MS);
        assertEquals(51, late, 2, "due every 5 ms, each served in 1: late by more than half of it");
        assertEquals(400, open.percentileMs(100), 1);
        assertTrue(open.percentileMs(99) > 390, "99 % within " + open.percentileMs(99));
    }

    /** Threading: one thread. */
    private static final class ManualClock implements Clock {
        long now = 1;

        @Override
        public long nanoTime() {
            return now;
        }

        @Override
        public long realtimeNs() {
            return now;
        }
    }
}
