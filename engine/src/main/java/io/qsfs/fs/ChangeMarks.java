package io.qsfs.fs;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Tells whether an inode may have changed since the last commit of the index, that is, whether a reader's snapshot can be
 * trusted for it. A hash table of batch numbers: two inodes in one slot cost a needless question to the writer, never a wrong
 * answer.
 *
 * <p>The writer marks before it replies and publishes the batch after it committed; a reader asks first and renews its
 * snapshot after. So whoever finds no mark either sees the commit or asks at a moment when the change was not yet answered.
 *
 * <p>Threading: {@link #mark} and {@link #committed} on {@code file-system} only; {@link #expect} and {@link #isChanged} on
 * any thread.
 */
final class ChangeMarks {
    private static final int SLOTS = 1 << 16;
    private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle COMMITTED;

    static {
        try {
            COMMITTED = MethodHandles.lookup().findVarHandle(ChangeMarks.class, "committedBatch", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final long[] batchOf = new long[SLOTS];
    private long batch = 1;

    @SuppressWarnings("unused") // through COMMITTED
    private long committedBatch;

    /** The inode changes in the batch that is open now. */
    void mark(long ino) {
        SLOT.setRelease(batchOf, slot(ino), batch);
    }

    /**
     * Any thread: a command that changes the inode is in the ring. Whoever asks before the next commit asks the writer, who gets to
     * the question after that command. A mark of the writer's is never taken back.
     */
    void expect(long ino) {
        int slot = slot(ino);
        long open = (long) COMMITTED.getAcquire(this) + 1;
        long marked = (long) SLOT.getAcquire(batchOf, slot);
        if (marked < open) {
            SLOT.compareAndSet(batchOf, slot, marked, open); // who was faster marked it too
        }
    }

    /** The batch is in the index; the next one begins. */
    void committed() {
        COMMITTED.setRelease(this, batch);
        batch++;
    }

    /** True when a snapshot may be too old for this inode. */
    boolean isChanged(long ino) {
        long changedIn = (long) SLOT.getAcquire(batchOf, slot(ino));
        return changedIn > (long) COMMITTED.getAcquire(this);
    }

    private static int slot(long ino) {
        return (int) ((ino * 0x9E3779B97F4A7C15L) >>> 48);
    }
}
