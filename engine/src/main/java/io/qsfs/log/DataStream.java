package io.qsfs.log;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The stream of file content.
 *
 * <p>A worker claims, writes into its claim, hands the command to the file-system thread, and ends the claim; so when
 * {@link #committed} passes a position, all commands about bytes below it are in the ring. A claim is one compare-and-set: it
 * never crosses a segment and never passes what is ready. When it does not fit, the rest of the segment becomes padding.
 *
 * <pre>
 *   claim:  inflight[slot] = position; CAS(position, position + length)      end:  inflight[slot] = NONE
 *   committed = min(position, every inflight), position read first: a claim below it had published its bound before
 * </pre>
 *
 * <p>A full segment is closed by the file-system thread, once all its claims have ended and their commands are applied:
 * {@code while ((n = nextToClose()) >= 0) close(n)} after the ring was empty once.
 *
 * <p>Threading: {@link #claim}, {@link #write} and {@link #end} by workers, each with its own slot; the other entry points say
 * whose they are.
 */
public final class DataStream {
    /** The longest claim in bytes. */
    public static final int CLAIM_MAX = 1 << 20;

    private static final long NONE = Long.MAX_VALUE;
    private static final int STRIDE = 16; // longs: two cache lines, as the prefetcher takes pairs
    private static final VarHandle POSITION;
    private static final VarHandle COMMITTED;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            POSITION = lookup.findVarHandle(DataStream.class, "position", long.class)
                    .withInvokeExactBehavior();
            COMMITTED = lookup.findVarHandle(DataStream.class, "committed", long.class)
                    .withInvokeExactBehavior();
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Disk disk;
    private final OpenSegments open;
    private final SyncSignal signal;
    private final long segmentBytes;
    private final int rangesMax;
    private final AtomicLongArray inflight;
    private final int slots;
    private final AtomicIntegerArray claims = new AtomicIntegerArray(OpenSegments.MAX);
    private final RangeBuilder[] builders = new RangeBuilder[OpenSegments.MAX];

    private volatile long position;
    private volatile long committed;

    /** The file-system thread's: the lowest segment that is not closed. */
    private long closeNext;

    private LogSync sync;

    DataStream(LogContext context, OpenSegments open, SyncSignal signal, long firstPosition) {
        this.disk = context.disk();
        this.open = open;
        this.signal = signal;
        this.segmentBytes = context.segmentBytes();
        this.rangesMax = context.rangesMax();
        this.slots = context.claimSlots();
        this.inflight = new AtomicLongArray((slots + 1) * STRIDE);
        for (int slot = 0; slot < slots; slot++) {
            inflight.set((slot + 1) * STRIDE, NONE);
        }
        for (int i = 0; i < builders.length; i++) {
            builders[i] = new RangeBuilder(context.rangeCapacity());
        }
        this.position = firstPosition;
        this.committed = firstPosition;
        this.closeNext = firstPosition / segmentBytes;
    }

    void sync(LogSync value) {
        sync = value;
    }

    /**
     * Claims {@code length} bytes that lie in one segment. Waits only while the next segment is being made.
     *
     * @param slot the calling worker's own, from 0; it has no other claim.
     * @return the position, or {@code -ENOSPC} when the disk is full, or another {@code -errno} when the log has stopped.
     */
    public long claim(int slot, int length) {
        return claim(slot, length, false);
    }

    /** As {@link #claim}, for what must go on when the disk is full: the reserve may be used. */
    public long claimReserved(int slot, int length) {
        return claim(slot, length, true);
    }

    private long claim(int slot, int length, boolean mayUseReserve) {
        assert slot >= 0 && slot < slots : slot;
        assert length > 0 && length <= CLAIM_MAX && length <= segmentBytes : length;
        int mine = (slot + 1) * STRIDE;
        assert inflight.get(mine) == NONE : "slot " + slot + " has a claim";
        while (true) {
            long seen = position;
            inflight.set(mine, seen);
            int failure = signal.failure();
            if (failure == 0 && seen >= open.limit(mayUseReserve)) {
                inflight.setRelease(mine, NONE);
                failure = open.await(slot, seen, mayUseReserve);
                if (failure == 0) {
                    continue;
                }
            }
            if (failure != 0) {
                inflight.setRelease(mine, NONE);
                return -failure;
            }
            long number = seen / segmentBytes;
            long end = (number + 1) * segmentBytes;
            int index = (int) (number & (OpenSegments.MAX - 1));
            if (length > end - seen || claims.get(index) >= rangesMax) {
                pad(number, seen, end); // this slot's bound keeps the segment open until its end is noted
            } else if (POSITION.compareAndSet(this, seen, seen + length)) {
                claims.getAndIncrement(index);
                moved(seen + length == end);
                return seen;
            }
        }
    }

    private boolean pad(long number, long seen, long end) {
        if (!POSITION.compareAndSet(this, seen, end)) {
            return false;
        }
        open.file(number).toPosition(seen); // looked up now: had it been closed, the position had moved
        moved(true);
        return true;
    }

    private void moved(boolean segmentIsFull) {
        if (segmentIsFull) {
            signal.wake(); // the next but one has to be made
        } else {
            signal.dirtied();
        }
    }

    /** Writes into the caller's claim; 0 or a positive errno. {@code source} is borrowed until return. */
    public int write(long at, MemorySegment source, long offset, int length) {
        SegmentFile file = open.file(at / segmentBytes);
        return -disk.pwrite(file.fd(), source, offset, length, SegmentHeader.BYTES + (at - file.fromPosition()));
    }

    /** The slot's claim has ended: its command is in the ring, or it was abandoned and nothing refers to its bytes. */
    public void end(int slot) {
        assert inflight.get((slot + 1) * STRIDE) != NONE : "slot " + slot + " has no claim";
        inflight.setRelease((slot + 1) * STRIDE, NONE);
    }

    /** Any thread: end of what is claimed. */
    public long claimed() {
        return position;
    }

    /** Any thread: every claim below has ended. Never goes back. */
    public long committed() {
        long least = position;
        for (int slot = 0; slot < slots; slot++) {
            least = Math.min(least, inflight.get((slot + 1) * STRIDE));
        }
        long known = committed;
        while (least > known && !COMMITTED.compareAndSet(this, known, least)) {
            known = committed;
        }
        return Math.max(least, known);
    }

    /** True when new content is refused because only the reserve is left. */
    public boolean isReserveInUse() {
        return open.reservedFrom() != Long.MAX_VALUE;
    }

    /** File-system thread: remembers a range of an open segment for its range table; once for each claim. */
    public void addRange(long at, int length, int crc, long ino, long fileOffset, long sequence) {
        SegmentFile file = open.file(at / segmentBytes);
        boolean added = builders[(int) (file.number() & (OpenSegments.MAX - 1))].add(
                at - file.fromPosition(), length, crc, ino, fileOffset, sequence);
        assert added : "more ranges than claims in " + file;
    }

    /**
     * File-system thread: claims the rest of the active segment as padding, so that it can be closed.
     *
     * @return its number, or -1 when nothing is in it.
     */
    public long closeActive() {
        while (true) {
            long seen = position;
            long number = seen / segmentBytes;
            if (seen == number * segmentBytes) {
                return -1;
            }
            if (pad(number, seen, (number + 1) * segmentBytes)) {
                return number;
            }
        }
    }

    /** File-system thread: number of the active segment. */
    public long activeNumber() {
        return position / segmentBytes;
    }

    /**
     * File-system thread: the lowest full segment whose claims have all ended, or -1. All commands about it are in the ring by
     * now; apply them, then {@link #close}.
     */
    public long nextToClose() {
        long end = (closeNext + 1) * segmentBytes;
        return position >= end && committed() >= end ? closeNext : -1;
    }

    /** File-system thread: all ranges of segment {@code number} were added; it can be written out and closed. */
    public void close(long number) {
        assert number == nextToClose() : number;
        SegmentFile file = open.file(number);
        if (file.toPosition() == SegmentFile.UNKNOWN) {
            file.toPosition(file.fromPosition() + segmentBytes); // full to the last byte
        }
        closeNext++;
        sync.closeData(file);
    }

    /** {@code log-sync}, before the segment is published. */
    void prepare(long number) {
        int index = (int) (number & (OpenSegments.MAX - 1));
        builders[index].clear();
        claims.set(index, 0);
    }

    RangeBuilder builder(long number) {
        return builders[(int) (number & (OpenSegments.MAX - 1))];
    }

    OpenSegments open() {
        return open;
    }

    void release() {
        for (RangeBuilder builder : builders) {
            builder.close();
        }
    }
}
