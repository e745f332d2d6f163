package io.qsfs.recall;

import io.qsfs.index.Placement;

/**
 * Where recall learns where shards lie.
 *
 * <p>Threading: the recall thread alone.
 */
public interface PlacementSource {
    /** The placement of a segment; null when it is not placed. Must not wait for anything. */
    Placement placement(int stream, long segment);
}
