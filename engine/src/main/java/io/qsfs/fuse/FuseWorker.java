package io.qsfs.fuse;

import io.qsfs.bindings.fuse.Fuse;
import io.qsfs.bindings.fuse.FuseBuf;
import io.qsfs.bindings.linux.Errno;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.fs.RequestHandler;
import io.qsfs.memory.OffHeap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread {@code fuse-worker-i}: receives a request, and libfuse calls the operation on this very thread.
 *
 * <p>Threading: is one. Its receive buffer belongs to the session's arena.
 */
final class FuseWorker extends Thread {
    private static final int ERRORS_MAX = 100;
    /** Groups of a caller that are looked at; NGROUPS_MAX of Linux is the same. */
    private static final int GROUPS_MAX = 65_536;

    private static final Logger LOG = LoggerFactory.getLogger(FuseWorker.class);

    private final MemorySegment session;
    private final MemorySegment memory;
    private final MemorySegment buffer;
    private final MemorySegment groups;
    private final RequestHandler handler;
    private final FuseGreeting greeting;
    private final boolean isFirst;
    private final Runnable whenEnded;
    private boolean killsPrivileges;
    private boolean isFromCache;

    /** The worker with number 0 greets; the others wait until it has. */
    FuseWorker(
            int number,
            MemorySegment session,
            RequestHandler handler,
            FuseGreeting greeting,
            Arena arena,
            Runnable whenEnded) {
        super("fuse-worker-" + number);
        this.session = session;
        this.handler = handler;
        this.greeting = greeting;
        this.isFirst = number == 0;
        this.whenEnded = whenEnded;
        this.memory = arena.allocate(Fuse.RECEIVE_BYTES_MIN, OffHeap.PAGE_BYTES);
        this.buffer = FuseBuf.allocate(arena, memory);
        this.groups = arena.allocate(GROUPS_MAX * ValueLayout.JAVA_INT.byteSize(), ValueLayout.JAVA_INT.byteSize());
    }

    /** What this worker does with requests. */
    RequestHandler handler() {
        return handler;
    }

    /** The request that is being processed takes set-user-id, set-group-id and file capabilities away. */
    boolean killsPrivileges() {
        return killsPrivileges;
    }

    /** The request that is being processed writes what the kernel held in its cache. */
    boolean isFromCache() {
        return isFromCache;
    }

    /** Room for the groups of a caller. */
    MemorySegment groups() {
        return groups;
    }

    @Override
    public void run() {
        handler.attach();
        try {
            if (isFirst || greeting.await()) {
                loop();
            }
        } catch (Throwable t) { // Throwable on purpose: the other workers go on, and the last one's end is the mount's
            LOG.error("{} ended by a bug", getName(), t);
        } finally {
            greeting.end();
            handler.close();
            whenEnded.run();
        }
    }

    private void process() {
        if (isFirst && !greeting.isOver()) {
            greeting.process(session, buffer, memory);
            greeting.end();
            return;
        }
        killsPrivileges = FuseMessage.killsPrivileges(memory);
        isFromCache = FuseMessage.isFromCache(memory);
        Fuse.sessionProcessBuf(session, buffer);
    }

    private void loop() {
        int errors = 0;
        while (!Fuse.sessionExited(session)) {
            int received = Fuse.sessionReceiveBuf(session, buffer);
            if (received > 0) {
                process();
                errors = 0;
            } else if (received == 0) {
                return; // unmounted
            } else if (received != -Linux.EINTR && received != -Linux.EAGAIN && ++errors > ERRORS_MAX) {
                LOG.error("requests cannot be received any more: {}; unmount the volume", Errno.name(-received));
                return;
            }
        }
    }
}
