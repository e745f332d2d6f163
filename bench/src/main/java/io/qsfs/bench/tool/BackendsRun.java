package io.qsfs.bench.tool;

import io.qsfs.backend.BackendSpec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Measures backends: put, ranged get, delete and list over size and concurrency in closed loops, then put and get of
 * one size in open loops at growing loads. Rounds go over all backends before the next begins, so that drift hits all
 * alike.
 *
 * <p>Threading: one thread.
 */
final class BackendsRun {
    private static final long OBJECTS_MAX = 200_000;
    private static final int SLOTS_MAX = 256;
    /** A step that would take so many times its length is left out: a slow backend must end what was begun. */
    private static final int OVERRUN_MAX = 8;

    private static final long OVERRUN_NS = 2_000_000_000L;

    private final Session session;
    private final BackendsPlan plan;
    private final Report.Builder report;
    private final Map<String, Cell> cells = new LinkedHashMap<>();
    private final Map<String, Double> best = new LinkedHashMap<>();
    private final Set<String> tooSlow = new HashSet<>();
    private int leftOut;

    /** Values of all rounds of one figure group. Threading: one thread. */
    private static final class Cell {
        final String key;
        final String label;
        final boolean hasBytes;
        final List<Double> rates = new ArrayList<>();
        final List<Double> megabytes = new ArrayList<>();
        final List<Double> p50 = new ArrayList<>();
        final List<Double> p99 = new ArrayList<>();
        final List<Double> p999 = new ArrayList<>();
        long errors;
        String firstError = "";

        Cell(String key, String label, boolean hasBytes) {
            this.key = key;
            this.label = label;
            this.hasBytes = hasBytes;
        }

        void add(Latencies seen) {
            rates.add(seen.rate());
            megabytes.add(seen.megabytesPerSecond());
            p50.add(seen.percentileMs(50));
            p99.add(seen.percentileMs(99));
            p999.add(seen.percentileMs(99.9));
            errors += seen.errors();
            firstError = firstError.isEmpty() ? seen.firstError() : firstError;
        }
    }

    BackendsRun(Session session, BackendsPlan plan, Report.Builder report) {
        this.session = session;
        this.plan = plan;
        this.report = report;
    }

    /** Measures; the report has the figures after. */
    void run(List<BackendSpec> targets) {
        List<BackendLoad> loads = new ArrayList<>();
        try (ScratchSet places = new ScratchSet(session, targets, report)) {
            try {
                for (Scratch place : places.places()) {
                    loads.add(new BackendLoad(
                            session, place, Math.max(last(plan.sizes()), plan.openBytes()), plan.spaceBytes() / 2));
                }
                warmUp(loads);
                measure(loads);
            } finally {
                loads.forEach(BackendLoad::close);
            }
        }
        loads.forEach(load -> conclude(load.name()));
        if (leftOut > 0) {
            report.finding(leftOut
                    + " cells of the grid were left out: so many objects of that size at once need more than half of"
                    + " --space " + Format.bytes(plan.spaceBytes()) + ".");
        }
    }

    private static long last(List<Long> list) {
        return list.getLast();
    }

    /** The first operations of a process pay for classes and compilers. */
    private void warmUp(List<BackendLoad> loads) {
        for (BackendLoad load : loads) {
            load.nextCell();
            long bytes = plan.sizes().getFirst();
            Latencies puts = load.closed(4, plan.stepNs(), objects(bytes), bytes, load.puts(bytes));
            load.closed(4, plan.stepNs(), Long.MAX_VALUE, bytes, load.gets(bytes, Math.max(1, puts.operations())));
            load.closed(4, Long.MAX_VALUE >> 2, OBJECTS_MAX, 0, load.deletes(puts.operations()));
        }
    }

