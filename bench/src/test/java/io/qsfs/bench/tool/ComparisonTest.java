package io.qsfs.bench.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Goal: change is told from noise. Method: rounds of known spread, and runs of one machine against each other. */
class ComparisonTest {
    private static Comparison.Verdict verdict(Metric before, Metric after) {
        return Comparison.of(Reports.of(before), Reports.of(after)).getFirst().verdict();
    }

    private static Metric rate(Double... rounds) {
        return Reports.metric("rate", true, rounds);
    }

    private static Metric time(Double... rounds) {
        return Reports.metric("time", false, rounds);
    }

    @Test
    void shouldSeeWhatIsBeyondTheRanges() {
        assertEquals(Comparison.Verdict.FELL, verdict(rate(100.0, 101.0, 99.0), rate(80.0, 81.0, 79.0)));
        assertEquals(Comparison.Verdict.ROSE, verdict(rate(100.0, 101.0, 99.0), rate(120.0, 121.0, 119.0)));
        assertEquals(
                Comparison.Verdict.SAME, verdict(rate(100.0, 120.0, 80.0), rate(80.0, 100.0, 60.0)), "ranges overlap");
        assertEquals(Comparison.Verdict.SAME, verdict(rate(100.0, 100.0, 100.0), rate(98.0, 98.0, 98.0)), "2 %");
    }

    @Test
    void shouldTakeLongerTimesForWorse() {
        assertEquals(Comparison.Verdict.FELL, verdict(time(1.0, 1.0, 1.0), time(2.0, 2.0, 2.0)));
        assertEquals(Comparison.Verdict.ROSE, verdict(time(2.0, 2.0, 2.0), time(1.0, 1.0, 1.0)));
    }

    /** One round has no range, so it is not taken for one without noise. */
    @Test
    void shouldDistrustSingleRounds() {
        assertEquals(Comparison.Verdict.SAME, verdict(rate(100.0), rate(80.0)));
        assertEquals(Comparison.Verdict.FELL, verdict(rate(100.0), rate(60.0)));
    }

    @Test
    void shouldCompareWhatBothHave() {
        Report before = Reports.of(rate(1.0), Reports.metric("gone", true, 1.0), Reports.metric("zero", true, 0.0));
        Report after = Reports.of(Reports.metric("new", true, 1.0), rate(1.0), Reports.metric("zero", true, 1.0));
        assertEquals(1, Comparison.of(before, after).size());
    }

    /** Two runs of the same thing with a noise of 10 % hardly ever differ. */
    @Test
    void shouldFindNothingInNoise() {
        SplittableRandom random = new SplittableRandom(Long.getLong("qsfs.seed", 5));
        int changed = 0;
        for (int i = 0; i < 2000; i++) {
            Metric before = rate(draw(random), draw(random), draw(random));
            Metric after = rate(draw(random), draw(random), draw(random));
            changed += verdict(before, after) == Comparison.Verdict.SAME ? 0 : 1;
        }
        assertTrue(changed < 60, changed + " of 2000");
    }

    private static double draw(SplittableRandom random) {
        return 100 * (0.95 + 0.1 * random.nextDouble());
    }

    @Test
    void shouldLayChartsOverEachOther() {
        List<Chart> charts = Comparison.overlaid(Reports.full(1), Reports.full(0.8));
        assertEquals(3, charts.size());
        assertEquals("old: 1 at once", charts.getFirst().series().getFirst().name());
        assertEquals(8, charts.getFirst().series().size());
    }
}
