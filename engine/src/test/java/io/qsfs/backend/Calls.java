package io.qsfs.backend;

import io.qsfs.memory.Clock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/** Operations of a backend that a test waits for. */
final class Calls {
    static final long PLENTY_NS = 60_000_000_000L;

    private Calls() {}

    static long in(long ns) {
        return Clock.SYSTEM.nanoTime() + ns;
    }

    static BlockingCompletion<Identity> identify(Backend backend) {
        BlockingCompletion<Identity> done = new BlockingCompletion<>();
        backend.identify(in(PLENTY_NS), done);
        done.await();
        return done;
    }

    static BlockingCompletion<Void> putIdentity(Backend backend, Identity identity) {
        BlockingCompletion<Void> done = new BlockingCompletion<>();
        backend.putIdentity(identity, in(PLENTY_NS), done);
        done.await();
        return done;
    }

    static BlockingCompletion<Void> put(Backend backend, String object, long deadlineNs, MemorySegment... buffers) {
        BlockingCompletion<Void> done = new BlockingCompletion<>();
        backend.put(object, List.of(buffers), deadlineNs, done);
        return done;
    }

    static BackendError put(Backend backend, String object, MemorySegment... buffers) {
        return put(backend, object, in(PLENTY_NS), buffers).await();
    }

    static BlockingCompletion<Void> get(
            Backend backend, String object, long offset, MemorySegment target, long deadlineNs) {
        BlockingCompletion<Void> done = new BlockingCompletion<>();
        backend.getRange(object, offset, target, deadlineNs, done);
        return done;
    }

    static BackendError get(Backend backend, String object, long offset, MemorySegment target) {
        return get(backend, object, offset, target, in(PLENTY_NS)).await();
    }

    static BlockingCompletion<Long> size(Backend backend, String object) {
        BlockingCompletion<Long> done = new BlockingCompletion<>();
        backend.size(object, in(PLENTY_NS), done);
        done.await();
        return done;
    }

    static BackendError exists(Backend backend, String object, long bytes, MemorySegment head) {
        BlockingCompletion<Void> done = new BlockingCompletion<>();
        backend.exists(object, bytes, head, in(PLENTY_NS), done);
        return done.await();
    }

    static BackendError delete(Backend backend, String object) {
        BlockingCompletion<Void> done = new BlockingCompletion<>();
        backend.delete(object, in(PLENTY_NS), done);
        return done.await();
    }

    static BackendError list(Backend backend, String prefix, Map<String, Long> found) {
        BlockingCompletion<Void> done = new BlockingCompletion<>();
        backend.list(prefix, in(PLENTY_NS), found::put, done);
        return done.await();
    }

    static Map<String, Long> list(Backend backend, String prefix) {
        Map<String, Long> found = new ConcurrentHashMap<>();
        BackendError error = list(backend, prefix, found);
        if (error != BackendError.NONE) {
            throw new AssertionError("list " + prefix + ": " + error);
        }
        return new TreeMap<>(found);
    }

    static BlockingCompletion<Capacity> capacity(Backend backend) {
        BlockingCompletion<Capacity> done = new BlockingCompletion<>();
        backend.capacity(in(PLENTY_NS), done);
        done.await();
        return done;
    }

    /** Bytes that follow from the seed. */
    static MemorySegment bytes(Arena arena, long count, long seed) {
        MemorySegment segment = arena.allocate(count, 64);
        Random random = new Random(seed);
        for (long at = 0; at + 8 <= count; at += 8) {
            segment.set(ValueLayout.JAVA_LONG, at, random.nextLong());
        }
        for (long at = count & ~7; at < count; at++) {
            segment.set(ValueLayout.JAVA_BYTE, at, (byte) random.nextInt());
        }
        return segment;
    }
}
