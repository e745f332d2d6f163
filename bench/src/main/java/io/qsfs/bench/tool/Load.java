package io.qsfs.bench.tool;

import io.qsfs.backend.BackendError;
import io.qsfs.backend.Completion;
import io.qsfs.memory.Clock;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * Puts load on a backend and times it, in two ways. A closed loop keeps a number of operations under way: the next
 * begins when one has ended, so a stall delays what would have been asked meanwhile, and hides it. An open loop
 * begins an operation each time one is due, whatever became of the others, and counts latency from when it was due:
 * what a stall does to everybody who comes during it is in the figures (no coordinated omission).
 *
 * <p>Threading: called by one thread, which waits; completions come on threads of the backend.
 */
final class Load {
    /** Longest latency that is told apart: five minutes. */
    private static final long LATENCY_NS_MAX = 300_000_000_000L;

    private static final int DIGITS = 3;
    /** So many errors end a loop: what follows would be more of the same. */
    private static final long ERRORS_MAX = 64;
    /** The kernel wakes a sleeper late by so much; the rest is waited for in short naps. */
    private static final long NAP_NS = 60_000L;

    private static final long DRAIN_S = 120;

    // States of an operation: answer and return of begin may come in either order, and the later one goes on.
    private static final int BEGINNING = 0;
    private static final int ANSWERED = 1;
    private static final int UNDER_WAY = 2;

    private final Clock clock;
    private final Stop stop;
    private final LongConsumer sleep;

    Load(Clock clock, Stop stop) {
        this(clock, stop, LockSupport::parkNanos);
    }

    /** @param sleep waits for about so many nanoseconds of the clock. */
    Load(Clock clock, Stop stop, LongConsumer sleep) {
        this.clock = clock;
        this.stop = stop;
        this.sleep = sleep;
    }

    /** One operation of a backend. */
    interface Operation {
        /**
         * Begins the operation; the completion is called once, perhaps before this returns.
         *
         * @param number counts the operations of this loop from 0.
         * @param slot   whose memory it may use: of those under way no two have one slot.
         * @return false when there is nothing left to do: then the completion is not called.
         */
        boolean begin(long number, int slot, Completion<Void> completion);
    }

    /** Collects. Threading: any thread. */
    private static final class Tally {
        final Histogram histogram = new ConcurrentHistogram(LATENCY_NS_MAX, DIGITS);
        final AtomicLong operations = new AtomicLong();
        final AtomicLong errors = new AtomicLong();
        final AtomicReference<String> firstError = new AtomicReference<>("");
        final AtomicLong lastNs = new AtomicLong(Long.MIN_VALUE);

        void add(long latencyNs, long nowNs, BackendError error, String detail) {
            if (error == BackendError.NONE) {
                histogram.recordValue(Math.clamp(latencyNs, 1, LATENCY_NS_MAX));
                operations.incrementAndGet();
            } else {
                firstError.compareAndSet("", error + (detail.isEmpty() ? "" : " " + detail));
                errors.incrementAndGet();
            }
            lastNs.accumulateAndGet(nowNs, Math::max);
        }

        Latencies sum(long fromNs, long nowNs, long bytesEach) {
            long toNs = lastNs.get() == Long.MIN_VALUE ? nowNs : lastNs.get();
            return new Latencies(
                    operations.get(),
                    errors.get(),
                    firstError.get(),
                    operations.get() * bytesEach,
                    Math.max(1, toNs - fromNs),
                    histogram.copy());
        }
    }

    /**
     * A closed loop.
     *
     * @param concurrency operations under way.
     * @param durationNs  begins no more after this.
     * @param most        begins at most so many.
     * @param bytesEach   of one operation, for the sum.
     */
    Latencies closed(int concurrency, long durationNs, long most, long bytesEach, Operation operation) {
        Tally tally = new Tally();
        AtomicLong next = new AtomicLong();
        Semaphore ended = new Semaphore(0);
        long fromNs = clock.nanoTime();
        for (int slot = 0; slot < concurrency; slot++) {
            new ClosedSlot(slot, operation, tally, next, most, fromNs + durationNs, ended).run();
        }
        await(ended, concurrency);
        return tally.sum(fromNs, clock.nanoTime(), bytesEach);
    }

