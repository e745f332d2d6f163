package io.qsfs.fs;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.index.Inode;
import io.qsfs.memory.Clock;
import org.junit.jupiter.api.Test;

class AccessTimesTest {
    private static final long DAY_NS = 86_400_000_000_000L;
    private static final long NOW_NS = 1_700_000_000_000_000_000L;

    private final Inode inode = new Inode();
    private final Clock clock = new Clock() {
        @Override
        public long nanoTime() {
            return 0;
        }

        @Override
        public long realtimeNs() {
            return NOW_NS;
        }
    };

    private boolean isDue(long atimeNs, long mtimeNs, long ctimeNs) {
        inode.atimeNs = atimeNs;
        inode.mtimeNs = mtimeNs;
        inode.ctimeNs = ctimeNs;
        return AccessTimes.isDue(inode, clock);
    }

    @Test
    void shouldBeDueAfterAChangeAndAfterADay() {
        assertFalse(isDue(NOW_NS - 10, NOW_NS - 20, NOW_NS - 20));
        assertTrue(isDue(NOW_NS - 10, NOW_NS - 10, NOW_NS - 20));
        assertTrue(isDue(NOW_NS - 10, NOW_NS - 20, NOW_NS - 10));
        assertTrue(isDue(NOW_NS - 10, NOW_NS - 20, NOW_NS));
        assertFalse(isDue(NOW_NS - DAY_NS + 1, 0, 0));
        assertTrue(isDue(NOW_NS - DAY_NS, 0, 0));
    }
}
