package io.qsfs.mount;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.fs.Admission;
import io.qsfs.log.SegmentLog;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;

/**
 * Lets content in as long as there is room for it: a log that works, a disk that is not full, a cache below its limit.
 *
 * <p>Threading: any thread.
 */
final class LocalAdmission implements Admission {
    /** Segments that the limit never goes below: those that are open, and one being placed of each stream. */
    private static final int SEGMENTS_MIN = 8;

    private final SegmentLog log;
    private final long limitBytes;
    private final IntSupplier stoppedBy;
    private final BooleanSupplier isIndexLow;

    /**
     * @param stoppedBy the errno that the file system refuses changes with, or 0.
     * @param isIndexLow true while the index lives on its reserve.
     */
    LocalAdmission(SegmentLog log, long cacheLimitBytes, IntSupplier stoppedBy, BooleanSupplier isIndexLow) {
        this.log = log;
        this.limitBytes = Math.max(cacheLimitBytes, SEGMENTS_MIN * log.catalog().segmentBytes());
        this.stoppedBy = stoppedBy;
        this.isIndexLow = isIndexLow;
    }

    @Override
    public int admit(int bytes) {
        int stopped = stoppedBy.getAsInt();
        if (stopped != 0) {
            return stopped;
        }
        if (log.sync().failure() != 0) {
            return Linux.EIO;
        }
        if (log.sync().isSpaceLow() || isIndexLow.getAsBoolean()) {
            return Linux.ENOSPC;
        }
        return bytes > 0 && log.catalog().localBytes() > limitBytes ? WAIT : 0;
    }
}
