package io.qsfs.offload;

import io.qsfs.index.Placement;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;

/**
 * Is told where shards lie, and writes that down.
 *
 * <p>Threading: called on the encoder thread; must not block: hands over to the file-system thread.
 */
public interface PlacementSink {
    /** A segment is placed. Owed shards have the backend NIL. */
    void placed(Placement placement);

    /** A shard that was owed lies on a backend now. */
    void shardPlaced(int stream, long number, Id256 sealId, int shardIndex, Id128 backend);

    /**
     * A segment cannot be offloaded: its local bytes are not what was written, or cannot be read. It stays as it is.
     */
    void failed(int stream, long number, String reason);
}
