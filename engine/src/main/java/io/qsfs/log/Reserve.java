package io.qsfs.log;

import io.qsfs.bindings.linux.FileStat;
import io.qsfs.bindings.linux.Linux;
import java.nio.file.Path;

/**
 * Disk space kept back for the day on which the disk is full.
 *
 * <p>For each stream one file, {@code reserve-data} and {@code reserve-meta}, beside the segments, allocated by {@code fallocate}
 * to exactly what a segment file of that stream takes (header, window, and for data the longest range table). When no space can be
 * allocated for the next segment, the reserve is renamed and becomes that segment: nobody can take the space in between, and
 * only the rename and a header are written. So from the moment when the disk is full
 *
 * <ul>
 *   <li>the meta stream has what is left of its active segment, the segment made ahead, and the reserve: unlink, truncate, placed
 *       and the like go on for at least one whole segment of records, usually two;
 *   <li>the data stream has what is left of its active segment and the segment made ahead, for everybody; behind that
 *       {@link DataStream#claim} is ENOSPC, and {@link DataStream#claimReserved} (cleaning, write-back of accepted pages) has the reserve.
 * </ul>
 *
 * <p>No new data segment is allocated while one of the two is missing: the reserve is made again first, as soon as space is back
 * (tried when somebody waits for space, and once a second). It stays over a restart. Closing a segment never needs space: the range table
 * was allocated with the segment.
 *
 * <p>On a file system without {@code fallocate} nothing can be kept back; the files exist, but are only names, and a full disk
 * shows when bytes are written.
 *
 * <p>Threading: the log's helper thread, or the starting thread before it runs; {@link #stands} by any thread.
 */
final class Reserve {
    private static final String PREFIX = "reserve-";

    private final LogContext context;
    private final Disk disk;
    private final FileStat stat = new FileStat();
    private final FileAllocator allocator;
    private volatile boolean dataStands;
    private volatile boolean metaStands;

    Reserve(LogContext context, FileAllocator allocator) {
        this.context = context;
        this.disk = context.disk();
        this.allocator = allocator;
    }

    boolean stands(int stream) {
        return stream == Streams.DATA ? dataStands : metaStands;
    }

    boolean standsWhole() {
        return dataStands && metaStands;
    }

    /** Makes what is missing, metadata first; 0 or a positive errno. */
    int restore() {
        int errno = restore(Streams.META);
        return errno != 0 ? errno : restore(Streams.DATA);
    }

    private int restore(int stream) {
        if (stands(stream)) {
            return 0;
        }
        Path path = path(stream);
        long bytes = context.fileBytes(stream);
        if (isWhole(path, bytes)) {
            stands(stream, true);
            return 0;
        }
        Path unfinished = path.resolveSibling(path.getFileName() + SegmentName.UNFINISHED_SUFFIX);
        int fd = allocator.create(unfinished, bytes);
        if (fd < 0) {
            return -fd;
        }
        int outcome = disk.fsync(fd);
        disk.close(fd);
        if (outcome >= 0) {
            outcome = disk.rename(unfinished, path);
        }
        if (outcome >= 0) {
            outcome = disk.syncDirectory(context.directory());
        }
        stands(stream, outcome >= 0);
        return outcome >= 0 ? 0 : -outcome;
    }

    private boolean isWhole(Path path, long bytes) {
        int fd = disk.open(path, Linux.O_RDONLY, 0);
        if (fd < 0) {
            return false;
        }
        int outcome = disk.fstat(fd, stat);
        disk.close(fd);
        return outcome >= 0 && stat.size == bytes && (stat.blocks512 * 512 >= bytes || !allocator.allocatesAhead());
    }

    /** Gives the reserve of a stream another name; 0 or a positive errno, ENOSPC when there is none. */
    int takeAs(int stream, Path path) {
        if (!stands(stream)) {
            return Linux.ENOSPC;
        }
        stands(stream, false);
        return -disk.rename(path(stream), path);
    }

    private Path path(int stream) {
        return context.directory().resolve(PREFIX + Streams.name(stream));
    }

    private void stands(int stream, boolean value) {
        if (stream == Streams.DATA) {
            dataStands = value;
        } else {
            metaStands = value;
        }
    }
}
