package io.qsfs.bench.tool;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Draws charts as SVG. A series is told apart by colour, by dashes and by marker; styles of colours are in the page,
 * so that they follow light and dark.
 *
 * <p>Threading: stateless.
 */
final class SvgChart {
    private static final int WIDTH = 400;
    private static final int HEIGHT = 280;
    private static final int LEFT = 52;
    private static final int RIGHT = 22;
    private static final int TOP = 26;
    private static final int BOTTOM = 44;
    private static final int COLOURS = 6;
    private static final int ROW = 15;
    private static final int NAME_LENGTH_MAX = 48;
    private static final String[] DASHES = {"", "7 3", "2 3", "9 3 2 3", "5 2 1 2", "12 4"};

    private SvgChart() {}

    /** A chart with its legend. */
    static void draw(StringBuilder to, Chart chart) {
        if (chart.kind() == Chart.Kind.BARS) {
            bars(to, chart);
        } else {
            lines(to, chart);
        }
    }

    // Lines

    /** One axis: from a value to a place. */
    private record Axis(double least, double most, boolean isLog, double from, double to) {
        static Axis of(List<Double> values, boolean isLog, double from, double to) {
            double least =
                    values.stream().mapToDouble(Double::doubleValue).min().orElse(0);
            double most = values.stream().mapToDouble(Double::doubleValue).max().orElse(1);
            if (isLog) {
                least = Math.pow(10, Math.floor(Math.log10(least) * 2 + 1e-9) / 2);
                most = Math.pow(10, Math.ceil(Math.log10(most) * 2 - 1e-9) / 2);
                return new Axis(least, most > least ? most : least * 10, true, from, to);
            }
            return new Axis(0, most > 0 ? niceAbove(most) : 1, false, from, to);
        }

        double at(double value) {
            double share = isLog
                    ? (Math.log10(value) - Math.log10(least)) / (Math.log10(most) - Math.log10(least))
                    : (value - least) / (most - least);
            return from + share * (to - from);
        }

        /** Values to write beside it: at most about six. */
        List<Double> ticks() {
            List<Double> ticks = new ArrayList<>();
            if (!isLog) {
                for (int i = 0; i <= 4; i++) {
                    ticks.add(least + (most - least) * i / 4);
                }
                return ticks;
            }
            double decades = Math.log10(most / least);
            double[] steps =
                    decades <= 1.6 ? new double[] {1, 2, 5} : decades <= 3 ? new double[] {1, 3} : new double[] {1};
            double every = decades > 6 ? 2 : 1;
            for (double power = Math.floor(Math.log10(least)); power <= Math.log10(most) + 1e-9; power += every) {
                for (double step : steps) {
                    double value = step * Math.pow(10, power);
                    if (value >= least * 0.999 && value <= most * 1.001) {
                        ticks.add(value);
                    }
                }
            }
            return ticks;
        }
    }

    private static double niceAbove(double value) {
        double power = Math.pow(10, Math.floor(Math.log10(value)));
        for (double step : new double[] {1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10}) {
            if (step * power >= value) {
                return step * power;
            }
        }
        return value;
    }

    private static void lines(StringBuilder to, Chart chart) {
        List<Double> xs = new ArrayList<>();
        List<Double> ys = new ArrayList<>();
        for (Chart.Series series : chart.series()) {
            for (Chart.Point point : series.points()) {
                if (isDrawn(chart, point)) {
                    xs.add(point.x());
                    ys.add(point.y());
                }
            }
        }
        if (xs.isEmpty()) {
            to.append("<p>No values.</p>");
            return;
        }
        double leastX = xs.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
        double mostX = xs.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
        Axis x = chart.xLog()
                ? new Axis(leastX, mostX > leastX ? mostX : leastX * 10, true, LEFT + 6, WIDTH - RIGHT - 6)
                : Axis.of(xs, false, LEFT, WIDTH - RIGHT);
        Axis y = Axis.of(ys, chart.yLog(), HEIGHT - BOTTOM, TOP);
        open(to, chart.title(), HEIGHT);
        grid(to, chart, x, y);
        for (int i = 0; i < chart.series().size(); i++) {
            series(to, chart, chart.series().get(i), style(chart, i), x, y);
        }
        to.append("</svg>");
        legend(to, chart);
    }

