package io.qsfs.bench.jmh;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * What the roof of a benchmark took, measured right before each of its iterations, so that the machine's noise hits both. The
 * suite reads it as a second result of the iteration.
 *
 * <p>Threading: the benchmark's one thread.
 */
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.EVENTS)
public class Roof {
    /** How long the loops of one measurement take, about. */
    private static final long SAMPLE_NS = Long.getLong("qsfs.roof.ns", 100_000_000L);

    private static final long CALIBRATION_NS = 1_000_000L;
    private static final long LOOPS_MAX = 1L << 40;

    private double roofNs;
    private long loops;

    /** Does the work so many times; returns the nanoseconds it took, or a negative errno. */
    @FunctionalInterface
    interface Loop {
        long run(long loops);
    }

    /** Nanoseconds of one operation. JMH takes it for a counter by its name. */
    public double roofNs() {
        return roofNs;
    }

    /** Measures the roof of the iteration that comes. */
    void measure(Loop loop) {
        if (loops == 0) {
            loops = calibrated(loop);
        }
        roofNs = (double) checked(loop.run(loops)) / loops;
    }

    /** As {@link #measure}, where a loop is as much as {@code operations} of the benchmark. */
    void measureBatches(int operations, Loop loop) {
        measure(loop);
        roofNs /= operations;
    }

    /** For a roof that is put together from several. */
    void set(double ns) {
        roofNs = ns;
    }

    private static long calibrated(Loop loop) {
        long count = 1;
        long ns = checked(loop.run(count));
        while (ns < CALIBRATION_NS && count < LOOPS_MAX) {
            count *= 2;
            ns = checked(loop.run(count));
        }
        return Math.max(1, count * SAMPLE_NS / Math.max(1, ns));
    }

    private static long checked(long ns) {
        if (ns < 0) {
            throw new IllegalStateException("the roof failed: errno=" + -ns);
        }
        return ns;
    }
}
