package io.qsfs.fs;

/**
 * How often the kernel was told of each inode, less what it forgot. An inode without names lives on while this is above 0: it
 * may be open.
 *
 * <p>Open addressing over primitive arrays, in stripes with a lock each: 16 bytes and no object for an inode that the kernel
 * knows. The root is not counted.
 *
 * <p>Threading: any thread; a stripe's lock is held for a probe or a growth of that stripe alone.
 */
final class LookupCounts {
    private static final int STRIPES = 64;
    private static final int INITIAL_CAPACITY = 64;

    private final Stripe[] stripes = new Stripe[STRIPES];

    LookupCounts() {
        for (int i = 0; i < STRIPES; i++) {
            stripes[i] = new Stripe();
        }
    }

    /** One more reply names this inode. */
    void increment(long ino) {
        stripe(ino).add(ino, 1);
    }

    /**
     * The kernel forgets {@code count} of them.
     *
     * @return what is left; never below 0, whatever the kernel says.
     */
    long decrement(long ino, long count) {
        return stripe(ino).add(ino, -count);
    }

    /** How often the kernel holds this inode. */
    long get(long ino) {
        return stripe(ino).get(ino);
    }

    private Stripe stripe(long ino) {
        return stripes[(int) (mix(ino) >>> 58)];
    }

    private static long mix(long ino) {
        return ino * 0x9E3779B97F4A7C15L;
    }

    private static final class Stripe {
        private long[] inos = new long[INITIAL_CAPACITY]; // 0: empty
        private long[] counts = new long[INITIAL_CAPACITY];
        private int used;

        synchronized long get(long ino) {
            int at = find(ino);
            return inos[at] == ino ? counts[at] : 0;
        }

        synchronized long add(long ino, long delta) {
            int at = find(ino);
            if (inos[at] != ino) {
                if (delta <= 0) {
                    return 0;
                }
                if (2 * (used + 1) > inos.length) {
                    grow();
                    at = find(ino);
                }
                inos[at] = ino;
                used++;
            }
            counts[at] += delta;
            if (counts[at] > 0) {
                return counts[at];
            }
            remove(at);
            return 0;
        }

        private int find(long ino) {
            int mask = inos.length - 1;
            int at = (int) (mix(ino) >>> 20) & mask;
            while (inos[at] != 0 && inos[at] != ino) {
                at = (at + 1) & mask;
            }
            return at;
        }

        /** Closes the gap that a removal leaves, so that probes need no tombstones. */
        private void remove(int gap) {
            int mask = inos.length - 1;
            int at = gap;
            inos[gap] = 0;
            counts[gap] = 0;
            used--;
            while (true) {
                at = (at + 1) & mask;
                if (inos[at] == 0) {
                    return;
                }
                int home = (int) (mix(inos[at]) >>> 20) & mask;
                if (((at - home) & mask) >= ((at - gap) & mask)) {
                    inos[gap] = inos[at];
                    counts[gap] = counts[at];
                    inos[at] = 0;
                    counts[at] = 0;
                    gap = at;
                }
            }
        }

        private void grow() {
            long[] oldInos = inos;
            long[] oldCounts = counts;
            inos = new long[oldInos.length * 2];
            counts = new long[oldCounts.length * 2];
            for (int i = 0; i < oldInos.length; i++) {
                if (oldInos[i] != 0) {
                    int at = find(oldInos[i]);
                    inos[at] = oldInos[i];
                    counts[at] = oldCounts[i];
                }
            }
        }
    }
}
