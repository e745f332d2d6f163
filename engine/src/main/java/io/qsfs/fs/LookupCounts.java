package io.qsfs.fs;

/**
 * How often the kernel was told of each inode, less what it forgot. An inode without names lives on while this is above 0: it
 * may be open. Beside the count is what the kernel may believe of a file's attributes, and since when that would be wrong.
 *
 * <p>Open addressing over primitive arrays, in stripes with a lock each: 16 bytes and no object for an inode that the kernel
 * knows. The root is not counted.
 *
 * <p>Threading: any thread; a stripe's lock is held for a probe or a growth of that stripe alone.
 */
final class LookupCounts {
    private static final int STRIPES = 64;
    private static final int INITIAL_CAPACITY = 64;

    // A value: the count, 40 bits; the second of the last change, 22 bits, 0 for none; whether attributes may be kept,
    // 1 bit.
    private static final long COUNT_MASK = (1L << 40) - 1;
    private static final int CHANGED_SHIFT = 40;
    private static final long CHANGED_MASK = (1L << 22) - 1;
    private static final long KEPT = 1L << 62;
    /** So long after a change of its content the attributes of a file may not be kept: more changes come soon. */
    private static final long RECENT_S = 2;

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

    /**
     * Attributes of a file are about to be told: true when the kernel may keep them for long, which is remembered. False when the
     * content changed lately, and for an inode that is not known here.
     */
    boolean mayKeep(long ino, long nowS) {
        return stripe(ino).mayKeep(ino, nowS);
    }

    /** The content of a file changed: true when the kernel keeps attributes of before, which is forgotten. */
    boolean changed(long ino, long nowS) {
        return stripe(ino).changed(ino, nowS);
    }

    private Stripe stripe(long ino) {
        return stripes[(int) (mix(ino) >>> 58)];
    }

    private static long mix(long ino) {
        return ino * 0x9E3779B97F4A7C15L;
    }

    private static final class Stripe {
        private long[] inos = new long[INITIAL_CAPACITY]; // 0: empty
        private long[] values = new long[INITIAL_CAPACITY];
        private int used;

        synchronized long get(long ino) {
            int at = find(ino);
            return inos[at] == ino ? values[at] & COUNT_MASK : 0;
        }

        synchronized boolean mayKeep(long ino, long nowS) {
            int at = find(ino);
            if (inos[at] != ino) {
                return false;
            }
            long changedS = values[at] >>> CHANGED_SHIFT & CHANGED_MASK;
            if (changedS != 0 && (nowS - changedS & CHANGED_MASK) < RECENT_S) {
                return false;
            }
            values[at] |= KEPT;
            return true;
        }

        synchronized boolean changed(long ino, long nowS) {
            int at = find(ino);
            if (inos[at] != ino) {
                return false;
            }
            boolean isKept = (values[at] & KEPT) != 0;
            long changedS = Math.max(1, nowS & CHANGED_MASK);
            values[at] = values[at] & COUNT_MASK | changedS << CHANGED_SHIFT;
            return isKept;
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
            long count = (values[at] & COUNT_MASK) + delta;
            if (count > 0) {
                values[at] += delta;
                return count;
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
            values[gap] = 0;
            used--;
            while (true) {
                at = (at + 1) & mask;
                if (inos[at] == 0) {
                    return;
                }
                int home = (int) (mix(inos[at]) >>> 20) & mask;
                if (((at - home) & mask) >= ((at - gap) & mask)) {
                    inos[gap] = inos[at];
                    values[gap] = values[at];
                    inos[at] = 0;
                    values[at] = 0;
                    gap = at;
                }
            }
        }

        private void grow() {
            long[] oldInos = inos;
            long[] oldValues = values;
            inos = new long[oldInos.length * 2];
            values = new long[oldValues.length * 2];
            for (int i = 0; i < oldInos.length; i++) {
                if (oldInos[i] != 0) {
                    int at = find(oldInos[i]);
                    inos[at] = oldInos[i];
                    values[at] = oldValues[i];
                }
            }
        }
    }
}
