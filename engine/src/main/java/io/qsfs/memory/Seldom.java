package io.qsfs.memory;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Decides whether a message about something is to be said again: once in a minute for each, so that a reader in a loop does not fill
 * the log.
 *
 * <p>Threading: any thread. Not for the hot path.
 */
public final class Seldom {
    private static final long EVERY_NS = 60_000_000_000L;
    private static final int KEYS_MAX = 1024;

    private final Clock clock;
    private final Map<Long, Long> saidNs = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Long> eldest) {
            return size() > KEYS_MAX;
        }
    };

    /** Nothing was said yet. */
    public Seldom(Clock clock) {
        this.clock = clock;
    }

    /** True when nothing was said about {@code key} for a minute; from now on it was. */
    public synchronized boolean isDue(long key) {
        long nowNs = clock.nanoTime();
        Long before = saidNs.get(key);
        if (before != null && nowNs - before < EVERY_NS) {
            return false;
        }
        saidNs.remove(key); // the eldest is the one that was said longest ago
        saidNs.put(key, nowNs);
        return true;
    }
}
