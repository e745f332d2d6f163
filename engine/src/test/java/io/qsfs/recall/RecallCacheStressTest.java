package io.qsfs.recall;

import io.qsfs.bindings.linux.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/** Goal: pins hold against a filler that runs at the same time. Method: two readers, one filler, few slots. */
class RecallCacheStressTest {
    private static final int SLOT = 4096;
    private static final int KEYS = 12;

    /** Readers race with one filler: whatever a reader has pinned must be what it asked for. */
    @Test
    void shouldNeverShowAReaderAnotherChunk() throws Exception {
        Path file = Files.createTempFile("recall", "cache");
        try (RecallCache cache = new RecallCache(file, SLOT, 4)) {
            AtomicBoolean isOver = new AtomicBoolean();
            AtomicReference<Throwable> failure = new AtomicReference<>();
            List<Thread> readers = new ArrayList<>();
            for (int r = 0; r < 2; r++) {
                int seed = r;
                readers.add(new Thread(() -> {
                    try (Arena arena = Arena.ofConfined()) {
                        read(cache, arena, new SplittableRandom(seed), isOver);
                    } catch (Throwable t) {
                        failure.set(t);
                    }
                }));
            }
            readers.forEach(Thread::start);
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment buffer = arena.allocate(SLOT);
                SplittableRandom random = new SplittableRandom(7);
                for (int i = 0; i < 30_000; i++) {
                    int key = random.nextInt(KEYS);
                    if (cache.pinExactly(key, 0, 0) == RecallCache.NONE) {
                        int slot = cache.take();
                        if (slot != RecallCache.NONE) {
                            buffer.fill((byte) key);
                            cache.write(slot, buffer, 0, SLOT);
                            cache.publish(slot, key, 0, SLOT, 0);
                        }
                    }
                }
            }
            isOver.set(true);
            for (Thread reader : readers) {
                reader.join();
            }
            if (failure.get() != null) {
                throw new AssertionError(failure.get());
            }
        } finally {
            Files.delete(file);
        }
    }

    private static void read(RecallCache cache, Arena arena, SplittableRandom random, AtomicBoolean isOver) {
        MemorySegment buffer = arena.allocate(SLOT);
        while (!isOver.get()) {
            int key = random.nextInt(KEYS);
            int slot = cache.tryPin(key, 0);
            if (slot != RecallCache.NONE) {
                Linux.pread(cache.fd(), buffer, 0, SLOT, cache.fileOffset(slot));
                byte first = buffer.get(ValueLayout.JAVA_BYTE, 0);
                byte last = buffer.get(ValueLayout.JAVA_BYTE, SLOT - 1);
                cache.unpin(slot);
                Assertions.assertEquals(key, first);
                Assertions.assertEquals(key, last);
            }
        }
    }
}