    private static boolean isDrawn(Chart chart, Chart.Point point) {
        return (!chart.xLog() || point.x() > 0) && (!chart.yLog() || point.y() > 0) && Double.isFinite(point.y());
    }

    private static void open(StringBuilder to, String title, int height) {
        to.append(String.format(
                Locale.ROOT,
                "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">",
                WIDTH,
                height,
                HtmlReport.escape(title)));
    }

    private static void grid(StringBuilder to, Chart chart, Axis x, Axis y) {
        for (double tick : y.ticks()) {
            double at = y.at(tick);
            to.append(String.format(
                    Locale.ROOT,
                    "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/><text class=\"e\" x=\"%d\""
                            + " y=\"%.1f\">%s</text>",
                    LEFT,
                    WIDTH - RIGHT,
                    at,
                    at,
                    LEFT - 6,
                    at + 4,
                    shortNumber(tick)));
        }
        for (Chart.Point tick : xTicks(chart, x)) {
            to.append(String.format(
                    Locale.ROOT,
                    "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/><text class=\"m\" x=\"%.1f\""
                            + " y=\"%d\">%s</text>",
                    x.at(tick.x()),
                    x.at(tick.x()),
                    TOP,
                    HEIGHT - BOTTOM,
                    x.at(tick.x()),
                    HEIGHT - BOTTOM + 17,
                    HtmlReport.escape(tick.label())));
        }
        to.append(String.format(
                Locale.ROOT,
                "<text class=\"m\" x=\"%d\" y=\"%d\">%s</text><text class=\"s\" x=\"4\" y=\"12\">%s</text>",
                (LEFT + WIDTH - RIGHT) / 2,
                HEIGHT - 8,
                HtmlReport.escape(chart.xLabel()),
                HtmlReport.escape(chart.yLabel())));
    }

    /** Of points with labels the labels, thinned where they would touch; else numbers. */
    private static List<Chart.Point> xTicks(Chart chart, Axis x) {
        java.util.TreeMap<Double, String> labels = new java.util.TreeMap<>();
        for (Chart.Series series : chart.series()) {
            series.points().stream().filter(p -> !p.label().isEmpty()).forEach(p -> labels.put(p.x(), p.label()));
        }
        if (labels.isEmpty()) {
            return x.ticks().stream()
                    .map(tick -> new Chart.Point(tick, 0, shortNumber(tick)))
                    .toList();
        }
        List<Chart.Point> ticks = new ArrayList<>();
        double last = Double.NEGATIVE_INFINITY;
        for (var label : labels.entrySet()) {
            if (x.at(label.getKey()) - last >= 46) {
                last = x.at(label.getKey());
                ticks.add(new Chart.Point(label.getKey(), 0, label.getValue()));
            }
        }
        return ticks;
    }

    private static String shortNumber(double value) {
        double size = Math.abs(value);
        if (size >= 1e6) {
            return trimmed(value / 1e6) + "M";
        }
        return size >= 1e4 ? trimmed(value / 1e3) + "k" : trimmed(value);
    }

    private static String trimmed(double value) {
        String text = String.format(Locale.ROOT, Math.abs(value) >= 100 ? "%.0f" : "%.3g", value);
        return text.contains(".") ? text.replaceAll("0+$", "").replaceAll("\\.$", "") : text;
    }

    /**
     * How a series looks: of two runs the same series has the same colour and marker, the old one dashed and hollow.
     *
     * @param index of the colour and marker.
     */
    private record Style(int index, String dashes, boolean isHollow) {}

    private static Style style(Chart chart, int i) {
        String name = chart.series().get(i).name();
        if (!name.startsWith(Comparison.OLD) && !name.startsWith(Comparison.NEW)) {
            return new Style(i, DASHES[i % DASHES.length], false);
        }
        boolean isOld = name.startsWith(Comparison.OLD);
        String prefix = isOld ? Comparison.OLD : Comparison.NEW;
        List<String> names = chart.series().stream()
                .map(Chart.Series::name)
                .filter(n -> n.startsWith(prefix))
                .toList();
        return new Style(names.indexOf(name), isOld ? "5 4" : "", isOld);
    }

