package io.qsfs.bench.jmh;

import io.qsfs.fs.CommandRing;
import io.qsfs.fs.CommandType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.MessageHandler;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A command through the ring: claimed, written, committed and read on one thread, beside the same ring in C.
 *
 * <p>Threading: the benchmark's one thread.
 */
public class RingBenchmark {
    private static final int MESSAGE_BYTES = 88;
    private static final int COUNTER_BYTES = 128;

    /** A ring, and memory for the one in C. */
    @State(Scope.Thread)
    public static class Rings {
        private final Arena arena = Arena.ofShared();
        private final CommandRing ring = new CommandRing(arena);
        private final MemorySegment inC = arena.allocate(CommandRing.CAPACITY_BYTES + COUNTER_BYTES, 4096);
        private final MessageHandler handler = this::handle;
        private long sent;
        private long received;

        private void handle(int type, MutableDirectBuffer buffer, int index, int length) {
            received += ring.memory().get(ValueLayout.JAVA_LONG, index) + length;
        }

        /** Measures the roof. */
        @Setup(Level.Iteration)
        public void measure(Roof roof) {
            roof.measure(loops -> Roofs.ring(inC, CommandRing.CAPACITY_BYTES, MESSAGE_BYTES, loops));
        }

        /** Gives the memory back. */
        @TearDown(Level.Trial)
        public void free() {
            arena.close();
        }
    }

    /** There and back. */
    @Benchmark
    public long claimAndCommit(Rings r) {
        int index = r.ring.claim(CommandType.WRITE, MESSAGE_BYTES);
        r.ring.memory().set(ValueLayout.JAVA_LONG, index, ++r.sent);
        r.ring.memory().set(ValueLayout.JAVA_LONG, index + 8L, r.sent);
        r.ring.publish(index);
        r.ring.read(r.handler, 1);
        return r.received;
    }
}
