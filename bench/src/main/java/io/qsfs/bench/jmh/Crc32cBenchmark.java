package io.qsfs.bench.jmh;

import io.qsfs.bindings.isal.Isal;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * CRC-32C as the engine computes it, beside ISA-L from C and the JDK's own.
 *
 * <p>Threading: the benchmark's one thread.
 */
public class Crc32cBenchmark {
    /** Bytes and their buffer. */
    @State(Scope.Thread)
    public static class Block {
        /** Bytes of the block. */
        @Param({"4096", "65536", "262144"})
        public int bytes;

        private final Arena arena = Arena.ofShared();
        private final CRC32C jdk = new CRC32C();
        private MemorySegment data;
        private ByteBuffer buffer;

        /** Fills it. */
        @Setup(Level.Trial)
        public void make() {
            data = Buffers.random(arena, bytes);
            buffer = data.asByteBuffer();
        }

        /** Measures the roof. */
        @Setup(Level.Iteration)
        public void measure(Roof roof) {
            roof.measure(loops -> Roofs.crc32c(data, bytes, loops));
        }

        /** Gives the memory back. */
        @TearDown(Level.Trial)
        public void free() {
            arena.close();
        }
    }

    /** Ours. */
    @Benchmark
    public int ours(Block b) {
        return Isal.crc32c(b.data, 0, b.bytes, 0);
    }

    /** The JDK's intrinsic on a direct buffer. */
    @Benchmark
    public long jdk(Block b) {
        b.jdk.reset();
        b.jdk.update(b.buffer.clear());
        return b.jdk.getValue();
    }
}
