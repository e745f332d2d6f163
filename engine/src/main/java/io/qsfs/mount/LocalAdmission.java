package io.qsfs.mount;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.fs.Admission;
import io.qsfs.keeper.Outlook;
import io.qsfs.log.SegmentLog;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/**
 * Lets content in as long as there is room for it: a log that works, a disk that is not full, a cache below its limit. On a full disk
 * writes wait as long as eviction can make room, and names go on while it does.
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
    private final DiskRoom room;
    private final Supplier<Outlook> outlook;

    /**
     * @param stoppedBy the errno that the file system refuses changes with, or 0.
     * @param isIndexLow true while the index lives on its reserve.
     * @param outlook what can be expected of eviction.
     */
    LocalAdmission(
            SegmentLog log,
            long cacheLimitBytes,
            IntSupplier stoppedBy,
            BooleanSupplier isIndexLow,
            DiskRoom room,
            Supplier<Outlook> outlook) {
        this.log = log;
        this.limitBytes = Math.max(cacheLimitBytes, SEGMENTS_MIN * log.catalog().segmentBytes());
        this.stoppedBy = stoppedBy;
        this.isIndexLow = isIndexLow;
        this.room = room;
        this.outlook = outlook;
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
            return bytes > 0 ? admitToFullDisk() : outlook.get() == Outlook.GOING ? 0 : Linux.ENOSPC;
        }
        if (bytes > 0 && room.isTight() && outlook.get() != Outlook.HOPELESS) {
            return WAIT;
        }
        return bytes > 0 && log.catalog().localBytes() > limitBytes ? WAIT : 0;
    }

    @Override
    public int admitToFullDisk() {
        return outlook.get() == Outlook.HOPELESS ? Linux.ENOSPC : WAIT;
    }
}
