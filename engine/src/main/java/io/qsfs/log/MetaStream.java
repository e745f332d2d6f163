package io.qsfs.log;

import io.qsfs.log.record.PadRecord;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Failpoint;
import io.qsfs.memory.NativeBuffer;
import java.lang.foreign.MemorySegment;

/**
 * The stream of metadata records. A record is encoded in place in the staging buffer:
 *
 * <pre>{@code
 *   long at = meta.stagingOffset(lengthMax);        // negative: -errno
 *   int length = SomeRecord.encode(meta.staging(), at, ...);
 *   long position = meta.commit(length);
 *   ...
 *   int errno = meta.flush();                       // one pwrite for the batch
 * }</pre>
 *
 * <p>A segment ends with a PAD record of 32 bytes, which says that it is complete; behind it is zero. A flush that fails changes
 * nothing: the same bytes are written to the same place again.
 *
 * <p>Threading: the file-system thread alone, but {@link #flushed} is any thread's.
 */
public final class MetaStream {
    /** Every segment keeps this many bytes for its end. */
    private static final int END_BYTES = PadRecord.FIXED_BYTES;

    private final Disk disk;
    private final Clock clock;
    private final OpenSegments open;
    private final SyncSignal signal;
    private final long segmentBytes;
    private final int waiter;
    private final NativeBuffer buffer;
    private final MemorySegment staging;

    private PadObserver padObserver = (record, at, position) -> {};
    private int staged;
    private long nextSequence;
    private volatile long flushed;
    private volatile long activeNumber;

    MetaStream(LogContext context, OpenSegments open, SyncSignal signal, long firstPosition, long nextSequence) {
        this.disk = context.disk();
        this.clock = context.clock();
        this.open = open;
        this.signal = signal;
        this.segmentBytes = context.segmentBytes();
        this.waiter = 0;
        this.buffer = new NativeBuffer(Math.max(context.stagingBytes(), 2 * RecordHeader.LENGTH_MAX));
        this.staging = buffer.segment();
        this.flushed = firstPosition;
        this.nextSequence = nextSequence;
        this.activeNumber = firstPosition / segmentBytes;
    }

    /** Learns of the padding records, which are written here: whoever applies records applies these too, in order. */
    @FunctionalInterface
    public interface PadObserver {
        /** A padding record lies at {@code at} of the staging buffer and at {@code position} of the stream. */
        void padded(MemorySegment record, long at, long position);
    }

    /** Names the observer; before the first record. */
    public void padObserver(PadObserver observer) {
        padObserver = observer;
    }

    /** Where records are encoded. */
    public MemorySegment staging() {
        return staging;
    }

    /**
     * Makes room for a record of up to {@code lengthMax} bytes: flushes when the buffer is full, goes on to the next segment when
     * this one is.
     *
     * @return offset in {@link #staging} to encode at, or {@code -errno}: then nothing was appended.
     */
    public long stagingOffset(int lengthMax) {
        assert lengthMax >= RecordHeader.BYTES && lengthMax <= RecordHeader.LENGTH_MAX : lengthMax;
        if (signal.failure() != 0) {
            return -signal.failure();
        }
        long end = (activeNumber + 1) * segmentBytes;
        int errno = 0;
        if (lengthMax + END_BYTES > end - appendPosition()) {
            errno = endSegment();
        } else if (lengthMax + END_BYTES > staging.byteSize() - staged) {
            errno = flush();
        }
        if (errno == 0 && appendPosition() >= open.readyEnd()) {
            errno = open.await(waiter, appendPosition(), true);
        }
        return errno == 0 ? staged : -errno;
    }

    /** True when {@link #stagingOffset} would neither wait nor take from the reserve. */
    public boolean hasRoom(int lengthMax) {
        long bytes = lengthMax + END_BYTES;
        long end = (activeNumber + 1) * segmentBytes;
        long from = bytes > end - appendPosition() ? end : appendPosition();
        return bytes <= open.limit(false) - from;
    }

    /** Finishes the record encoded last; returns its position. */
    public long commit(int length) {
        assert RecordHeader.length(staging, staged) == length : length;
        RecordHeader.seal(staging, staged, nextSequence++);
        long position = flushed + staged;
        staged += length;
        return position;
    }

    /** Writes what is staged; 0 or a positive errno, after which everything is still staged. */
    public int flush() {
        if (staged == 0) {
            return 0;
        }
        if (signal.failure() != 0) {
            return signal.failure();
        }
        Failpoint.RECORDS_STAGED.hit();
        SegmentFile file = open.file(activeNumber);
        long at = flushed;
        int outcome = disk.pwrite(file.fd(), staging, 0, staged, SegmentHeader.BYTES + (at - file.fromPosition()));
        if (outcome < 0) {
            return -outcome;
        }
        int written = staged;
        staged = 0;
        Failpoint.RECORDS_WRITTEN.hit();
        flushed = at + written;
        signal.dirtied();
        return 0;
    }

    /** Position of the next record, if it fits in the active segment. */
    public long appendPosition() {
        return flushed + staged;
    }

    /** Sequence of the next record. */
    public long nextSequence() {
        return nextSequence;
    }

    /** Any thread: everything below was written to its file. */
    public long flushed() {
        return flushed;
    }

    /** Number of the active segment. */
    public long activeNumber() {
        return activeNumber;
    }

    /**
     * Ends the active segment early; it is closed when it is durable.
     *
     * @return its number; -1 when nothing is in it; another negative number is {@code -errno}.
     */
    public long closeActive() {
        long number = activeNumber;
        if (appendPosition() == number * segmentBytes) {
            return -1;
        }
        int errno = endSegment();
        return errno == 0 ? number : -errno;
    }

    private int endSegment() {
        int errno = END_BYTES > staging.byteSize() - staged ? flush() : 0;
        if (errno != 0) {
            return errno;
        }
        SegmentFile file = open.file(activeNumber);
        int before = staged;
        int length = PadRecord.encode(staging, staged, PadRecord.FIXED_BYTES, clock.realtimeNs());
        long position = commit(length);
        errno = flush();
        if (errno != 0) {
            staged = before;
            nextSequence--;
            return errno;
        }
        Failpoint.PAD_WRITTEN.hit();
        padObserver.padded(staging, before, position); // its bytes stay in the buffer until the next record is encoded
        file.toPosition(flushed);
        activeNumber++;
        flushed = activeNumber * segmentBytes;
        signal.wake(); // the next but one has to be made
        return 0;
    }

    OpenSegments open() {
        return open;
    }

    void release() {
        buffer.close();
    }
}
