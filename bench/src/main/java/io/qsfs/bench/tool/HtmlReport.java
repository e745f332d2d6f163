package io.qsfs.bench.tool;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A report as one page that needs nothing else: styles and charts are in it, and no script.
 *
 * <p>Threading: stateless.
 */
final class HtmlReport {
    private HtmlReport() {}

    /** Of one run. */
    static String of(Report report) {
        StringBuilder body = new StringBuilder();
        head(body, report, "qsfs-bench " + report.command(), report.taken() + ", " + rounds(report.rounds()));
        sentences(body, "Warnings", "warnings", report.warnings());
        sentences(body, "What was found", "findings", report.findings());
        advice(body, report);
        stages(body, report.stages());
        charts(body, report.charts());
        metrics(body, report.metrics());
        return page("qsfs-bench " + report.command(), body);
    }

    /** Of two runs. */
    static String of(Report before, Report after, List<Comparison.Line> lines) {
        StringBuilder body = new StringBuilder();
        head(
                body,
                after,
                "qsfs-bench compare",
                "old: " + before.taken() + ", " + before.commit() + "; new: " + after.taken() + ", " + after.commit());
        body.append("<section><h2>Changes</h2>");
        table(
                body,
                "Figures of both runs",
                List.of("figure", "unit", "old", "new", "change", "noise", "verdict"),
                lines.stream()
                        .sorted(java.util.Comparator.comparing(line -> line.verdict() == Comparison.Verdict.SAME))
                        .map(line -> List.of(
                                line.after().label(),
                                line.after().unit(),
                                Format.number(line.before().median()),
                                Format.number(line.after().median()),
                                (line.change() >= 0 ? "+" : "") + Format.percent(line.change()),
                                Format.percent(line.noise()),
                                verdict(line.verdict())))
                        .toList());
        body.append("</section>");
        charts(body, Comparison.overlaid(before, after));
        return page("qsfs-bench compare", body);
    }

    /** A word, not a colour alone. */
    static String verdict(Comparison.Verdict verdict) {
        return switch (verdict) {
            case ROSE -> "▲ better";
            case FELL -> "▼ worse";
            case SAME -> "same";
        };
    }

    private static String rounds(int count) {
        return count + (count == 1 ? " round" : " rounds");
    }

    private static void head(StringBuilder body, Report report, String title, String subtitle) {
        Machine machine = report.machine();
        body.append("<header><h1>")
                .append(escape(title))
                .append("</h1><p>")
                .append(escape(subtitle))
                .append("</p>");
        body.append("<dl>");
        pair(body, "processor", machine.processors() + " x " + machine.processor());
        pair(body, "memory", io.qsfs.config.Units.size(machine.memoryBytes()));
        pair(body, "kernel", machine.kernel());
        pair(body, "Java", machine.java());
        pair(body, "qsfs", report.version() + ", commit " + report.commit());
        pair(body, "load before", Format.number(machine.loadBefore()));
        body.append("</dl></header>");
    }

    private static void pair(StringBuilder body, String name, String value) {
        body.append("<div><dt>")
                .append(name)
                .append("</dt><dd>")
                .append(escape(value))
                .append("</dd></div>");
    }

    private static void sentences(StringBuilder body, String title, String kind, List<String> sentences) {
        if (sentences.isEmpty()) {
            return;
        }
        body.append("<section class=\"")
                .append(kind)
                .append("\"><h2>")
                .append(title)
                .append("</h2><ul>");
        sentences.forEach(s -> body.append("<li>").append(escape(capital(s))).append("</li>"));
        body.append("</ul></section>");
    }

    private static String capital(String sentence) {
        return sentence.isEmpty() || sentence.matches("^[^ ]*[-0-9+/].*")
                ? sentence // begins with a name
                : Character.toUpperCase(sentence.charAt(0)) + sentence.substring(1);
    }

    private static void advice(StringBuilder body, Report report) {
        if (!report.advice().isEmpty()) {
            body.append("<section><h2>Advice</h2><pre tabindex=\"0\" aria-label=\"configuration\">")
                    .append(escape(report.advice()))
                    .append("</pre></section>");
        }
    }

