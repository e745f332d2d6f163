package io.qsfs.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** ISA-L against {@link GfOracle} and against itself: any k of n shards give every other one, byte for byte. */
class ReedSolomonPropertyTest {
    @Property(tries = 200)
    void shouldGiveBackAnyShardFromAnyOthers(
            @ForAll @IntRange(min = 1, max = 20) int k,
            @ForAll @IntRange(min = 0, max = 12) int m,
            @ForAll @IntRange(min = 1, max = 700) int length,
            @ForAll long seed) {
        check(new Code(k, m), length, seed);
    }

    @Property(tries = 30)
    void shouldGiveBackAnyShardOfWideCodes(
            @ForAll @IntRange(min = 1, max = 255) int k,
            @ForAll @IntRange(min = 0, max = 254) int m,
            @ForAll long seed) {
        check(new Code(k, Math.min(m, 255 - k)), 64, seed);
    }

    @Example
    void shouldGiveBackAnyShardAtTheEdges() {
        check(new Code(1, 0), 64, 1);
        check(new Code(1, 254), 64, 2);
        check(new Code(254, 1), 64, 3);
        check(new Code(255, 0), 64, 4);
        check(new Code(128, 127), 128, 5);
        check(new Code(16, 4), 256 * 1024 + 1, 6);
    }

    @Example
    void shouldRefuseWhatIsNoCode() {
        assertThrows(IllegalArgumentException.class, () -> new Code(0, 1));
        assertThrows(IllegalArgumentException.class, () -> new Code(1, -1));
        assertThrows(IllegalArgumentException.class, () -> new Code(200, 56));
        assertThrows(IllegalArgumentException.class, () -> new Code(Integer.MAX_VALUE, Integer.MAX_VALUE));
    }

    @Example
    void shouldRoundShardsUpToCacheLines() {
        assertEquals(64, new Code(4, 2).shardBytes(1));
        assertEquals(64, new Code(4, 2).shardBytes(256));
        assertEquals(128, new Code(4, 2).shardBytes(257));
        assertEquals(64, new Code(255, 0).shardBytes(1));
    }

    private static void check(Code code, int length, long seed) {
        Random random = new Random(seed);
        byte[][] data = new byte[code.k()][length];
        for (byte[] shard : data) {
            random.nextBytes(shard);
        }
        try (Arena arena = Arena.ofConfined();
                ReedSolomon coder = new ReedSolomon(code);
                RangeReconstructor reconstructor = new RangeReconstructor(code)) {
            MemorySegment dataArea = arena.allocate((long) length * code.k());
            MemorySegment parityArea = arena.allocate(Math.max(1, (long) length * code.m()));
            for (int i = 0; i < code.k(); i++) {
                MemorySegment.copy(data[i], 0, dataArea, ValueLayout.JAVA_BYTE, (long) i * length, length);
            }
            coder.encode(dataArea, parityArea, length);

            MemorySegment[] shards = new MemorySegment[code.n()];
            for (int i = 0; i < code.n(); i++) {
                shards[i] = i < code.k()
                        ? dataArea.asSlice((long) i * length, length)
                        : parityArea.asSlice((long) (i - code.k()) * length, length);
            }
            // All parity of a narrow code, two rows of a wide one: the oracle is slow.
            for (int i = code.k(); i < code.n(); i += Math.max(1, code.m() / 8)) {
                assertArrayEquals(GfOracle.shard(data, i), bytes(shards[i]), "parity shard " + i + " of " + code);
            }
            for (int round = 0; round < 3; round++) {
                reconstructSome(coder, shards, length, random);
                reconstructRange(reconstructor, code, shards, length, random);
            }
        }
    }

    /** As many as can be lost at once, of a random choice of survivors. */
    private static void reconstructSome(ReedSolomon coder, MemorySegment[] shards, int length, Random random) {
        Code code = coder.code();
        int[] order = shuffled(code.n(), random);
        int[] present = Arrays.copyOf(order, code.k());
        int[] missing = Arrays.copyOfRange(order, code.k(), code.n());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment[] given = new MemorySegment[code.k()];
            MemorySegment[] made = new MemorySegment[missing.length];
            Arrays.setAll(given, i -> shards[present[i]]);
            Arrays.setAll(made, i -> arena.allocate(length));
            coder.reconstruct(present, given, missing, missing.length, made, length);
            for (int i = 0; i < missing.length; i++) {
                assertEquals(-1, made[i].mismatch(shards[missing[i]]), "shard " + missing[i] + " of " + code);
            }
        }
    }

    /** A part of one shard from the same part of others, in any order, some offered twice. */
    private static void reconstructRange(
            RangeReconstructor reconstructor, Code code, MemorySegment[] shards, int length, Random random) {
        if (code.m() == 0) {
            return;
        }
        int[] order = shuffled(code.n(), random);
        int missing = order[0];
        int offset = random.nextInt(length);
        int rangeLength = 1 + random.nextInt(length - offset);
        reconstructor.begin(missing, rangeLength);
        for (int i = 0; !reconstructor.isReady(); i++) {
            MemorySegment range = shards[order[i]].asSlice(offset, rangeLength);
            reconstructor.add(order[i], range);
            reconstructor.add(order[i], range);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment made = arena.allocate(rangeLength);
            reconstructor.reconstruct(made);
            assertEquals(-1, made.mismatch(shards[missing].asSlice(offset, rangeLength)), "shard " + missing);
        }
    }

    private static int[] shuffled(int n, Random random) {
        int[] order = new int[n];
        Arrays.setAll(order, i -> i);
        for (int i = n - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int other = order[i];
            order[i] = order[j];
            order[j] = other;
        }
        return order;
    }

    private static byte[] bytes(MemorySegment segment) {
        return segment.toArray(ValueLayout.JAVA_BYTE);
    }
}
