package io.qsfs.keeper;

import io.qsfs.bindings.linux.Errno;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.index.Checkpoint;
import io.qsfs.index.CheckpointInfo;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Failpoint;
import java.nio.file.Path;
import java.util.function.LongSupplier;
import org.agrona.concurrent.Agent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a local checkpoint of the index whenever enough metadata came since the last one. A copy becomes the
 * checkpoint only when the log is durable up to where the copy stands: a checkpoint is never ahead of the log that it
 * belongs to.
 *
 * <p>Threading: {@link #doWork} on a thread of its own, because copying a large index takes long; the rest from any
 * thread.
 */
public final class Checkpointer implements Agent {
    private static final Logger LOG = LoggerFactory.getLogger(Checkpointer.class);

    private static final String COPY_SUFFIX = ".copy";
    private static final long RETRY_NS = 60_000_000_000L;

    private final Clock clock;
    private final Copier copier;
    private final LongSupplier durableMeta;
    private final Path file;
    private final Path copy;
    private final long everyBytes;

    private volatile long position;
    private volatile boolean isWanted;
    private CheckpointInfo pending;
    private long retryAtNs;

    /** Makes a durable copy of the index: {@code index::checkpointTo}. */
    public interface Copier {
        /** 0 or errno. */
        int checkpointTo(Path target);
    }

    /**
     * Looks which checkpoint there is.
     *
     * @param durableMeta position of the meta stream below which everything is durable.
     * @param file        the checkpoint; a copy that is not yet one lies beside it.
     * @param everyBytes  of metadata between checkpoints.
     */
    public Checkpointer(Clock clock, Copier copier, LongSupplier durableMeta, Path file, long everyBytes) {
        this.clock = clock;
        this.copier = copier;
        this.durableMeta = durableMeta;
        this.file = file;
        this.everyBytes = everyBytes;
        copy = file.resolveSibling(file.getFileName() + COPY_SUFFIX);
        CheckpointInfo found = Checkpoint.read(file);
        position = found == null ? 0 : found.end();
        retryAtNs = clock.nanoTime();
    }

    /** Position of the meta stream up to which the durable checkpoint contains everything; 0 when there is none. */
    public long position() {
        return position;
    }

    /** Makes the next one due now. */
    public void request() {
        isWanted = true;
    }

    @Override
    public String roleName() {
        return "checkpointer";
    }

    @Override
    public int doWork() {
        if (pending != null) {
            return adopt();
        }
        long nowNs = clock.nanoTime();
        boolean isDue = isWanted || durableMeta.getAsLong() - position >= everyBytes;
        if (!isDue || nowNs - retryAtNs < 0) {
            return 0;
        }
        isWanted = false;
        int errno = copier.checkpointTo(copy);
        pending = errno == 0 ? Checkpoint.read(copy) : null;
        if (pending == null) {
            LOG.warn("The index could not be copied to {}: {}.", copy, Errno.message(errno));
            retryAtNs = nowNs + RETRY_NS;
        }
        return 1;
    }

    private int adopt() {
        if (durableMeta.getAsLong() < pending.end()) {
            return 0;
        }
        Failpoint.CHECKPOINT_COPIED.hit();
        int outcome = Linux.rename(copy.toString(), file.toString());
        Failpoint.CHECKPOINT_NAMED.hit();
        outcome = outcome == 0 ? syncDirectory() : outcome;
        if (outcome == 0) {
            position = pending.end();
            LOG.debug("checkpoint at position {} sequence {}", position, pending.sequence());
        } else {
            LOG.warn("The checkpoint {} could not be replaced: {}.", file, Errno.message(-outcome));
            retryAtNs = clock.nanoTime() + RETRY_NS;
        }
        pending = null;
        return 1;
    }

    private int syncDirectory() {
        int fd = Linux.open(
                file.toAbsolutePath().getParent().toString(), Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_CLOEXEC, 0);
        if (fd < 0) {
            return fd;
        }
        int outcome = Linux.fsync(fd);
        Linux.close(fd);
        return outcome;
    }
}
