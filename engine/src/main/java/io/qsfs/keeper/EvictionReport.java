package io.qsfs.keeper;

/**
 * What an eviction has done, and what had to stay.
 *
 * @param evictedSegments files removed.
 * @param evictedBytes    their bytes.
 * @param localBytes      what the log still takes.
 * @param notPlaced       closed segments that stay because they are not placed, or not durably so.
 * @param notSafe         placed segments that stay because too few of their shards are known to be durable.
 * @param notCheckpointed metadata segments that stay because no local checkpoint is newer.
 */
public record EvictionReport(
        long evictedSegments, long evictedBytes, long localBytes, int notPlaced, int notSafe, int notCheckpointed) {}
