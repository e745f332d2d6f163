package io.qsfs.mount;

import io.qsfs.log.Streams;
import io.qsfs.recall.FoundSealing;
import io.qsfs.recall.ShardListing;

/**
 * Whether backends that do not answer can hold metadata that is newer than the history which was found.
 *
 * <p>A placed segment has shards on at least placed_min backends. With fewer silent ones than that a part of each is seen, so a segment
 * is hidden altogether only by placed_min silent backends or more; and one that is seen, and cannot be read, can be read with them
 * when together they make k.
 *
 * <p>Threading: immutable.
 *
 * @param minimalShards k.
 * @param placedMin     shards that make a segment placed.
 * @param segmentBytes  of the volume.
 * @param silent        backends of the superblock that were not listed.
 */
record HiddenHistory(int minimalShards, int placedMin, long segmentBytes, int silent) {
    /**
     * @param endPosition end of the history that was found, in the meta stream.
     * @param isStopped   it ended at something that should have been readable.
     */
    boolean isPossible(ShardListing listing, long endPosition, boolean isStopped) {
        if (silent == 0) {
            return false;
        }
        return silent >= placedMin
                || listing.sealings().stream()
                        .anyMatch(sealing -> sealing.stream() == Streams.META
                                && sealing.number() * segmentBytes >= endPosition
                                && isOpen(listing, sealing, isStopped));
    }

    /** True when the silent ones can make a segment readable that is not. */
    private boolean isOpen(ShardListing listing, FoundSealing sealing, boolean isStopped) {
        if (sealing.shardsFound() + silent < minimalShards) {
            return false;
        }
        return isStopped
                || listing.sealings(Streams.META, sealing.number()).stream()
                        .noneMatch(other -> other.isWhole() && other.mountId().equals(sealing.mountId()));
    }
}
