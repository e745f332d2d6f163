package io.qsfs.bench.tool;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Two runs beside each other. A figure has changed when its medians differ by more than the ranges of both runs'
 * rounds together, and by more than 3 %; so the values of the two runs do not even overlap. With fewer than three
 * rounds the ranges say little: then the difference must be more than 25 %.
 *
 * <p>Threading: stateless.
 */
final class Comparison {
    static final double LEAST = 0.03;
    static final double LEAST_WITHOUT_ROUNDS = 0.25;
    private static final int ROUNDS_MIN = 3;

    private Comparison() {}

    /** How a figure did. */
    enum Verdict {
        ROSE,
        FELL,
        SAME
    }

    /**
     * A figure in both runs.
     *
     * @param noise the difference that would still be noise, as a share of the old median.
     */
    record Line(Metric before, Metric after, double change, double noise, Verdict verdict) {}

    /** The figures that both runs have, in the order of the new one. */
    static List<Line> of(Report before, Report after) {
        Map<String, Metric> old = new LinkedHashMap<>();
        before.metrics().forEach(metric -> old.put(metric.id(), metric));
        List<Line> lines = new ArrayList<>();
        for (Metric metric : after.metrics()) {
            Metric earlier = old.get(metric.id());
            if (earlier != null && earlier.median() > 0 && !Double.isNaN(metric.median())) {
                lines.add(line(earlier, metric));
            }
        }
        return lines;
    }

    private static Line line(Metric before, Metric after) {
        double base = before.median();
        double change = (after.median() - base) / base;
        boolean isKnown = Math.min(before.rounds().size(), after.rounds().size()) >= ROUNDS_MIN;
        double ranges = (Stats.range(before.rounds()) + Stats.range(after.rounds())) / base;
        double noise = Math.max(isKnown ? LEAST : LEAST_WITHOUT_ROUNDS, ranges);
        Verdict verdict = Math.abs(change) <= noise
                ? Verdict.SAME
                : change > 0 == after.higherIsBetter() ? Verdict.ROSE : Verdict.FELL;
        return new Line(before, after, change, noise, verdict);
    }

    /** Charts of both runs with one id, laid over each other; those of the new run alone stay as they are. */
    static List<Chart> overlaid(Report before, Report after) {
        List<Chart> charts = new ArrayList<>();
        for (Chart chart : after.charts()) {
            Chart earlier = before.charts().stream()
                    .filter(c -> c.id().equals(chart.id()) && c.kind() == chart.kind())
                    .findFirst()
                    .orElse(null);
            if (earlier == null) {
                charts.add(chart);
                continue;
            }
            List<Chart.Series> both = new ArrayList<>();
            earlier.series().forEach(s -> both.add(new Chart.Series(OLD + s.name(), s.points())));
            chart.series().forEach(s -> both.add(new Chart.Series(NEW + s.name(), s.points())));
            charts.add(new Chart(
                    chart.id(),
                    chart.title(),
                    chart.kind(),
                    chart.xLabel(),
                    chart.yLabel(),
                    chart.xLog(),
                    chart.yLog(),
                    both));
        }
        return charts;
    }

    static final String OLD = "old: ";
    static final String NEW = "new: ";
}
