package io.qsfs.memory;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.recall.ManualClock;
import org.junit.jupiter.api.Test;

/** Goal: each thing is said once in a minute, and what is kept of it is bounded. */
class SeldomTest {
    private final ManualClock clock = new ManualClock();
    private final Seldom seldom = new Seldom(clock);

    @Test
    void shouldSayEachThingOnceInAMinute() {
        assertTrue(seldom.isDue(1));
        assertFalse(seldom.isDue(1));
        assertTrue(seldom.isDue(2));
        clock.advance(59_999_999_999L);
        assertFalse(seldom.isDue(1));
        clock.advance(1);
        assertTrue(seldom.isDue(1));
        assertFalse(seldom.isDue(1));
    }

    @Test
    void shouldForgetWhatWasSaidLongestAgo() {
        for (long key = 0; key <= 1024; key++) {
            assertTrue(seldom.isDue(key));
        }
        assertFalse(seldom.isDue(1024));
        assertTrue(seldom.isDue(0));
    }
}
