package io.qsfs.recall;

import io.qsfs.bindings.linux.Linux;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Assertions;

/**
 * Goal: a pinned slot keeps its content, and a hit is the chunk that was asked for. Method: random operations against
 * a model that knows only which chunk was put where and who holds pins.
 */
class RecallCachePropertyTest {
    private static final int SLOT = 4096;
    private static final int KEYS = 12;

    private enum Kind {
        TRY_PIN,
        FETCH,
        UNPIN,
        TAKE_AND_GIVE_BACK
    }

    private record Step(Kind kind, int key, int pins) {}

    @Provide
    Arbitrary<List<Step>> steps() {
        return Combinators.combine(
                        Arbitraries.of(Kind.class),
                        Arbitraries.integers().between(0, KEYS - 1),
                        Arbitraries.integers().between(0, 3))
                .as(Step::new)
                .list()
                .ofMaxSize(120);
    }

    @Property(tries = 150)
    void shouldKeepPinnedChunksAndServeOnlyWhatWasPut(@ForAll("steps") List<Step> steps) throws IOException {
        Path file = Files.createTempFile("recall", "cache");
        try (RecallCache cache = new RecallCache(file, SLOT, 5);
                Arena arena = Arena.ofConfined()) {
            Model model = new Model(cache, arena);
            steps.forEach(model::apply);
            model.releaseAll();
            Assertions.assertEquals(0, cache.pinnedSlots());
        } finally {
            Files.delete(file);
        }
    }

    private static final class Model {
        private final RecallCache cache;
        private final MemorySegment buffer;
        private final Map<Integer, Integer> pinsOfSlot = new HashMap<>();
        private final Map<Integer, Integer> keyOfSlot = new HashMap<>();
        private final ArrayDeque<Integer> pins = new ArrayDeque<>();

        Model(RecallCache cache, Arena arena) {
            this.cache = cache;
            buffer = arena.allocate(SLOT);
        }

        void apply(Step step) {
            switch (step.kind()) {
                case TRY_PIN -> pinned(step.key(), cache.tryPin(segment(step.key()), chunk(step.key())), 1);
                case FETCH -> fetch(step);
                case UNPIN -> unpin();
                case TAKE_AND_GIVE_BACK -> {
                    int slot = taken();
                    if (slot != RecallCache.NONE) {
                        cache.giveBack(slot);
                    }
                }
            }
            for (int slot : new ArrayList<>(pinsOfSlot.keySet())) {
                check(slot, keyOfSlot.get(slot));
            }
        }

        private static long segment(int key) {
            return key / 3 * 1_000_003L;
        }

        private static int chunk(int key) {
            return key % 3;
        }

        private void fetch(Step step) {
            int slot = cache.pinExactly(segment(step.key()), chunk(step.key()), step.pins());
            if (slot != RecallCache.NONE) {
                pinned(step.key(), slot, step.pins());
                return;
            }
            slot = taken();
            if (slot == RecallCache.NONE) {
                return;
            }
            buffer.fill((byte) (step.key() + 1));
            Assertions.assertEquals(0, cache.write(slot, buffer, 0, 100 + step.key()));
            cache.publish(slot, segment(step.key()), chunk(step.key()), 100 + step.key(), step.pins());
            keyOfSlot.put(slot, step.key());
            pinned(step.key(), slot, step.pins());
        }

        private int taken() {
            int slot = cache.take();
            if (slot == RecallCache.NONE) {
                Assertions.assertEquals(cache.slotCount(), pinsOfSlot.size(), "refused though a slot was free");
            } else {
                Assertions.assertFalse(pinsOfSlot.containsKey(slot), "a pinned slot was taken");
                keyOfSlot.remove(slot);
            }
            return slot;
        }

        private void pinned(int key, int slot, int count) {
            boolean isThere = keyOfSlot.containsValue(key);
            Assertions.assertEquals(isThere, slot != RecallCache.NONE, "key=" + key);
            if (slot == RecallCache.NONE || count == 0) {
                return;
            }
            Assertions.assertEquals(key, keyOfSlot.get(slot));
            pinsOfSlot.merge(slot, count, Integer::sum);
            for (int i = 0; i < count; i++) {
                pins.add(slot);
            }
            check(slot, key);
        }

        private void check(int slot, int key) {
            Assertions.assertEquals(100 + key, cache.length(slot));
            Assertions.assertEquals(
                    cache.length(slot),
                    Linux.pread(cache.fd(), buffer, 0, SLOT, cache.fileOffset(slot)) - (SLOT - cache.length(slot)));
            Assertions.assertEquals((byte) (key + 1), buffer.get(ValueLayout.JAVA_BYTE, 0));
            Assertions.assertEquals((byte) (key + 1), buffer.get(ValueLayout.JAVA_BYTE, cache.length(slot) - 1));
        }

        private void unpin() {
            Integer slot = pins.poll();
            if (slot != null) {
                cache.unpin(slot);
                pinsOfSlot.merge(slot, -1, (a, b) -> a + b == 0 ? null : a + b);
            }
        }

        void releaseAll() {
            while (!pins.isEmpty()) {
                unpin();
            }
        }
    }
}
