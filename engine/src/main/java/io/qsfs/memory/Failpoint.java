package io.qsfs.memory;

import io.qsfs.bindings.linux.Linux;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Named points at which the process may be made to die, as by {@code kill -9}, so that a test can put a crash between any two
 * steps. {@code -Dqsfs.failpoint=NAME:COUNT} has the COUNT-th arrival at NAME end the process. Without that property a point
 * costs one branch over a static final field, which the compiler drops.
 *
 * <p>Threading: any thread.
 */
public enum Failpoint {
    // append
    DATA_CLAIMED,
    DATA_WRITTEN,
    WRITE_PUBLISHED,
    RECORDS_STAGED,
    RECORDS_WRITTEN,
    PAD_WRITTEN,
    BATCH_ANSWERED,
    // commit
    SYNC_REQUESTED,
    SYNC_BEGUN,
    STREAM_SYNCED,
    SYNC_DONE,
    SYNC_ANSWERED,
    INDEX_APPLIED,
    INDEX_COMMITTED,
    // make and close segments
    SEGMENT_ALLOCATED,
    SEGMENT_HEADER_SYNCED,
    SEGMENT_NAMED,
    SEGMENT_MADE,
    DATA_CLOSED,
    CLOSED_RECORDED,
    RANGE_TABLE_WRITTEN,
    SEGMENT_TIDIED,
    // seal and place
    SEAL_BEGUN,
    SEALED,
    SHARD_WRITTEN,
    SHARD_SYNCED,
    SHARD_NAMED,
    SHARD_ACKNOWLEDGED,
    SHARDS_PLACED,
    PLACEMENT_RECORDED,
    SHARD_RECORDED,
    // evict and checkpoint
    EVICT_CHOSEN,
    EVICTED,
    CHECKPOINT_COPIED,
    CHECKPOINT_NAMED,
    // small state files
    STATE_FILE_WRITTEN,
    STATE_FILE_NAMED,
    // stop
    UNMOUNT_BEGUN,
    UNMOUNTED,
    INDEX_SYNCED,
    CLEAN_MARKED,
    CLEAN_UNMARKED,
    // mount after a crash
    REPLAY_APPLIED,
    REPLAY_COMMITTED,
    TAIL_CLOSED,
    MOUNT_COUNTED,
    MOUNT_BEGUN,
    MOUNT_RECORDED,
    UNUSED_DROPPED,
    ORPHAN_PURGED,
    // recovery from backends
    RECOVERY_CLAIMED,
    RECOVERY_REPLAYED,
    RECOVERY_WRITTEN,
    RECOVERY_NAMED;

    /** The property that arms one of them. */
    public static final String PROPERTY = "qsfs.failpoint";

    private static final boolean ON = System.getProperty(PROPERTY) != null;
    private static final Failpoint ARMED = ON ? armed(System.getProperty(PROPERTY)) : null;
    private static final AtomicLong LEFT = new AtomicLong(ON ? count(System.getProperty(PROPERTY)) : 0);

    private static Failpoint armed(String text) {
        return valueOf(text.substring(0, text.indexOf(':')));
    }

    private static long count(String text) {
        return Long.parseLong(text.substring(text.indexOf(':') + 1));
    }

    /** The process comes by here, and goes no further when this is the point and the arrival that were named. */
    public void hit() {
        if (ON) {
            arrived();
        }
    }

    private void arrived() {
        if (this == ARMED && LEFT.decrementAndGet() == 0) {
            Linux.kill(Linux.getpid(), Linux.SIGKILL); // no shutdown hook runs, no buffer is written
        }
    }
}
