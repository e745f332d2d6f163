package io.qsfs.log;

import io.qsfs.config.QsfsException;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import java.nio.file.Path;

/**
 * What a log is made of.
 *
 * <p>Threading: filled by one thread before {@link SegmentLog#open}, not changed after.
 */
public final class LogContext {
    /** The least size of a segment, for tests. */
    public static final long SEGMENT_BYTES_MIN = 1L << 20;

    private static final long SYNC_AFTER_NS_DEFAULT = 500_000_000L;
    private static final int MAPPED_SEGMENTS_DEFAULT = 256;
    private static final int STAGING_BYTES_DEFAULT = 256 * 1024;
    private static final long BYTES_PER_RANGE = 1024;

    private Disk disk = new RealDisk();
    private Clock clock = Clock.SYSTEM;
    private Path directory;
    private Id128 volumeId;
    private long segmentBytes;
    private int claimSlots = 1;
    private int mappedSegmentsMax = MAPPED_SEGMENTS_DEFAULT;
    private int rangesMax;
    private long syncAfterNs = SYNC_AFTER_NS_DEFAULT;
    private int stagingBytes = STAGING_BYTES_DEFAULT;
    private Runnable syncDue = () -> {};
    private SegmentListener listener = (stream, number, from, to) -> {};

    /** Checks that it is complete and consistent. */
    void conclude() {
        if (directory == null || volumeId == null) {
            throw new IllegalStateException("a log needs a directory and a volume id");
        }
        if (segmentBytes < SEGMENT_BYTES_MIN
                || segmentBytes > SegmentHeader.SEGMENT_BYTES_MAX
                || segmentBytes % SegmentHeader.BYTES != 0) {
            throw new QsfsException("segment_bytes is " + segmentBytes + ": it must be a multiple of 4096 from "
                    + SEGMENT_BYTES_MIN + " to " + SegmentHeader.SEGMENT_BYTES_MAX + ".");
        }
        if (rangesMax == 0) {
            rangesMax = Math.toIntExact(segmentBytes / BYTES_PER_RANGE);
        }
        if (rangeCapacity() > RangeTable.COUNT_MAX || claimSlots < 1 || mappedSegmentsMax < 2 * OpenSegments.MAX) {
            throw new QsfsException("the log cannot work with rangesMax=" + rangesMax + " claimSlots=" + claimSlots
                    + " mapped_segments_max=" + mappedSegmentsMax + ": mapped_segments_max must be at least "
                    + 2 * OpenSegments.MAX + ".");
        }
    }

    /** The disk. */
    public LogContext disk(Disk value) {
        disk = value;
        return this;
    }

    /** The clock. */
    public LogContext clock(Clock value) {
        clock = value;
        return this;
    }

    /** Where the segment files are; made when it is missing. */
    public LogContext directory(Path value) {
        directory = value;
        return this;
    }

    /** The volume. */
    public LogContext volumeId(Id128 value) {
        volumeId = value;
        return this;
    }

    /** Size of a segment's window, fixed when the volume was made. */
    public LogContext segmentBytes(long value) {
        segmentBytes = value;
        return this;
    }

    /** How many threads claim: each has a slot of its own. */
    public LogContext claimSlots(int value) {
        claimSlots = value;
        return this;
    }

    /** How many segment files are open and mapped at most, but those in use. */
    public LogContext mappedSegmentsMax(int value) {
        mappedSegmentsMax = value;
        return this;
    }

    /** How many claims a data segment takes before it is closed early; 0: one per KiB. */
    public LogContext rangesMax(int value) {
        rangesMax = value;
        return this;
    }

    /** How old bytes may become before {@code log-sync} asks for a sync by itself. */
    public LogContext syncAfterNs(long value) {
        syncAfterNs = value;
        return this;
    }

    /** Size of the buffer that gathers a batch of records. */
    public LogContext stagingBytes(int value) {
        stagingBytes = value;
        return this;
    }

    /**
     * Called on {@code log-sync} when unsynced bytes are old enough: the file-system thread shall append a SYNC record, flush and
     * call {@link LogSync#request}. Must not block.
     */
    public LogContext syncDue(Runnable value) {
        syncDue = value;
        return this;
    }

    /** Told of closed segments. */
    public LogContext listener(SegmentListener value) {
        listener = value;
        return this;
    }

    Disk disk() {
        return disk;
    }

    Clock clock() {
        return clock;
    }

    Path directory() {
        return directory;
    }

    Id128 volumeId() {
        return volumeId;
    }

    long segmentBytes() {
        return segmentBytes;
    }

    int claimSlots() {
        return claimSlots;
    }

    int mappedSegmentsMax() {
        return mappedSegmentsMax;
    }

    int rangesMax() {
        return rangesMax;
    }

    /** Each slot may pass the limit once, because it looks before it claims. */
    int rangeCapacity() {
        return rangesMax + claimSlots;
    }

    long syncAfterNs() {
        return syncAfterNs;
    }

    int stagingBytes() {
        return stagingBytes;
    }

    Runnable syncDue() {
        return syncDue;
    }

    SegmentListener listener() {
        return listener;
    }

    /** Size of a segment file before its rest is given back: a data segment has room for the longest range table. */
    long fileBytes(int stream) {
        long bytes = SegmentHeader.BYTES + segmentBytes;
        if (stream == Streams.DATA) {
            bytes += RangeTable.bytes(rangeCapacity());
        }
        return (bytes + SegmentHeader.BYTES - 1) / SegmentHeader.BYTES * SegmentHeader.BYTES;
    }
}
