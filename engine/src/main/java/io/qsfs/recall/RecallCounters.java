package io.qsfs.recall;

import io.qsfs.memory.Id128;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What recall has done, for status.
 *
 * <p>Threading: any thread.
 */
public final class RecallCounters {
    private final AtomicLong chunksFetched = new AtomicLong();
    private final AtomicLong degradedReads = new AtomicLong();
    private final AtomicLong rottenShards = new AtomicLong();
    private final AtomicLong failedChunks = new AtomicLong();
    private final AtomicLong hedgedReads = new AtomicLong();
    private final Map<Id128, AtomicLong> bytesFetched = new ConcurrentHashMap<>();

    /** Chunks that were fetched and opened. */
    public long chunksFetched() {
        return chunksFetched.get();
    }

    /** Those of them that were made of other shards than their own. */
    public long degradedReads() {
        return degradedReads.get();
    }

    /** Different shards of which some bytes were found not to be what was written. */
    public long rottenShards() {
        return rottenShards.get();
    }

    /** Chunks that could not be had. */
    public long failedChunks() {
        return failedChunks.get();
    }

    /** Reads that were given up on for being late. */
    public long hedgedReads() {
        return hedgedReads.get();
    }

    /** Bytes read from each backend, ordered by its id. */
    public Map<Id128, Long> bytesFetched() {
        Map<Id128, Long> copy = new TreeMap<>();
        bytesFetched.forEach((backend, bytes) -> copy.put(backend, bytes.get()));
        return copy;
    }

    /** Bytes read from all backends. */
    public long bytesFetchedTotal() {
        long total = 0;
        for (AtomicLong bytes : bytesFetched.values()) {
            total += bytes.get();
        }
        return total;
    }

    void addFetched(boolean isDegraded) {
        chunksFetched.incrementAndGet();
        if (isDegraded) {
            degradedReads.incrementAndGet();
        }
    }

    void addRotten() {
        rottenShards.incrementAndGet();
    }

    void addFailed() {
        failedChunks.incrementAndGet();
    }

    void addHedged() {
        hedgedReads.incrementAndGet();
    }

    void addBytes(Id128 backend, long bytes) {
        bytesFetched.computeIfAbsent(backend, id -> new AtomicLong()).addAndGet(bytes);
    }
}