    private static void series(StringBuilder to, Chart chart, Chart.Series series, Style style, Axis x, Axis y) {
        StringBuilder path = new StringBuilder();
        StringBuilder markers = new StringBuilder();
        for (Chart.Point point : series.points()) {
            if (!isDrawn(chart, point)) {
                continue;
            }
            double atX = x.at(point.x());
            double atY = y.at(point.y());
            path.append(path.isEmpty() ? "M" : "L").append(String.format(Locale.ROOT, "%.1f %.1f", atX, atY));
            marker(markers, style, atX, atY);
        }
        to.append("<g class=\"c").append(style.index() % COLOURS).append("\">");
        path(to, path.toString(), style);
        to.append(markers).append("</g>");
    }

    private static void path(StringBuilder to, String path, Style style) {
        to.append("<path d=\"").append(path).append('"');
        if (!style.dashes().isEmpty()) {
            to.append(" stroke-dasharray=\"").append(style.dashes()).append('"');
        }
        to.append("/>");
    }

    private static void marker(StringBuilder to, Style style, double x, double y) {
        String shape =
                switch (style.index() % 5) {
                    case 0 -> "<circle class=\"k\" cx=\"%1$.1f\" cy=\"%2$.1f\" r=\"3.6\"/>";
                    case 1 -> "<rect class=\"k\" x=\"%3$.1f\" y=\"%4$.1f\" width=\"7\" height=\"7\"/>";
                    case 2 -> "<path class=\"k\" d=\"M%1$.1f %4$.1fl4.2 7.4h-8.4z\"/>";
                    case 3 -> "<path class=\"k\" d=\"M%1$.1f %5$.1fl4.6 4.6l-4.6 4.6l-4.6 -4.6z\"/>";
                    default -> "<path class=\"k\" d=\"M%1$.1f %6$.1fl4.2 -7.4h-8.4z\"/>";
                };
        String text = String.format(Locale.ROOT, shape, x, y, x - 3.5, y - 3.5, y - 4.6, y + 3.9);
        to.append(style.isHollow() ? text.replace("class=\"k\"", "class=\"h\"") : text);
    }

    private static void legend(StringBuilder to, Chart chart) {
        to.append("<ul class=\"legend\">");
        for (int i = 0; i < chart.series().size(); i++) {
            Style style = style(chart, i);
            to.append("<li><svg class=\"key\" viewBox=\"0 0 36 12\" aria-hidden=\"true\"><g class=\"c")
                    .append(style.index() % COLOURS)
                    .append("\">");
            if (chart.kind() == Chart.Kind.BARS) {
                bar(to, style, 2, 1, 32, 10);
            } else {
                path(to, "M1 6L35 6", style);
                marker(to, style, 18, 6);
            }
            to.append("</g></svg>")
                    .append(HtmlReport.escape(chart.series().get(i).name()))
                    .append("</li>");
        }
        to.append("</ul>");
    }

    // Bars

    private static void bars(StringBuilder to, Chart chart) {
        List<String> rows = new ArrayList<>();
        double most = 0;
        for (Chart.Series series : chart.series()) {
            for (Chart.Point point : series.points()) {
                if (!rows.contains(point.label())) {
                    rows.add(point.label());
                }
                most = Double.isFinite(point.y()) ? Math.max(most, point.y()) : most;
            }
        }
        int count = chart.series().size();
        int block = 18 + count * ROW + 6;
        int height = rows.size() * block + 6;
        open(to, chart.title() + ", " + chart.xLabel(), height);
        double scale = most > 0 ? (WIDTH - 70) / most : 0;
        for (int r = 0; r < rows.size(); r++) {
            int top = r * block + 14;
            to.append(String.format(
                    Locale.ROOT, "<text class=\"s\" x=\"2\" y=\"%d\">%s</text>", top, HtmlReport.escape(rows.get(r))));
            for (int i = 0; i < count; i++) {
                double value = value(chart.series().get(i), rows.get(r));
                Style style = style(chart, i);
                double y = top + 5 + (double) i * ROW;
                double width = Double.isFinite(value) ? value * scale : 0;
                to.append("<g class=\"c").append(style.index() % COLOURS).append("\">");
                bar(to, style, 2, y, Math.max(1, width), ROW - 4);
                to.append("</g>")
                        .append(String.format(
                                Locale.ROOT,
                                "<text class=\"s\" x=\"%.1f\" y=\"%.1f\">%s</text>",
                                8 + width,
                                y + ROW - 5,
                                Format.number(value)));
            }
        }
        to.append("</svg>");
        legend(to, chart);
        to.append("<p class=\"unit\">")
                .append(HtmlReport.escape(chart.xLabel()))
                .append("</p>");
    }

