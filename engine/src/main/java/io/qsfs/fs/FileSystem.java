package io.qsfs.fs;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.index.Index;
import io.qsfs.index.Inode;
import io.qsfs.log.LocalVerifier;
import io.qsfs.log.SegmentLog;
import io.qsfs.log.SyncWaiter;
import io.qsfs.memory.Failpoint;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file system at work: the single writer's thread, and a {@link RequestHandler} for each FUSE worker.
 *
 * <p>Threading: made and closed by the thread that mounts; other methods on any thread. Its off-heap memory belongs to the arena
 * given, which is closed after {@link #close} returned and every worker has ended.
 */
public final class FileSystem implements AutoCloseable {
    private static final long ZEROS_BYTES = 1 << 20;
    private static final long STOP_TIMEOUT_S = 60;
    private static final Logger LOG = LoggerFactory.getLogger(FileSystem.class);

    private final FileSystemContext context;
    private final Arena arena;
    private final CommandRing ring;
    private final ChangeMarks marks = new ChangeMarks();
    private final LookupCounts lookups = new LookupCounts();
    private final Orphans orphans = new Orphans();
    private final FileSystemCounters counters = new FileSystemCounters();
    private final Inode scratch = new Inode();
    private final RequestHandler[] handlers;
    private final MemorySegment zeros;
    private final LocalVerifier verifier;
    private final ParkedReads parkedReads;
    private final ParkedWrites parkedWrites;
    private final AttributeNotices notices;
    private final FileSystemAgent agent;
    private final Thread thread;
    private final CountDownLatch started = new CountDownLatch(1);
    private volatile boolean isRunning = true;

    /** Puts a file system together; nothing runs before {@link #start}. */
    public FileSystem(FileSystemContext context, Arena arena) {
        this.context = context;
        this.arena = arena;
        this.ring = new CommandRing(arena);
        this.handlers = new RequestHandler[context.workers()];
        this.zeros = arena.allocate(ZEROS_BYTES, 4096);
        this.verifier = new LocalVerifier(context.log(), arena, context.mountPoint());
        this.parkedReads = new ParkedReads(
                this, context.mountPoint(), context.clock(), context.interrupts(), context.readBytesMax(), arena);
        this.parkedWrites = new ParkedWrites(
                this,
                context.clock(),
                context.writeTimeoutNs(),
                context.readBytesMax(),
                arena,
                new WriteSender(context.workers(), this));
        this.notices = new AttributeNotices(context.replies());
        this.agent = new FileSystemAgent(this, context);
        this.thread = new Thread(this::run, agent.roleName());
    }

    /** Starts the single writer; inodes that the mount before left without names are purged first. */
    public void start() {
        thread.start();
        try {
            started.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        parkedWrites.start();
        notices.start();
        agent.submit(this::purgeLeftOver);
    }

    /**
     * Makes the handler of one FUSE worker.
     *
     * @param slot the worker's number, each used once.
     * @param workerArena owns the worker's buffers.
     * @param entries where the worker's directory listings are built.
     */
    public RequestHandler newHandler(int slot, Arena workerArena, DirectoryBuffer entries) {
        RequestHandler handler = new RequestHandler(slot, this, workerArena, entries);
        handlers[slot] = handler;
        return handler;
    }

    /** Runs {@code task} on the single writer, between two commands; for changes that do not come from the kernel. */
    public void submit(Runnable task) {
        agent.submit(task);
    }

    /** Records that the machinery writes: on the single writer only, that is, within a submitted task. */
    public MachineRecords machineRecords() {
        return new MachineRecords(agent, context);
    }

    /** Makes everything received durable, then tells {@code waiter}. */
    public void sync(SyncWaiter waiter, long token) {
        agent.submit(() -> agent.syncThen(waiter, token));
    }

    /** Asks for a group commit when one is due; called by the log at least every second while something is not durable. */
    public void syncDue() {
        agent.submit(agent::syncSoon);
    }

    /**
     * Closes both active segments, as far as they hold changes; then runs {@code whenClosed} on {@code log-sync} when they and
     * the records of their closing are durable, with the numbers that must be placed.
     */
    public void closeSegments(SegmentsClosed whenClosed) {
        agent.submit(() -> agent.closeSegments(whenClosed));
    }

    /** Hears that segments are closed. */
    @FunctionalInterface
    public interface SegmentsClosed {
        /** All segments with a lower number than these are closed and durable. */
        void closed(long nextDataNumber, long nextMetaNumber, int errno);
    }

    /**
     * Before {@link #start}: runs {@code task} and commits, on the thread that mounts; the writer then belongs to the single
     * writer's thread.
     */
    public void prepare(Runnable task) {
        task.run();
        agent.commitNow();
    }

    /** Runs {@code task} on the single writer after committing the index, so that a reader sees all that came before. */
    public void afterCommit(Runnable task) {
        agent.submit(() -> {
            agent.commitNow();
            task.run();
        });
    }

    /** 0, or EROFS: changes are refused since something broke, be it the log, which may know of it first. */
    public int stoppedBy() {
        return agent.stoppedBy() == 0 && log().sync().failure() != 0 ? Linux.EROFS : agent.stoppedBy();
    }

    /** How long ago the oldest change was made that is in no closed segment, in nanoseconds; -1 when there is none. */
    public long changeAgeNs() {
        return agent.changeAgeNs();
    }

    /** What statfs says now. */
    public SpaceReport spaceReport() {
        return context.space().report();
    }

    /** Reads that wait for backends. */
    public int parkedReadCount() {
        return parkedReads.waiting();
    }

    /** Writes that wait for room. */
    public int parkedWriteCount() {
        return parkedWrites.count();
    }

    /** There may be room for writes that wait. */
    public void roomMade() {
        parkedWrites.wake();
    }

    /** Inodes without names that are still open. */
    public int orphanCount() {
        return orphans.count();
    }

    /** Ranges of earlier mounts that were found to have rotted on the local disk. */
    public long rottenRanges() {
        return verifier.rottenRanges();
    }

    /** What is counted. */
    public FileSystemCounters counters() {
        return counters;
    }

    /**
     * The kernel is gone, and its workers have ended: reads that wait for backends and writes that wait for room are answered, so
     * that nobody holds a request for long. Changes and syncs that were handed over are answered as ever.
     */
    public void refuseWaiting() {
        parkedReads.refuseAll(Linux.ENOTCONN);
        try {
            parkedWrites.stop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Commits and ends the single writer. The kernel must be gone. When its thread does not end in time, {@link #hasEnded} is false,
     * and whatever it works on must stay open.
     */
    @Override
    public void close() {
        try {
            parkedWrites.stop();
            isRunning = false;
            ring.wake();
            if (!thread.join(java.time.Duration.ofSeconds(STOP_TIMEOUT_S))) {
                LOG.error("the file-system thread did not end within {} s", STOP_TIMEOUT_S);
            }
            notices.stop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** False while the single writer lives, also after {@link #close}: index, log and arena are in use. */
    public boolean hasEnded() {
        return !thread.isAlive();
    }

    private void run() {
        ring.attach(Thread.currentThread());
        started.countDown();
        try {
            while (isRunning) {
                if (agent.doWork() == 0) {
                    agent.idle();
                }
            }
            while (agent.doWork() > 0) { // what was handed over before the end
                Thread.onSpinWait();
            }
            agent.commitNow();
        } catch (Throwable t) { // Throwable on purpose: the thread is the volume
            LOG.error("the file-system thread failed; the volume takes no more changes", t);
            agent.failed("the file-system thread", Linux.EIO);
            agent.answerHandled();
            refuseAll();
        }
    }

    /** After a bug: requests are still answered, with EIO, so that nothing hangs and the volume can be unmounted. */
    private void refuseAll() {
        while (isRunning) {
            try {
                if (agent.doWork() == 0) {
                    agent.idle();
                }
            } catch (Throwable t) { // the same bug again, perhaps
                LOG.error("the file-system thread failed again", t);
                agent.answerHandled();
            }
        }
    }

    private void purgeLeftOver() {
        java.util.List<Long> left = new java.util.ArrayList<>();
        context.index().writer().forEachOrphan(left::add);
        for (long ino : left) {
            orphans.add(ino);
            agent.purge(ino);
            Failpoint.ORPHAN_PURGED.hit();
        }
        if (!left.isEmpty()) {
            LOG.info("purged {} files that were deleted while they were open", left.size());
        }
    }

    // What the parts of this package share.

    /** The attributes are about to be told: true when the kernel may keep them for long; of a file see {@link LookupCounts}. */
    boolean mayKeep(Inode inode) {
        return !Modes.isRegular(inode.mode) || lookups.mayKeep(inode.ino, seconds());
    }

    /** {@code file-system}: the content of a file changed, and with it blocks; the kernel hears of it when it has to. */
    void contentChanged(long ino) {
        if (lookups.changed(ino, seconds())) {
            notices.add(ino);
        }
    }

    private long seconds() {
        return TimeUnit.NANOSECONDS.toSeconds(context.clock().nanoTime());
    }

    Index index() {
        return context.index();
    }

    SegmentLog log() {
        return context.log();
    }

    EvictedBytes evicted() {
        return context.evicted();
    }

    Replies replies() {
        return context.replies();
    }

    Admission admission() {
        return context.admission();
    }

    SpaceSource space() {
        return context.space();
    }

    Quota quota() {
        return context.quota();
    }

    DiskReserve reserve() {
        return context.reserve();
    }

    Arena arena() {
        return arena;
    }

    CommandRing ring() {
        return ring;
    }

    ChangeMarks marks() {
        return marks;
    }

    LookupCounts lookups() {
        return lookups;
    }

    Orphans orphans() {
        return orphans;
    }

    LocalVerifier verifier() {
        return verifier;
    }

    AccessTimes accessTimes() {
        return agent.accessTimes();
    }

    ParkedReads parkedReads() {
        return parkedReads;
    }

    ParkedWrites parkedWrites() {
        return parkedWrites;
    }

    MemorySegment zeros() {
        return zeros;
    }

    /** {@code file-system}'s spare inode. */
    Inode scratch() {
        return scratch;
    }

    RequestHandler handler(int slot) {
        return handlers[slot];
    }
}
