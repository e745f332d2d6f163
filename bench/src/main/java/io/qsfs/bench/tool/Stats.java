package io.qsfs.bench.tool;

import java.util.List;

/**
 * Medians and spreads of a few rounds.
 *
 * <p>Threading: stateless.
 */
final class Stats {
    private Stats() {}

    /** The middle value, the mean of the two middle ones of an even count; NaN of none. */
    static double median(List<Double> values) {
        if (values.isEmpty()) {
            return Double.NaN;
        }
        List<Double> sorted = values.stream().sorted().toList();
        int half = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(half) : (sorted.get(half - 1) + sorted.get(half)) / 2;
    }

    /** Largest less smallest value; 0 of fewer than two. */
    static double range(List<Double> values) {
        double least = values.stream().mapToDouble(Double::doubleValue).min().orElse(0);
        double most = values.stream().mapToDouble(Double::doubleValue).max().orElse(0);
        return most - least;
    }

    /**
     * The range as a share of the median: 0.1 is plus or minus five in a hundred. 0 where there is no median to
     * share.
     */
    static double spread(List<Double> values) {
        double median = median(values);
        return median > 0 ? range(values) / median : 0;
    }

    /** The median of the ratios round by round: drift that both sides saw drops out. */
    static double ratio(List<Double> values, List<Double> base) {
        int count = Math.min(values.size(), base.size());
        List<Double> ratios = java.util.stream.IntStream.range(0, count)
                .mapToObj(i -> values.get(i) / base.get(i))
                .toList();
        return median(ratios);
    }
}
