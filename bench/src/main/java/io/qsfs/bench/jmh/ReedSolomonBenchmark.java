package io.qsfs.bench.jmh;

import io.qsfs.codec.Code;
import io.qsfs.codec.ReedSolomon;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.stream.IntStream;
import org.apache.hadoop.io.erasurecode.ErasureCoderOptions;
import org.apache.hadoop.io.erasurecode.rawcoder.RSRawEncoder;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Reed-Solomon through the engine's coder, beside ISA-L called from C on the same shards. An operation is one stripe.
 *
 * <p>Threading: the benchmark's one thread.
 */
public class ReedSolomonBenchmark {
    /** Shards of one stripe, and coders for them. */
    @State(Scope.Thread)
    public static class Stripe {
        /** k+m. */
        @Param({"2+1", "4+2", "10+4", "16+4"})
        public String code;

        /** Bytes of a shard. */
        @Param({"4096", "65536", "262144", "1048576"})
        public int shardBytes;

        private Arena arena;
        private int k;
        private int m;
        private MemorySegment data;
        private MemorySegment parity;
        private ReedSolomon coder;

        private int[] present;
        private MemorySegment[] given;
        private int[] missing;
        private MemorySegment[] made;

        private MemorySegment tables;
        private MemorySegment oneTable;
        private MemorySegment dataPointers;
        private MemorySegment parityPointers;
        private MemorySegment givenPointers;
        private MemorySegment madePointers;

        private RSRawEncoder hadoop;
        private ByteBuffer[] hadoopData;
        private ByteBuffer[] hadoopParity;

        /** Shards full of random bytes; as many data shards are lost as there is parity. */
        @Setup(Level.Trial)
        public void make() {
            String[] counts = code.split("\\+");
            k = Integer.parseInt(counts[0]);
            m = Integer.parseInt(counts[1]);
            arena = Arena.ofShared();
            data = Buffers.random(arena, (long) k * shardBytes);
            parity = arena.allocate((long) m * shardBytes, 4096);
            coder = new ReedSolomon(new Code(k, m));
            MemorySegment[] shards = IntStream.range(0, k + m)
                    .mapToObj(i -> i < k ? shard(data, i) : shard(parity, i - k))
                    .toArray(MemorySegment[]::new);
            int lost = Math.min(k, m);
            present = IntStream.range(lost, lost + k).toArray();
            given = IntStream.of(present).mapToObj(i -> shards[i]).toArray(MemorySegment[]::new);
            missing = IntStream.range(0, lost).toArray();
            MemorySegment room = arena.allocate((long) lost * shardBytes, 4096);
            made = IntStream.range(0, lost).mapToObj(i -> shard(room, i)).toArray(MemorySegment[]::new);
            tables = Roofs.reedSolomonTables(k, m);
            oneTable = Roofs.reedSolomonTables(k, 1);
            dataPointers = pointers(shards, 0, k);
            parityPointers = pointers(shards, k, m);
            givenPointers = pointers(given, 0, k);
            madePointers = pointers(made, 0, lost);
            hadoop = new RSRawEncoder(new ErasureCoderOptions(k, m));
            hadoopData = IntStream.range(0, k)
                    .mapToObj(i -> shards[i].asByteBuffer())
                    .toArray(ByteBuffer[]::new);
            hadoopParity = IntStream.range(k, k + m)
                    .mapToObj(i -> shards[i].asByteBuffer())
                    .toArray(ByteBuffer[]::new);
        }

        private MemorySegment shard(MemorySegment area, int index) {
            return area.asSlice((long) index * shardBytes, shardBytes);
        }

        private MemorySegment pointers(MemorySegment[] shards, int from, int count) {
            MemorySegment pointers = arena.allocate(ValueLayout.ADDRESS, count);
            for (int i = 0; i < count; i++) {
                pointers.setAtIndex(ValueLayout.ADDRESS, i, shards[from + i]);
            }
            return pointers;
        }

        /** Gives the memory back. */
        @TearDown(Level.Trial)
        public void free() {
            coder.close();
            arena.close();
        }
    }

    /** Beside all parity shards of a stripe. */
    @State(Scope.Thread)
    public static class EncodeRoof {
        /** Measures it. */
        @Setup(Level.Iteration)
        public void measure(Stripe s, Roof roof) {
            roof.measure(loops ->
                    Roofs.reedSolomon(s.shardBytes, s.k, s.m, s.tables, s.dataPointers, s.parityPointers, loops));
        }
    }

    /** Beside as many lost data shards as the code allows. */
    @State(Scope.Thread)
    public static class DecodeRoof {
        /** Measures it. */
        @Setup(Level.Iteration)
        public void measure(Stripe s, Roof roof) {
            roof.measure(loops -> Roofs.reedSolomon(
                    s.shardBytes, s.k, s.missing.length, s.tables, s.givenPointers, s.madePointers, loops));
        }
    }

    /** Beside one lost shard. */
    @State(Scope.Thread)
    public static class RepairRoof {
        /** Measures it. */
        @Setup(Level.Iteration)
        public void measure(Stripe s, Roof roof) {
            roof.measure(loops ->
                    Roofs.reedSolomon(s.shardBytes, s.k, 1, s.oneTable, s.givenPointers, s.madePointers, loops));
        }
    }

    /** All parity shards. */
    @Benchmark
    public byte encode(Stripe s, EncodeRoof beside) {
        s.coder.encode(s.data, s.parity, s.shardBytes);
        return s.parity.get(ValueLayout.JAVA_BYTE, 0);
    }

    /** As many lost data shards as the code allows. */
    @Benchmark
    public byte decode(Stripe s, DecodeRoof beside) {
        s.coder.reconstruct(s.present, s.given, s.missing, s.missing.length, s.made, s.shardBytes);
        return s.made[0].get(ValueLayout.JAVA_BYTE, 0);
    }

    /** One lost data shard. */
    @Benchmark
    public byte repair(Stripe s, RepairRoof beside) {
        s.coder.reconstruct(s.present, s.given, s.missing, 1, s.made, s.shardBytes);
        return s.made[0].get(ValueLayout.JAVA_BYTE, 0);
    }

    /** Hadoop's coder in Java, on the same memory. It moves the buffers' positions. */
    @Benchmark
    public byte hadoopEncode(Stripe s, EncodeRoof beside) throws java.io.IOException {
        for (ByteBuffer buffer : s.hadoopData) {
            buffer.clear();
        }
        for (ByteBuffer buffer : s.hadoopParity) {
            buffer.clear();
        }
        s.hadoop.encode(s.hadoopData, s.hadoopParity);
        return s.parity.get(ValueLayout.JAVA_BYTE, 0);
    }
}
