package io.qsfs.keeper;

import io.qsfs.index.Placement;

/**
 * What may be evicted, as the mount knows it.
 *
 * <p>Threading: the keeper thread.
 */
public interface EvictionSource {
    /** The placement of a segment whose PLACED record is durable in the local log; null while it is not. */
    Placement durablePlacement(int stream, long number);

    /** Position of the meta stream up to which a durable local checkpoint contains everything; 0 when there is none. */
    long checkpointPosition();
}
