package io.qsfs.bench.jmh;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.log.DataStream;
import io.qsfs.log.LogContext;
import io.qsfs.log.MetaElsewhere;
import io.qsfs.log.MetaStream;
import io.qsfs.log.MountIdentity;
import io.qsfs.log.RecoveryScan;
import io.qsfs.log.ScanStart;
import io.qsfs.log.SegmentLog;
import io.qsfs.log.Streams;
import io.qsfs.log.record.SyncRecord;
import io.qsfs.log.record.WriteRecord;
import io.qsfs.memory.Id128;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The segment log: a claim with its pwrite, a batch of records, a group commit. One thread plays a worker and the file-system
 * thread. Appends are measured in memory, commits on the disk.
 *
 * <p>Threading: the benchmark's one thread; {@code log-sync} runs beside it.
 */
public class LogBenchmark {
    /** Records that are flushed by one pwrite. */
    private static final int BATCH = 64;

    private static final long SEGMENT_BYTES = 64L << 20;
    private static final long ROOF_ROOM_BYTES = 64L << 20;
    private static final long INODE = 2;

    /** A log that has begun, and a file for the roof. Closed segments are removed. */
    public abstract static class Log {
        final Arena arena = Arena.ofShared();
        final ConcurrentLinkedQueue<Long> closed = new ConcurrentLinkedQueue<>();
        Folder folder;
        SegmentLog log;
        DataStream data;
        MetaStream meta;
        MemorySegment payload;
        int roofFd;
        private volatile int outcome;

        void begin(Folder where, int payloadBytes) {
            folder = where;
            payload = Buffers.random(arena, payloadBytes);
            log = SegmentLog.open(new LogContext()
                    .directory(folder.path().resolve("log"))
                    .volumeId(new Id128(1, 2))
                    .segmentBytes(SEGMENT_BYTES)
                    .listener((stream, number, from, to) -> {
                        if (stream == Streams.DATA) {
                            closed.add(number);
                        }
                    }));
            try (RecoveryScan scan = log.scan()) {
                log.closeRecovered(
                        scan,
                        scan.run(ScanStart.BEGINNING, (record, at, position, length) -> 0, MetaElsewhere.NOWHERE));
            }
            log.begin(new MountIdentity(new Id128(3, 4), 1, 1), 0, 0, 1);
            data = log.data();
            meta = log.meta();
            String file = folder.path().resolve("roof").toString();
            roofFd = required(Linux.open(file, Linux.O_RDWR | Linux.O_CREAT, 0600), "open");
            required(Linux.fallocate(roofFd, 0, 0, ROOF_ROOM_BYTES), "fallocate");
        }

        void end() {
            Linux.close(roofFd);
            log.close();
            folder.close();
            arena.close();
        }

        /** Claims, writes and notes the range; the position. */
        long append(int bytes) {
            long position = data.claim(0, bytes);
            if (position < 0) {
                throw new IllegalStateException("claim: errno=" + -position);
            }
            required(-data.write(position, payload, 0, bytes), "pwrite");
            data.end(0);
            data.addRange(position, bytes, 0, INODE, position, 1);
            long number = data.nextToClose();
            if (number >= 0) {
                data.close(number);
                for (Long old = closed.poll(); old != null; old = closed.poll()) {
                    log.catalog().evict(Streams.DATA, old);
                }
            }
            return position;
        }

        /** The record of a write. */
        void record(long position, int bytes) {
            long at = meta.stagingOffset(WriteRecord.FIXED_BYTES);
            if (at < 0) {
                throw new IllegalStateException("stagingOffset: errno=" + -at);
            }
            meta.commit(WriteRecord.encode(meta.staging(), at, 1, 0, INODE, position, position, bytes, 0));
        }

        /** What an fsync waits for. */
        void sync() {
            long at = meta.stagingOffset(SyncRecord.FIXED_BYTES);
            meta.commit(SyncRecord.encode(
                    meta.staging(), at, 1, log.sync().durableData(), log.sync().durableMeta()));
            required(-meta.flush(), "flush");
            Thread waiting = Thread.currentThread();
            outcome = -1;
            log.sync()
                    .request(
                            data.claimed(),
                            meta.flushed(),
                            (token, errno) -> {
                                outcome = errno;
                                LockSupport.unpark(waiting);
                            },
                            1);
            while (outcome < 0) {
                LockSupport.park(this);
            }
            required(-outcome, "sync");
        }

        static int required(int result, String what) {
            if (result < 0) {
                throw new IllegalStateException(what + ": errno=" + -result);
            }
            return result;
        }
    }

    /** Appends of one size. */
    @State(Scope.Thread)
    public static class Appends extends Log {
        /** Bytes of an append. */
        @Param({"4096", "131072"})
        public int bytes;

        /** Begins the log. */
        @Setup(Level.Trial)
        public void make() {
            begin(Folder.inMemory(), bytes);
        }

        /** A pwrite from C into a file of a segment's size. */
        @Setup(Level.Iteration)
        public void measure(Roof roof) {
            roof.measure(loops -> Roofs.pwrite(roofFd, payload, bytes, 0, ROOF_ROOM_BYTES, loops));
        }

        /** Removes it. */
        @TearDown(Level.Trial)
        public void remove() {
            end();
        }
    }

    /** Batches of records. */
    @State(Scope.Thread)
    public static class Batches extends Log {
        /** Begins the log. */
        @Setup(Level.Trial)
        public void make() {
            begin(Folder.inMemory(), BATCH * WriteRecord.FIXED_BYTES);
        }

        /** A pwrite of a whole batch from C. */
        @Setup(Level.Iteration)
        public void measure(Roof roof) {
            int bytes = (int) payload.byteSize();
            roof.measureBatches(BATCH, loops -> Roofs.pwrite(roofFd, payload, bytes, 0, ROOF_ROOM_BYTES, loops));
        }

        /** Removes it. */
        @TearDown(Level.Trial)
        public void remove() {
            end();
        }
    }

    /** An append, its record, and a group commit of both streams. */
    @State(Scope.Thread)
    public static class Commits extends Log {
        private static final int BYTES = 4096;

        /** Begins the log. */
        @Setup(Level.Trial)
        public void make() {
            begin(Folder.onDisk(), BYTES);
        }

        /** pwrite and fdatasync of one file from C. */
        @Setup(Level.Iteration)
        public void measure(Roof roof) {
            roof.measure(loops -> Roofs.pwriteFdatasync(roofFd, payload, BYTES, 0, ROOF_ROOM_BYTES, loops));
        }

        /** Removes it. */
        @TearDown(Level.Trial)
        public void remove() {
            end();
        }
    }

    /** Claim, pwrite, end, range. */
    @Benchmark
    public long append(Appends l) {
        return l.append(l.bytes);
    }

    /** Records that are encoded, sealed with their checksum, and written by one pwrite. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long records(Batches l) {
        for (int i = 0; i < BATCH; i++) {
            l.record(i * 4096L, 4096);
        }
        Log.required(-l.meta.flush(), "flush");
        return l.meta.flushed();
    }

    /** An fsync after an append. */
    @Benchmark
    public long groupCommit(Commits l) {
        long position = l.append(Commits.BYTES);
        l.record(position, Commits.BYTES);
        l.sync();
        return l.log.sync().durableData();
    }
}
