package io.qsfs.log;

import io.qsfs.bindings.linux.Linux;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes files whose space is allocated. Where {@code fallocate(2)} is missing the size is set by {@code ftruncate}, which is no
 * allocation: a write can then fail with ENOSPC, and this is said once.
 *
 * <p>Threading: one thread at a time; {@link #allocatesAhead} by any.
 */
final class FileAllocator {
    private static final Logger LOG = LoggerFactory.getLogger(FileAllocator.class);
    private static final int PERMISSIONS = 0600;

    private final Disk disk;
    private volatile boolean allocatesAhead = true;

    FileAllocator(Disk disk) {
        this.disk = disk;
    }

    /** False once the file system turned out not to know {@code fallocate}. */
    boolean allocatesAhead() {
        return allocatesAhead;
    }

    /** Makes a new file of {@code bytes}, in place of one that has the name; its descriptor, or {@code -errno} and no file. */
    int create(Path path, long bytes) {
        int fd = disk.open(path, Linux.O_RDWR | Linux.O_CREAT | Linux.O_EXCL, PERMISSIONS);
        if (fd == -Linux.EEXIST) {
            disk.unlink(path);
            fd = disk.open(path, Linux.O_RDWR | Linux.O_CREAT | Linux.O_EXCL, PERMISSIONS);
        }
        if (fd < 0) {
            return fd;
        }
        int outcome = disk.fallocate(fd, 0, 0, bytes);
        if (outcome == -Linux.EOPNOTSUPP) {
            if (allocatesAhead) {
                allocatesAhead = false;
                LOG.warn(
                        "the file system of {} cannot allocate space ahead (fallocate: EOPNOTSUPP): no reserve can be kept"
                                + " for a full disk",
                        path.getParent());
            }
            outcome = disk.ftruncate(fd, bytes);
        }
        if (outcome < 0) {
            disk.close(fd);
            disk.unlink(path);
            return outcome;
        }
        return fd;
    }

    /** Gives whole blocks inside of {@code [from, to)} back; best effort. */
    void giveBack(int fd, long from, long to) {
        long block = SegmentHeader.BYTES;
        long start = (from + block - 1) / block * block;
        if (start < to) {
            disk.fallocate(fd, Linux.FALLOC_FL_PUNCH_HOLE | Linux.FALLOC_FL_KEEP_SIZE, start, to - start);
        }
    }
}
