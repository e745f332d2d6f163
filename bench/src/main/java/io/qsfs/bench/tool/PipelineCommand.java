package io.qsfs.bench.tool;

import io.qsfs.backend.BackendSpec;
import io.qsfs.codec.Code;
import io.qsfs.config.QsfsException;
import io.qsfs.config.Units;
import io.qsfs.config.VolumeConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code qsfs-bench pipeline}.
 *
 * <p>Threading: one thread.
 */
@Command(
        name = "pipeline",
        description = {
            "Seal segments and place their shards on the backends with the engine's own encoder and uploaders.",
            "Says how many a second, what each stage does with its time, and what the bottleneck is."
        })
final class PipelineCommand implements Callable<Integer> {
    private static final long ROUND_NS = 10_000_000_000L;
    private static final long QUICK_NS = 1_500_000_000L;
    private static final long MIB = 1 << 20;

    private final Session session;

    @Mixin
    private BackendOptions backends = new BackendOptions();

    @Mixin
    private RunOptions options = new RunOptions();

    @Mixin
    private SpaceOption space = new SpaceOption();

    @Option(
            names = "--code",
            paramLabel = "K+M",
            description = "Default: the configuration's, else a third of the backends for parity.")
    private String code;

    @Option(
            names = "--segment",
            paramLabel = "SIZE",
            description = "Of a segment, in whole MiB. Default: the volume's.")
    private String segment;

    @Option(
            names = "--data",
            paramLabel = "KIND",
            defaultValue = "mixed",
            description = "mixed (lz4 makes it smaller) or random. Default: ${DEFAULT-VALUE}.")
    private String data;

    PipelineCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        options.check();
        VolumeConfig volume = backends.load(session);
        List<BackendSpec> targets = backends.targets(volume);
        PipelinePlan plan = plan(volume, targets.size());
        Report.Builder builder = new Report.Builder("pipeline");
        run(
                session,
                builder,
                targets,
                plan,
                kind(),
                space.stepNs(options.isQuick() ? QUICK_NS : ROUND_NS),
                space.bytes(),
                options.rounds());
        Report report = builder.build(options.rounds());
        print(session.output(), report);
        options.write(report, session.output());
        return ExitCode.OK;
    }

    private SampleData.Kind kind() {
        return switch (data) {
            case "mixed" -> SampleData.Kind.MIXED;
            case "random" -> SampleData.Kind.RANDOM;
            default -> throw new QsfsException("--data is \"" + data + "\": give mixed or random.");
        };
    }

    private PipelinePlan plan(VolumeConfig volume, int count) {
        PipelinePlan plan;
        if (code != null) {
            List<Code> one = CodecRun.codes(code);
            plan = PipelinePlan.defaults(one.getFirst());
        } else {
            plan = volume != null ? PipelinePlan.of(volume) : PipelinePlan.defaults(PipelinePlan.usualCode(count));
        }
        if (segment == null) {
            return plan;
        }
        long bytes = Units.parseSize(segment);
        long most = plan.code().k() * 16 * MIB - MIB;
        if (bytes < MIB || bytes % MIB != 0 || bytes > most) {
            throw new QsfsException("--segment is \"" + segment + "\": give whole MiB from 1MiB to "
                    + Format.bytes(most) + " for " + plan.code() + ".");
        }
        return plan.segmentBytes(bytes);
    }

    /** Measures; the report has the figures after. */
    static void run(
            Session session,
            Report.Builder builder,
            List<BackendSpec> targets,
            PipelinePlan plan,
            SampleData.Kind data,
            long roundNs,
            long spaceBytes,
            int rounds) {
        List<PipelineRun.Result> results = new ArrayList<>();
        try (ScratchSet places = new ScratchSet(session, targets, builder)) {
            PipelineRun run = new PipelineRun(session, places, data);
            Progress progress = new Progress(session.output(), session.clock(), "pipeline", rounds + 1);
            for (int round = -1; round < rounds; round++) {
                progress.begins(plan.code().toString());
                // The first round warms up and does not count.
                PipelineRun.Result result = run.run(
                        plan,
                        round < 0 ? roundNs / 4 : roundNs,
                        spaceBytes * places.places().size());
                progress.ended(plan.code().toString(), Format.number(result.megabytesPerSecond()) + " MB/s placed");
                if (round >= 0) {
                    results.add(result);
                }
            }
        }
        List<Double> rates =
                results.stream().map(PipelineRun.Result::megabytesPerSecond).toList();
        builder.metric(new Metric("pipeline/throughput", "placed, " + plan, "MB/s", true, rates));
        builder.metric(new Metric(
                "pipeline/segments",
                "segments placed, " + plan,
                "/s",
                true,
                results.stream().map(PipelineRun.Result::segmentsPerSecond).toList()));
        for (String name :
                results.getFirst().backends().keySet().stream().sorted().toList()) {
            builder.metric(new Metric(
                    "pipeline/" + name + "/shard",
                    "a shard to " + name,
                    "ms",
                    false,
                    results.stream().map(r -> r.backends().get(name).meanMs()).toList()));
            MeasuredBackend.Seen last = results.getLast().backends().get(name);
            if (last.failures() > 0) {
                builder.warning("backend " + name + ": " + last.failures() + " puts failed, the first with "
                        + last.firstFailure() + ".");
            }
        }
        PipelineRun.Result middle = middle(results, Stats.median(rates));
        builder.stages(middle.stages());
        builder.finding(Format.number(Stats.median(rates)) + " MB/s, or "
                + Format.number(Stats.median(results.stream()
                        .map(PipelineRun.Result::segmentsPerSecond)
                        .toList())) + " segments a second, with " + plan + ".");
        builder.finding(Bottleneck.name(middle));
    }

    /** The round nearest to the median. */
    private static PipelineRun.Result middle(List<PipelineRun.Result> results, double median) {
        return results.stream()
                .min(java.util.Comparator.comparingDouble(r -> Math.abs(r.megabytesPerSecond() - median)))
                .orElseThrow();
    }

    static void print(Output output, Report report) {
        output.result(Results.stages(report.stages()).toString());
        Results.print(report, output);
    }
}
