package io.qsfs.fs;

import io.qsfs.index.Index;
import io.qsfs.log.SegmentLog;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import java.nio.file.Path;

/**
 * What a file system is made of; all of it is owned by whoever mounts, and outlives the file system.
 *
 * @param mountPoint where it is mounted, for messages that tell how to find a file.
 * @param index the view.
 * @param log the truth, with its streams begun.
 * @param mountId identity of this mount.
 * @param epoch of the title that it writes under.
 * @param evicted content that is not here.
 * @param replies answers requests.
 * @param interrupts tells of requests that the kernel gave up.
 * @param admission decides what may come in.
 * @param space figures for statfs.
 * @param quota limits of the volume.
 * @param reserve space that is let go when the index cannot grow.
 * @param keepsAccessTimes reads move access times, as relatime has it.
 * @param clock time.
 * @param workers FUSE workers, each with a claim slot below this number; the log has one slot more.
 * @param readBytesMax longest read that the kernel asks for.
 * @param rotateAfterNs age at which segments with changes are closed.
 * @param writeTimeoutNs how long a write waits for room before it gets ENOSPC.
 */
public record FileSystemContext(
        Path mountPoint,
        Index index,
        SegmentLog log,
        Id128 mountId,
        long epoch,
        EvictedBytes evicted,
        Replies replies,
        ParkedReads.Interrupts interrupts,
        Admission admission,
        SpaceSource space,
        Quota quota,
        DiskReserve reserve,
        boolean keepsAccessTimes,
        Clock clock,
        int workers,
        int readBytesMax,
        long rotateAfterNs,
        long writeTimeoutNs) {}
