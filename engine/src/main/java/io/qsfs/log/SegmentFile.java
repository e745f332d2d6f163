package io.qsfs.log;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;

/**
 * One segment that has a local file. Whoever uses it holds a pin; its descriptor and mapping are made when they are first
 * needed and go when others need them more and nobody has a pin.
 *
 * <pre>
 *   state:  bit 31 retired | bit 30 being dismissed | bits 0..29 pins
 * </pre>
 *
 * <p>Threading: any thread; descriptor and mapping are changed under the catalog's lock only.
 */
public final class SegmentFile {
    /** The end of the content is not known: neither closed in this mount nor recovered yet. */
    public static final long UNKNOWN = -1;

    private static final int RETIRED = 1 << 31;
    private static final int DISMISSING = 1 << 30;
    private static final int PINS = DISMISSING - 1;
    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup()
                    .findVarHandle(SegmentFile.class, "state", int.class)
                    .withInvokeExactBehavior();
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int stream;
    private final long number;
    private final long basePosition;
    private final Path path;
    private final MountIdentity identity;
    private final long createdNs;

    private volatile int state;
    private volatile int fd = -1;
    private volatile MemorySegment mapping;
    private volatile long toPosition = UNKNOWN;
    private volatile boolean closed;
    private volatile long allocatedBytes;
    private volatile RangeSums sums;
    private long lastUsedNs;

    SegmentFile(int stream, long number, long basePosition, Path path, MountIdentity identity, long createdNs) {
        this.stream = stream;
        this.number = number;
        this.basePosition = basePosition;
        this.path = path;
        this.identity = identity;
        this.createdNs = createdNs;
    }

    /** See {@link Streams}. */
    public int stream() {
        return stream;
    }

    /** Number in the stream. */
    public long number() {
        return number;
    }

    /** Position of its first byte. */
    public long fromPosition() {
        return basePosition;
    }

    /** End of its content, exclusive, or {@link #UNKNOWN}. */
    public long toPosition() {
        return toPosition;
    }

    /** The mount that wrote it. */
    public MountIdentity identity() {
        return identity;
    }

    /** When it was made, ns since 1970 UTC. */
    public long createdNs() {
        return createdNs;
    }

    /** True when nothing will be added: it is of an earlier mount, or closed and durable. */
    public boolean isClosed() {
        return closed;
    }

    /** Bytes that it takes on the disk, as far as known. */
    public long allocatedBytes() {
        return allocatedBytes;
    }

    /** When it was last pinned, in the clock's nanoseconds. */
    public long lastUsedNs() {
        return lastUsedNs;
    }

    Path path() {
        return path;
    }

    void toPosition(long value) {
        toPosition = value;
    }

    void close() {
        closed = true;
    }

    void allocatedBytes(long value) {
        allocatedBytes = value;
    }

    /** What is known of its ranges' checksums; null when nothing is. Data segments only. */
    RangeSums sums() {
        return sums;
    }

    void sums(RangeSums value) {
        sums = value;
    }

    int fd() {
        return fd;
    }

    MemorySegment mapping() {
        return mapping;
    }

    void fd(int value) {
        fd = value;
    }

    void mapping(MemorySegment value) {
        mapping = value;
    }

    /** Adds a pin; false when the file is gone. */
    boolean pin(long nowNs) {
        while (true) {
            int seen = state;
            if ((seen & RETIRED) != 0) {
                return false;
            }
            if ((seen & DISMISSING) != 0) {
                Thread.onSpinWait(); // three stores away from its end
            } else if (STATE.compareAndSet(this, seen, seen + 1)) {
                lastUsedNs = nowNs; // a race here loses nothing but a little order
                return true;
            }
        }
    }

    /** Takes a pin away; true when the caller has to release what the file holds. */
    boolean unpin() {
        int before = (int) STATE.getAndAdd(this, -1);
        assert (before & PINS) > 0 : this + " was not pinned";
        return before == (RETIRED | 1);
    }

    /** Refuses pins from now on; the caller has one itself, and whoever gives the last back releases what the file holds. */
    void retire() {
        int before = (int) STATE.getAndBitwiseOr(this, RETIRED);
        assert (before & PINS) > 0 : this + " was not pinned";
    }

    /** Keeps pins out for the moment in which descriptor and mapping are taken away; false when there are pins. */
    boolean beginDismiss() {
        return STATE.compareAndSet(this, 0, DISMISSING);
    }

    void endDismiss() {
        int before = (int) STATE.getAndBitwiseAnd(this, ~DISMISSING);
        assert (before & DISMISSING) != 0 : this;
    }

    int pins() {
        return state & PINS;
    }

    @Override
    public String toString() {
        return path.getFileName().toString();
    }
}
