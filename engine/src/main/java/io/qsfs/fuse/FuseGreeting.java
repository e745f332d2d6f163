package io.qsfs.fuse;

import io.qsfs.bindings.fuse.Fuse;
import io.qsfs.bindings.linux.Errno;
import io.qsfs.bindings.linux.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The first message of a session, INIT, and with old libraries one promise more in its answer than libfuse makes.
 *
 * <p>Before each cached write the kernel asks for {@code security.capability}, because a write must take file capabilities away:
 * three times the cost of a small write. It need not ask a file system that promises to take them away by itself,
 * FUSE_HANDLE_KILLPRIV_V2. libfuse can make that promise from 3.17 on. For older ones its answer is changed on the way: while
 * libfuse processes INIT, the descriptor that it answers on is one end of a socket pair; what arrives at the other end gets the flag,
 * when the kernel has offered it, and goes to the kernel. No other request can exist before that answer. Where any of this is not
 * possible libfuse answers by itself, and cached writes are slow.
 *
 * <p>Threading: {@link #process} on the one worker that receives first; the others wait for it in {@link #await}, so that no one
 * reads from the descriptor while it is another.
 */
final class FuseGreeting {
    private static final int REPLY_BYTES_MAX = 4096;
    private static final Logger LOG = LoggerFactory.getLogger(FuseGreeting.class);

    private final CountDownLatch over = new CountDownLatch(1);

    /** Waits until requests may be received by all; false when the thread was interrupted. */
    boolean await() {
        try {
            over.await();
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    boolean isOver() {
        return over.getCount() == 0;
    }

    /** Lets the other workers go on. */
    void end() {
        over.countDown();
    }

    /**
     * Has libfuse process the message.
     *
     * @param buffer libfuse's view of {@code message}.
     */
    void process(MemorySegment session, MemorySegment buffer, MemorySegment message) {
        boolean isPromiseOurs = FuseMessage.opcode(message) == FuseMessage.OPCODE_INIT
                && FuseMessage.offersKillPrivileges(message)
                && !Fuse.canHandleKillPrivileges();
        if (!isPromiseOurs) {
            Fuse.sessionProcessBuf(session, buffer);
            return;
        }
        int outcome = processWithPromise(session, buffer);
        if (outcome < 0) {
            LOG.debug("cached writes will be slow: the answer to INIT was not changed: {}", Errno.name(-outcome));
            Fuse.sessionProcessBuf(session, buffer);
        }
    }

    /** 0, or -errno when nothing has happened yet. */
    private static int processWithPromise(MemorySegment session, MemorySegment buffer) {
        int device = Fuse.sessionFd(session);
        int kept = Linux.fcntl(device, Linux.F_DUPFD_CLOEXEC, 0);
        if (kept < 0) {
            return kept;
        }
        int[] pair = new int[2];
        int outcome = Linux.socketpair(
                Linux.AF_UNIX, Linux.SOCK_SEQPACKET | Linux.SOCK_CLOEXEC | Linux.SOCK_NONBLOCK, 0, pair);
        if (outcome == 0) {
            outcome = Linux.dup3(pair[1], device, Linux.O_CLOEXEC);
            if (outcome >= 0) {
                Fuse.sessionProcessBuf(session, buffer);
                restore(kept, device);
                forward(pair[0], device);
            }
            Linux.close(pair[0]);
            Linux.close(pair[1]);
        }
        Linux.close(kept);
        return Math.min(outcome, 0);
    }

    private static void restore(int kept, int device) {
        int outcome = Linux.dup3(kept, device, Linux.O_CLOEXEC);
        if (outcome < 0) { // both descriptors are open, so there is nothing that it could lack
            throw new IllegalStateException("dup3 of the FUSE descriptor: " + Errno.name(-outcome));
        }
    }

    private static void forward(int from, int device) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment reply = arena.allocate(REPLY_BYTES_MAX, Long.BYTES);
            long bytes = Linux.read(from, reply, 0, REPLY_BYTES_MAX);
            if (bytes <= 0) {
                LOG.error("libfuse did not answer INIT; the kernel will not use the mount");
                return;
            }
            FuseMessage.acceptKillPrivileges(reply, bytes);
            long written = Linux.write(device, reply, 0, bytes);
            if (written != bytes) {
                LOG.error("the answer to INIT was not taken: {}", Errno.name((int) -written));
            }
        }
    }
}
