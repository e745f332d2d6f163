package io.qsfs.bench.tool;

import io.qsfs.backend.BackendSpec;
import io.qsfs.config.QsfsException;
import io.qsfs.config.Units;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code qsfs-bench backends}.
 *
 * <p>Threading: one thread.
 */
@Command(
        name = "backends",
        description = {
            "Measure put, ranged get, delete and list of backends over object size and concurrency.",
            "Closed loops find the throughput; open loops, at fixed rates and timed from when each operation was due, find"
                    + " the latency that users see.",
            "Objects go into a directory .qsfs-bench-… below each directory, and under keys qsfs-bench:… on each server."
        })
final class BackendsCommand implements Callable<Integer> {
    private static final long STEP_NS = 500_000_000L;
    private static final long QUICK_NS = 150_000_000L;

    private final Session session;

    @Mixin
    private BackendOptions backends = new BackendOptions();

    @Mixin
    private RunOptions options = new RunOptions();

    @Mixin
    private SpaceOption space = new SpaceOption();

    @Option(names = "--sizes", paramLabel = "LIST", description = "Of objects. Default: 4KiB,64KiB,1MiB,16MiB.")
    private String sizes;

    @Option(names = "--concurrency", paramLabel = "LIST", description = "Operations at once. Default: 1,4,16,64.")
    private String concurrency;

    @Option(
            names = "--open-size",
            paramLabel = "SIZE",
            defaultValue = "64KiB",
            description = "Of the objects of open loops. Default: ${DEFAULT-VALUE}.")
    private String openSize;

    BackendsCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        options.check();
        List<BackendSpec> targets = backends.targets(backends.load(session));
        long openBytes = Units.parseSize(openSize);
        if (openBytes < 1 || openBytes > 16L << 20) {
            throw new QsfsException("--open-size is \"" + openSize + "\": give 1B to 16MiB.");
        }
        BackendsPlan plan = new BackendsPlan(
                BackendsPlan.sizes(sizes != null ? sizes : options.isQuick() ? "4KiB,1MiB" : "4KiB,64KiB,1MiB,16MiB"),
                BackendsPlan.concurrencies(concurrency != null ? concurrency : options.isQuick() ? "1,8" : "1,4,16,64"),
                openBytes,
                space.stepNs(options.isQuick() ? QUICK_NS : STEP_NS),
                space.bytes(),
                options.rounds());
        Report.Builder builder = new Report.Builder("backends");
        new BackendsRun(session, plan, builder).run(targets);
        Report report = builder.build(options.rounds());
        session.output().result(table(report).toString());
        Results.print(report, session.output());
        options.write(report, session.output());
        return ExitCode.OK;
    }

    /** A row for each cell of the grid. */
    static TextTable table(Report report) {
        TextTable table = new TextTable(
                "backend, operation, size, at once", "MB/s", "/s", "50 % ms", "99 % ms", "99.9 % ms", "spread");
        for (Metric metric : report.metrics()) {
            String id = metric.id();
            if (!id.startsWith("backends/") || !id.endsWith("/rate")) {
                continue;
            }
            String stem = id.substring(0, id.length() - "/rate".length());
            table.row(
                    metric.label(),
                    cell(report, stem + "/throughput"),
                    Format.number(metric.median()),
                    cell(report, stem + "/p50"),
                    cell(report, stem + "/p99"),
                    cell(report, stem + "/p99.9"),
                    Format.percent(metric.spread()));
        }
        return table;
    }

    private static String cell(Report report, String id) {
        Metric metric = report.metric(id);
        return metric == null ? "" : Format.number(metric.median());
    }
}