    private void measure(List<BackendLoad> loads) {
        int cellCount = 0;
        for (long bytes : plan.sizes()) {
            for (int concurrency : plan.concurrencies()) {
                boolean fits = plan.fits(bytes, concurrency);
                cellCount += fits ? 1 : 0;
                leftOut += fits ? 0 : 1;
            }
        }
        int steps = plan.rounds() * loads.size() * (cellCount + BackendsPlan.OFFERED.length);
        Progress progress = new Progress(session.output(), session.clock(), "backends", steps);
        for (int round = 0; round < plan.rounds(); round++) {
            for (BackendLoad load : loads) {
                for (long bytes : plan.sizes()) {
                    for (int concurrency : plan.concurrencies()) {
                        if (plan.fits(bytes, concurrency)) {
                            closedCell(load, bytes, concurrency, progress);
                        }
                    }
                }
                openSteps(load, progress);
            }
        }
    }

    private long objects(long bytes) {
        return Math.clamp(plan.spaceBytes() / bytes, 1, OBJECTS_MAX);
    }

    private Cell cell(String key, String label, boolean hasBytes) {
        return cells.computeIfAbsent(key, k -> new Cell(k, label, hasBytes));
    }

    private void closedCell(BackendLoad load, long bytes, int concurrency, Progress progress) {
        String size = Format.bytes(bytes);
        String at = size + "/c" + concurrency;
        String what = load.name() + " " + size + " x " + concurrency;
        if (tooSlow.contains(what)) {
            progress.ended(what, "left out");
            return;
        }
        progress.begins(what);
        load.nextCell();
        Latencies puts = load.closed(concurrency, plan.stepNs(), objects(bytes), bytes, load.puts(bytes));
        leaveOutWhatIsTooSlow(load.name(), bytes, concurrency, puts);
        cell(load.name() + "/put/" + at, what + " put", true).add(puts);
        long count = Math.max(1, puts.operations());
        Latencies gets = load.closed(concurrency, plan.stepNs(), Long.MAX_VALUE, bytes, load.gets(bytes, count));
        cell(load.name() + "/get/" + at, what + " get", true).add(gets);
        if (isLastOfSize(load.name(), bytes, concurrency)) {
            double listed = load.listOnce(load.cellPrefix());
            cell(load.name() + "/list/" + size, load.name() + " list of " + size + " objects", false)
                    .rates
                    .add(listed);
        }
        Latencies deletes =
                load.closed(concurrency, Long.MAX_VALUE >> 2, OBJECTS_MAX, 0, load.deletes(puts.operations()));
        cell(load.name() + "/delete/" + at, what + " delete", false).add(deletes);
        progress.ended(
                what,
                Format.number(puts.megabytesPerSecond()) + " MB/s put, " + Format.number(gets.megabytesPerSecond())
                        + " MB/s get");
    }

    private boolean isLastOfSize(String name, long bytes, int concurrency) {
        return plan.concurrencies().stream()
                .noneMatch(more -> more > concurrency
                        && plan.fits(bytes, more)
                        && !tooSlow.contains(name + " " + Format.bytes(bytes) + " x " + more));
    }

    /** Cells of this size with more at once that would take much longer than a step; the same in all rounds. */
    private void leaveOutWhatIsTooSlow(String name, long bytes, int concurrency, Latencies puts) {
        double nsEach = puts.elapsedNs() / (double) Math.max(1, puts.operations());
        for (int more : plan.concurrencies()) {
            String what = name + " " + Format.bytes(bytes) + " x " + more;
            boolean isMeasured = cells.containsKey(name + "/put/" + Format.bytes(bytes) + "/c" + more);
            boolean isLong = more * nsEach > Math.max(OVERRUN_NS, OVERRUN_MAX * plan.stepNs());
            if (more > concurrency && !isMeasured && isLong && plan.fits(bytes, more) && tooSlow.add(what)) {
                report.finding(what + " at once was left out: it would take " + Format.milliseconds(more * nsEach / 1e6)
                        + " for a step of " + Format.milliseconds(plan.stepNs() / 1e6) + ".");
            }
        }
    }

