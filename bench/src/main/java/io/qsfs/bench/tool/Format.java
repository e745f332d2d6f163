package io.qsfs.bench.tool;

import io.qsfs.config.Units;
import java.util.Locale;

/**
 * Figures for people.
 *
 * <p>Threading: stateless.
 */
final class Format {
    private Format() {}

    /** Three significant digits and separators: {@code 1,240}, {@code 37.2}, {@code 0.042}. */
    static String number(double value) {
        if (Double.isNaN(value)) {
            return "-";
        }
        double size = Math.abs(value);
        String pattern = size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : size >= 1 || size == 0 ? "%.2f" : "%.3f";
        return String.format(Locale.ROOT, pattern, value);
    }

    /** {@code 37 %}. */
    static String percent(double share) {
        return String.format(Locale.ROOT, "%.0f %%", share * 100);
    }

    /** A plain fraction with so many digits. */
    static String fixed(double value, int digits) {
        return String.format(Locale.ROOT, "%,." + digits + "f", value);
    }

    /** {@code 64KiB}. */
    static String bytes(long bytes) {
        return Units.exactSize(bytes);
    }

    /** A time given in milliseconds: {@code 0.42 ms}, {@code 1.6 s}. */
    static String milliseconds(double ms) {
        return ms >= 1000 ? number(ms / 1000) + " s" : number(ms) + " ms";
    }
}
