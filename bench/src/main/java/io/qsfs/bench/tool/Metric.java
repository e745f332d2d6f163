package io.qsfs.bench.tool;

import java.util.List;

/**
 * One figure with the values of all rounds.
 *
 * @param id             names it for good, so that runs can be compared: {@code backends/disk-1/put/4KiB/c16/rate}.
 * @param label          for people.
 * @param unit           {@code MB/s}, {@code /s}, {@code ms}, {@code bytes/byte}.
 * @param higherIsBetter which way is an improvement.
 * @param rounds         a value of each round, in order.
 */
public record Metric(String id, String label, String unit, boolean higherIsBetter, List<Double> rounds) {
    /** Keeps the list. */
    public Metric {
        rounds = List.copyOf(rounds);
    }

    double median() {
        return Stats.median(rounds);
    }

    double spread() {
        return Stats.spread(rounds);
    }
}
