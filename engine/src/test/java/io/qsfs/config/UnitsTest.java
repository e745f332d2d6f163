package io.qsfs.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reads and writes sizes and durations. */
class UnitsTest {
    @ParameterizedTest
    @CsvSource({
        "64MiB, 67108864",
        "1.5GiB, 1610612736",
        "10 kB, 10000",
        "0B, 0",
        "7, -1",
        "-1MiB, -1",
        "MiB, -1",
        "1mib, -1",
        "999999999999999999TiB, -1",
        "99999999999999999999B, -1",
        "1.2345MiB, -1",
        "1MiBs, -1"
    })
    void shouldParseSizes(String text, long bytes) {
        assertEquals(bytes, Units.parseSize(text));
    }

    @ParameterizedTest
    @CsvSource({"30s, 30000000000", "250ms, 250000000", "5m, 300000000000", "1.5h, 5400000000000", "5, -1", "5M, -1"})
    void shouldParseDurations(String text, long ns) {
        assertEquals(ns, Units.parseDuration(text));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "1023, 1023 B",
        "1024, 1.0 KiB",
        "1048575, 1.0 MiB",
        "7086696038, 6.6 GiB",
        "-1, ?",
        "9223372036854775807, 8192.0 PiB"
    })
    void shouldShowSizes(long bytes, String text) {
        assertEquals(text, Units.size(bytes));
    }

    @ParameterizedTest
    @CsvSource({"0, 0s", "53999, 53s", "250000, 4m 10s", "12000000, 3h 20m", "187200000, 2d 4h", "-5, 0s"})
    void shouldShowDurations(long milliseconds, String text) {
        assertEquals(text, Units.duration(milliseconds));
    }

    @ParameterizedTest
    @CsvSource({"67108864, 64MiB", "1000, 1000B", "0, 0B", "1099511627776, 1TiB"})
    void shouldShowExactSizes(long bytes, String text) {
        assertEquals(text, Units.exactSize(bytes));
    }
}
