package io.qsfs.recall;

import io.qsfs.backend.Backend;
import io.qsfs.backend.BackendError;
import io.qsfs.backend.Completion;
import io.qsfs.memory.Id128;
import java.lang.foreign.MemorySegment;
import java.util.Collection;

/**
 * Shards on the backends of a volume.
 *
 * <p>Threading: any thread. A backend that was absent at first has its identity later, so identities are compared at
 * each look-up.
 */
final class BackendAccess implements ShardAccess {
    private final Backend[] backends;

    BackendAccess(Collection<? extends Backend> backends) {
        this.backends = backends.toArray(new Backend[0]);
    }

    private Backend find(Id128 id) {
        for (Backend backend : backends) {
            if (backend.id().equals(id)) {
                return backend;
            }
        }
        return null;
    }

    @Override
    public void getRange(
            Id128 backend,
            String object,
            long offset,
            MemorySegment dst,
            long deadlineNs,
            Completion<Void> completion) {
        Backend holder = find(backend);
        if (holder != null) {
            holder.getRange(object, offset, dst, deadlineNs, completion);
        } else if (find(Id128.NIL) != null) {
            completion.done(null, BackendError.ABSENT, "absent"); // perhaps it is the one that was not seen yet
        } else {
            completion.done(null, BackendError.NOT_FOUND, "not configured");
        }
    }

    @Override
    public boolean isUsable(Id128 backend) {
        Backend holder = find(backend);
        return holder != null && holder.health().isReadable();
    }

    @Override
    public long usualReadNs(Id128 backend) {
        Backend holder = find(backend);
        return holder == null ? 0 : holder.health().getLatencyP95Ns();
    }

    @Override
    public String name(Id128 backend) {
        Backend holder = find(backend);
        return holder == null ? "backend " + backend : holder.name();
    }
}
