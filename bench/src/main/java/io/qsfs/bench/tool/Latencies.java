package io.qsfs.bench.tool;

import org.HdrHistogram.Histogram;

/**
 * What a loop saw.
 *
 * @param operations that were answered well.
 * @param errors     that were not.
 * @param firstError what the first of them said; empty for none.
 * @param bytes      of the operations.
 * @param elapsedNs  from the first start to the last answer.
 * @param histogram  nanoseconds of the operations; owned by the receiver.
 */
record Latencies(long operations, long errors, String firstError, long bytes, long elapsedNs, Histogram histogram) {
    /** Operations a second. */
    double rate() {
        return elapsedNs == 0 ? 0 : operations * 1e9 / elapsedNs;
    }

    /** Megabytes (10^6) a second. */
    double megabytesPerSecond() {
        return elapsedNs == 0 ? 0 : bytes * 1e3 / elapsedNs;
    }

    /** A percentile in milliseconds; 0 when nothing was answered. */
    double percentileMs(double percentile) {
        return histogram.getTotalCount() == 0 ? 0 : histogram.getValueAtPercentile(percentile) / 1e6;
    }
}
