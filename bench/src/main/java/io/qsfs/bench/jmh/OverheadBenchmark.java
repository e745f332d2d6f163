package io.qsfs.bench.jmh;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * What the measuring itself costs: an operation that does nothing, beside a checksum of 4 KiB from C, the cheapest thing that is
 * measured here. The ratio tells how many times the overhead goes into it.
 *
 * <p>Threading: the benchmark's one thread.
 */
public class OverheadBenchmark {
    private static final int BYTES = 4096;

    /** A number that nobody can foresee. */
    @State(Scope.Thread)
    public static class Nothing {
        private final MemorySegment data = Buffers.random(Arena.global(), BYTES);
        private final long number = System.nanoTime();

        /** Measures the roof. */
        @Setup(Level.Iteration)
        public void measure(Roof roof) {
            roof.measure(loops -> Roofs.crc32c(data, BYTES, loops));
        }
    }

    /** Nothing. */
    @Benchmark
    public long nothing(Nothing n) {
        return n.number;
    }
}
