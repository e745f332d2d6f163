package io.qsfs.config;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sizes and durations as people write and read them.
 *
 * <p>Threading: stateless.
 */
public final class Units {
    private static final Pattern NUMBER_UNIT = Pattern.compile("([0-9]{1,18})(?:\\.([0-9]{1,3}))? ?([A-Za-z]+)");
    private static final Map<String, Long> SIZES = Map.ofEntries(
            Map.entry("B", 1L),
            Map.entry("KiB", 1L << 10),
            Map.entry("MiB", 1L << 20),
            Map.entry("GiB", 1L << 30),
            Map.entry("TiB", 1L << 40),
            Map.entry("kB", 1_000L),
            Map.entry("KB", 1_000L),
            Map.entry("MB", 1_000_000L),
            Map.entry("GB", 1_000_000_000L),
            Map.entry("TB", 1_000_000_000_000L));
    private static final Map<String, Long> DURATIONS = Map.of(
            "ms", 1_000_000L,
            "s", 1_000_000_000L,
            "m", 60_000_000_000L,
            "min", 60_000_000_000L,
            "h", 3_600_000_000_000L,
            "d", 86_400_000_000_000L);
    private static final String[] BINARY = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};

    private Units() {}

    /** Bytes of {@code 64MiB}, {@code 1.5GB}; -1 when it is not a size. */
    public static long parseSize(String text) {
        return parse(text, SIZES);
    }

    /** Nanoseconds of {@code 30s}, {@code 5m}, {@code 250ms}; -1 when it is not a duration. */
    public static long parseDuration(String text) {
        return parse(text, DURATIONS);
    }

    private static long parse(String text, Map<String, Long> units) {
        Matcher matcher = NUMBER_UNIT.matcher(text.strip());
        if (!matcher.matches()) {
            return -1;
        }
        Long unit = units.get(matcher.group(3));
        if (unit == null) {
            return -1;
        }
        try {
            long value = Math.multiplyExact(Long.parseLong(matcher.group(1)), unit);
            String fraction = matcher.group(2);
            if (fraction == null) {
                return value;
            }
            long scale = (long) Math.pow(10, fraction.length());
            return Math.addExact(value, Math.multiplyExact(Long.parseLong(fraction), unit) / scale);
        } catch (ArithmeticException e) {
            return -1;
        }
    }

    /** {@code 6.6 GiB}, {@code 512 B}; {@code ?} for a negative number. */
    public static String size(long bytes) {
        if (bytes < 0) {
            return "?";
        }
        double value = bytes;
        int unit = 0;
        while (value >= 1023.95 && unit < BINARY.length - 1) {
            value /= 1024;
            unit++;
        }
        return unit == 0 ? bytes + " B" : String.format(Locale.ROOT, "%.1f %s", value, BINARY[unit]);
    }

    /** The largest unit that says it exactly: {@code 64MiB}. */
    public static String exactSize(long bytes) {
        int unit = 0;
        long value = bytes;
        while (value != 0 && value % 1024 == 0 && unit < BINARY.length - 2) {
            value /= 1024;
            unit++;
        }
        return value + BINARY[unit];
    }

    /** {@code 53s}, {@code 4m 10s}, {@code 3h 20m}, {@code 2d 4h}; {@code 0s} below a second. */
    public static String duration(long milliseconds) {
        long seconds = Math.max(0, milliseconds) / 1000;
        if (seconds < 60) {
            return seconds + "s";
        }
        if (seconds < 3600) {
            return seconds / 60 + "m " + seconds % 60 + "s";
        }
        if (seconds < 86_400) {
            return seconds / 3600 + "h " + seconds % 3600 / 60 + "m";
        }
        return seconds / 86_400 + "d " + seconds % 86_400 / 3600 + "h";
    }

    /** The largest unit that says it exactly: {@code 15m}. */
    public static String exactDuration(long ns) {
        String[] names = {"d", "h", "m", "s"};
        for (String name : names) {
            if (ns != 0 && ns % DURATIONS.get(name) == 0) {
                return ns / DURATIONS.get(name) + name;
            }
        }
        return ns / 1_000_000 + "ms";
    }
}
