package io.qsfs.log;

import io.qsfs.memory.Clock;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;

/**
 * The segments of one stream that are written or will be next: the active one, the one made ahead, and full ones that are not
 * closed yet. At most {@link #MAX}, so whoever does not close makes writers wait.
 *
 * <p>Threading: {@code log-sync} publishes and retires; any thread looks up; a thread that has to wait does so under a number of
 * its own.
 */
final class OpenSegments {
    /** Open segments of a stream; a power of two. */
    static final int MAX = 4;

    /** After a failure nobody makes the disk try again sooner. */
    private static final long RETRY_AFTER_NS = 100_000_000L;

    private final int stream;
    private final long segmentBytes;
    private final Clock clock;
    private final SyncSignal signal;
    private final AtomicReferenceArray<SegmentFile> files = new AtomicReferenceArray<>(MAX);
    private final AtomicReferenceArray<Thread> waiting;

    private volatile long readyEnd;
    private volatile long reservedFrom = Long.MAX_VALUE;
    private volatile boolean segmentWanted;
    private volatile boolean reserveWanted;

    /** Outcome of the last attempt to make a segment: for everybody, and for those who may use the reserve. */
    private volatile Attempt ordinary = Attempt.NONE;

    private volatile Attempt reserved = Attempt.NONE;

    /** One attempt to make room, off the hot path. */
    private record Attempt(long count, int errno, long atNs) {
        static final Attempt NONE = new Attempt(0, 0, 0);
    }

    OpenSegments(int stream, long segmentBytes, long firstPosition, int waiters, Clock clock, SyncSignal signal) {
        this.stream = stream;
        this.segmentBytes = segmentBytes;
        this.readyEnd = firstPosition;
        this.waiting = new AtomicReferenceArray<>(waiters);
        this.clock = clock;
        this.signal = signal;
    }

    int stream() {
        return stream;
    }

    long segmentBytes() {
        return segmentBytes;
    }

    long number(long position) {
        return position / segmentBytes;
    }

    /** The open segment with that number. */
    SegmentFile file(long number) {
        SegmentFile file = files.getAcquire((int) (number & (MAX - 1)));
        assert file != null && file.number() == number : Streams.name(stream) + " " + number + " is not open: " + file;
        return file;
    }

    /** Positions below may be claimed: the end of the last segment that is ready. */
    long readyEnd() {
        return readyEnd;
    }

    /** As {@link #readyEnd}, for those who may or may not use the reserve. */
    long limit(boolean mayUseReserve) {
        return mayUseReserve ? readyEnd : Math.min(readyEnd, reservedFrom);
    }

    /** Position from which on only those who may use the reserve get space. */
    long reservedFrom() {
        return reservedFrom;
    }

    /** True when a thread waits for space that a reserve can give. */
    boolean reserveWanted() {
        return reserveWanted;
    }

    /** True when a thread waits for space. */
    boolean segmentWanted() {
        return segmentWanted;
    }

    /**
     * Waits until {@code position} is below the limit.
     *
     * @param waiter the calling thread's own number.
     * @return 0, or a positive errno: ENOSPC when no segment can be made, or what stopped the log.
     */
    int await(int waiter, long position, boolean mayUseReserve) {
        Attempt seen = attempt(mayUseReserve);
        if (seen.errno != 0 && clock.nanoTime() - seen.atNs < RETRY_AFTER_NS) {
            return signal.failure() != 0 ? signal.failure() : limit(mayUseReserve) > position ? 0 : seen.errno;
        }
        waiting.set(waiter, Thread.currentThread());
        try {
            while (true) {
                if (signal.failure() != 0) {
                    return signal.failure();
                }
                Attempt last = attempt(mayUseReserve);
                if (limit(mayUseReserve) > position) {
                    return 0;
                }
                if (last.count != seen.count && last.errno != 0) {
                    return last.errno;
                }
                reserveWanted |= mayUseReserve;
                segmentWanted = true;
                signal.wake();
                LockSupport.park(this);
            }
        } finally {
            waiting.set(waiter, null);
        }
    }

    private Attempt attempt(boolean mayUseReserve) {
        return mayUseReserve ? reserved : ordinary;
    }

    /** True when the slot of that number is free, so that its segment may be made. */
    boolean hasRoomFor(long number) {
        return files.getAcquire((int) (number & (MAX - 1))) == null;
    }

    /** A segment is ready: named, allocated, durable. */
    void publish(SegmentFile file, boolean fromReserve) {
        assert file.fromPosition() == readyEnd : file + " readyEnd=" + readyEnd;
        files.setRelease((int) (file.number() & (MAX - 1)), file);
        if (fromReserve) {
            reservedFrom = Math.min(reservedFrom, file.fromPosition());
        }
        readyEnd = file.fromPosition() + segmentBytes;
        segmentWanted = false;
        reserveWanted = false;
    }

    /** An attempt to make a segment, or the reserve, ended. Who still waits asks again. */
    void attempted(int ordinaryErrno, boolean reserveTried, int reservedErrno) {
        long now = clock.nanoTime();
        segmentWanted = false;
        ordinary = new Attempt(ordinary.count + 1, ordinaryErrno, now);
        if (reserveTried) {
            reserveWanted = false;
            reserved = new Attempt(reserved.count + 1, reservedErrno, now);
        }
        wakeAll();
    }

    /** The reserve stands again: nothing is kept from anybody. */
    void reserveStands() {
        reservedFrom = Long.MAX_VALUE;
    }

    /** A segment is closed; its slot can be used again. */
    void retire(SegmentFile file) {
        boolean was = files.compareAndSet((int) (file.number() & (MAX - 1)), file, null);
        assert was : file + " is not open";
    }

    void wakeAll() {
        for (int waiter = 0; waiter < waiting.length(); waiter++) {
            Thread thread = waiting.get(waiter);
            if (thread != null) {
                LockSupport.unpark(thread);
            }
        }
    }
}
