package io.qsfs.bench.jmh;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.qsfs.backend.RespDecoder;
import io.qsfs.backend.RespException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Replies of a RESP server, taken apart: bulks that go to waiting memory as a ranged get has them, or the OK of a put. Beside the
 * least that C can do with them.
 *
 * <p>Threading: the benchmark's one thread.
 */
public class RespBenchmark {
    /** Replies that come at once. */
    private static final int REPLIES = 16;

    private static final int BULK_BYTES_MAX = 64 << 10;

    /** A buffer full of replies, and memory that waits for them. */
    @State(Scope.Thread)
    public static class Replies {
        /** Bytes of a bulk; 0 for a simple string. */
        @Param({"0", "4096", "65536"})
        public int bytes;

        private final Arena arena = Arena.ofShared();
        private final MemorySegment memory = arena.allocate(BULK_BYTES_MAX, 4096);
        private final Counter counter = new Counter(memory.asByteBuffer());
        private final RespDecoder decoder = new RespDecoder(counter);
        private MemorySegment stream;
        private ByteBuf received;

        /** Fills it. */
        @Setup(Level.Trial)
        public void make() {
            String reply = bytes == 0 ? "+OK\r\n" : "$" + bytes + "\r\n" + "x".repeat(bytes) + "\r\n";
            byte[] encoded = reply.repeat(REPLIES).getBytes(StandardCharsets.US_ASCII);
            stream = arena.allocate(encoded.length, 4096);
            MemorySegment.copy(encoded, 0, stream, ValueLayout.JAVA_BYTE, 0, encoded.length);
            received = Unpooled.wrappedBuffer(stream.asByteBuffer());
        }

        /** Measures the roof. */
        @Setup(Level.Iteration)
        public void measure(Roof roof) {
            roof.measureBatches(REPLIES, loops -> Roofs.resp(stream, stream.byteSize(), memory, loops));
        }

        /** Gives the memory back. */
        @TearDown(Level.Trial)
        public void free() {
            arena.close();
        }
    }

    /** Has bulks written to the same memory, again and again. */
    private static final class Counter implements RespDecoder.Sink {
        private final ByteBuffer target;
        private long count;

        Counter(ByteBuffer target) {
            this.target = target;
        }

        @Override
        public ByteBuffer bulk(long length) {
            return target.clear();
        }

        @Override
        public void reply(Object value) {
            count++;
        }
    }

    /** All replies of the buffer. */
    @Benchmark
    @OperationsPerInvocation(REPLIES)
    public long decode(Replies r) throws RespException {
        r.received.readerIndex(0);
        r.decoder.decode(r.received);
        return r.counter.count;
    }
}
