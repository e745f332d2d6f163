package io.qsfs.bench.tool;

import io.qsfs.memory.Clock;

/**
 * How far a run is: steps of about equal length.
 *
 * <p>Threading: one thread.
 */
final class Progress {
    private final Output output;
    private final Clock clock;
    private final String name;
    private final int total;
    private final long beganNs;
    private int done;

    Progress(Output output, Clock clock, String name, int total) {
        this.output = output;
        this.clock = clock;
        this.name = name;
        this.total = total;
        this.beganNs = clock.nanoTime();
    }

    /** A step begins. */
    void begins(String what) {
        output.progress(name + " " + what, done, total, "", leftNs());
    }

    /** A step ended at this rate. */
    void ended(String what, String rate) {
        done++;
        output.progress(name + " " + what, done, total, rate, leftNs());
    }

    private long leftNs() {
        return done == 0 ? -1 : (clock.nanoTime() - beganNs) / done * Math.max(0, total - done);
    }
}
