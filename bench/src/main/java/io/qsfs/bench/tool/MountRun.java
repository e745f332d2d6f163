package io.qsfs.bench.tool;

import io.qsfs.config.QsfsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures directories side by side, round by round, with ratios to the first.
 *
 * <p>Threading: one thread.
 */
final class MountRun {
    private final Session session;
    private final Report.Builder report;
    private final Map<String, Path> directories;
    private final MountScale scale;
    private final boolean isCold;
    private final int rounds;
    private final Map<String, Map<String, List<Double>>> values = new LinkedHashMap<>();

    /** @param isCold the page cache may be dropped. */
    MountRun(
            Session session,
            Report.Builder report,
            Map<String, Path> directories,
            MountScale scale,
            int rounds,
            boolean isCold) {
        this.session = session;
        this.report = report;
        this.directories = directories;
        this.scale = scale;
        this.isCold = isCold;
        this.rounds = rounds;
    }

    /** Reads {@code NAME=DIR}s. */
    static Map<String, Path> directories(List<String> texts) {
        Map<String, Path> directories = new LinkedHashMap<>();
        for (String text : texts) {
            int equals = text.indexOf('=');
            if (equals <= 0 || equals == text.length() - 1) {
                throw new QsfsException("\"" + text + "\" names no directory: write NAME=DIR, like qsfs=/mnt/qsfs.");
            }
            Path directory =
                    Path.of(text.substring(equals + 1)).toAbsolutePath().normalize();
            if (!Files.isDirectory(directory)) {
                throw new QsfsException(directory + " is not a directory: mount it, or correct its path.");
            }
            if (directories.put(text.substring(0, equals), directory) != null) {
                throw new QsfsException(
                        "the name " + text.substring(0, equals) + " is given twice: give each its own.");
            }
        }
        return directories;
    }

    /** Measures; the report has the figures after. */
    void run() {
        if (!isCold) {
            String warning = "the page cache cannot be dropped (only root may): what is called cold here is warm.";
            session.output().warning(warning);
            report.warning(warning);
        }
        SampleTree tree = SampleTree.usual(scale.entries());
        MountWorkloads workloads = new MountWorkloads(session, scale, tree, isCold);
        try {
            Progress progress = new Progress(
                    session.output(),
                    session.clock(),
                    "mount",
                    rounds * directories.size() * MountWorkloads.UNITS.size());
            for (int round = 0; round < rounds; round++) {
                directories.forEach((name, directory) -> workloads.run(directory, (workload, value) -> {
                    values.computeIfAbsent(workload, k -> new LinkedHashMap<>())
                            .computeIfAbsent(name, k -> new ArrayList<>())
                            .add(value);
                    progress.ended(
                            name + " " + workload, Format.number(value) + " " + MountWorkloads.UNITS.get(workload));
                }));
            }
        } finally {
            workloads.close();
        }
        conclude();
    }

    private void conclude() {
        values.forEach((workload, byName) -> byName.forEach((name, rates) -> report.metric(new Metric(
                "mount/" + name + "/" + workload,
                name + ", " + workload,
                MountWorkloads.UNITS.get(workload),
                true,
                rates))));
        List<String> names = List.copyOf(directories.keySet());
        if (names.size() < 2) {
            return;
        }
        String base = names.getFirst();
        List<Chart.Series> series = new ArrayList<>();
        for (String name : names.subList(1, names.size())) {
            List<Chart.Point> points = new ArrayList<>();
            values.forEach((workload, byName) ->
                    points.add(new Chart.Point(0, Stats.ratio(byName.get(name), byName.get(base)), workload)));
            series.add(new Chart.Series(name + " / " + base, points));
        }
        report.chart(new Chart(
                "mount/ratios",
                "Ratios to " + base + " (1 is as fast, more is faster)",
                Chart.Kind.BARS,
                "ratio",
                "",
                false,
                false,
                series));
    }

    /** Medians and ratios, a row for each workload. */
    TextTable table() {
        List<String> names = List.copyOf(directories.keySet());
        String base = names.getFirst();
        List<String> head = new ArrayList<>(List.of("median of " + rounds));
        head.addAll(names);
        names.subList(1, names.size()).forEach(name -> head.add(name + "/" + base));
        TextTable table = new TextTable(head.toArray(String[]::new));
        values.forEach((workload, byName) -> {
            List<String> row = new ArrayList<>(List.of(workload + ", " + MountWorkloads.UNITS.get(workload)));
            names.forEach(name -> row.add(Format.number(Stats.median(byName.get(name)))));
            names.subList(1, names.size())
                    .forEach(name -> row.add(Format.fixed(Stats.ratio(byName.get(name), byName.get(base)), 2)));
            table.row(row.toArray(String[]::new));
        });
        return table;
    }
}