    /** At loads that are shares of what one closed loop reached in the first round, the same in all rounds. */
    private void openSteps(BackendLoad load, Progress progress) {
        long bytes = plan.openBytes();
        int slots = Math.clamp(plan.spaceBytes() / 2 / bytes, 1, SLOTS_MAX);
        int concurrency = Math.min(16, slots);
        load.nextCell();
        Latencies puts = load.closed(concurrency, plan.stepNs(), objects(bytes), bytes, load.puts(bytes));
        long count = Math.max(1, puts.operations());
        Latencies gets = load.closed(concurrency, plan.stepNs(), Long.MAX_VALUE, bytes, load.gets(bytes, count));
        double putRate = best.computeIfAbsent(load.name() + "/put", k -> puts.rate());
        double getRate = best.computeIfAbsent(load.name() + "/get", k -> gets.rate());
        long objectsCell = count;
        for (double share : BackendsPlan.OFFERED) {
            String what = load.name() + " at " + Format.percent(share);
            progress.begins(what);
            Latencies read = load.open(
                    share * getRate, plan.stepNs(), slots, Long.MAX_VALUE, bytes, load.gets(bytes, objectsCell));
            openCell(load.name(), "get", share).add(read);
            session.stop().check();
            progress.ended(what, Format.number(read.rate()) + "/s");
        }
        load.closed(concurrency, Long.MAX_VALUE >> 2, OBJECTS_MAX, 0, load.deletes(puts.operations()));
        for (double share : BackendsPlan.OFFERED) {
            load.nextCell();
            Latencies put = load.open(share * putRate, plan.stepNs(), slots, objects(bytes), bytes, load.puts(bytes));
            openCell(load.name(), "put", share).add(put);
            load.closed(concurrency, Long.MAX_VALUE >> 2, OBJECTS_MAX, 0, load.deletes(put.operations()));
        }
    }

    private Cell openCell(String name, String operation, double share) {
        String size = Format.bytes(plan.openBytes());
        String key = name + "/open-" + operation + "/" + size + "/" + Math.round(share * 100);
        return cell(key, name + " " + operation + " " + size + " at " + Format.percent(share) + " load", true);
    }

    // Conclusions

    private void conclude(String name) {
        for (Cell cell : cells.values()) {
            if (!cell.key.startsWith(name + "/")) {
                continue;
            }
            String id = "backends/" + cell.key;
            boolean isOpen = cell.key.contains("/open-");
            if (!isOpen) {
                report.metric(new Metric(id + "/rate", cell.label, "/s", true, cell.rates));
            }
            if (cell.hasBytes && !isOpen) {
                report.metric(new Metric(id + "/throughput", cell.label, "MB/s", true, cell.megabytes));
            }
            if (!cell.p99.isEmpty()) {
                report.metric(new Metric(id + "/p50", cell.label + ", half within", "ms", false, cell.p50));
                report.metric(new Metric(id + "/p99", cell.label + ", 99 % within", "ms", false, cell.p99));
                report.metric(new Metric(id + "/p99.9", cell.label + ", 99.9 % within", "ms", false, cell.p999));
            }
            if (cell.errors > 0) {
                report.warning(cell.label + ": " + cell.errors + " operations failed, the first with " + cell.firstError
                        + ".");
            }
        }
        for (String operation : List.of("put", "get")) {
            if (plan.sizes().size() > 1) {
                throughputChart(name, operation);
            }
            concurrencyKnee(name, operation);
            loadChart(name, operation);
        }
    }

    private Cell find(String name, String operation, long bytes, int concurrency) {
        return cells.get(name + "/" + operation + "/" + Format.bytes(bytes) + "/c" + concurrency);
    }

    private void throughputChart(String name, String operation) {
        List<Chart.Series> series = new ArrayList<>();
        for (int concurrency : plan.concurrencies()) {
            List<Chart.Point> points = new ArrayList<>();
            for (long bytes : plan.sizes()) {
                Cell cell = find(name, operation, bytes, concurrency);
                if (cell != null) {
                    points.add(new Chart.Point(bytes, Stats.median(cell.megabytes), Format.bytes(bytes)));
                }
            }
            series.add(new Chart.Series(concurrency + " at once", points));
        }
        report.chart(new Chart(
                "backends/" + name + "/" + operation + "/throughput",
                name + ": " + operation + ", throughput over size",
                Chart.Kind.LINES,
                "object size",
                "MB/s",
                true,
                true,
                series));
    }

