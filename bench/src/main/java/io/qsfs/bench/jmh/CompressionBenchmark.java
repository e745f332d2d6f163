package io.qsfs.bench.jmh;

import io.qsfs.codec.ChunkCompressor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * lz4 of chunks as a sealing does it, beside liblz4 from C.
 *
 * <p>Threading: the benchmark's one thread.
 */
public class CompressionBenchmark {
    /** A chunk, and room for its packed form. */
    @State(Scope.Thread)
    public static class Chunk {
        /** Lines of a log, or what cannot be compressed. */
        @Param({"text", "random"})
        public String content;

        /** Plain bytes. */
        @Param({"65536", "262144"})
        public int bytes;

        private final Arena arena = Arena.ofShared();
        private final ChunkCompressor compressor = new ChunkCompressor();
        private MemorySegment plain;
        private MemorySegment packed;
        private MemorySegment block;
        private MemorySegment unpacked;

        /** Fills it. */
        @Setup(Level.Trial)
        public void make() {
            plain = content.equals("text") ? Buffers.text(arena, bytes) : Buffers.random(arena, bytes);
            packed = arena.allocate(ChunkCompressor.bound(bytes), 4096);
            block = packed.asSlice(0, compressor.compress(plain, packed));
            unpacked = arena.allocate(bytes, 4096);
        }

        /** Gives the memory back. */
        @TearDown(Level.Trial)
        public void free() {
            arena.close();
        }
    }

    /** liblz4 from C. */
    @State(Scope.Thread)
    public static class CompressRoof {
        /** Measures it. */
        @Setup(Level.Iteration)
        public void measure(Chunk c, Roof roof) {
            roof.measure(loops -> Roofs.lz4(c.plain, c.bytes, c.packed, loops));
        }
    }

    /** liblz4 from C, the other way. */
    @State(Scope.Thread)
    public static class DecompressRoof {
        /** Measures it. */
        @Setup(Level.Iteration)
        public void measure(Chunk c, Roof roof) {
            roof.measure(loops -> Roofs.unlz4(c.block, (int) c.block.byteSize(), c.unpacked, c.bytes, loops));
        }
    }

    /** Plain to packed. */
    @Benchmark
    public int compress(Chunk c, CompressRoof beside) {
        return c.compressor.compress(c.plain, c.packed);
    }

    /** Packed to plain. */
    @Benchmark
    public boolean decompress(Chunk c, DecompressRoof beside) {
        return c.compressor.decompress(c.block, c.unpacked);
    }
}
