package io.qsfs.log;

/** Waits for a group commit. */
public interface SyncWaiter {
    /**
     * What was asked for is durable, or never will be. On {@code log-sync}; must not block.
     *
     * @param errno 0, or a positive errno; after an error the log has stopped for good.
     */
    void synced(long token, int errno);
}
