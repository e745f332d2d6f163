package io.qsfs.fs;

import io.qsfs.memory.OffHeap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.MessageHandler;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.ManyToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/**
 * The way from FUSE workers to the single writer: an Agrona ring of commands without payload, and an explicit wake-up.
 *
 * <p>Threading: {@link #claim} to {@link #publish} on any thread; {@link #read}, {@link #park} on {@code file-system} only. The
 * memory belongs to the arena given, which must outlive every thread that uses the ring.
 */
public final class CommandRing {
    /** Bytes of commands that may wait; with names of 255 bytes about 8,000. */
    public static final int CAPACITY_BYTES = 4 << 20;

    private static final int FULL_SPINS_MAX = 100;
    private static final long FULL_PAUSE_NS = 50_000;

    private final MemorySegment memory;
    private final UnsafeBuffer buffer;
    private final ManyToOneRingBuffer ring;
    private volatile Thread consumer;
    private volatile boolean parked;

    /** An empty ring in memory of the arena. */
    public CommandRing(Arena arena) {
        memory = arena.allocate(CAPACITY_BYTES + RingBufferDescriptor.TRAILER_LENGTH, OffHeap.PAGE_BYTES);
        buffer = new UnsafeBuffer(memory.address(), (int) memory.byteSize());
        ring = new ManyToOneRingBuffer(buffer);
    }

    /** The memory that indexes of this ring count in. */
    public MemorySegment memory() {
        return memory;
    }

    /**
     * Takes space for a command of {@code length} bytes; waits while the ring is full, which the single writer ends.
     *
     * @return index in {@link #memory()}; must be followed by {@link #publish}.
     */
    public int claim(CommandType type, int length) {
        int spins = 0;
        while (true) {
            int index = ring.tryClaim(type.code(), length);
            if (index > 0) {
                return index;
            }
            wake();
            if (++spins > FULL_SPINS_MAX) {
                LockSupport.parkNanos(FULL_PAUSE_NS);
            } else {
                Thread.onSpinWait();
            }
        }
    }

    /** As {@link #claim}, but never waits: 0 or less when the ring is full. */
    int tryClaim(CommandType type, int length) {
        return ring.tryClaim(type.code(), length);
    }

    /** Hands the command over and wakes the writer up when it sleeps. */
    public void publish(int index) {
        ring.commit(index);
        wake();
    }

    /** Hands over a command that nobody waits for: it is read with the next one that is, or when the writer wakes up by itself. */
    void publishQuietly(int index) {
        ring.commit(index);
    }

    /** Wakes the writer up for something that is not in the ring. */
    void wake() {
        if (parked) {
            parked = false;
            LockSupport.unpark(consumer);
        }
    }

    /** Gives up to {@code limit} commands to the handler. */
    public int read(MessageHandler handler, int limit) {
        return ring.read(handler, limit);
    }

    /** A mark that {@link #isReadUpTo} compares with. */
    long producerPosition() {
        return ring.producerPosition();
    }

    /** True when every command that was claimed before the mark was taken has been handled. */
    boolean isReadUpTo(long producerPosition) {
        return ring.consumerPosition() >= producerPosition;
    }

    /** Announces the one thread that reads. */
    void attach(Thread thread) {
        consumer = thread;
    }

    /** Sleeps until a command comes, {@link #wake} is called, or {@code ns} have passed; returns at once when one is there. */
    void park(long ns, WorkWaiting other) {
        parked = true;
        if (ring.size() > 0 || other.isWorkWaiting()) {
            parked = false;
            return;
        }
        LockSupport.parkNanos(this, ns);
        parked = false;
    }

    /** Asked between announcing sleep and sleeping, so that no wake-up is lost. */
    interface WorkWaiting {
        boolean isWorkWaiting();
    }
}