    /** One of the operations under way; begins the next on the thread that ended the last. */
    private final class ClosedSlot implements Completion<Void> {
        private final int slot;
        private final Operation operation;
        private final Tally tally;
        private final AtomicLong next;
        private final long most;
        private final long untilNs;
        private final Semaphore ended;
        private final AtomicInteger state = new AtomicInteger();
        private long beganNs;

        ClosedSlot(
                int slot, Operation operation, Tally tally, AtomicLong next, long most, long untilNs, Semaphore ended) {
            this.slot = slot;
            this.operation = operation;
            this.tally = tally;
            this.next = next;
            this.most = most;
            this.untilNs = untilNs;
            this.ended = ended;
        }

        /** Begins operations as long as they are answered before {@code begin} returns: not by recursion. */
        void run() {
            do {
                long number = next.getAndIncrement();
                state.set(BEGINNING);
                beganNs = clock.nanoTime();
                boolean isOver = number >= most
                        || beganNs - untilNs >= 0
                        || tally.errors.get() >= ERRORS_MAX
                        || stop.isRequested();
                if (isOver || !operation.begin(number, slot, this)) {
                    ended.release();
                    return;
                }
            } while (!state.compareAndSet(BEGINNING, UNDER_WAY)); // else it was answered, and nobody went on yet
        }

        @Override
        public void done(Void value, BackendError error, String detail) {
            long nowNs = clock.nanoTime();
            tally.add(nowNs - beganNs, nowNs, error, detail);
            if (!state.compareAndSet(BEGINNING, ANSWERED)) {
                run();
            }
        }
    }

    /**
     * An open loop.
     *
     * @param ratePerSecond operations that become due, evenly.
     * @param slots         operations under way at most: beyond, beginning waits, and the wait is in the latency.
     */
    Latencies open(double ratePerSecond, long durationNs, int slots, long most, long bytesEach, Operation operation) {
        Tally tally = new Tally();
        SlotPool pool = new SlotPool(slots);
        double gapNs = 1e9 / ratePerSecond;
        long fromNs = clock.nanoTime();
        long number = 0;
        while (number < most && !stop.isRequested() && tally.errors.get() < ERRORS_MAX) {
            long dueNs = fromNs + (long) (number * gapNs);
            // What was due within the duration is asked, however late: else the worst would not be counted. Twice is
            // enough.
            if (dueNs - fromNs >= durationNs || clock.nanoTime() - fromNs >= 2 * durationNs) {
                break;
            }
            waitUntil(dueNs);
            int slot = pool.take();
            boolean hasBegun = operation.begin(number, slot, (value, error, detail) -> {
                long nowNs = clock.nanoTime();
                tally.add(nowNs - dueNs, nowNs, error, detail);
                pool.giveBack(slot);
            });
            if (!hasBegun) {
                pool.giveBack(slot);
                break;
            }
            number++;
        }
        await(pool.free, slots);
        return tally.sum(fromNs, clock.nanoTime(), bytesEach);
    }

    private void waitUntil(long dueNs) {
        for (long leftNs = dueNs - clock.nanoTime(); leftNs > 0; leftNs = dueNs - clock.nanoTime()) {
            sleep.accept(leftNs > 2 * NAP_NS ? leftNs - NAP_NS : 1);
        }
    }

    /** Free slots. Threading: taken by one thread, given back by any. */
    private static final class SlotPool {
        final Semaphore free;
        private final java.util.concurrent.ConcurrentLinkedQueue<Integer> slots =
                new java.util.concurrent.ConcurrentLinkedQueue<>();

        SlotPool(int count) {
            for (int i = 0; i < count; i++) {
                slots.add(i);
            }
            free = new Semaphore(count);
        }

        int take() {
            free.acquireUninterruptibly();
            return slots.remove();
        }

        void giveBack(int slot) {
            slots.add(slot);
            free.release();
        }
    }

    /** Waits for what is under way: it ends at its deadline at the latest. */
    private static void await(Semaphore ended, int count) {
        try {
            if (!ended.tryAcquire(count, DRAIN_S, TimeUnit.SECONDS)) {
                throw new io.qsfs.config.QsfsException("a backend holds operations beyond their deadline (" + DRAIN_S
                        + " s): look whether its disk or network hangs.");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Stop.Stopped();
        }
    }
}
