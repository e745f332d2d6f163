package io.qsfs.bench.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Goal: medians, spreads and ratios are what they are called. Method: small lists. */
class StatsTest {
    @Test
    void shouldFindTheMiddle() {
        assertEquals(3, Stats.median(List.of(9.0, 1.0, 3.0)));
        assertEquals(2, Stats.median(List.of(3.0, 1.0)));
        assertEquals(7, Stats.median(List.of(7.0)));
        assertTrue(Double.isNaN(Stats.median(List.of())));
    }

    @Test
    void shouldMeasureTheSpreadAgainstTheMedian() {
        assertEquals(0.5, Stats.spread(List.of(8.0, 10.0, 13.0)), 1e-9);
        assertEquals(0, Stats.spread(List.of(5.0)));
        assertEquals(0, Stats.spread(List.of()));
        assertEquals(0, Stats.spread(List.of(0.0, 0.0)), "nothing to share");
    }

    /** A machine that got slower in the second round did so for both sides. */
    @Test
    void shouldTakeRatiosRoundByRound() {
        assertEquals(2, Stats.ratio(List.of(20.0, 2.0, 10.0), List.of(10.0, 1.0, 5.0)), 1e-9);
    }

    @Test
    void shouldWriteThreeDigits() {
        assertEquals("1,240", Format.number(1240.4));
        assertEquals("37.2", Format.number(37.21));
        assertEquals("1.50", Format.number(1.5));
        assertEquals("0.042", Format.number(0.0421));
        assertEquals("-", Format.number(Double.NaN));
        assertEquals("1.60 s", Format.milliseconds(1600));
    }
}
