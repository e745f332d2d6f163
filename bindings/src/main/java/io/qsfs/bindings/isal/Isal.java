package io.qsfs.bindings.isal;

import static java.lang.foreign.ValueLayout.ADDRESS;

import io.qsfs.bindings.Downcall;
import io.qsfs.bindings.NativeLibrary;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;

/**
 * ISA-L: Reed-Solomon over GF(2^8) with polynomial 0x11d, and CRC-32C.
 *
 * <p>Segments are borrowed until return. One on the heap, or one that is too short, is an {@link
 * IllegalArgumentException} or {@link IndexOutOfBoundsException}; the shards behind pointer arrays cannot be checked
 * here. Nothing allocates in steady state. Without the library every method throws {@link UnsatisfiedLinkError}: see
 * {@link NativeLibrary#ISAL}.
 *
 * <p>None of these calls is {@code critical}: coding 14 shards of 64 KiB takes 85 microseconds, which every collection
 * would have to wait for.
 *
 * <p>Threading: any thread; no state.
 */
public final class Isal {
    /** Bytes of the expanded table for one coefficient. */
    public static final int TABLE_BYTES = 32;

    /** {@code crc32_iscsi} takes its length as a C int. */
    private static final long CRC_STEP_BYTES = 1L << 30;

    private static final MethodHandle EC_INIT_TABLES = handle("ec_init_tables", isal_h.ec_init_tables$descriptor());
    private static final MethodHandle EC_ENCODE_DATA = handle("ec_encode_data", isal_h.ec_encode_data$descriptor());
    private static final MethodHandle EC_ENCODE_DATA_UPDATE =
            handle("ec_encode_data_update", isal_h.ec_encode_data_update$descriptor());
    private static final MethodHandle GEN_CAUCHY1_MATRIX =
            handle("gf_gen_cauchy1_matrix", isal_h.gf_gen_cauchy1_matrix$descriptor());
    private static final MethodHandle INVERT_MATRIX = handle("gf_invert_matrix", isal_h.gf_invert_matrix$descriptor());
    private static final MethodHandle MULTIPLY = handle("gf_mul", isal_h.gf_mul$descriptor());
    private static final MethodHandle CRC32_ISCSI = handle("crc32_iscsi", isal_h.crc32_iscsi$descriptor());

    private Isal() {}

    /**
     * Expands coefficients for {@link #ecEncodeData}.
     *
     * @param k      shards that are read.
     * @param rows   shards that will be computed.
     * @param matrix rows * k coefficients, row by row; read.
     * @param tables 32 * k * rows bytes; written.
     */
    public static void ecInitTables(int k, int rows, MemorySegment matrix, MemorySegment tables) {
        try {
            EC_INIT_TABLES.invokeExact(
                    k,
                    rows,
                    Downcall.address(matrix, 0, (long) k * rows),
                    Downcall.address(tables, 0, (long) TABLE_BYTES * k * rows));
            Reference.reachabilityFence(matrix);
            Reference.reachabilityFence(tables);
        } catch (Throwable t) {
            throw Downcall.failure("ec_init_tables", t);
        }
    }

    /**
     * Computes {@code rows} shards out of {@code k}: parity out of data, or what is lost out of what is left.
     *
     * @param length         bytes of every shard.
     * @param tables         from {@link #ecInitTables} for the same k and rows; read.
     * @param dataPointers   k addresses of shards; read.
     * @param parityPointers rows addresses of shards; written in full.
     */
    public static void ecEncodeData(
            int length,
            int k,
            int rows,
            MemorySegment tables,
            MemorySegment dataPointers,
            MemorySegment parityPointers) {
        try {
            EC_ENCODE_DATA.invokeExact(
                    length,
                    k,
                    rows,
                    Downcall.address(tables, 0, (long) TABLE_BYTES * k * rows),
                    Downcall.address(dataPointers, 0, ADDRESS.byteSize() * k),
                    Downcall.address(parityPointers, 0, ADDRESS.byteSize() * rows));
            Reference.reachabilityFence(tables);
            Reference.reachabilityFence(dataPointers);
            Reference.reachabilityFence(parityPointers);
        } catch (Throwable t) {
            throw Downcall.failure("ec_encode_data", t);
        }
    }

