package io.qsfs.backend;

import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * A backend in front of another that injects faults by a seeded draw. Every operation still ends once, a
 * little behind its deadline at the latest.
 *
 * <p>Threading: any thread; draws are made under the monitor, in the order of the calls.
 */
class FaultyBackend implements Backend {
    /** What may happen to an operation. */
    enum Fault {
        /** UNREACHABLE at once, nothing done. */
        FAIL,
        /** Done a few milliseconds later. */
        DELAY,
        /** Done, and the answer is TIMEOUT at the deadline. */
        LOSE_ACK,
        /** A read that is well returns one byte changed. */
        CORRUPT_RANGE,
        /** A put is refused for space. */
        FULL,
        /** Nothing done, TIMEOUT at the deadline. */
        HANG
    }

    private static final int DELAY_MS_MAX = 5;
    private static final ScheduledExecutorService TIMER = Executors.newSingleThreadScheduledExecutor(action -> {
        Thread thread = new Thread(action, "faulty-backend");
        thread.setDaemon(true);
        return thread;
    });

    private final Backend backend;
    private final Random random;
    private final Map<Fault, Integer> permille = new EnumMap<>(Fault.class);
    private volatile boolean isGone;

    FaultyBackend(Backend backend, long seed) {
        this.backend = backend;
        this.random = new Random(seed);
    }

    /** From now on this fault comes to so many of 1000 operations that it can come to; faults are drawn in their order. */
    synchronized FaultyBackend with(Fault fault, int ofThousand) {
        permille.put(fault, ofThousand);
        return this;
    }

    /** No fault any more, and it is there. */
    synchronized void heal() {
        permille.clear();
        isGone = false;
    }

    /** From now on every operation ends in ABSENT. */
    void vanish() {
        isGone = true;
    }

    private synchronized Fault draw(boolean isPut, boolean isRead) {
        for (Map.Entry<Fault, Integer> entry : permille.entrySet()) {
            Fault fault = entry.getKey();
            boolean isPossible =
                    switch (fault) {
                        case FULL -> isPut;
                        case CORRUPT_RANGE -> isRead;
                        case FAIL, DELAY, LOSE_ACK, HANG -> true;
                    };
            if (isPossible && random.nextInt(1000) < entry.getValue()) {
                return fault;
            }
        }
        return null;
    }

    private synchronized int next(int bound) {
        return random.nextInt(bound);
    }

    private interface Operation<T> {
        void start(Completion<T> completion);
    }

    private <T> void run(
            boolean isPut, MemorySegment read, long deadlineNs, Completion<T> completion, Operation<T> operation) {
        if (isGone) {
            completion.done(null, BackendError.ABSENT, "told to vanish");
            return;
        }
        Fault fault = draw(isPut, read != null && read.byteSize() > 0);
        if (fault == null) {
            operation.start(completion);
            return;
        }
        switch (fault) {
            case FAIL -> completion.done(null, BackendError.UNREACHABLE, "told to fail");
            case FULL -> completion.done(null, BackendError.FULL, "told to be full");
            case DELAY -> after(1 + next(DELAY_MS_MAX), () -> operation.start(completion));
            case HANG -> timeOut(deadlineNs, completion);
            case LOSE_ACK -> operation.start((value, error, detail) -> timeOut(deadlineNs, completion));
            case CORRUPT_RANGE -> {
                long at = next((int) Math.min(read.byteSize(), Integer.MAX_VALUE));
                operation.start((value, error, detail) -> {
                    if (error == BackendError.NONE) {
                        read.set(ValueLayout.JAVA_BYTE, at, (byte) (read.get(ValueLayout.JAVA_BYTE, at) ^ 1));
                    }
                    completion.done(value, error, detail);
                });
            }
        }
    }

    private static <T> void timeOut(long deadlineNs, Completion<T> completion) {
        long leftNs = Math.max(0, deadlineNs - Clock.SYSTEM.nanoTime());
        TIMER.schedule(
                () -> completion.done(null, BackendError.TIMEOUT, "told to be silent"), leftNs, TimeUnit.NANOSECONDS);
    }

    private static void after(int delayMs, Runnable action) {
        TIMER.schedule(action, delayMs, TimeUnit.MILLISECONDS);
    }

    @Override
    public String name() {
        return backend.name();
    }

    @Override
    public Id128 id() {
        return backend.id();
    }

    @Override
    public boolean durable() {
        return backend.durable();
    }

    @Override
    public long bufferedGraceNs() {
        return backend.bufferedGraceNs();
    }

    @Override
    public void identify(long deadlineNs, Completion<Identity> completion) {
        run(false, null, deadlineNs, completion, then -> backend.identify(deadlineNs, then));
    }

    @Override
    public void putIdentity(Identity identity, long deadlineNs, Completion<Void> completion) {
        run(true, null, deadlineNs, completion, then -> backend.putIdentity(identity, deadlineNs, then));
    }

    @Override
    public void put(String object, List<MemorySegment> buffers, long deadlineNs, Completion<Void> completion) {
        run(true, null, deadlineNs, completion, then -> backend.put(object, buffers, deadlineNs, then));
    }

    @Override
    public void getRange(
            String object, long offset, MemorySegment target, long deadlineNs, Completion<Void> completion) {
        run(false, target, deadlineNs, completion, then -> backend.getRange(object, offset, target, deadlineNs, then));
    }

    @Override
    public void size(String object, long deadlineNs, Completion<Long> completion) {
        run(false, null, deadlineNs, completion, then -> backend.size(object, deadlineNs, then));
    }

    @Override
    public void exists(String object, long bytes, MemorySegment head, long deadlineNs, Completion<Void> completion) {
        run(false, null, deadlineNs, completion, then -> backend.exists(object, bytes, head, deadlineNs, then));
    }

    @Override
    public void delete(String object, long deadlineNs, Completion<Void> completion) {
        run(false, null, deadlineNs, completion, then -> backend.delete(object, deadlineNs, then));
    }

    @Override
    public void list(String prefix, long deadlineNs, ObjectVisitor visitor, Completion<Void> completion) {
        run(false, null, deadlineNs, completion, then -> backend.list(prefix, deadlineNs, visitor, then));
    }

    @Override
    public void capacity(long deadlineNs, Completion<Capacity> completion) {
        run(false, null, deadlineNs, completion, then -> backend.capacity(deadlineNs, then));
    }

    @Override
    public void close() {
        backend.close();
    }
}
