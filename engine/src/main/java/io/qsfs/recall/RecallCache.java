package io.qsfs.recall;

import io.qsfs.bindings.linux.Errno;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.QsfsException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Chunks that were fetched back: one pre-allocated file of fixed slots, and a table in memory that says what lies in
 * them. The table dies with the process, so the file can become empty but never wrong. The mapping exists for {@code
 * writev} alone: nothing here loads from it.
 *
 * <p>A slot's pin count says who may touch it: -1, the recall thread alone (empty, or being filled); 0, whole and
 * free to be reused; n, whole and read by n readers. The key of a slot changes only at -1, so who has pinned a slot
 * and then finds the key that it looked for has what it looked for. A look-up that runs into a chain that is just
 * being changed may miss, and the chunk is then asked of the recall thread, whose look-up is exact.
 *
 * <p>Threading: {@link #tryPin}, {@link #unpin} and the accessors from any thread, without locks and without
 * allocating; {@link #take}, {@link #write}, {@link #publish} and {@link #giveBack} on the recall thread. {@link
 * #close} after all others.
 */
final class RecallCache implements AutoCloseable {
    /** No slot. */
    static final int NONE = -1;

    private static final int CHANGING = -1;
    private static final int CHAIN_STEPS_MAX = 64;
    private static final int SLOTS_MAX = 1 << 24;

    private final int fd;
    private final int slotBytes;
    private final int slotCount;
    private final MemorySegment mapping;
    private final int bucketMask;

    private final AtomicIntegerArray pins;
    private final AtomicIntegerArray touched;
    private final AtomicIntegerArray heads;
    private final AtomicIntegerArray next;
    private final long[] segments;
    private final int[] chunks;
    private final int[] lengths;

    private final int[] free;
    private int freeCount;
    private int hand;
    private final AtomicLong pinned = new AtomicLong();
    private volatile int usedSlots;
    private volatile boolean slotWanted;
    private volatile Runnable onSlotFree = () -> {};

    /**
     * Makes the file anew.
     *
     * @param slotBytes a multiple of 4096, at least a chunk.
     * @throws QsfsException when the file cannot be made or there is no room for it.
     */
    RecallCache(Path file, int slotBytes, int slotCount) {
        if (slotBytes <= 0 || slotBytes % 4096 != 0 || slotCount < 1 || slotCount > SLOTS_MAX) {
            throw new IllegalArgumentException("recall cache: slotBytes=" + slotBytes + " slotCount=" + slotCount);
        }
        this.slotBytes = slotBytes;
        this.slotCount = slotCount;
        long bytes = (long) slotBytes * slotCount;
        fd = Linux.open(file.toString(), Linux.O_RDWR | Linux.O_CREAT | Linux.O_TRUNC | Linux.O_CLOEXEC, 0600);
        if (fd < 0) {
            throw failure("make", file, bytes, fd);
        }
        int outcome = Linux.fallocate(fd, 0, 0, bytes);
        if (outcome == -Linux.EOPNOTSUPP) {
            outcome = Linux.ftruncate(fd, bytes);
        }
        if (outcome < 0) {
            Linux.close(fd);
            throw failure("reserve", file, bytes, outcome);
        }
        mapping = Linux.mmap(bytes, Linux.PROT_READ, Linux.MAP_SHARED, fd, 0);
        if (mapping.equals(MemorySegment.NULL)) {
            int errno = Linux.lastErrno();
            Linux.close(fd);
            throw failure("map", file, bytes, errno);
        }
        int buckets = Integer.highestOneBit(Math.max(16, slotCount)) << 1;
        bucketMask = buckets - 1;
        pins = filled(slotCount, CHANGING);
        touched = new AtomicIntegerArray(slotCount);
        heads = filled(buckets, NONE);
        next = filled(slotCount, NONE);
        segments = new long[slotCount];
        chunks = new int[slotCount];
        lengths = new int[slotCount];
        free = new int[slotCount];
        for (int slot = slotCount - 1; slot >= 0; slot--) {
            free[freeCount++] = slot;
        }
    }

    private static QsfsException failure(String what, Path file, long bytes, int errno) {
        return new QsfsException("Cannot " + what + " the recall cache " + file + " of " + bytes + " bytes: "
                + Errno.message(errno) + "; make room or configure a smaller recall cache.");
    }

    private static AtomicIntegerArray filled(int length, int value) {
        int[] values = new int[length];
        Arrays.fill(values, value);
        return new AtomicIntegerArray(values);
    }

    /** What to call on the unpinning thread when a slot got free while {@link #take} wanted one. */
    void onSlotFree(Runnable wake) {
        onSlotFree = wake;
    }

    /** Pins the slot that holds the chunk; {@link #NONE} when no slot does, or when it could not be seen just now. */
    int tryPin(long segment, int chunk) {
        int slot = heads.get(bucket(segment, chunk));
        for (int step = 0; slot != NONE && step < CHAIN_STEPS_MAX; step++) {
            if (pinIfWhole(slot)) {
                if (segments[slot] == segment && chunks[slot] == chunk) {
                    touched.setOpaque(slot, 1);
                    return slot;
                }
                unpin(slot);
            }
            slot = next.get(slot);
        }
        return NONE;
    }

    private boolean pinIfWhole(int slot) {
        int count;
        do {
            count = pins.get(slot);
            if (count == CHANGING) {
                return false;
            }
        } while (!pins.compareAndSet(slot, count, count + 1));
        if (count == 0) {
            pinned.incrementAndGet();
        }
        return true;
    }

    /** Gives one pin back. */
    void unpin(int slot) {
        int count = pins.decrementAndGet(slot);
        if (count < 0) {
            throw new AssertionError("slot unpinned too often: slot=" + slot + " pins=" + count);
        }
        if (count == 0) {
            pinned.decrementAndGet();
            if (slotWanted) {
                onSlotFree.run();
            }
        }
    }

    /** Where the slot begins in the file. */
    long fileOffset(int slot) {
        return (long) slot * slotBytes;
    }

    /** Where the slot begins in the mapping: for {@code writev} of a pinned slot only. */
    long address(int slot) {
        return mapping.address() + fileOffset(slot);
    }

    /** Bytes of the chunk in a pinned slot. */
    int length(int slot) {
        return lengths[slot];
    }

    int fd() {
        return fd;
    }

    int slotCount() {
        return slotCount;
    }

    int slotBytes() {
        return slotBytes;
    }

    /** Slots that hold a chunk, for status. */
    int usedSlots() {
        return usedSlots;
    }

    /** Slots with at least one pin, for status. */
    long pinnedSlots() {
        return pinned.get();
    }

    /**
     * Takes a slot to fill: an empty one, else one that nobody has pinned and that was not used since the hand came
     * by last. When all are pinned, {@link #NONE}, and the next unpinning calls {@link #onSlotFree}.
     */
    int take() {
        slotWanted = false;
        int slot = takeNow();
        if (slot == NONE) {
            slotWanted = true;
            slot = takeNow(); // what was unpinned before the flag was seen
            slotWanted = slot == NONE;
        }
        return slot;
    }

    private int takeNow() {
        if (freeCount > 0) {
            return free[--freeCount];
        }
        for (int step = 0; step < 2 * slotCount; step++) {
            int slot = hand;
            hand = hand + 1 == slotCount ? 0 : hand + 1;
            if (pins.get(slot) != 0) {
                continue;
            }
            if (touched.getOpaque(slot) != 0 && step < slotCount) {
                touched.setOpaque(slot, 0);
            } else if (pins.compareAndSet(slot, 0, CHANGING)) {
                unlink(slot);
                usedSlots(usedSlots - 1);
                return slot;
            }
        }
        return NONE;
    }

    /** Writes the content of a taken slot; 0 or errno. */
    int write(int slot, MemorySegment plain, long offset, int length) {
        assert pins.get(slot) == CHANGING && length <= slotBytes : slot + " " + length;
        long outcome = Linux.pwriteFully(fd, plain, offset, length, fileOffset(slot));
        return outcome < 0 ? (int) -outcome : 0;
    }

    /** A taken slot is whole from here on, and pinned {@code pinCount} times. */
    void publish(int slot, long segment, int chunk, int length, int pinCount) {
        assert pins.get(slot) == CHANGING && find(segment, chunk) == NONE : slot;
        segments[slot] = segment;
        chunks[slot] = chunk;
        lengths[slot] = length;
        touched.setOpaque(slot, 1);
        int bucket = bucket(segment, chunk);
        next.set(slot, heads.get(bucket));
        heads.set(bucket, slot);
        if (pinCount > 0) {
            pinned.incrementAndGet();
        }
        pins.set(slot, pinCount);
        usedSlots(usedSlots + 1);
    }

    /** The recall thread alone counts. */
    private void usedSlots(int count) {
        usedSlots = count;
    }

    /** A taken slot that was not filled. */
    void giveBack(int slot) {
        assert pins.get(slot) == CHANGING : slot;
        free[freeCount++] = slot;
    }

    /** Exact, for the recall thread: the slot that holds the chunk, pinned {@code pinCount} times, or {@link #NONE}. */
    int pinExactly(long segment, int chunk, int pinCount) {
        int slot = find(segment, chunk);
        if (slot != NONE) {
            // Only this thread makes a slot CHANGING, and a linked slot is not.
            if (pinCount > 0 && pins.getAndAdd(slot, pinCount) == 0) {
                pinned.incrementAndGet();
            }
            touched.setOpaque(slot, 1);
        }
        return slot;
    }

    private int find(long segment, int chunk) {
        int slot = heads.get(bucket(segment, chunk));
        while (slot != NONE && (segments[slot] != segment || chunks[slot] != chunk)) {
            slot = next.get(slot);
        }
        return slot;
    }

    private void unlink(int slot) {
        int bucket = bucket(segments[slot], chunks[slot]);
        int at = heads.get(bucket);
        if (at == slot) {
            heads.set(bucket, next.get(slot));
            return;
        }
        while (next.get(at) != slot) {
            at = next.get(at);
        }
        next.set(at, next.get(slot));
    }

    private int bucket(long segment, int chunk) {
        long mixed = (segment * 0x9E3779B97F4A7C15L + chunk) * 0xD6E8FEB86659FD93L;
        return (int) (mixed >>> 32) & bucketMask;
    }

    @Override
    public void close() {
        Linux.munmap(mapping);
        Linux.close(fd);
    }
}
