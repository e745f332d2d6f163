package io.qsfs.backend;

import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.ScheduledFuture;

/**
 * A backend whose health is watched and whose puts go through a window: at most so many in flight, the others wait here,
 * so that one slow backend holds back its own shards alone.
 *
 * <p>Threading: any thread; the monitor guards window and queue and is never held over a call of the backend or a completion.
 */
final class TrackedBackend implements Backend {
    /** Puts that may wait for the window. */
    static final int QUEUED_MAX = 4096;

    private final Backend backend;
    private final Clock clock;
    private final int inFlightMax;
    private final BackendThreads threads;
    private final HealthMeter meter = new HealthMeter();
    private final ArrayDeque<WaitingPut> queue = new ArrayDeque<>();
    private int inFlight;
    private boolean isStarting;
    private boolean closed;

    TrackedBackend(Backend backend, Clock clock, int inFlightMax) {
        this.backend = backend;
        this.clock = clock;
        this.inFlightMax = inFlightMax;
        this.threads = BackendThreads.acquire();
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
    public long bytesMoved() {
        return backend.bytesMoved();
    }

    @Override
    public Health health() {
        int flying;
        int waiting;
        synchronized (this) {
            flying = inFlight;
            waiting = queue.size();
        }
        return meter.health(flying, waiting);
    }

    @Override
    public void identify(long deadlineNs, Completion<Identity> completion) {
        backend.identify(deadlineNs, counted(completion));
    }

    @Override
    public void putIdentity(Identity identity, long deadlineNs, Completion<Void> completion) {
        backend.putIdentity(identity, deadlineNs, counted(completion));
    }

    @Override
    public void put(String object, List<MemorySegment> buffers, long deadlineNs, Completion<Void> completion) {
        ObjectNames.check(object); // before it is counted: a put that throws would stay in the window
        WaitingPut put = new WaitingPut(object, buffers, deadlineNs, clock.nanoTime(), completion);
        BackendError refused = BackendError.NONE;
        boolean starts = false;
        synchronized (this) {
            if (closed) {
                refused = BackendError.CLOSED;
            } else if (inFlight < inFlightMax) {
                inFlight++;
                starts = true;
            } else if (queue.size() < QUEUED_MAX) {
                put.alarm = threads.schedule(() -> expire(put), deadlineNs - put.startNs);
                queue.add(put);
            } else {
                refused = BackendError.UNREACHABLE;
            }
        }
        if (starts) {
            start(put);
        } else if (refused != BackendError.NONE) {
            String why = refused == BackendError.CLOSED
                    ? "backend is closed"
                    : "more than " + QUEUED_MAX + " puts wait for it";
            Backends.complete(completion, null, refused, "put " + object + ": " + why);
        }
    }

    private void start(WaitingPut put) {
        backend.put(put.object, put.buffers, put.deadlineNs, (nothing, error, detail) -> {
            meter.onPut(put.bytes(), clock.nanoTime() - put.startNs, error, detail);
            startNext();
            Backends.complete(put.completion, null, error, detail);
        });
    }

    /** Not by recursion: a backend that refuses at once would pile up the whole queue on the stack. */
    private void startNext() {
        synchronized (this) {
            inFlight--;
            if (isStarting) {
                return; // the loop below runs, here or on another thread, and looks again
            }
            isStarting = true;
        }
        while (true) {
            WaitingPut next;
            synchronized (this) {
                next = inFlight < inFlightMax ? queue.poll() : null;
                if (next == null) {
                    isStarting = false;
                    return;
                }
                inFlight++;
            }
            next.disarm();
            start(next);
        }
    }

    private void expire(WaitingPut put) {
        synchronized (this) {
            if (!queue.remove(put)) {
                return;
            }
        }
        String detail = "put " + put.object + ": waited for the window of " + inFlightMax + " puts until the deadline";
        meter.onPut(0, 0, BackendError.TIMEOUT, detail);
        Backends.complete(put.completion, null, BackendError.TIMEOUT, detail);
    }

    @Override
    public void getRange(
            String object, long offset, MemorySegment target, long deadlineNs, Completion<Void> completion) {
        long startNs = clock.nanoTime();
        backend.getRange(object, offset, target, deadlineNs, (nothing, error, detail) -> {
            meter.onGet(target.byteSize(), clock.nanoTime() - startNs, error, detail);
            Backends.complete(completion, null, error, detail);
        });
    }

    @Override
    public void size(String object, long deadlineNs, Completion<Long> completion) {
        backend.size(object, deadlineNs, counted(completion));
    }

    @Override
    public void exists(
            String object,
            long expectedBytes,
            MemorySegment expectedHead,
            long deadlineNs,
            Completion<Void> completion) {
        backend.exists(object, expectedBytes, expectedHead, deadlineNs, counted(completion));
    }

    @Override
    public void delete(String object, long deadlineNs, Completion<Void> completion) {
        backend.delete(object, deadlineNs, counted(completion));
    }

    @Override
    public void list(String prefix, long deadlineNs, ObjectVisitor visitor, Completion<Void> completion) {
        backend.list(prefix, deadlineNs, visitor, counted(completion));
    }

    @Override
    public void capacity(long deadlineNs, Completion<Capacity> completion) {
        backend.capacity(deadlineNs, (space, error, detail) -> {
            meter.onOther(error, detail);
            if (error == BackendError.NONE && space.isKnown()) {
                meter.onSpace(space.freeBytes());
            }
            Backends.complete(completion, space, error, detail);
        });
    }

    private <T> Completion<T> counted(Completion<T> completion) {
        return (value, error, detail) -> {
            meter.onOther(error, detail);
            Backends.complete(completion, value, error, detail);
        };
    }

    @Override
    public void close() {
        List<WaitingPut> waiting;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            waiting = List.copyOf(queue);
            queue.clear();
        }
        for (WaitingPut put : waiting) {
            put.disarm();
            Backends.complete(put.completion, null, BackendError.CLOSED, "put " + put.object + ": backend is closed");
        }
        backend.close();
        threads.release();
    }

    /** A put and when it was asked for. Threading: the alarm is guarded by the backend's monitor until it is queued. */
    private static final class WaitingPut {
        final String object;
        final List<MemorySegment> buffers;
        final long deadlineNs;
        final long startNs;
        final Completion<Void> completion;
        ScheduledFuture<?> alarm;

        WaitingPut(
                String object,
                List<MemorySegment> buffers,
                long deadlineNs,
                long startNs,
                Completion<Void> completion) {
            this.object = object;
            this.buffers = buffers;
            this.deadlineNs = deadlineNs;
            this.startNs = startNs;
            this.completion = completion;
        }

        long bytes() {
            long bytes = 0;
            for (MemorySegment buffer : buffers) {
                bytes += buffer.byteSize();
            }
            return bytes;
        }

        void disarm() {
            if (alarm != null) {
                alarm.cancel(false);
            }
        }
    }
}
