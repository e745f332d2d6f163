package io.qsfs.bench.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Goal: the knee is where more load stops to pay. Method: curves of known shape. */
class KneeTest {
    @Test
    void shouldFindTheSmallestConcurrencyThatIsEnough() {
        assertEquals(2, Knee.ofConcurrency(List.of(100.0, 380.0, 760.0, 800.0, 790.0)));
        assertEquals(0, Knee.ofConcurrency(List.of(500.0, 480.0, 510.0)));
        assertEquals(3, Knee.ofConcurrency(List.of(1.0, 2.0, 4.0, 8.0)), "still growing");
        assertEquals(-1, Knee.ofConcurrency(List.of()));
    }

    /** A queue with service rate 1000/s: its latency grows as 1 / (1000 - load). */
    @Test
    void shouldFindTheKneeOfAQueue() {
        List<Knee.Step> steps = new ArrayList<>();
        for (double offered : new double[] {200, 400, 600, 800, 900, 1000, 1200}) {
            double done = Math.min(offered, 1000);
            double ms = offered >= 1000 ? 500 : 1000 / (1000 - offered);
            steps.add(new Knee.Step(offered, done, ms));
        }
        assertEquals(3, Knee.ofLoad(steps), "at 900/s the tail is 8 times that at 200/s");
    }

    @Test
    void shouldSeeWhatIsNotKeptUpWith() {
        assertEquals(0, Knee.ofLoad(List.of(new Knee.Step(100, 99, 1), new Knee.Step(200, 150, 1))));
        assertEquals(-1, Knee.ofLoad(List.of(new Knee.Step(100, 50, 1))));
        assertEquals(1, Knee.ofLoad(List.of(new Knee.Step(100, 100, 2), new Knee.Step(200, 199, 2))));
        assertEquals(-1, Knee.ofLoad(List.of()));
    }
}
