package io.qsfs.bench.tool;

import java.util.List;

/** Reports for tests. */
final class Reports {
    private Reports() {}

    static Metric metric(String id, boolean higherIsBetter, Double... rounds) {
        return new Metric(id, "label of " + id, higherIsBetter ? "MB/s" : "ms", higherIsBetter, List.of(rounds));
    }

    static Report of(Metric... metrics) {
        Report.Builder builder = new Report.Builder("backends");
        for (Metric metric : metrics) {
            builder.metric(metric);
        }
        return builder.build(3);
    }

    /** One with everything that a page can show. */
    static Report full(double factor) {
        Report.Builder builder = new Report.Builder("advise");
        builder.metric(metric("a/throughput", true, 100 * factor, 101 * factor, 99 * factor));
        builder.metric(metric("a/p99", false, 3.0, 3.1, 2.9));
        String name = "backend-with-a-long-name.example.org:6379";
        builder.chart(new Chart(
                "c1",
                name + ": put, throughput over size",
                Chart.Kind.LINES,
                "object size",
                "MB/s",
                true,
                true,
                List.of(
                        line("1 at once", factor, 4096, 3, 65536, 40, 1 << 20, 150, 1 << 24, 300),
                        line("4 at once", factor, 4096, 9, 65536, 120, 1 << 20, 300, 1 << 24, 420),
                        line("16 at once", factor, 4096, 20, 65536, 200, 1 << 20, 480, 1 << 24, 500),
                        line("64 at once", factor, 4096, 31, 65536, 260, 1 << 20, 530, 1 << 24, 510))));
        builder.chart(new Chart(
                "c2",
                name + ": get of 64KiB, latency over offered load",
                Chart.Kind.LINES,
                "offered, operations/s",
                "ms",
                false,
                true,
                List.of(
                        line("50 % within", 1 / factor, 240, 0.4, 480, 0.4, 720, 0.5, 960, 0.9, 1200, 8),
                        line("99 % within", 1 / factor, 240, 1.2, 480, 1.4, 720, 2.2, 960, 11, 1200, 95))));
        builder.chart(new Chart(
                "c3",
                "Sealing on one core, by code",
                Chart.Kind.BARS,
                "MB/s",
                "",
                false,
                false,
                List.of(
                        bars("lz4, mixed data", 810 * factor),
                        bars("none, mixed data", 640),
                        bars("none, random data", 655))));
        builder.stages(List.of(
                new StageShare("read the log", 0.03, 0, 0.97, "segments always wait"),
                new StageShare("seal and code", 0.62, 0.03, 0.35, "one encoder thread"),
                new StageShare("to " + name, 0.91, 0.09, 0, "a shard in 1.61 s, 9.8 MB/s")));
        builder.finding("the bottleneck is backend x: a shard takes 1.61 s there and 21 ms on the others.");
        builder.warning("the page cache cannot be dropped, <b>so</b> what is called cold here is warm.");
        builder.advice(
                "# a configuration with a line that is longer than a telephone is wide, which must scroll in itself\n"
                        + "minimal_shards = 4\n");
        return builder.build(3);
    }

    private static Chart.Series line(String name, double factor, double... xy) {
        List<Chart.Point> points = new java.util.ArrayList<>();
        for (int i = 0; i < xy.length; i += 2) {
            points.add(new Chart.Point(xy[i], xy[i + 1] * factor, xy[0] == 4096 ? Format.bytes((long) xy[i]) : ""));
        }
        return new Chart.Series(name, points);
    }

    private static Chart.Series bars(String name, double value) {
        return new Chart.Series(
                name, List.of(new Chart.Point(0, value, "4+2"), new Chart.Point(0, value * 0.86, "16+4")));
    }
}
