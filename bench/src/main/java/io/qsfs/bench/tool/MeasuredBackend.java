package io.qsfs.bench.tool;

import io.qsfs.backend.Backend;
import io.qsfs.backend.BackendError;
import io.qsfs.backend.Capacity;
import io.qsfs.backend.Completion;
import io.qsfs.backend.Health;
import io.qsfs.backend.Identity;
import io.qsfs.backend.ObjectVisitor;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A backend that is timed from outside: how long at least one put was under way, and how long puts took. Everything
 * goes on to the backend in front of which it stands.
 *
 * <p>Threading: any thread; the monitor guards the counters, held for a few additions.
 */
final class MeasuredBackend implements Backend {
    private final Backend backend;
    private final Clock clock;
    private int underWay;
    private long busySinceNs;
    private long busyNs;
    private long puts;
    private long failures;
    private long putNs;
    private long bytes;
    private String firstFailure = "";

    MeasuredBackend(Backend backend, Clock clock) {
        this.backend = backend;
        this.clock = clock;
    }

    /**
     * What was seen.
     *
     * @param busyNs time with at least one put under way.
     * @param puts   acknowledged.
     * @param putNs  that they took together.
     */
    record Seen(long busyNs, long puts, long failures, long putNs, long bytes, String firstFailure) {
        double meanMs() {
            return puts == 0 ? 0 : putNs / 1e6 / puts;
        }
    }

    /** What was seen until now. */
    synchronized Seen seen() {
        long nowNs = clock.nanoTime();
        return new Seen(busyNs + (underWay > 0 ? nowNs - busySinceNs : 0), puts, failures, putNs, bytes, firstFailure);
    }

    private synchronized long begins() {
        long nowNs = clock.nanoTime();
        if (underWay++ == 0) {
            busySinceNs = nowNs;
        }
        return nowNs;
    }

    private synchronized void ended(long beganNs, long length, BackendError error, String detail) {
        long nowNs = clock.nanoTime();
        if (--underWay == 0) {
            busyNs += nowNs - busySinceNs;
        }
        if (error == BackendError.NONE) {
            puts++;
            putNs += nowNs - beganNs;
            bytes += length;
        } else {
            failures++;
            firstFailure = firstFailure.isEmpty() ? error + (detail.isEmpty() ? "" : " " + detail) : firstFailure;
        }
    }

    private Completion<Void> timed(List<MemorySegment> buffers, Completion<Void> completion) {
        long length = buffers.stream().mapToLong(MemorySegment::byteSize).sum();
        long beganNs = begins();
        return (nothing, error, detail) -> {
            ended(beganNs, length, error, detail);
            completion.done(nothing, error, detail);
        };
    }

    @Override
    public void put(String object, List<MemorySegment> buffers, long deadlineNs, Completion<Void> completion) {
        backend.put(object, buffers, deadlineNs, timed(buffers, completion));
    }

    @Override
    public void putOrConfirm(String object, List<MemorySegment> buffers, long deadlineNs, Completion<Void> completion) {
        backend.putOrConfirm(object, buffers, deadlineNs, timed(buffers, completion));
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
        backend.identify(deadlineNs, completion);
    }

    @Override
    public void putIdentity(Identity identity, long deadlineNs, Completion<Void> completion) {
        backend.putIdentity(identity, deadlineNs, completion);
    }

    @Override
    public void getRange(
            String object, long offset, MemorySegment target, long deadlineNs, Completion<Void> completion) {
        backend.getRange(object, offset, target, deadlineNs, completion);
    }

    @Override
    public void size(String object, long deadlineNs, Completion<Long> completion) {
        backend.size(object, deadlineNs, completion);
    }

    @Override
    public void exists(
            String object,
            long expectedBytes,
            MemorySegment expectedHead,
            long deadlineNs,
            Completion<Void> completion) {
        backend.exists(object, expectedBytes, expectedHead, deadlineNs, completion);
    }

    @Override
    public void delete(String object, long deadlineNs, Completion<Void> completion) {
        backend.delete(object, deadlineNs, completion);
    }

    @Override
    public void list(String prefix, long deadlineNs, ObjectVisitor visitor, Completion<Void> completion) {
        backend.list(prefix, deadlineNs, visitor, completion);
    }

    @Override
    public void capacity(long deadlineNs, Completion<Capacity> completion) {
        backend.capacity(deadlineNs, completion);
    }

    @Override
    public Health health() {
        return backend.health();
    }

    @Override
    public void close() {
        backend.close();
    }
}
