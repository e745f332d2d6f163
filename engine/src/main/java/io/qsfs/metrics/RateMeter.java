package io.qsfs.metrics;

import io.qsfs.memory.Clock;

/**
 * The recent rate of a counter that is looked at now and then, for progress and status.
 *
 * <p>Threading: one thread.
 */
public final class RateMeter {
    private static final int SAMPLES_MAX = 16;

    private final Clock clock;
    private final long windowNs;
    private final long[] atNs = new long[SAMPLES_MAX];
    private final long[] totals = new long[SAMPLES_MAX];
    private int count;

    /** @param windowNs how far back the rate looks. */
    public RateMeter(Clock clock, long windowNs) {
        this.clock = clock;
        this.windowNs = windowNs;
    }

    /**
     * Takes note of the counter.
     *
     * @return the rate a second over the window, or over what has been seen of it; 0 at first.
     */
    public long sample(long total) {
        long nowNs = clock.nanoTime();
        // The newest sample that is a window old or older is what the rate is measured from; those before it go.
        int from = 0;
        while (from + 1 < count && nowNs - atNs[from + 1] >= windowNs) {
            from++;
        }
        shift(from);
        boolean isSpaced = count == 0 || nowNs - atNs[count - 1] >= windowNs / (SAMPLES_MAX - 2);
        if (isSpaced) {
            if (count == SAMPLES_MAX) {
                shift(1);
            }
            atNs[count] = nowNs;
            totals[count] = total;
            count++;
        }
        long elapsedNs = nowNs - atNs[0];
        return elapsedNs <= 0 ? 0 : (long) ((total - totals[0]) * 1e9 / elapsedNs);
    }

    private void shift(int dropped) {
        if (dropped > 0) {
            System.arraycopy(atNs, dropped, atNs, 0, count - dropped);
            System.arraycopy(totals, dropped, totals, 0, count - dropped);
            count -= dropped;
        }
    }
}
