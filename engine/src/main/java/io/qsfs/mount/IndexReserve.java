package io.qsfs.mount;

import io.qsfs.bindings.linux.Errno;
import io.qsfs.bindings.linux.FileStat;
import io.qsfs.bindings.linux.FsStat;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.fs.DiskReserve;
import io.qsfs.memory.Clock;
import java.nio.file.Path;
import org.agrona.concurrent.Agent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Disk space kept back for the index: a file {@code reserve} of 256 MiB, on a small disk an eighth of what is free. The log has
 * reserves of its own for what is written ahead of the index; without this one a full disk would stop the commits behind it, and with
 * them deletes and the records of placing, which are what makes room.
 *
 * <p>Each commit that finds no space takes a slice off the file. A slice is smaller than a segment, so the log does not take it for
 * one of its own. From the first slice on until the file is whole again {@link #isLow} refuses new content.
 *
 * <p>Threading: {@link #release}, {@link #isLow} and {@link #missingBytes} on any thread; {@link #doWork}, which makes it whole again, on a keeper.
 */
final class IndexReserve implements DiskReserve, Agent {
    private static final long BYTES_MAX = 256L << 20;
    private static final int PART_OF_FREE = 8;
    private static final int SLICES = 16;
    /** What a mount needs at least to begin. */
    private static final int SLICES_TO_BEGIN = 4;

    /** What is missing is made when there is room for it so many times: the commits that took it are not done yet. */
    private static final int RESTORE_FACTOR = 2;

    private static final long BLOCK_BYTES = 4096;
    private static final long RETRY_NS = 1_000_000_000L;
    private static final int PERMISSIONS = 0600;
    private static final Logger LOG = LoggerFactory.getLogger(IndexReserve.class);

    private final Path file;
    private final Clock clock;
    private final long wantedBytes;
    private long standingBytes;
    private long triedNs;
    private boolean isMissing;
    private volatile boolean isLow;

    private IndexReserve(Path file, Clock clock, long wantedBytes, long standingBytes) {
        this.file = file;
        this.clock = clock;
        this.wantedBytes = wantedBytes;
        this.standingBytes = standingBytes;
        this.triedNs = clock.nanoTime();
    }

    /**
     * Makes the reserve, or takes over what the mount before left of it. On a disk that is full already some of it is let go, so that
     * the mount can begin.
     */
    static IndexReserve open(Path file, Clock clock) {
        FileStat stat = new FileStat();
        long standing = Linux.stat(file.toString(), stat) == 0 ? Math.min(stat.size, stat.blocks512 * 512) : 0;
        long free = free(file);
        // On a disk that has filled up since, what stands is what is wanted.
        long wanted = Math.min(BYTES_MAX, Math.max(standing, (free + standing) / PART_OF_FREE));
        long unit = SLICES * BLOCK_BYTES;
        IndexReserve reserve = new IndexReserve(file, clock, wanted / unit * unit, standing);
        if (standing > reserve.wantedBytes) {
            reserve.cutTo(reserve.wantedBytes);
        } else if (standing < reserve.wantedBytes) {
            reserve.restore(free);
        }
        for (int i = 0; i < SLICES_TO_BEGIN && free(file) < SLICES_TO_BEGIN * reserve.sliceBytes(); i++) {
            reserve.release();
        }
        return reserve;
    }

    /** True while some of it is gone: what is not needed to make room should be refused. */
    boolean isLow() {
        return isLow;
    }

    /** Free space that it waits for before it is whole again; 0 when it is. */
    synchronized long missingBytes() {
        return isMissing ? 0 : RESTORE_FACTOR * (wantedBytes - standingBytes);
    }

    @Override
    public synchronized void release() {
        if (standingBytes == 0) {
            return;
        }
        if (!isLow) {
            isLow = true;
            LOG.warn(
                    "the disk of {} is full: the index lives on its reserve, new content is refused", file.getParent());
        }
        cutTo(Math.max(0, standingBytes - sliceBytes()));
        triedNs = clock.nanoTime();
    }

    @Override
    public synchronized int doWork() {
        long nowNs = clock.nanoTime();
        if (standingBytes >= wantedBytes || isMissing || nowNs - triedNs < RETRY_NS) {
            return 0;
        }
        triedNs = nowNs;
        return restore(free(file)) ? 1 : 0;
    }

    @Override
    public String roleName() {
        return "index-reserve";
    }

    private long sliceBytes() {
        return wantedBytes / SLICES;
    }

    /** Makes what is missing, when there is room for it. */
    private boolean restore(long freeBytes) {
        long missing = wantedBytes - standingBytes;
        int outcome = freeBytes < RESTORE_FACTOR * missing ? -Linux.ENOSPC : allocate(missing);
        if (outcome == -Linux.EOPNOTSUPP) {
            isMissing = true;
            isLow = false;
            LOG.warn("the file system of {} cannot allocate space ahead: no reserve is kept for the index", file);
            return false;
        }
        if (outcome != 0) {
            isLow = true;
            return false;
        }
        if (isLow) {
            LOG.info("the reserve of the index stands again");
        }
        standingBytes = wantedBytes;
        isLow = false;
        return true;
    }

    private int allocate(long missing) {
        int fd = Linux.open(file.toString(), Linux.O_RDWR | Linux.O_CREAT | Linux.O_CLOEXEC, PERMISSIONS);
        if (fd < 0) {
            return fd;
        }
        int outcome = missing == 0 ? 0 : Linux.fallocate(fd, 0, standingBytes, missing);
        if (outcome != 0) {
            Linux.ftruncate(fd, standingBytes);
        }
        Linux.close(fd);
        return outcome;
    }

    private void cutTo(long bytes) {
        int fd = Linux.open(file.toString(), Linux.O_RDWR | Linux.O_CLOEXEC, 0);
        int outcome = fd < 0 ? fd : Linux.ftruncate(fd, bytes);
        if (fd >= 0) {
            Linux.close(fd);
        }
        if (outcome == 0 || outcome == -Linux.ENOENT) {
            standingBytes = outcome == 0 ? bytes : 0;
        } else {
            LOG.warn("{} cannot be shortened: {}", file, Errno.name(-outcome));
        }
    }

    private static long free(Path file) {
        FsStat space = new FsStat();
        return Linux.statvfs(file.getParent().toString(), space) == 0 ? space.bytesAvailable() : 0;
    }
}
