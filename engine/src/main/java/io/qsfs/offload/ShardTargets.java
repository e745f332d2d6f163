package io.qsfs.offload;

import io.qsfs.backend.Backend;
import io.qsfs.memory.Id128;
import java.util.List;
import java.util.Set;

/**
 * Which backends are to get the shards of a sealing.
 *
 * <p>Threading: the encoder thread.
 */
public interface ShardTargets {
    /**
     * Chooses different backends, none of {@code excluded}, at most {@code count}, best first; fewer when there are
     * no more that answer.
     *
     * @param holders  backends that hold shards of the sealing already; they count towards groups.
     * @param excluded not to be chosen; contains the holders.
     */
    List<Backend> choose(int count, Set<Id128> holders, Set<Id128> excluded);
}
