package io.qsfs.mount;

/**
 * What an eviction gave back.
 *
 * @param segments    local files removed.
 * @param bytesBefore on disk before, log and recall cache.
 * @param bytesAfter  on disk after.
 * @param kept        why bytes were kept, one sentence; null when none were.
 */
public record EvictReport(long segments, long bytesBefore, long bytesAfter, String kept) {}
