package io.qsfs.bench.tool;

import java.util.List;

/**
 * Something to draw.
 *
 * @param id     names it for good: charts of two runs with one id are laid over each other.
 * @param title  a line above it.
 * @param kind   lines over a number, or bars over words.
 * @param xLabel what goes to the right, with its unit.
 * @param yLabel what goes up, with its unit.
 * @param xLog   the axis is logarithmic.
 * @param yLog   the axis is logarithmic.
 * @param series what is drawn.
 */
public record Chart(
        String id,
        String title,
        Kind kind,
        String xLabel,
        String yLabel,
        boolean xLog,
        boolean yLog,
        List<Series> series) {
    /** How it is drawn. */
    public enum Kind {
        /** Points joined by lines. */
        LINES,
        /** Horizontal bars, one row for each point's label. */
        BARS
    }

    /**
     * A line, or a colour of bars.
     *
     * @param name  for the legend.
     * @param points in order of x.
     */
    public record Series(String name, List<Point> points) {}

    /**
     * A point.
     *
     * @param x     of lines; of bars not used.
     * @param y     the value.
     * @param label of bars the row; of lines how x is to be written, empty for the number.
     */
    public record Point(double x, double y, String label) {}
}