    /**
     * Adds one data shard's share to parity shards that were zero before the first: {@link #ecEncodeData} in k steps.
     *
     * @param index which of the k shards {@code data} is.
     * @param data  {@code length} bytes; read.
     */
    public static void ecEncodeDataUpdate(
            int length,
            int k,
            int rows,
            int index,
            MemorySegment tables,
            MemorySegment data,
            MemorySegment parityPointers) {
        if (index < 0 || index >= k) {
            throw new IndexOutOfBoundsException("index=" + index + " k=" + k);
        }
        try {
            EC_ENCODE_DATA_UPDATE.invokeExact(
                    length,
                    k,
                    rows,
                    index,
                    Downcall.address(tables, 0, (long) TABLE_BYTES * k * rows),
                    Downcall.address(data, 0, length),
                    Downcall.address(parityPointers, 0, ADDRESS.byteSize() * rows));
            Reference.reachabilityFence(tables);
            Reference.reachabilityFence(data);
            Reference.reachabilityFence(parityPointers);
        } catch (Throwable t) {
            throw Downcall.failure("ec_encode_data_update", t);
        }
    }

    /**
     * Writes the m rows of a coding matrix: k of the identity, then m - k of Cauchy coefficients. Any k rows of it
     * can be inverted, which is not so of {@code gf_gen_rs_matrix}.
     *
     * @param matrix m * k bytes.
     * @param m      all shards, at most 255.
     * @param k      data shards.
     */
    public static void genCauchy1Matrix(MemorySegment matrix, int m, int k) {
        if (k < 1 || m < k || m > 255) {
            throw new IllegalArgumentException("no such code: m=" + m + " k=" + k);
        }
        try {
            GEN_CAUCHY1_MATRIX.invokeExact(Downcall.address(matrix, 0, (long) m * k), m, k);
            Reference.reachabilityFence(matrix);
        } catch (Throwable t) {
            throw Downcall.failure("gf_gen_cauchy1_matrix", t);
        }
    }

    /**
     * @param in  n * n bytes; destroyed.
     * @param out n * n bytes.
     * @return 0, or -1 when {@code in} has no inverse.
     */
    public static int invertMatrix(MemorySegment in, MemorySegment out, int n) {
        try {
            int outcome = (int) INVERT_MATRIX.invokeExact(
                    Downcall.address(in, 0, (long) n * n), Downcall.address(out, 0, (long) n * n), n);
            Reference.reachabilityFence(in);
            Reference.reachabilityFence(out);
            return outcome;
        } catch (Throwable t) {
            throw Downcall.failure("gf_invert_matrix", t);
        }
    }

    /** The product of two elements of the field. */
    public static byte multiply(byte a, byte b) {
        try {
            return (byte) MULTIPLY.invokeExact(a, b);
        } catch (Throwable t) {
            throw Downcall.failure("gf_mul", t);
        }
    }

    /**
     * CRC-32C as {@link java.util.zip.CRC32C} computes it, which can be continued: {@code crc32c(b, crc32c(a, 0))} is
     * the checksum of a and b.
     *
     * @param crc the checksum of what comes before; 0 of nothing.
     */
    public static int crc32c(MemorySegment data, long offset, long length, int crc) {
        long address = Downcall.address(data, offset, length);
        int state = ~crc; // iSCSI's functions leave both inversions to the caller
        try {
            for (long at = 0; at < length; at += CRC_STEP_BYTES) {
                int step = (int) Math.min(length - at, CRC_STEP_BYTES);
                state = (int) CRC32_ISCSI.invokeExact(address + at, step, state);
            }
            Reference.reachabilityFence(data);
            return ~state;
        } catch (Throwable t) {
            throw Downcall.failure("crc32_iscsi", t);
        }
    }

    private static MethodHandle handle(String function, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(NativeLibrary.ISAL.address(function), Downcall.numbers(descriptor));
    }
}
