package io.qsfs.fuse;

import io.qsfs.bindings.fuse.Fuse;
import io.qsfs.bindings.fuse.FuseOps;
import io.qsfs.fs.ParkedReads;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Tells whoever holds a request that the kernel wants it ended, so that a process that waits for a backend can be killed.
 *
 * <p>libfuse calls back with a number that is given once, never with a pointer of ours: a call that comes late finds nothing.
 *
 * <p>Threading: any thread.
 */
final class FuseInterrupts implements ParkedReads.Interrupts {
    private final AtomicLong nextToken = new AtomicLong(1);
    private final ConcurrentHashMap<Long, Watch> byToken = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Long, Long> tokenOfRequest = new ConcurrentHashMap<>();
    private MemorySegment stub = MemorySegment.NULL;

    /** Who is told. While {@code registering} is set, that thread is within libfuse's registration of it. */
    private static final class Watch {
        private final Runnable onInterrupt;
        private volatile Thread registering = Thread.currentThread();
        private boolean isInterruptedAtOnce;

        Watch(Runnable onInterrupt) {
            this.onInterrupt = onInterrupt;
        }
    }

    /** Makes the function that libfuse calls; before the first request. */
    void bind(FuseOps ops, Arena arena) {
        try {
            MethodHandle target = MethodHandles.lookup()
                    .findVirtual(
                            FuseInterrupts.class,
                            "interrupted",
                            MethodType.methodType(void.class, long.class, long.class))
                    .bindTo(this);
            stub = ops.interruptStub(arena, target);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("interrupted", e);
        }
    }

    @Override
    public void watch(long request, Runnable onInterrupt) {
        long token = nextToken.getAndIncrement();
        Watch watch = new Watch(onInterrupt);
        byToken.put(token, watch);
        tokenOfRequest.put(request, token);
        Fuse.requestInterruptFunction(request, stub, token);
        watch.registering = null;
        if (watch.isInterruptedAtOnce) {
            onInterrupt.run();
        }
    }

    @Override
    public void unwatch(long request) {
        Long token = tokenOfRequest.remove(request);
        if (token != null) {
            byToken.remove(token);
        }
    }

    @SuppressWarnings("unused") // an upcall
    private void interrupted(long request, long token) {
        Watch watch = byToken.remove(token);
        if (watch == null) {
            return;
        }
        tokenOfRequest.remove(request, token);
        if (watch.registering == Thread.currentThread()) {
            // fuse_req_interrupt_func calls with the request's lock held and unlocks it after: an answer now would free
            // it.
            watch.isInterruptedAtOnce = true;
        } else {
            watch.onInterrupt.run();
        }
    }
}
