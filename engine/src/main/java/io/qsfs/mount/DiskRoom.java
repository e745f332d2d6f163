package io.qsfs.mount;

import io.qsfs.bindings.linux.FsStat;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.log.SegmentLog;
import java.nio.file.Path;

/**
 * How much room is left on the disk of the state directory, against what the log will soon need: the next segment of each stream,
 * as much again for what is written while segments are being evicted, and what the reserves miss.
 *
 * <p>Threading: {@link #shortBytes} on the keeper; {@link #isTight} on any thread.
 */
final class DiskRoom {
    /** Below so many segments of free space the evictor makes room. */
    private static final int SEGMENTS_WANTED = 4;
    /** Below so many new content waits for it, so that the next segment of metadata finds its place. */
    private static final int SEGMENTS_TIGHT = 2;

    private final Path directory;
    private final SegmentLog log;
    private final IndexReserve reserve;
    private final long segmentBytes;
    private final FsStat space = new FsStat();
    private volatile boolean isTight;

    DiskRoom(Path directory, SegmentLog log, IndexReserve reserve) {
        this.directory = directory;
        this.log = log;
        this.reserve = reserve;
        this.segmentBytes = log.catalog().segmentBytes();
    }

    /** Looks at the disk: bytes that must go so that the log can go on, or 0. A disk that cannot tell is not short. */
    long shortBytes() {
        if (Linux.statvfs(directory.toString(), space) != 0) {
            isTight = false;
            return 0;
        }
        long free = space.bytesAvailable();
        isTight = free < SEGMENTS_TIGHT * segmentBytes;
        long missing = (log.sync().isSpaceLow() ? 2 * segmentBytes : 0) + reserve.missingBytes();
        return Math.max(0, SEGMENTS_WANTED * segmentBytes + missing - free);
    }

    /** True when there was hardly room for the next segments at the last look. */
    boolean isTight() {
        return isTight;
    }
}
