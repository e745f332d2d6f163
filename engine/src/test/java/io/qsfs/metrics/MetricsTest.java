package io.qsfs.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.qsfs.memory.Clock;
import org.junit.jupiter.api.Test;

/** Counts, and measures rates on a clock that the test turns. */
class MetricsTest {
    private static final long SECOND_NS = 1_000_000_000L;

    private long nowNs = Long.MAX_VALUE - 3 * SECOND_NS; // wraps while the test runs

    private final Clock clock = new Clock() {
        @Override
        public long nanoTime() {
            return nowNs;
        }

        @Override
        public long realtimeNs() {
            return 0;
        }
    };

    @Test
    void shouldCount() {
        Counter counter = new Counter();
        counter.add(41);
        counter.increment();
        assertEquals(42, counter.get());
    }

    @Test
    void shouldMeasureARate() {
        RateMeter meter = new RateMeter(clock, 5 * SECOND_NS);
        assertEquals(0, meter.sample(1000));
        long total = 1000;
        for (int i = 1; i <= 100; i++) {
            nowNs += SECOND_NS / 10;
            total += 50;
            assertEquals(500, meter.sample(total), "after " + i);
        }
    }

    @Test
    void shouldForgetWhatIsOlderThanTheWindow() {
        RateMeter meter = new RateMeter(clock, 5 * SECOND_NS);
        meter.sample(0);
        nowNs += SECOND_NS;
        assertEquals(1_000_000, meter.sample(1_000_000));
        for (int i = 0; i < 70; i++) {
            nowNs += SECOND_NS / 10;
            meter.sample(1_000_000);
        }
        assertEquals(0, meter.sample(1_000_000));
    }
}
