package io.qsfs.bench.tool;

import io.qsfs.backend.BackendSpec;
import io.qsfs.config.QsfsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures what an advice needs, advises, and then measures the advice against what it is to replace.
 *
 * <p>Threading: one thread.
 */
final class AdviseRun {
    private static final List<Integer> CHUNKS = List.of(64 << 10, 256 << 10, 1 << 20);
    private static final long LARGE = 4L << 20;
    private static final long CHUNK_READ = 256 << 10;

    private final Session session;
    private final Report.Builder report;
    private final PipelinePlan base;
    private final boolean isCodeGiven;
    private final long spaceBytes;
    private final long stepNs;
    private final int rounds;
    private final boolean isForced;

    AdviseRun(
            Session session,
            Report.Builder report,
            PipelinePlan base,
            boolean isCodeGiven,
            long spaceBytes,
            long stepNs,
            int rounds,
            boolean isForced) {
        this.session = session;
        this.report = report;
        this.base = base;
        this.isCodeGiven = isCodeGiven;
        this.spaceBytes = spaceBytes;
        this.stepNs = stepNs;
        this.rounds = rounds;
        this.isForced = isForced;
    }

    /** Measures and advises; the configuration. */
    String run(List<BackendSpec> targets) {
        Report.Builder codec = new Report.Builder("codec");
        new CodecRun(session, codec, List.of(base.code()), chunks(), 8L << 20, stepNs / 4, rounds).run();
        Report codecReport = codec.build(rounds);
        Report.Builder backends = new Report.Builder("backends");
        BackendsPlan plan = new BackendsPlan(
                List.of(CHUNK_READ, LARGE), List.of(1, 2, 4, 8), CHUNK_READ, stepNs / 2, spaceBytes, rounds);
        new BackendsRun(session, plan, backends).run(targets);
        Report backendsReport = backends.build(rounds);
        report.add(codecReport);
        report.add(backendsReport);
        List<BackendSpec> measurable = targets.stream()
                .filter(t -> backendsReport.metric(id(t, "put", LARGE, 1) + "/rate") != null)
                .toList();
        Pipelines pipelines = new Pipelines(session, rounds, stepNs * 4, spaceBytes);
        List<PipelineRun.Result> before = pipelines.run(measurable, base);
        Advisor.Figures figures = figures(codecReport, backendsReport, measurable, before);
        String noisy = Advisor.tooNoisy(figures);
        if (!noisy.isEmpty() && !isForced) {
            throw new QsfsException(noisy);
        }
        Advisor.Advice advice = Advisor.advise(figures);
        report.finding("with " + base + ": " + Bottleneck.name(before.getLast()));
        report.stages(before.getLast().stages());
        List<String> intro = new ArrayList<>();
        intro.add("Advice of qsfs-bench for a new volume; one that exists keeps segment_bytes, chunk_bytes and"
                + " compression."
                + " Keys that are not here stay as they are in your configuration.");
        if (!noisy.isEmpty()) {
            intro.add("Do not rely on it: " + noisy);
        }
        Advisor.Advice chosen = confirm(pipelines, measurable, advice, intro);
        chosen.leftOut().forEach((name, why) -> report.finding("backend " + name + " is left out: " + why + "."));
        String toml = Advisor.toml(intro, chosen, measurable);
        report.advice(toml);
        return toml;
    }

    private List<Integer> chunks() {
        List<Integer> chunks = new ArrayList<>(CHUNKS);
        if (!chunks.contains(base.chunkBytes())) {
            chunks.add(base.chunkBytes());
        }
        return chunks;
    }

    private static String id(BackendSpec target, String operation, long bytes, int concurrency) {
        return "backends/" + target.name() + "/" + operation + "/" + Format.bytes(bytes) + "/c" + concurrency;
    }

    private Advisor.Figures figures(
            Report codec, Report backends, List<BackendSpec> targets, List<PipelineRun.Result> pipeline) {
        Map<Integer, List<Double>> packed = new LinkedHashMap<>();
        Map<Integer, List<Double>> plain = new LinkedHashMap<>();
        for (int chunk : chunks()) {
            String id = "codec/seal/" + base.code() + "/" + Format.bytes(chunk);
            packed.put(chunk, codec.metric(id + "/lz4/mixed/throughput").rounds());
            plain.put(chunk, codec.metric(id + "/none/mixed/throughput").rounds());
        }
        double stored = codec.metric(
                        "codec/seal/" + base.code() + "/" + Format.bytes(base.chunkBytes()) + "/lz4/mixed/stored")
                .median();
        Map<String, Double> shardMs = new LinkedHashMap<>();
        Map<String, Integer> knees = new LinkedHashMap<>();
        Map<String, Double> getMs = new LinkedHashMap<>();
        for (BackendSpec target : targets) {
            shardMs.put(
                    target.name(),
                    Stats.median(pipeline.stream()
                            .map(result -> result.backends().get(target.name()).meanMs())
                            .toList()));
            List<Double> rates = new ArrayList<>();
            List<Integer> counts = new ArrayList<>();
            for (int concurrency : List.of(1, 2, 4, 8)) {
                Metric metric = backends.metric(id(target, "put", LARGE, concurrency) + "/throughput");
                if (metric != null) {
                    rates.add(metric.median());
                    counts.add(concurrency);
                }
            }
            knees.put(target.name(), counts.get(Knee.ofConcurrency(rates)));
            getMs.put(
                    target.name(),
                    backends.metric(id(target, "get", CHUNK_READ, 1) + "/p50").median());
        }
        return new Advisor.Figures(
                base,
                isCodeGiven,
                packed,
                plain,
                stored,
                shardMs,
                knees,
                getMs,
                pipeline.stream().map(PipelineRun.Result::megabytesPerSecond).toList(),
                stateFree());
    }