    private void concurrencyKnee(String name, String operation) {
        for (long bytes : plan.sizes()) {
            List<Double> values = new ArrayList<>();
            List<Integer> counts = new ArrayList<>();
            for (int concurrency : plan.concurrencies()) {
                Cell cell = find(name, operation, bytes, concurrency);
                if (cell != null) {
                    values.add(Stats.median(cell.megabytes));
                    counts.add(concurrency);
                }
            }
            int knee = Knee.ofConcurrency(values);
            if (knee < 0 || counts.size() < 2) {
                continue;
            }
            Cell cell = find(name, operation, bytes, counts.get(knee));
            report.finding(name + ", " + operation + " of " + Format.bytes(bytes) + ": " + counts.get(knee)
                    + " at once are enough for " + Format.number(values.get(knee)) + " MB/s (99 % within "
                    + Format.milliseconds(Stats.median(cell.p99)) + "); "
                    + (knee == counts.size() - 1 ? "more might give more." : "more of them add hardly anything."));
        }
    }

    private void loadChart(String name, String operation) {
        String size = Format.bytes(plan.openBytes());
        List<Knee.Step> steps = new ArrayList<>();
        List<Chart.Point> half = new ArrayList<>();
        List<Chart.Point> most = new ArrayList<>();
        Double rate = best.get(name + "/" + operation);
        if (rate == null) {
            return;
        }
        for (double share : BackendsPlan.OFFERED) {
            Cell cell = openCell(name, operation, share);
            double offered = share * rate;
            if (cell.rates.isEmpty()) {
                continue;
            }
            steps.add(new Knee.Step(offered, Stats.median(cell.rates), Stats.median(cell.p99)));
            half.add(new Chart.Point(offered, Stats.median(cell.p50), ""));
            most.add(new Chart.Point(offered, Stats.median(cell.p99), ""));
        }
        List<Chart.Series> series =
                new ArrayList<>(List.of(new Chart.Series("50 % within", half), new Chart.Series("99 % within", most)));
        List<Chart.Point> closed = closedPoints(name, operation);
        if (!closed.isEmpty()) {
            series.add(new Chart.Series("closed loop, 99 % within", closed));
        }
        report.chart(new Chart(
                "backends/" + name + "/" + operation + "/load",
                name + ": " + operation + " of " + size + ", latency over offered load",
                Chart.Kind.LINES,
                "offered, operations/s",
                "ms",
                false,
                true,
                series));
        int knee = Knee.ofLoad(steps);
        if (knee < 0) {
            report.finding(name + ", " + operation + " of " + size + " at a fixed rate: not even "
                    + Format.number(steps.getFirst().offered()) + "/s is kept up with.");
        } else {
            Knee.Step at = steps.get(knee);
            report.finding(name + ", " + operation + " of " + size + " at a fixed rate: the knee is at "
                    + Format.number(at.offered()) + "/s (99 % within " + Format.milliseconds(at.p99Ms()) + ")"
                    + (knee == steps.size() - 1
                            ? ", the most that was offered."
                            : "; at " + Format.number(steps.get(knee + 1).offered()) + "/s it is "
                                    + Format.milliseconds(steps.get(knee + 1).p99Ms()) + "."));
        }
    }

    /**
     * What closed loops of the same size say, to be seen beside: the rate that they reached, and their 99th
     * percentile.
     */
    private List<Chart.Point> closedPoints(String name, String operation) {
        List<Chart.Point> points = new ArrayList<>();
        for (int concurrency : plan.concurrencies()) {
            Cell cell = find(name, operation, plan.openBytes(), concurrency);
            if (cell != null) {
                points.add(new Chart.Point(Stats.median(cell.rates), Stats.median(cell.p99), ""));
            }
        }
        points.sort(java.util.Comparator.comparingDouble(Chart.Point::x));
        return points;
    }
}
