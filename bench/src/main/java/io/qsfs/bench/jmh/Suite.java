package io.qsfs.bench.jmh;

import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Runs the benchmarks one after the other and shows one table. What {@code scripts/jmh} starts.
 *
 * <p>Threading: one thread; each benchmark runs in JVMs of its own.
 */
@Command(
        name = "jmh",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Measures each stage beside its roof. Without options: quick, under five minutes.")
public final class Suite implements Callable<Integer> {
    private static final String HEAP = "256m";
    private static final String PACKAGE = Suite.class.getPackageName() + ".";

    /** How long and how often. */
    private enum Effort {
        SMOKE(1, 1, 100, 1, 200, 50),
        QUICK(1, 3, 150, 5, 200, 60),
        FULL(3, 3, 500, 5, 500, 250);

        private final int forks;
        private final int warmUps;
        private final int warmUpMs;
        private final int iterations;
        private final int iterationMs;
        private final int roofMs;

        Effort(int forks, int warmUps, int warmUpMs, int iterations, int iterationMs, int roofMs) {
            this.forks = forks;
            this.warmUps = warmUps;
            this.warmUpMs = warmUpMs;
            this.iterations = iterations;
            this.iterationMs = iterationMs;
            this.roofMs = roofMs;
        }
    }

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "FILTER",
            description = "only stages whose name or benchmark contains this, for example seal or ReedSolomon")
    private String filter = "";

    @Option(
            names = "--full",
            description = "all parameters, three forks, average time and throughput: takes more than an hour")
    private boolean isFull;

    @Option(names = "--smoke", description = "one short iteration: shows that everything runs, measures nothing")
    private boolean isSmoke;

    @Option(names = "--json", paramLabel = "FILE", description = "write machine, figures and every sample to this file")
    private Path json;

    @Option(names = "--markdown", description = "show the table as docs/benchmarks.md has it")
    private boolean isMarkdown;

    @Option(
            names = "--profile",
            paramLabel = "DIR",
            description =
                    "sample each benchmark with async-profiler: a list of the hottest methods and a flame graph each")
    private Path profiles;

    @Option(names = "--list", description = "say what would be measured")
    private boolean isList;

    private final PrintStream out = System.out;
    private final boolean isTerminal =
            System.console() != null && System.console().isTerminal();
    private final List<Row> rows = new ArrayList<>();

    private record Task(Stage stage, Map<String, String> parameters, Mode mode) {}

    private Suite() {}

    /** Starts it. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Suite()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException, RunnerException, InterruptedException {
        List<Task> tasks = tasks();
        if (tasks.isEmpty()) {
            System.err.println("No stage contains \"" + filter + "\": --list names them all.");
            return 2;
        }
        if (isList) {
            tasks.forEach(task -> out.println(task.stage.name() + " " + task.parameters + " beside " + task.stage.roof()
                    + " (" + task.stage.benchmark() + ")"));
            return 0;
        }
        String taken = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        long begin = System.nanoTime();
        for (int i = 0; i < tasks.size(); i++) {
            Task task = tasks.get(i);
            announce(i, tasks.size(), begin, task);
            measure(task);
            report(i, tasks.size(), begin);
            if (task.stage.benchmark().equals("AesGcmBenchmark.seal") && task.mode == Mode.AverageTime) {
                compareWithOpenSsl(task);
            }
        }
        out.println();
        out.print(isMarkdown ? Report.markdown(rows) : Report.table(rows));
        if (json != null) {
            Report.write(json, MachineInfo.describe(jvmFlags()), effort().name().toLowerCase(Locale.ROOT), taken, rows);
            out.println("written: " + json);
        }
        return 0;
    }

    private Effort effort() {
        return isSmoke ? Effort.SMOKE : isFull ? Effort.FULL : Effort.QUICK;
    }

    private List<Task> tasks() {
        List<Mode> modes = isFull ? List.of(Mode.AverageTime, Mode.Throughput) : List.of(Mode.AverageTime);
        String wanted = filter.toLowerCase(Locale.ROOT);
        List<Task> tasks = new ArrayList<>();
        for (Stage stage : Catalogue.stages()) {
            String names = (stage.name() + "\n" + stage.benchmark()).toLowerCase(Locale.ROOT);
            if (names.contains(wanted)) {
                for (Map<String, String> parameters : stage.combinations(isFull)) {
                    modes.forEach(mode -> tasks.add(new Task(stage, parameters, mode)));
                }
            }
        }
        return tasks;
    }

    private void announce(int index, int count, long begin, Task task) {
        if (isTerminal) {
            out.printf(
                    "\r\u001b[K[%d/%d] %s %s, %s left",
                    index + 1,
                    count,
                    task.stage.name(),
                    String.join(" ", task.parameters.values()),
                    left(index, count, begin));
            out.flush();
        }
    }

    private void report(int index, int count, long begin) {
        String start = isTerminal ? "\r\u001b[K" : "";
        out.println(start + "[" + (index + 1) + "/" + count + "] " + Report.line(rows.get(rows.size() - 1)) + "; "
                + left(index + 1, count, begin) + " left");
    }

    private static String left(int done, int count, long begin) {
        if (done == 0) {
            return "?:??";
        }
        long seconds = (System.nanoTime() - begin) / 1_000_000_000L * (count - done) / done;
        return String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60);
    }

    private void measure(Task task) throws RunnerException, IOException {
        Effort effort = effort();
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include("^" + (PACKAGE + task.stage.benchmark()).replace(".", "\\.") + "$")
                .mode(task.mode)
                .timeUnit(java.util.concurrent.TimeUnit.NANOSECONDS)
                .forks(effort.forks)
                .threads(1)
                .warmupIterations(effort.warmUps)
                .warmupTime(TimeValue.milliseconds(effort.warmUpMs))
                .measurementIterations(effort.iterations)
                .measurementTime(TimeValue.milliseconds(effort.iterationMs))
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .addProfiler(GCProfiler.class)
                .jvmArgs(jvmFlags().toArray(String[]::new));
        task.parameters.forEach(options::param);
        if (profiles != null) {
            options.addProfiler(
                    "async", "libPath=" + profilerLibrary() + ";output=text;output=flamegraph;dir=" + profiles);
        }
        rows.add(row(task, new Runner(options.build()).runSingle()));
    }

    /** What the launcher gives every JVM, a heap that does not grow, and what the roofs need to know. */
    private List<String> jvmFlags() {
        List<String> flags = new ArrayList<>(
                java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments());
        flags.removeIf(flag -> flag.startsWith("-Xmx") || flag.startsWith("-Xms") || flag.startsWith("-Dqsfs.roof.ns"));
        flags.add("-Xms" + HEAP);
        flags.add("-Xmx" + HEAP);
        flags.add("-Dqsfs.roof.ns=" + effort().roofMs * 1_000_000L);
        return flags;
    }

    private static Row row(Task task, RunResult result) {
        List<Row.Sample> samples = new ArrayList<>();
        for (BenchmarkResult fork : result.getBenchmarkResults()) {
            for (IterationResult iteration : fork.getIterationResults()) {
                double score = iteration.getPrimaryResult().getScore();
                double ns = task.mode == Mode.AverageTime ? score : 1 / score;
                samples.add(new Row.Sample(ns, secondary(iteration.getSecondaryResults(), "roofNs")));
            }
        }
        double allocated = secondary(result.getAggregatedResult().getSecondaryResults(), "gc.alloc.rate.norm");
        long bytes = task.stage.bytes().applyAsLong(task.parameters);
        return new Row(task.stage, task.parameters, task.mode.shortLabel(), samples, bytes, allocated);
    }

    @SuppressWarnings("rawtypes") // JMH's signature
    private static double secondary(Map<String, Result> results, String name) {
        Result<?> found = results.get(name);
        if (found == null) {
            throw new IllegalStateException("JMH gave no " + name + ", only " + results.keySet());
        }
        return found.getScore();
    }

    /** A row that shows the program beside our copy of its loop. */
    private void compareWithOpenSsl(Task task) throws InterruptedException {
        Row ours = rows.get(rows.size() - 1);
        double ns = OpenSslSpeed.nsPerUpdate(Integer.parseInt(task.parameters.get("bytes")), isFull ? 3 : 1);
        if (ns > 0) {
            Stage program = Stage.of("openssl speed itself", "openssl", task.stage.roof());
            rows.add(new Row(
                    program, task.parameters, "avgt", List.of(new Row.Sample(ns, ours.roofNs())), ours.bytes(), 0));
        }
    }

    /** async-profiler's library, out of its jar. */
    private static Path profilerLibrary() throws IOException {
        boolean isArm = System.getProperty("os.arch").equals("aarch64");
        String resource = "/linux-" + (isArm ? "arm64" : "x64") + "/libasyncProfiler.so";
        File file = File.createTempFile("libasyncProfiler", ".so");
        file.deleteOnExit();
        try (var library = Suite.class.getResourceAsStream(resource)) {
            if (library == null) {
                throw new IOException("async-profiler is not on the class path: no " + resource);
            }
            Files.copy(library, file.toPath(), StandardCopyOption.REPLACE_EXISTING);
        }
        return file.toPath();
    }
}
