package io.qsfs.recall;

import io.qsfs.memory.Clock;

/** A clock that a test moves. */
public final class ManualClock implements Clock {
    private volatile long nowNs = 1_000_000_000L;

    @Override
    public long nanoTime() {
        return nowNs;
    }

    @Override
    public long realtimeNs() {
        return 1_700_000_000_000_000_000L + nowNs;
    }

    /** Moves it. */
    public void advance(long ns) {
        nowNs += ns;
    }
}
