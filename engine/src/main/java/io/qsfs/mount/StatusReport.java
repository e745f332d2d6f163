package io.qsfs.mount;

import java.util.List;

/**
 * The state of a mount, as plain data; {@code status --json} prints it with these names. Fields are added, never renamed.
 *
 * @param volume     its name.
 * @param volumeId   32 hex digits.
 * @param mountPoint where.
 * @param pid        of the process.
 * @param state      what it does.
 * @param upMs       since the mount answers.
 * @param warnings   of the configuration and of the mount, one sentence each.
 * @param redundancy how much may still be lost: the first thing shown.
 * @param cache      local space.
 * @param backlog    what is not on the backends yet.
 * @param backends   each of them.
 * @param traffic    since the mount answers.
 * @param files      the tree.
 */
public record StatusReport(
        String volume,
        String volumeId,
        String mountPoint,
        long pid,
        State state,
        long upMs,
        List<String> warnings,
        Redundancy redundancy,
        Cache cache,
        Backlog backlog,
        List<Backend> backends,
        Traffic traffic,
        Files files) {
    /** What a mount does. */
    public enum State {
        RUNNING,
        /** Writes are refused: see the warnings. */
        READ_ONLY,
        /** The mount point is detached, the rest is being placed. */
        DRAINING
    }

    /**
     * How much may still be lost.
     *
     * @param minimalShards  k.
     * @param expectedShards n.
     * @param placedMin      durable shards that make a segment placed.
     * @param margin         shards that the worst placed segment may still lose, counting backends that answer; -1 when no
     *                       segment is placed, less than that never.
     * @param segmentsFull   placed segments with all n shards on backends that answer.
     * @param segmentsReduced placed segments with fewer than n, and at least k.
     * @param segmentsUnreadable placed segments with fewer than k and no local copy.
     */
    public record Redundancy(
            int minimalShards,
            int expectedShards,
            int placedMin,
            int margin,
            long segmentsFull,
            long segmentsReduced,
            long segmentsUnreadable) {}

    /**
     * Local space.
     *
     * @param limitBytes     {@code cache_limit}.
     * @param logBytes       segment files on disk.
     * @param evictableBytes of those: placed, may go.
     * @param recallBytes    slots of the recall cache in use.
     * @param recallLimitBytes size of the recall cache.
     * @param indexBytes     of the index.
     */
    public record Cache(
            long limitBytes,
            long logBytes,
            long evictableBytes,
            long recallBytes,
            long recallLimitBytes,
            long indexBytes) {}

    /**
     * What is not on the backends yet.
     *
     * @param segments       closed or active, not placed.
     * @param bytes          in them.
     * @param bytesPerSecond recent rate of placing.
     * @param oldestMs       age of the oldest byte that is safe only here; 0 when there is none.
     * @param shardsOwed     shards that placed segments lack.
     * @param openForWriting files open for writing.
     */
    public record Backlog(
            long segments, long bytes, long bytesPerSecond, long oldestMs, long shardsOwed, long openForWriting) {}

    /**
     * A backend.
     *
     * @param name     from the configuration, or made from its place.
     * @param id       32 hex digits, null when it never identified itself.
     * @param kind     {@code dir} or {@code redis}.
     * @param group    name of its group.
     * @param location path or address.
     * @param health   one word: {@code ok}, {@code slow}, {@code full}, {@code unreachable}, {@code absent}, {@code foreign}.
     * @param detail   one sentence, null when it is ok.
     * @param durable  an acknowledged put is durable.
     * @param usedBytes by this volume, -1 when not known.
     * @param freeBytes -1 when it cannot tell.
     * @param shards    of this volume on it.
     * @param putBytes  since the mount answers.
     * @param getBytes  since the mount answers.
     * @param errors    operations that failed since the mount answers.
     * @param rotten    shards or blocks that failed their checksum since the mount answers.
     */
    public record Backend(
            String name,
            String id,
            String kind,
            String group,
            String location,
            String health,
            String detail,
            boolean durable,
            long usedBytes,
            long freeBytes,
            long shards,
            long putBytes,
            long getBytes,
            long errors,
            long rotten) {}

    /**
     * Since the mount answers.
     *
     * @param bytesRead       by the mount's users.
     * @param bytesWritten    by the mount's users.
     * @param bytesFetched    from backends.
     * @param bytesPlaced     to backends.
     * @param chunksRecalled  chunks that were fetched back.
     * @param chunksRebuilt   of those: decoded from other shards, because a backend was gone, late or wrong.
     * @param shardsRotten    shards that failed a checksum.
     * @param readErrors      reads that ended in EIO.
     * @param rangesRotten    written ranges that were found not to match their checksum on the local disk.
     * @param readsWaiting    reads that wait for backends now.
     */
    public record Traffic(
            long bytesRead,
            long bytesWritten,
            long bytesFetched,
            long bytesPlaced,
            long chunksRecalled,
            long chunksRebuilt,
            long shardsRotten,
            long readErrors,
            long rangesRotten,
            long readsWaiting) {}

    /**
     * The tree.
     *
     * @param inodes files, directories and links.
     * @param bytes  content of files.
     */
    public record Files(long inodes, long bytes) {}
}
