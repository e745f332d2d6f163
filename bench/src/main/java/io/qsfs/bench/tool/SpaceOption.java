package io.qsfs.bench.tool;

import io.qsfs.config.QsfsException;
import io.qsfs.config.Units;
import picocli.CommandLine.Option;

/**
 * How much may lie on a backend, and how long a step is.
 *
 * <p>Threading: one thread.
 */
final class SpaceOption {
    private static final long LEAST = 16L << 20;

    @Option(
            names = "--space",
            paramLabel = "SIZE",
            defaultValue = "512MiB",
            description = "Most that lies on one backend at a time. Default: ${DEFAULT-VALUE}.")
    private String space;

    @Option(names = "--step", paramLabel = "TIME", description = "Length of one step, like 500ms or 2s.")
    private String step;

    long bytes() {
        long bytes = Units.parseSize(space);
        if (bytes < LEAST) {
            throw new QsfsException("--space is \"" + space + "\": give 16MiB or more, like 1GiB.");
        }
        return bytes;
    }

    long stepNs(long usualNs) {
        if (step == null) {
            return usualNs;
        }
        long ns = Units.parseDuration(step);
        if (ns < 10_000_000L || ns > 600_000_000_000L) {
            throw new QsfsException("--step is \"" + step + "\": give 10ms to 10m.");
        }
        return ns;
    }
}