    private long stateFree() {
        for (Path path = session.paths().state(); path != null; path = path.getParent()) {
            if (Files.isDirectory(path)) {
                try {
                    return Files.getFileStore(path).getUsableSpace();
                } catch (IOException e) {
                    return -1; // not told
                }
            }
        }
        return -1;
    }

    /** Measures both plans in turn; what is no faster is not advised. */
    private Advisor.Advice confirm(
            Pipelines pipelines, List<BackendSpec> targets, Advisor.Advice advice, List<String> intro) {
        List<BackendSpec> used = targets.stream()
                .filter(t -> !advice.leftOut().containsKey(t.name()))
                .toList();
        if (advice.plan().equals(base) && used.size() == targets.size()) {
            intro.add("The figures speak for what is set already: the default is right for these backends.");
            return advice;
        }
        List<Double> before = new ArrayList<>();
        List<Double> after = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            before.addAll(pipelines.rates(targets, base, 1));
            after.addAll(pipelines.rates(used, advice.plan(), 1));
        }
        report.metric(new Metric("advise/before/throughput", "placed with " + base, "MB/s", true, before));
        report.metric(new Metric("advise/after/throughput", "placed with " + advice.plan(), "MB/s", true, after));
        double gain = Stats.median(after) / Stats.median(before) - 1;
        double noise = Math.max(Comparison.LEAST, Math.max(Stats.spread(before), Stats.spread(after)) / 2);
        String both = Format.number(Stats.median(after)) + " MB/s placed against " + Format.number(Stats.median(before))
                + " before (" + base + "), with a noise of " + Format.percent(noise);
        if (gain > noise) {
            intro.add("It was tried: " + both + ".");
            report.finding("the advice is faster: " + both + ".");
            return advice;
        }
        intro.add("A faster setting was looked for and not found (" + both
                + "): the default is right for these backends.");
        report.finding("the default is right: " + both + ".");
        return keepDefaults(advice);
    }

    /** The settings of the base plan; cache sizes stay advised, they do not bear on placing. */
    private Advisor.Advice keepDefaults(Advisor.Advice advice) {
        Map<String, String> values = Map.of(
                "minimal_shards", Integer.toString(base.code().k()),
                "expected_shards", Integer.toString(base.code().n()),
                "placed_min", Integer.toString(base.placedMin()),
                "segment_bytes", Advisor.text(Format.bytes(base.segmentBytes())),
                "chunk_bytes", Advisor.text(Format.bytes(base.chunkBytes())),
                "compression", Advisor.text(base.isCompressed() ? "lz4" : "none"),
                "in_flight_max", Integer.toString(base.inFlightMax()));
        List<Advisor.Line> kept = advice.lines().stream()
                .map(line -> kept(line, values.getOrDefault(line.key(), line.value())))
                .toList();
        return new Advisor.Advice(base, kept, advice.remarks(), Map.of());
    }

    private static Advisor.Line kept(Advisor.Line line, String value) {
        return value.equals(line.value())
                ? line
                : new Advisor.Line(
                        line.key(),
                        value,
                        line.value().replace("\"", "") + " was tried (" + line.reason()
                                + "), and all in all that was no faster");
    }

    /**
     * Runs of the pipeline.
     *
     * @param durationNs of a round.
     */
    private record Pipelines(Session session, int rounds, long durationNs, long spaceBytes) {
        List<PipelineRun.Result> run(List<BackendSpec> targets, PipelinePlan plan) {
            return run(targets, plan, rounds);
        }

        List<Double> rates(List<BackendSpec> targets, PipelinePlan plan, int count) {
            return run(targets, plan, count).stream()
                    .map(PipelineRun.Result::megabytesPerSecond)
                    .toList();
        }

        private List<PipelineRun.Result> run(List<BackendSpec> targets, PipelinePlan plan, int count) {
            List<PipelineRun.Result> results = new ArrayList<>();
            Report.Builder unused = new Report.Builder("pipeline");
            try (ScratchSet places = new ScratchSet(session, targets, unused)) {
                PipelineRun run = new PipelineRun(session, places, SampleData.Kind.MIXED);
                Progress progress = new Progress(session.output(), session.clock(), "pipeline", count);
                for (int round = 0; round < count; round++) {
                    progress.begins(plan.code().toString());
                    PipelineRun.Result result = run.run(plan, durationNs, spaceBytes * targets.size());
                    results.add(result);
                    progress.ended(plan.code().toString(), Format.number(result.megabytesPerSecond()) + " MB/s");
                }
            }
            return results;
        }
    }
}
