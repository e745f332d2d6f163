package io.qsfs.bench.jmh;

import io.qsfs.codec.Code;
import io.qsfs.codec.RangeVerifier;
import io.qsfs.codec.SealEncoder;
import io.qsfs.codec.SealKind;
import io.qsfs.codec.SealRequest;
import io.qsfs.codec.SealedSegment;
import io.qsfs.codec.Suite;
import io.qsfs.keys.VolumeKey;
import io.qsfs.memory.Id128;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.SecureRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The whole sealing of a segment of incompressible bytes on one core. The source copies from memory, where a mount has a pread.
 *
 * <p>Two roofs, both added up of passes in C over as much memory: {@code seal} has 1 / (1/AES + 1/RS + 1/CRC + 1/GMAC), each over the
 * plain bytes; {@code sealAllPasses} has what the format asks for: the checksums and GMACs are over parity too, and chunks have a
 * checksum of their own.
 *
 * <p>Threading: the benchmark's one thread.
 */
public class SealBenchmark {
    private static final long SEGMENT_BYTES = 64L << 20;
    private static final int CHUNK_BYTES = 256 << 10;
    private static final int BLOCK_BYTES = 64 << 10;
    private static final int TAG_BYTES = 16;

    /** A segment and its encoder. */
    @State(Scope.Thread)
    public static class Segment {
        /** k+m. */
        @Param({"4+2", "16+4"})
        public String code;

        private final Arena arena = Arena.ofShared();
        private final VolumeKey volumeKey = VolumeKey.random(new SecureRandom());
        private final MemorySegment key = Buffers.random(arena, 32);
        private int k;
        private int m;
        private MemorySegment plain;
        private SealEncoder encoder;
        private SealRequest request;

        private int shardBytes;
        private MemorySegment sealedArea;
        private MemorySegment parityArea;
        private MemorySegment tables;
        private MemorySegment dataPointers;
        private MemorySegment parityPointers;

        /** Fills it. */
        @Setup(Level.Trial)
        public void make() {
            String[] counts = code.split("\\+");
            k = Integer.parseInt(counts[0]);
            m = Integer.parseInt(counts[1]);
            plain = Buffers.random(arena, SEGMENT_BYTES);
            encoder = new SealEncoder(new Code(k, m), SEGMENT_BYTES, CHUNK_BYTES, volumeKey, new SecureRandom());
            request = new SealRequest(
                    SealKind.SEGMENT,
                    new Id128(1, 2),
                    0,
                    new Id128(3, 4),
                    1,
                    7,
                    0,
                    SEGMENT_BYTES,
                    Suite.COMPRESSION_NONE,
                    1,
                    RangeVerifier.NONE);
            shardBytes = (int) (SEGMENT_BYTES / k);
            sealedArea = arena.allocate(SEGMENT_BYTES + SEGMENT_BYTES / CHUNK_BYTES * TAG_BYTES, 4096);
            parityArea = arena.allocate((long) m * shardBytes, 4096);
            tables = Roofs.reedSolomonTables(k, m);
            dataPointers = pointers(sealedArea, k);
            parityPointers = pointers(parityArea, m);
        }

        private MemorySegment pointers(MemorySegment area, int count) {
            MemorySegment pointers = arena.allocate(ValueLayout.ADDRESS, count);
            for (int i = 0; i < count; i++) {
                pointers.setAtIndex(ValueLayout.ADDRESS, i, area.asSlice((long) i * shardBytes, shardBytes));
            }
            return pointers;
        }

        private double cipherNs() {
            return Roofs.pass(Roofs.PASS_SEAL, key, plain, sealedArea, SEGMENT_BYTES, CHUNK_BYTES);
        }

        private double codeNs() {
            return Roofs.reedSolomon(shardBytes, k, m, tables, dataPointers, parityPointers, 1);
        }

        private double passNs(int what, MemorySegment area, long bytes, int step) {
            return Roofs.pass(what, key, area, sealedArea, bytes, step);
        }

        /** Gives the memory back. */
        @TearDown(Level.Trial)
        public void free() {
            encoder.close();
            volumeKey.close();
            arena.close();
        }
    }

    /** The four stages, each over the plain bytes. */
    @State(Scope.Thread)
    public static class StagesRoof {
        /** Measures them. */
        @Setup(Level.Iteration)
        public void measure(Segment s, Roof roof) {
            roof.set(s.cipherNs()
                    + s.codeNs()
                    + s.passNs(Roofs.PASS_CRC, s.plain, SEGMENT_BYTES, BLOCK_BYTES)
                    + s.passNs(Roofs.PASS_GMAC, s.plain, SEGMENT_BYTES, BLOCK_BYTES));
        }
    }

    /** Every pass that the format asks for. */
    @State(Scope.Thread)
    public static class PassesRoof {
        /** Measures them. */
        @Setup(Level.Iteration)
        public void measure(Segment s, Roof roof) {
            long parityBytes = s.parityArea.byteSize();
            roof.set(s.passNs(Roofs.PASS_CRC, s.plain, SEGMENT_BYTES, CHUNK_BYTES)
                    + s.cipherNs()
                    + s.codeNs()
                    + s.passNs(Roofs.PASS_CRC, s.sealedArea, SEGMENT_BYTES, BLOCK_BYTES)
                    + s.passNs(Roofs.PASS_CRC, s.parityArea, parityBytes, BLOCK_BYTES)
                    + s.passNs(Roofs.PASS_GMAC, s.sealedArea, SEGMENT_BYTES, BLOCK_BYTES)
                    + s.passNs(Roofs.PASS_GMAC, s.parityArea, parityBytes, BLOCK_BYTES));
        }
    }

    /** Beside the four stages. */
    @Benchmark
    public SealedSegment seal(Segment s, StagesRoof beside) {
        return sealed(s);
    }

    /** Beside all passes. */
    @Benchmark
    public SealedSegment sealAllPasses(Segment s, PassesRoof beside) {
        return sealed(s);
    }

    private static SealedSegment sealed(Segment s) {
        int errno = s.encoder.encode(s.request, (position, target, offset, length) -> {
            MemorySegment.copy(s.plain, position, target, offset, length);
            return 0;
        });
        if (errno != 0) {
            throw new IllegalStateException("a source in memory failed: errno=" + errno);
        }
        return s.encoder.sealed();
    }
}
