package io.qsfs.fuse;

import io.qsfs.bindings.fuse.Fuse;
import io.qsfs.bindings.fuse.FuseOps;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.QsfsException;
import io.qsfs.fs.FileSystem;
import io.qsfs.fs.ParkedReads;
import io.qsfs.fs.Replies;
import io.qsfs.memory.Clock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A libfuse session and its workers. The order of ending is the reverse of beginning: unmount, workers end, requests that other
 * threads hold are answered, destroy, and only then does the arena with the stubs close.
 *
 * <p>An answer goes through the session, and a request may wait in many hands when the kernel is gone (a connection that was
 * aborted): so a session with {@link #openRequests} is never destroyed, it would be answered through freed memory.
 *
 * <p>Threading: made, mounted and closed by the thread that mounts; {@link #unmount} on any thread.
 */
public final class FuseSession implements AutoCloseable {
    private static final long ANSWER_POLL_NS = 1_000_000;
    private static final Logger LOG = LoggerFactory.getLogger(FuseSession.class);

    private final Arena arena;
    private final FuseReplies replies;
    private final FuseInterrupts interrupts = new FuseInterrupts();
    private final FuseOperations operations;
    private final List<FuseWorker> workers = new ArrayList<>();
    private FuseOps ops;
    private MemorySegment session;
    private CountDownLatch running;
    private boolean isDestroyed;

    /** @param arena shared, the caller's; closed after {@link #close}, and holds stubs, structs and receive buffers. */
    public FuseSession(Arena arena, Clock clock) {
        this.arena = arena;
        this.replies = new FuseReplies(arena);
        this.operations = new FuseOperations(replies, clock);
    }

    /** Where the file system sends answers. */
    public Replies replies() {
        return replies;
    }

    /** How the file system learns of requests that the kernel gave up. */
    public ParkedReads.Interrupts interrupts() {
        return interrupts;
    }

    /** Exceptions that were caught on their way out of an upcall; each is a bug. */
    public long failureCount() {
        return ops == null ? 0 : ops.failureCount();
    }

    /**
     * Mounts on a directory.
     *
     * @param name shown as {@code qsfs:name} in the table of mounts.
     * @param isShared others than the mounting user may use it; root only.
     */
    public void mount(Path mountPoint, String name, boolean isShared) {
        boolean isPrivileged = Linux.geteuid() == 0; // as of any mount by root; others get nodev and nosuid
        String options = "fsname=qsfs:" + name + ",subtype=qsfs,default_permissions" + (isPrivileged ? ",dev,suid" : "")
                + (isShared ? ",allow_other" : "");
        begin(List.of("qsfs", "-o", options));
        if (Fuse.sessionMount(session, mountPoint.toString()) != 0) {
            throw new QsfsException("cannot mount on " + mountPoint
                    + ": the kernel refused; see the line above, and check that /dev/fuse is there and that it is no mount"
                    + " point already");
        }
    }

    /** Takes requests from a connected socket instead of the kernel: a test plays it. The descriptor is owned from now on. */
    public void connect(int fd) {
        begin(List.of("qsfs"));
        int outcome = Fuse.sessionCustomIo(session, fd);
        if (outcome != 0) {
            throw new QsfsException("libfuse does not take the socket: " + outcome);
        }
    }

    private void begin(List<String> arguments) {
        ops = operations.bind(arena);
        interrupts.bind(ops, arena);
        session = Fuse.sessionNew(arguments, ops);
        replies.session(session);
        if (session.address() == 0) {
            throw new QsfsException("libfuse " + Fuse.packageVersion() + " refuses the options " + arguments
                    + "; its own message is above");
        }
    }

    /** Starts {@code count} workers. */
    public void start(FileSystem fileSystem, int count) {
        running = new CountDownLatch(count);
        FuseGreeting greeting = new FuseGreeting();
        for (int i = 0; i < count; i++) {
            workers.add(new FuseWorker(
                    i,
                    session,
                    fileSystem.newHandler(i, arena, new FuseDirectoryBuffer(arena)),
                    greeting,
                    arena,
                    running::countDown));
        }
        workers.forEach(Thread::start);
    }

    /** Waits until every worker has ended: the kernel has unmounted it. */
    public void awaitEnd() throws InterruptedException {
        running.await();
    }

    /** As {@link #awaitEnd()} for so many nanoseconds at most; false when workers still run. */
    public boolean awaitEnd(long ns) throws InterruptedException {
        return running.await(ns, TimeUnit.NANOSECONDS);
    }

    /** Asks the kernel to unmount; busy or not, the mount point is free afterwards and open files get errors. */
    public void unmount() {
        Fuse.sessionUnmount(session);
    }

    /** Has workers end after the request that each is in or receives next. */
    public void exit() {
        Fuse.sessionExit(session);
    }

    /** Requests that were received and not answered yet. Exact once all workers have ended. */
    public long openRequests() {
        if (ops == null) {
            return 0;
        }
        long answered = ops.answeredCount() + replies.answeredCount();
        return ops.receivedCount() - answered;
    }

    /**
     * Waits until whoever holds a request has answered it. All workers have ended.
     *
     * @return false when requests were still open after {@code ns} nanoseconds.
     */
    public boolean awaitAnswers(long ns) {
        for (long waited = 0; openRequests() > 0; waited += ANSWER_POLL_NS) {
            if (waited >= ns) {
                return false;
            }
            LockSupport.parkNanos(this, ANSWER_POLL_NS);
        }
        return true;
    }

    /** True when nothing of the session can be reached any more, so that its arena may be closed. */
    public boolean isClosed() {
        return session == null || isDestroyed;
    }

    /**
     * Destroys the session, and with it the connection to the kernel. All workers have ended. With requests that are still open
     * it is left as it is: close it again when the threads that hold them are gone.
     */
    @Override
    public void close() {
        if (isClosed()) {
            return;
        }
        if (openRequests() > 0) {
            LOG.warn("{} requests are not answered yet; the session stays", openRequests());
            return;
        }
        isDestroyed = true;
        replies.over();
        Fuse.sessionDestroy(session);
    }
}
