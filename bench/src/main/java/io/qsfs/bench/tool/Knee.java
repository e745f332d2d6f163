package io.qsfs.bench.tool;

import java.util.List;

/**
 * Finds where more load stops to pay.
 *
 * <p>Threading: stateless.
 */
final class Knee {
    /** Of the best throughput: what is enough. */
    static final double ENOUGH = 0.9;

    /** Of the offered load: what counts as kept up with. */
    static final double KEPT_UP = 0.95;

    /** How much longer than at the lightest load the 99th percentile may take. */
    static final double LATENCY_FACTOR = 5;

    private Knee() {}

    /**
     * A step of an open loop.
     *
     * @param offered operations a second that were asked for.
     * @param done    operations a second that were answered.
     * @param p99Ms   99th percentile from the time at which an operation was due.
     */
    record Step(double offered, double done, double p99Ms) {}

    /**
     * The smallest index whose value is nearly the best: with concurrencies in order, more of them gives hardly more.
     *
     * @return -1 for no values.
     */
    static int ofConcurrency(List<Double> throughputs) {
        double best =
                throughputs.stream().mapToDouble(Double::doubleValue).max().orElse(Double.NaN);
        for (int i = 0; i < throughputs.size(); i++) {
            if (throughputs.get(i) >= ENOUGH * best) {
                return i;
            }
        }
        return -1;
    }

    /**
     * The last step, in order of offered load, that is kept up with and whose tail is still short; all before it are
     * so too.
     *
     * @return -1 when not even the first is.
     */
    static int ofLoad(List<Step> steps) {
        for (int i = 0; i < steps.size(); i++) {
            Step step = steps.get(i);
            boolean keepsUp = step.done() >= KEPT_UP * step.offered();
            boolean isShort = step.p99Ms() <= LATENCY_FACTOR * steps.getFirst().p99Ms();
            if (!keepsUp || !isShort) {
                return i - 1;
            }
        }
        return steps.size() - 1;
    }
}
