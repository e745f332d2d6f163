package io.qsfs.bench.tool;

import io.qsfs.backend.BackendSpec;
import io.qsfs.codec.Code;
import io.qsfs.config.Failures;
import io.qsfs.config.QsfsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Two minutes of everything, on six directories of its own.
 *
 * <p>Threading: one thread.
 */
final class Tour {
    private static final int DIRECTORIES = 6;
    private static final long SPACE = 128L << 20;

    private final Session session;
    private final RunOptions options;

    Tour(Session session, RunOptions options) {
        this.session = session;
        this.options = options;
    }

    /** Measures, prints, removes; the exit code. */
    int run() {
        Output output = session.output();
        Path folder;
        try {
            folder = Files.createTempDirectory("qsfs-bench-tour-");
        } catch (IOException e) {
            throw new QsfsException(
                    "no temporary directory can be made (" + Failures.reason(e) + "): set -Djava.io.tmpdir, or TMPDIR.",
                    e);
        }
        output.line("A tour of about two minutes, in " + folder + ".");
        Report.Builder builder = new Report.Builder("tour");
        try {
            steps(folder, builder);
        } finally {
            try {
                Scratch.removeTree(folder);
            } catch (IOException e) {
                output.error("could not remove " + folder + " (" + Failures.reason(e) + "): rm -r it.");
            }
        }
        Report report = builder.build(options.rounds());
        output.result("");
        output.result("What else there is: qsfs-bench backends (your directories and servers), codec (codes, chunks,"
                + " compression),\npipeline (with your configuration), mount NAME=DIR … (file systems side by side), advise"
                + " (a configuration with reasons),\ncompare OLD.json NEW.json; --json FILE and --html FILE with each;"
                + " qsfs-bench COMMAND --help says more.");
        options.write(report, output);
        return ExitCode.OK;
    }

    private void steps(Path folder, Report.Builder builder) {
        boolean isQuick = options.isQuick();
        int rounds = options.rounds();
        List<BackendSpec> targets = new ArrayList<>();
        for (int i = 1; i <= DIRECTORIES; i++) {
            targets.add(BackendSpec.directory("dir-" + i, "tour", directory(folder, "dir-" + i)));
        }
        Output output = session.output();

        section("Sealing on one core");
        Report.Builder codec = new Report.Builder("codec");
        long codecNs = isQuick ? 20_000_000L : 250_000_000L;
        new CodecRun(session, codec, CodecRun.codes("4+2,16+4"), List.of(256 << 10), 8L << 20, codecNs, rounds).run();
        Report codecReport = codec.build(rounds);
        for (Metric metric : codecReport.metrics()) {
            if (metric.unit().equals("MB/s")) {
                output.result(metric.label() + ": " + Format.number(metric.median()) + " MB/s");
            }
        }
        Results.print(codecReport, output);
        builder.add(codecReport);

        section("One directory as a backend");
        Report.Builder backends = new Report.Builder("backends");
        BackendsPlan plan = new BackendsPlan(
                List.of(4L << 10, 1L << 20),
                List.of(1, 8),
                64L << 10,
                isQuick ? 50_000_000L : 500_000_000L,
                SPACE,
                rounds);
        new BackendsRun(session, plan, backends).run(targets.subList(0, 1));
        Report backendsReport = backends.build(rounds);
        output.result(BackendsCommand.table(backendsReport).toString());
        Results.print(backendsReport, output);
        builder.add(backendsReport);

        section("From the log to six directories");
        Report.Builder pipeline = new Report.Builder("pipeline");
        PipelinePlan pipelinePlan = PipelinePlan.defaults(new Code(4, 2)).segmentBytes(16L << 20);
        long roundNs = isQuick ? 300_000_000L : 5_000_000_000L;
        PipelineCommand.run(session, pipeline, targets, pipelinePlan, SampleData.Kind.MIXED, roundNs, SPACE, rounds);
        Report pipelineReport = pipeline.build(rounds);
        PipelineCommand.print(output, pipelineReport);
        builder.add(pipelineReport);

        if (!isQuick) {
            section("That directory as a file system");
            Report.Builder mount = new Report.Builder("mount");
            Map<String, Path> directories = new LinkedHashMap<>();
            directories.put("disk", directory(folder, "mount"));
            MountRun run =
                    new MountRun(session, mount, directories, MountScale.QUICK, 1, MountWorkloads.canDropCaches());
            run.run();
            output.result(run.table().toString());
            builder.add(mount.build(1));
        }
    }

    private void section(String title) {
        session.output().result("\n" + title + "\n");
    }

    private static Path directory(Path folder, String name) {
        try {
            return Files.createDirectory(folder.resolve(name));
        } catch (IOException e) {
            throw new QsfsException(folder + " cannot be used (" + Failures.reason(e) + "): set TMPDIR to another.", e);
        }
    }
}
