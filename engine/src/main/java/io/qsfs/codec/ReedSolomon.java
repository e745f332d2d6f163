package io.qsfs.codec;

import io.qsfs.bindings.isal.Isal;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Reed-Solomon over GF(2^8) with ISA-L's Cauchy matrix: row i of the parity, i = k..n-1, has the coefficients 1 / (i xor j),
 * j = 0..k-1. Every square part of it is invertible, so any k shards give the others back ({@code gf_gen_rs_matrix} does not
 * promise that).
 *
 * <p>The code works byte by byte: the same range of k shards gives that range of any other.
 *
 * <p>Threading: one thread at a time; the work memory is reused. Owns its native memory and gives it back on close.
 */
public final class ReedSolomon implements AutoCloseable {
    private static final int TABLE_BYTES = 32;

    private final Code code;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment matrix;
    private final MemorySegment encodeTables;
    private final MemorySegment decodeTables;
    private final MemorySegment sources;
    private final MemorySegment targets;
    private final MemorySegment square;
    private final MemorySegment inverse;
    private final MemorySegment rows;
    private final int[] lastPresent;
    private final int[] lastMissing;
    private int lastMissingCount = -1;

    /** A coder for one code. */
    public ReedSolomon(Code code) {
        this.code = code;
        int k = code.k();
        int outputs = Math.max(1, code.m());
        matrix = arena.allocate((long) code.n() * k, 64);
        encodeTables = arena.allocate((long) TABLE_BYTES * k * outputs, 64);
        decodeTables = arena.allocate((long) TABLE_BYTES * k * outputs, 64);
        sources = arena.allocate(ValueLayout.ADDRESS, k);
        targets = arena.allocate(ValueLayout.ADDRESS, outputs);
        square = arena.allocate((long) k * k, 64);
        inverse = arena.allocate((long) k * k, 64);
        rows = arena.allocate((long) outputs * k, 64);
        lastPresent = new int[k];
        lastMissing = new int[outputs];
        Isal.genCauchy1Matrix(matrix, code.n(), k);
        if (code.m() > 0) {
            Isal.ecInitTables(k, code.m(), matrix.asSlice((long) k * k), encodeTables);
        }
    }

    /** The code. */
    public Code code() {
        return code;
    }

    /**
     * Computes all parity shards.
     *
     * @param data the k data shards, one behind the other; native, borrowed, only read.
     * @param parity room for the m parity shards, one behind the other; native, borrowed, written in full.
     * @param shardBytes bytes of each shard.
     */
    public void encode(MemorySegment data, MemorySegment parity, int shardBytes) {
        encodeRange(data, parity, shardBytes, 0, shardBytes);
    }

    /**
     * Computes one range of all parity shards: whoever goes on with it finds it in the processor's cache.
     *
     * @param data the k data shards, one behind the other; native, borrowed, only read.
     * @param parity room for the m parity shards, one behind the other; native, borrowed, the range of each written in full.
     * @param shardBytes bytes of each shard.
     * @param offset where the range begins in each shard.
     * @param length bytes of the range.
     */
    public void encodeRange(MemorySegment data, MemorySegment parity, long shardBytes, long offset, int length) {
        if (code.m() == 0) {
            return;
        }
        for (int i = 0; i < code.k(); i++) {
            sources.setAtIndex(ValueLayout.ADDRESS, i, data.asSlice(i * shardBytes + offset, length));
        }
        for (int i = 0; i < code.m(); i++) {
            targets.setAtIndex(ValueLayout.ADDRESS, i, parity.asSlice(i * shardBytes + offset, length));
        }
        Isal.ecEncodeData(length, code.k(), code.m(), encodeTables, sources, targets);
    }

    /**
     * Computes ranges of missing shards, data or parity, from the same range of any k others.
     *
     * @param present indices of k different shards.
     * @param given the range of each of them, in that order, at least {@code length} bytes; native, borrowed, only read.
     * @param missing indices of shards that are not among them.
     * @param missingCount how many of {@code missing} count, at most m.
     * @param made room for each of them, in that order; native, borrowed, {@code length} bytes written.
     */
    public void reconstruct(
            int[] present, MemorySegment[] given, int[] missing, int missingCount, MemorySegment[] made, int length) {
        assert isSane(present, missing, missingCount)
                : "present=" + Arrays.toString(present) + " missing=" + Arrays.toString(missing) + " code=" + code;
        if (missingCount == 0 || length == 0) {
            return;
        }
        prepare(present, missing, missingCount);
        for (int i = 0; i < code.k(); i++) {
            sources.setAtIndex(ValueLayout.ADDRESS, i, given[i].asSlice(0, length));
        }
        for (int i = 0; i < missingCount; i++) {
            targets.setAtIndex(ValueLayout.ADDRESS, i, made[i].asSlice(0, length));
        }
        Isal.ecEncodeData(length, code.k(), missingCount, decodeTables, sources, targets);
    }

    /** Builds the decode tables, unless the last call was for the same shards: a reader meets the same lost backend again and again. */
    private void prepare(int[] present, int[] missing, int missingCount) {
        int k = code.k();
        if (lastMissingCount == missingCount
                && Arrays.equals(lastPresent, 0, k, present, 0, k)
                && Arrays.equals(lastMissing, 0, missingCount, missing, 0, missingCount)) {
            return;
        }
        lastMissingCount = -1;
        for (int i = 0; i < k; i++) {
            MemorySegment.copy(matrix, (long) present[i] * k, square, (long) i * k, k);
        }
        if (Isal.invertMatrix(square, inverse, k) != 0) {
            throw new AssertionError(
                    "Cauchy matrix not invertible: code=" + code + " present=" + Arrays.toString(present));
        }
        for (int i = 0; i < missingCount; i++) {
            for (int column = 0; column < k; column++) {
                rows.set(ValueLayout.JAVA_BYTE, (long) i * k + column, coefficient(missing[i], column));
            }
        }
        Isal.ecInitTables(k, missingCount, rows, decodeTables);
        System.arraycopy(present, 0, lastPresent, 0, k);
        System.arraycopy(missing, 0, lastMissing, 0, missingCount);
        lastMissingCount = missingCount;
    }

    /** What present shard {@code column} adds to a missing one: the missing shard's row times the inverse. */
    private byte coefficient(int missing, int column) {
        int k = code.k();
        int sum = 0;
        for (int i = 0; i < k; i++) {
            int row = Byte.toUnsignedInt(matrix.get(ValueLayout.JAVA_BYTE, (long) missing * k + i));
            if (row != 0) {
                sum ^= Gf256.multiply(
                        row, Byte.toUnsignedInt(inverse.get(ValueLayout.JAVA_BYTE, (long) i * k + column)));
            }
        }
        return (byte) sum;
    }

    private boolean isSane(int[] present, int[] missing, int missingCount) {
        boolean[] seen = new boolean[code.n()];
        for (int i = 0; i < code.k(); i++) {
            if (seen[present[i]]) {
                return false;
            }
            seen[present[i]] = true;
        }
        for (int i = 0; i < missingCount; i++) {
            if (seen[missing[i]]) {
                return false;
            }
            seen[missing[i]] = true;
        }
        return missingCount <= code.m();
    }

    @Override
    public void close() {
        arena.close();
    }
}
