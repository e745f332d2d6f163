package io.qsfs.fuse;

import io.qsfs.bindings.fuse.Fuse;
import io.qsfs.bindings.fuse.FuseBuf;
import io.qsfs.bindings.linux.Errno;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.fs.RequestHandler;
import io.qsfs.memory.OffHeap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread {@code fuse-worker-i}: receives a request, and libfuse calls the operation on this very thread.
 *
 * <p>Threading: is one. Its receive buffer belongs to the session's arena.
 */
final class FuseWorker extends Thread {
    private static final int ERRORS_MAX = 100;
    private static final Logger LOG = LoggerFactory.getLogger(FuseWorker.class);

    private final MemorySegment session;
    private final MemorySegment buffer;
    private final RequestHandler handler;
    private final Runnable whenEnded;

    FuseWorker(int number, MemorySegment session, RequestHandler handler, Arena arena, Runnable whenEnded) {
        super("fuse-worker-" + number);
        this.session = session;
        this.handler = handler;
        this.whenEnded = whenEnded;
        this.buffer = FuseBuf.allocate(arena, arena.allocate(Fuse.RECEIVE_BYTES_MIN, OffHeap.PAGE_BYTES));
    }

    /** What this worker does with requests. */
    RequestHandler handler() {
        return handler;
    }

    @Override
    public void run() {
        handler.attach();
        try {
            loop();
        } catch (Throwable t) { // Throwable on purpose: the other workers go on, and the last one's end is the mount's
            LOG.error("{} ended by a bug", getName(), t);
        } finally {
            handler.close();
            whenEnded.run();
        }
    }

    private void loop() {
        int errors = 0;
        while (!Fuse.sessionExited(session)) {
            int received = Fuse.sessionReceiveBuf(session, buffer);
            if (received > 0) {
                Fuse.sessionProcessBuf(session, buffer);
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
