package io.qsfs.bench.jmh;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * What was measured of one stage with one set of parameters, all iterations of all forks.
 *
 * @param stage the stage.
 * @param parameters its parameters.
 * @param mode {@code avgt} or {@code thrpt}; both are kept as times.
 * @param samples at least one.
 * @param bytes payload of an operation; 0 when operations are counted.
 * @param allocatedBytes heap bytes that an operation allocated.
 */
record Row(
        Stage stage,
        Map<String, String> parameters,
        String mode,
        List<Sample> samples,
        long bytes,
        double allocatedBytes) {

    /**
     * An iteration and its roof, which was measured right before it.
     *
     * @param ns of one operation.
     * @param roofNs of the same work at the roof.
     */
    record Sample(double ns, double roofNs) {
        double ratio() {
            return roofNs / ns;
        }
    }

    /** Median over the iterations, as the others. */
    double ns() {
        return median(samples.stream().mapToDouble(Sample::ns).toArray());
    }

    double roofNs() {
        return median(samples.stream().mapToDouble(Sample::roofNs).toArray());
    }

    /** 1 is the roof; the median of each iteration's own ratio, so that slow noise leaves it alone. */
    double ratio() {
        return median(ratios());
    }

    /** Half of the distance between the quartiles of the ratios. */
    double spread() {
        double[] sorted = ratios();
        Arrays.sort(sorted);
        return (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2;
    }

    double goal() {
        return stage.goal().applyAsDouble(parameters);
    }

    private double[] ratios() {
        return samples.stream().mapToDouble(Sample::ratio).toArray();
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return quantile(sorted, 0.5);
    }

    private static double quantile(double[] sorted, double q) {
        double at = q * (sorted.length - 1);
        int below = (int) at;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }
}
