package io.qsfs.bindings.isal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.qsfs.bindings.Allocations;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** Against the JDK's CRC32C, and against multiplication in the field written out. */
class IsalTest {
    private static final long SEED = Long.getLong("qsfs.seed", 42);

    private final Random random = new Random(SEED);

    @Test
    void shouldComputeTheCrcOfTheJdk() {
        try (Arena arena = Arena.ofConfined()) {
            for (int length : new int[] {0, 1, 3, 8, 63, 64, 4096, 100_001}) {
                byte[] bytes = new byte[length];
                random.nextBytes(bytes);
                MemorySegment data = arena.allocate(length + 1L);
                MemorySegment.copy(bytes, 0, data, ValueLayout.JAVA_BYTE, 1, length);
                CRC32C jdk = new CRC32C();
                jdk.update(bytes);
                assertEquals((int) jdk.getValue(), Isal.crc32c(data, 1, length, 0), "length=" + length);
                int half = length / 2;
                int first = Isal.crc32c(data, 1, half, 0);
                assertEquals((int) jdk.getValue(), Isal.crc32c(data, 1 + half, length - half, first), "continued");
            }
            assertEquals(0xE3069283, Isal.crc32c(arena.allocateFrom("123456789"), 0, 9, 0), "the known check value");
        }
    }

    @Test
    void shouldMultiplyMatricesOverTheField() {
        int k = 5;
        int m = 8;
        int length = 192;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment matrix = arena.allocate((long) m * k);
            Isal.genCauchy1Matrix(matrix, m, k);
            MemorySegment tables = arena.allocate((long) Isal.TABLE_BYTES * k * (m - k));
            Isal.ecInitTables(k, m - k, matrix.asSlice((long) k * k), tables);
            MemorySegment[] shards = new MemorySegment[m];
            MemorySegment pointers = arena.allocate(8L * m, 8);
            for (int i = 0; i < m; i++) {
                shards[i] = arena.allocate(length, 64);
                pointers.setAtIndex(ValueLayout.ADDRESS, i, shards[i]);
                if (i < k) {
                    byte[] bytes = new byte[length];
                    random.nextBytes(bytes);
                    shards[i].copyFrom(MemorySegment.ofArray(bytes));
                }
            }
            Isal.ecEncodeData(length, k, m - k, tables, pointers, pointers.asSlice(8L * k));
            for (int row = k; row < m; row++) {
                assertArrayEquals(
                        product(matrix, row, k, shards, length),
                        shards[row].toArray(ValueLayout.JAVA_BYTE),
                        "row=" + row + " seed=" + SEED);
            }
            byte[][] parity = {
                shards[5].toArray(ValueLayout.JAVA_BYTE),
                shards[6].toArray(ValueLayout.JAVA_BYTE),
                shards[7].toArray(ValueLayout.JAVA_BYTE)
            };
            for (int row = k; row < m; row++) {
                shards[row].fill((byte) 0);
            }
            for (int i = 0; i < k; i++) {
                Isal.ecEncodeDataUpdate(length, k, m - k, i, tables, shards[i], pointers.asSlice(8L * k));
            }
            for (int row = k; row < m; row++) {
                assertArrayEquals(parity[row - k], shards[row].toArray(ValueLayout.JAVA_BYTE), "in steps");
            }
            recover(arena, matrix, shards, k, length);
        }
    }

    /** Shards 0 and 3 are lost; 1, 2, 4, 5, 7 are left. */
    private static void recover(Arena arena, MemorySegment matrix, MemorySegment[] shards, int k, int length) {
        int[] left = {1, 2, 4, 5, 7};
        MemorySegment rows = arena.allocate((long) k * k);
        MemorySegment pointers = arena.allocate(8L * k, 8);
        for (int i = 0; i < k; i++) {
            MemorySegment.copy(matrix, (long) left[i] * k, rows, (long) i * k, k);
            pointers.setAtIndex(ValueLayout.ADDRESS, i, shards[left[i]]);
        }
        MemorySegment inverse = arena.allocate((long) k * k);
        assertEquals(0, Isal.invertMatrix(rows, inverse, k));
        for (int lost : new int[] {0, 3}) {
            MemorySegment tables = arena.allocate((long) Isal.TABLE_BYTES * k);
            Isal.ecInitTables(k, 1, inverse.asSlice((long) lost * k), tables);
            MemorySegment out = arena.allocate(length, 64);
            MemorySegment outPointer = arena.allocate(8, 8);
            outPointer.set(ValueLayout.ADDRESS, 0, out);
            Isal.ecEncodeData(length, k, 1, tables, pointers, outPointer);
            assertEquals(-1, out.mismatch(shards[lost]), "shard " + lost);
        }
        assertEquals(-1, Isal.invertMatrix(arena.allocate((long) k * k), inverse, k), "zeros have no inverse");
    }

    @Test
    void shouldStopAtTheMistakesOfTheCaller() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(64, 8);
            MemorySegment heap = MemorySegment.ofArray(new byte[64]);
            assertThrows(IllegalArgumentException.class, () -> Isal.crc32c(heap, 0, 8, 0));
            assertThrows(IndexOutOfBoundsException.class, () -> Isal.crc32c(bytes, 60, 8, 0));
            assertThrows(IndexOutOfBoundsException.class, () -> Isal.genCauchy1Matrix(bytes, 9, 8));
            assertThrows(IllegalArgumentException.class, () -> Isal.genCauchy1Matrix(bytes, 3, 4));
            assertThrows(IllegalArgumentException.class, () -> Isal.genCauchy1Matrix(heap, 8, 8));
            assertThrows(IndexOutOfBoundsException.class, () -> Isal.ecInitTables(1, 3, bytes, bytes));
            assertThrows(IndexOutOfBoundsException.class, () -> Isal.ecEncodeData(8, 9, 1, bytes, bytes, bytes));
            assertThrows(IndexOutOfBoundsException.class, () -> Isal.invertMatrix(bytes, bytes, 9));
        }
    }

    @Test
    void shouldAllocateNothing() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(4096);
            int[] sum = new int[1];
            Allocations.assertNone(() -> sum[0] += Isal.crc32c(data, 64, 512, sum[0]));
        }
    }

    private static byte[] product(MemorySegment matrix, int row, int k, MemorySegment[] shards, int length) {
        byte[] sum = new byte[length];
        for (int i = 0; i < k; i++) {
            byte coefficient = matrix.get(ValueLayout.JAVA_BYTE, (long) row * k + i);
            for (int at = 0; at < length; at++) {
                byte byteOfShard = shards[i].get(ValueLayout.JAVA_BYTE, at);
                byte term = multiply(coefficient, byteOfShard);
                assertEquals(term, Isal.multiply(coefficient, byteOfShard));
                sum[at] ^= term;
            }
        }
        return sum;
    }

    private static byte multiply(int a, int b) {
        int product = 0;
        int x = a & 0xff;
        for (int bits = b & 0xff; bits != 0; bits >>= 1) {
            if ((bits & 1) != 0) {
                product ^= x;
            }
            x <<= 1;
            if ((x & 0x100) != 0) {
                x ^= 0x11d;
            }
        }
        return (byte) product;
    }
}
