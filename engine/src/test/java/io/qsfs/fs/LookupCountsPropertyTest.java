package io.qsfs.fs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Goal: counts survive growth, removal and collisions. Method: random steps against a {@link HashMap}. */
class LookupCountsPropertyTest {
    record Step(long ino, int delta) {}

    @Property(tries = 300)
    void shouldCountAsAMapDoes(@ForAll("steps") List<Step> steps) {
        LookupCounts counts = new LookupCounts();
        Map<Long, Long> model = new HashMap<>();
        for (Step step : steps) {
            long before = model.getOrDefault(step.ino(), 0L);
            long after = Math.max(0, before + step.delta());
            model.put(step.ino(), after);
            if (step.delta() % 2 == 0) {
                counts.changed(step.ino(), step.ino());
                counts.mayKeep(step.ino(), step.ino() + 3);
            }
            if (step.delta() > 0) {
                for (int i = 0; i < step.delta(); i++) {
                    counts.increment(step.ino());
                }
            } else {
                assertEquals(after, counts.decrement(step.ino(), -step.delta()));
            }
        }
        model.forEach((ino, count) -> assertEquals(count, counts.get(ino), "inode " + ino));
    }

    @Example
    void shouldTellOfAChangeOnceAndOnlyWhereAttributesAreKept() {
        LookupCounts counts = new LookupCounts();
        assertFalse(counts.mayKeep(7, 100), "not known");
        counts.increment(7);
        assertFalse(counts.changed(7, 100), "nothing was told");
        assertFalse(counts.mayKeep(7, 101), "it changed a moment ago");
        assertTrue(counts.mayKeep(7, 102));
        counts.increment(7);
        assertTrue(counts.changed(7, 200));
        assertFalse(counts.changed(7, 200), "the kernel knows");
        assertEquals(2, counts.get(7));
        assertEquals(0, counts.decrement(7, 2));
        counts.increment(7);
        assertTrue(counts.mayKeep(7, 200), "known anew");
    }

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Long> inos = Arbitraries.longs().between(2, 500);
        Arbitrary<Integer> deltas = Arbitraries.integers().between(-4, 3);
        return Combinators.combine(inos, deltas).as(Step::new).list().ofMaxSize(2000);
    }
}