    private static double value(Chart.Series series, String row) {
        return series.points().stream()
                .filter(p -> p.label().equals(row))
                .mapToDouble(Chart.Point::y)
                .findFirst()
                .orElse(Double.NaN);
    }

    /** Colour, and for every second series stripes, so that neighbours differ without colour too. */
    private static void bar(StringBuilder to, Style style, double x, double y, double width, double height) {
        to.append(String.format(
                Locale.ROOT,
                "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
                style.isHollow() ? "h" : "b",
                x,
                y,
                width,
                height));
        if (style.index() % 2 == 1 && !style.isHollow()) {
            double step = style.index() % 4 == 1 ? 6 : 12;
            for (double at = x + step / 2; at < x + width - 1; at += step) {
                to.append(String.format(
                        Locale.ROOT,
                        "<line class=\"stripe\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
                        at,
                        at,
                        y,
                        y + height));
            }
        }
    }

    // Stages

    /** A bar of three parts for each stage: full, striped, empty. */
    static void stages(StringBuilder to, List<StageShare> stages) {
        int block = 40;
        open(to, "shares of time of each stage", stages.size() * block + 4);
        for (int i = 0; i < stages.size(); i++) {
            StageShare stage = stages.get(i);
            int top = i * block;
            to.append(String.format(
                    Locale.ROOT,
                    "<text class=\"s\" x=\"2\" y=\"%d\">%s</text>",
                    top + 13,
                    HtmlReport.escape(shortened(stage.stage()))));
            double x = 2;
            double width = WIDTH - 4;
            String[] classes = {"busy", "input", "output"};
            double[] shares = {stage.busy(), stage.waitingInput(), stage.waitingOutput()};
            for (int part = 0; part < shares.length; part++) {
                double length = shares[part] * width;
                part(to, classes[part], shares[part], x, top + 18, length);
                x += length;
            }
        }
        to.append("</svg><ul class=\"legend\">");
        for (String[] entry :
                new String[][] {{"busy", "busy"}, {"input", "waits for input"}, {"output", "waits for output"}}) {
            to.append("<li><svg class=\"key\" viewBox=\"0 0 36 12\" aria-hidden=\"true\">");
            part(to, entry[0], 0, 2, 0, 32);
            to.append("</svg>").append(entry[1]).append("</li>");
        }
        to.append("</ul>");
    }

    private static String shortened(String name) {
        return name.length() <= NAME_LENGTH_MAX ? name : name.substring(0, NAME_LENGTH_MAX - 1) + "…";
    }

    private static void part(StringBuilder to, String kind, double share, double x, double y, double length) {
        if (length <= 0) {
            return;
        }
        int height = share == 0 ? 12 : 16;
        to.append(String.format(
                Locale.ROOT,
                "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\"/>",
                kind,
                x,
                y,
                length,
                height));
        for (double at = x + 4; kind.equals("input") && at < x + length - 1; at += 8) {
            to.append(String.format(
                    Locale.ROOT,
                    "<line class=\"stripe\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
                    at,
                    at,
                    y,
                    y + height));
        }
        if (share > 0 && length > (kind.equals("input") ? 64 : 38)) {
            to.append(String.format(
                    Locale.ROOT,
                    "<text class=\"m on-%s\" x=\"%.1f\" y=\"%.1f\">%s</text>",
                    kind,
                    x + length / 2,
                    y + 12.5,
                    Format.percent(share)));
        }
    }
}
