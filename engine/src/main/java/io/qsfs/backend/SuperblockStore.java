package io.qsfs.backend;

import io.qsfs.memory.Clock;
import io.qsfs.memory.NativeBuffer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Superblocks on backends. What they say is not looked at here: whether one is genuine only the key tells.
 *
 * <p>Threading: a thread that may wait.
 */
public final class SuperblockStore {
    /** Larger than any superblock. */
    private static final long BYTES_MAX = 1 << 20;

    private SuperblockStore() {}

    /**
     * A superblock that was found.
     *
     * @param generation in its name.
     * @param bytes of it.
     * @param from name of the backend it was read from.
     */
    public record Candidate(long generation, byte[] bytes, String from) {}

    /** All different superblocks on these backends, newest generation first. */
    public static List<Candidate> newest(Collection<? extends Backend> backends, long timeoutNs) {
        Map<Backend, BlockingCompletion<Void>> listings = new LinkedHashMap<>();
        Map<Backend, Map<String, Long>> found = new LinkedHashMap<>();
        long deadlineNs = Clock.SYSTEM.nanoTime() + timeoutNs;
        for (Backend backend : backends) {
            Map<String, Long> names = Collections.synchronizedMap(new LinkedHashMap<>());
            BlockingCompletion<Void> done = new BlockingCompletion<>();
            backend.list(ObjectNames.SUPERBLOCKS, deadlineNs, names::put, done);
            listings.put(backend, done);
            found.put(backend, names);
        }
        List<Candidate> candidates = new ArrayList<>();
        listings.forEach((backend, done) -> {
            if (done.await() == BackendError.NONE) {
                found.get(backend).forEach((name, bytes) -> {
                    byte[] content = read(backend, name, bytes, deadlineNs);
                    if (content != null && isNew(candidates, content)) {
                        candidates.add(new Candidate(ObjectNames.superblockGeneration(name), content, backend.name()));
                    }
                });
            }
        });
        candidates.sort(Comparator.comparingLong(Candidate::generation).reversed());
        return candidates;
    }

    private static boolean isNew(List<Candidate> candidates, byte[] content) {
        return candidates.stream().noneMatch(known -> Arrays.equals(known.bytes(), content));
    }

    private static byte[] read(Backend backend, String name, long bytes, long deadlineNs) {
        if (ObjectNames.superblockGeneration(name) < 1 || bytes <= 0 || bytes > BYTES_MAX) {
            return null;
        }
        try (NativeBuffer target = new NativeBuffer((int) bytes)) {
            BlockingCompletion<Void> done = new BlockingCompletion<>(); // returns when the backend has given it back
            backend.getRange(name, 0, target.segment().asSlice(0, bytes), deadlineNs, done);
            return done.await() == BackendError.NONE
                    ? target.segment().asSlice(0, bytes).toArray(ValueLayout.JAVA_BYTE)
                    : null;
        }
    }

    /**
     * Puts a superblock on every backend, or finds that it is there.
     *
     * @return by name, why those failed that did; empty is good.
     */
    public static Map<String, String> put(
            Collection<? extends Backend> backends, int generation, byte[] bytes, long timeoutNs) {
        Map<String, String> refused = new LinkedHashMap<>();
        try (NativeBuffer buffer = new NativeBuffer(bytes.length)) {
            MemorySegment source = buffer.segment().asSlice(0, bytes.length);
            source.copyFrom(MemorySegment.ofArray(bytes));
            Map<Backend, BlockingCompletion<Void>> puts = new LinkedHashMap<>();
            long deadlineNs = Clock.SYSTEM.nanoTime() + timeoutNs;
            for (Backend backend : backends) {
                BlockingCompletion<Void> done = new BlockingCompletion<>();
                backend.putOrConfirm(ObjectNames.superblock(generation), List.of(source), deadlineNs, done);
                puts.put(backend, done);
            }
            puts.forEach((backend, done) -> {
                if (done.await() != BackendError.NONE) {
                    refused.put(backend.name(), done.detail());
                }
            });
        }
        return refused;
    }
}
