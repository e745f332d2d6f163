package io.qsfs.recall;

import io.qsfs.codec.Code;
import io.qsfs.codec.ShardName;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import java.util.List;

/**
 * One sealing of one segment, as listing the backends showed it. Only names were looked at: whether the shards are
 * sound shows when they are read.
 *
 * @param backends for each shard a backend that lists it; NIL where none does.
 */
public record FoundSealing(int stream, long number, Id128 mountId, Id256 sealId, Code code, List<Id128> backends) {
    /** Copies the list. */
    public FoundSealing {
        backends = List.copyOf(backends);
    }

    /** Different shards that were found. */
    public int shardsFound() {
        int found = 0;
        for (Id128 backend : backends) {
            found += backend.isNil() ? 0 : 1;
        }
        return found;
    }

    /** True when enough shards were found to read it. */
    public boolean isWhole() {
        return shardsFound() >= code.k();
    }

    /** The name of one shard's object. */
    String object(int shard) {
        return new ShardName(stream, number, mountId, sealId, code, shard).format();
    }
}
