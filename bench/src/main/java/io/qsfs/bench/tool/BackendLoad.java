package io.qsfs.bench.tool;

import io.qsfs.backend.Backend;
import io.qsfs.backend.BackendError;
import io.qsfs.backend.Backends;
import io.qsfs.backend.BlockingCompletion;
import io.qsfs.backend.Identity;
import io.qsfs.config.QsfsException;
import io.qsfs.memory.NativeBuffer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The operations of one backend under load, in its scratch place. Objects of a cell are {@code c<cell>/<number>}.
 *
 * <p>Threading: one thread; owns its memory and the opened backend.
 */
final class BackendLoad implements AutoCloseable {
    private static final long ANSWER_NS = 60_000_000_000L;
    private static final long SEED = 20_261_128L;

    private final Session session;
    private final Scratch place;
    private final Backend backend;
    private final Load load;
    private final NativeBuffer source;
    private final NativeBuffer targets;
    private long cell;

    /**
     * Opens the backend.
     *
     * @param bytesMax    of an object.
     * @param memoryBytes that reads under way may use.
     */
    BackendLoad(Session session, Scratch place, long bytesMax, long memoryBytes) {
        this.session = session;
        this.place = place;
        load = new Load(session.clock(), session.stop());
        backend = Backends.open(place.spec(), session.clock());
        source = new NativeBuffer(bytesMax);
        targets = new NativeBuffer(memoryBytes);
        SplittableRandom random = new SplittableRandom(SEED);
        MemorySegment memory = source.segment();
        for (long at = 0; at + 8 <= memory.byteSize(); at += 8) { // random, so that nothing on the way compresses it
            memory.set(ValueLayout.JAVA_LONG_UNALIGNED, at, random.nextLong());
        }
        BlockingCompletion<Identity> asked = new BlockingCompletion<>();
        backend.identify(session.clock().nanoTime() + ANSWER_NS, asked);
        if (asked.await() != BackendError.NONE) {
            BackendError error = asked.await();
            close();
            throw Scratch.failure(place.target(), error, asked.detail());
        }
    }

    String name() {
        return place.target().name();
    }

    /** Names objects anew: those of one cell do not meet those of another. */
    void nextCell() {
        cell++;
    }

    private String object(long number) {
        return "c" + cell + "/" + number;
    }

    private long deadline() {
        return session.clock().nanoTime() + ANSWER_NS;
    }

    /** Puts objects. */
    Load.Operation puts(long bytes) {
        List<MemorySegment> content = List.of(source.segment().asSlice(0, bytes));
        return (number, slot, completion) -> {
            backend.put(object(number), content, deadline(), completion);
            return true;
        };
    }

    /** Reads whole objects out of the first {@code count}, over and over. */
    Load.Operation gets(long bytes, long count) {
        return (number, slot, completion) -> {
            MemorySegment target = targets.segment().asSlice(slot * bytes, bytes);
            backend.getRange(object(number % count), 0, target, deadline(), completion);
            return true;
        };
    }

    /** Deletes objects, in order, until they are gone. */
    Load.Operation deletes(long count) {
        return (number, slot, completion) -> {
            if (number >= count) {
                return false;
            }
            backend.delete(object(number), deadline(), completion);
            return true;
        };
    }

    Latencies closed(int concurrency, long durationNs, long most, long bytes, Load.Operation operation) {
        return judged(load.closed(concurrency, durationNs, most, bytes, operation));
    }

    Latencies open(double rate, long durationNs, int slots, long most, long bytes, Load.Operation operation) {
        return judged(load.open(rate, durationNs, slots, most, bytes, operation));
    }

    /** A loop in which nothing succeeded is no measurement. */
    private Latencies judged(Latencies seen) {
        session.stop().check();
        boolean isFull = seen.firstError().startsWith("FULL");
        if (seen.errors() > 0 && (seen.operations() == 0 || isFull)) {
            throw new QsfsException("backend " + place.target() + " cannot be measured: " + seen.errors()
                    + " operations failed, the first with " + seen.firstError() + "; "
                    + (isFull ? "free some space, or lower --space." : "see whether it works and what its log says."));
        }
        return seen;
    }

    /** Lists what lies in the place once; objects a second. */
    double listOnce(String prefix) {
        long fromNs = session.clock().nanoTime();
        long[] count = {0};
        BlockingCompletion<Void> listed = new BlockingCompletion<>();
        backend.list(prefix, deadline(), (object, bytes) -> count[0]++, listed);
        if (listed.await() != BackendError.NONE) {
            throw Scratch.failure(place.target(), listed.await(), listed.detail());
        }
        return count[0] * 1e9 / Math.max(1, session.clock().nanoTime() - fromNs);
    }

    String cellPrefix() {
        return "c" + cell + "/";
    }

    @Override
    public void close() {
        backend.close();
        source.close();
        targets.close();
    }
}
