package io.qsfs.fs;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.memory.Clock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.concurrent.locks.LockSupport;

/**
 * Writes that have to wait for room: the cache limit is reached or the disk is full, and segments must be placed and evicted first. Their payload is
 * copied, so that the worker is free for reads; a thread of its own takes them up again in order.
 *
 * <p>Threading: {@link #park} on FUSE workers, {@link #wake} on any thread; the rest on {@code parked-writes}. Buffers belong to the
 * arena given and are made when they are first needed.
 */
final class ParkedWrites {
    /** Writes that may wait: more than the kernel has in flight. The next one gets ENOSPC. */
    static final int WRITES_MAX = 96;

    private static final long RETRY_NS = 20_000_000;

    private final FileSystem fs;
    private final Clock clock;
    private final long timeoutNs;
    private final int writeBytesMax;
    private final Arena arena;
    private final Sender sender;
    private final ArrayDeque<Parked> waiting = new ArrayDeque<>();
    private final ArrayDeque<MemorySegment> buffers = new ArrayDeque<>();
    private final Thread thread = new Thread(this::run, "parked-writes");
    private volatile boolean isStopping;

    /** Puts a payload into the data stream with this thread's own claim slot. */
    @FunctionalInterface
    interface Sender {
        /**
         * Hands the write to the single writer, who ends the request.
         *
         * @return 0, or the errno with which nothing was taken and the request is still the caller's: ENOSPC on a full disk.
         */
        int send(long request, long ino, MemorySegment payload, int length, long offset, int flags);
    }

    private record Parked(
            long request, long ino, MemorySegment payload, int length, long offset, int flags, long deadlineNs) {}

    ParkedWrites(FileSystem fs, Clock clock, long timeoutNs, int writeBytesMax, Arena arena, Sender sender) {
        this.fs = fs;
        this.clock = clock;
        this.timeoutNs = timeoutNs;
        this.writeBytesMax = writeBytesMax;
        this.arena = arena;
        this.sender = sender;
    }

    void start() {
        thread.start();
    }

    /**
     * True when a write has to queue behind others, so that none overtakes another.
     */
    synchronized boolean isAnyWaiting() {
        return !waiting.isEmpty();
    }

    /** Takes a write over; false when too many wait already. The payload is copied. */
    synchronized boolean park(long request, long ino, MemorySegment payload, int length, long offset, int flags) {
        if (waiting.size() >= WRITES_MAX || length > writeBytesMax || isStopping) {
            return false;
        }
        MemorySegment buffer = buffers.poll();
        if (buffer == null) {
            buffer = arena.allocate(writeBytesMax, 4096);
        }
        MemorySegment.copy(payload, 0, buffer, 0, length);
        waiting.add(new Parked(request, ino, buffer, length, offset, flags, clock.nanoTime() + timeoutNs));
        LockSupport.unpark(thread);
        return true;
    }

    /** Writes that wait, for the status. */
    synchronized int count() {
        return waiting.size();
    }

    /** There may be room again. */
    void wake() {
        LockSupport.unpark(thread);
    }

    /** Ends the thread; what still waits gets EIO. */
    void stop() throws InterruptedException {
        isStopping = true;
        LockSupport.unpark(thread);
        thread.join();
    }

    private void run() {
        while (!isStopping) {
            Parked next;
            synchronized (this) {
                next = waiting.peek();
            }
            if (next == null) {
                LockSupport.park(this);
                continue;
            }
            int outcome = fs.admission().admit(next.length());
            if (outcome == 0) {
                outcome = sendNow(next);
            }
            boolean isLate = clock.nanoTime() - next.deadlineNs() >= 0;
            if (outcome == Admission.WAIT && !isLate) {
                LockSupport.parkNanos(this, RETRY_NS);
                continue;
            }
            ended(next, outcome == Admission.WAIT ? Linux.ENOSPC : outcome);
        }
        refuseAll();
    }

    private int sendNow(Parked write) {
        int outcome = sender.send(
                write.request(), write.ino(), write.payload(), write.length(), write.offset(), write.flags());
        return outcome == Linux.ENOSPC ? fs.admission().admitToFullDisk() : outcome;
    }

    /** It was sent, or is refused now; until here it was the first of those that wait, so that none overtook it. */
    private void ended(Parked write, int refusal) {
        if (refusal != 0) {
            fs.replies().error(write.request(), refusal);
        }
        synchronized (this) {
            waiting.poll();
            buffers.push(write.payload());
        }
    }

    private void refuseAll() {
        while (true) {
            Parked next;
            synchronized (this) {
                next = waiting.poll();
            }
            if (next == null) {
                return;
            }
            fs.replies().error(next.request(), Linux.EIO);
        }
    }
}