    private static void stages(StringBuilder body, List<StageShare> stages) {
        if (stages.isEmpty()) {
            return;
        }
        body.append("<section><h2>What each stage does with its time</h2><figure>");
        SvgChart.stages(body, stages);
        table(
                body,
                "Shares of time",
                List.of("stage", "busy", "waits for input", "waits for output", ""),
                stages.stream()
                        .map(s -> List.of(
                                s.stage(),
                                Format.percent(s.busy()),
                                Format.percent(s.waitingInput()),
                                Format.percent(s.waitingOutput()),
                                s.detail()))
                        .toList());
        body.append("</figure></section>");
    }

    private static void charts(StringBuilder body, List<Chart> charts) {
        List<Chart> drawn = charts.stream()
                .filter(c -> c.series().stream().anyMatch(s -> !s.points().isEmpty()))
                .toList();
        if (drawn.isEmpty()) {
            return;
        }
        body.append("<section><h2>Charts</h2><div class=\"charts\">");
        for (Chart chart : drawn) {
            body.append("<figure><figcaption>").append(escape(chart.title())).append("</figcaption>");
            SvgChart.draw(body, chart);
            chartTable(body, chart);
            body.append("</figure>");
        }
        body.append("</div></section>");
    }

    private static void chartTable(StringBuilder body, Chart chart) {
        body.append("<details><summary>As a table</summary>");
        boolean isBars = chart.kind() == Chart.Kind.BARS;
        List<List<String>> rows = new java.util.ArrayList<>();
        for (Chart.Series series : chart.series()) {
            for (Chart.Point point : series.points()) {
                String x = point.label().isEmpty() ? Format.number(point.x()) : point.label();
                rows.add(List.of(series.name(), x, Format.number(point.y())));
            }
        }
        table(
                body,
                chart.title(),
                List.of("series", isBars ? "what" : chart.xLabel(), isBars ? chart.xLabel() : chart.yLabel()),
                rows);
        body.append("</details>");
    }

    private static void metrics(StringBuilder body, List<Metric> metrics) {
        if (metrics.isEmpty()) {
            return;
        }
        body.append("<section><h2>All figures</h2><details><summary>")
                .append(metrics.size())
                .append(" figures with their rounds</summary>");
        table(
                body,
                "All figures",
                List.of("figure", "unit", "median", "spread", "rounds"),
                metrics.stream()
                        .map(m -> List.of(
                                m.label(),
                                m.unit(),
                                Format.number(m.median()),
                                Format.percent(m.spread()),
                                String.join(
                                        " ",
                                        m.rounds().stream().map(Format::number).toList())))
                        .toList());
        body.append("</details></section>");
    }

    private static void table(StringBuilder body, String caption, List<String> head, List<List<String>> rows) {
        body.append("<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"")
                .append(escape(caption))
                .append("\"><table><caption>")
                .append(escape(caption))
                .append("</caption><thead><tr>");
        for (int i = 0; i < head.size(); i++) {
            int column = i;
            boolean isNumbers = i > 0 && !rows.isEmpty() && rows.stream().allMatch(row -> isNumber(row.get(column)));
            body.append(isNumbers ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">")
                    .append(escape(head.get(i)))
                    .append("</th>");
        }
        body.append("</tr></thead><tbody>");
        for (List<String> row : rows) {
            body.append("<tr>");
            for (int i = 0; i < row.size(); i++) {
                body.append(i == 0 ? "<th scope=\"row\">" : isNumber(row.get(i)) ? "<td class=\"n\">" : "<td>")
                        .append(escape(row.get(i)))
                        .append(i == 0 ? "</th>" : "</td>");
            }
            body.append("</tr>");
        }
        body.append("</tbody></table></div>");
    }

    private static boolean isNumber(String cell) {
        return cell.matches("[-+0-9.,]+( %)?");
    }

    private static String page(String title, StringBuilder body) {
        return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + escape(title)
                + "</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                + "<meta name=\"color-scheme\" content=\"light dark\">"
                // The page asks for nothing, not even for an icon.
                + "<link rel=\"icon\" href=\"data:,\">"
                + "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline';"
                + " img-src data:\"><style>" + style() + "</style></head><body><main>" + body
                + "</main></body></html>\n";
    }

    private static String style() {
        try (InputStream in = HtmlReport.class.getResourceAsStream("report.css")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError("a resource of this jar", e);
        }
    }

    /** For text and for attributes. */
    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
