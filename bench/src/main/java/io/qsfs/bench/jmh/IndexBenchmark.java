package io.qsfs.bench.jmh;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.index.DirectoryEntry;
import io.qsfs.index.Index;
import io.qsfs.index.IndexContext;
import io.qsfs.index.IndexReader;
import io.qsfs.index.Inode;
import io.qsfs.log.record.MakeRecord;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.memory.Id128;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The index in a directory of 100,000 files, beside LMDB from C with the same keys and transactions.
 *
 * <p>Threading: the benchmark's one thread.
 */
public class IndexBenchmark {
    private static final int ENTRIES = 100_000;
    private static final int BATCH = 1000;
    private static final int NAME_BYTES = 8;
    private static final long MAP_BYTES = 4L << 30;
    private static final long RECORD_STRIDE = 128;

    /** An index full of files, and a tree like it. */
    @State(Scope.Thread)
    public static class Trees {
        private final Arena arena = Arena.ofShared();
        private final MemorySegment record = arena.allocate(RecordHeader.LENGTH_MAX, 8);
        private final MemorySegment name = arena.allocate(NAME_BYTES, 8);
        private final DirectoryEntry entry = new DirectoryEntry();
        private final Inode inode = new Inode();
        private Folder folder;
        private Index index;
        private IndexReader reader;
        private MemorySegment inC;
        private long nextInode = 2;
        private long random = 88172645463325252L;

        /** Fills both. */
        @Setup(Level.Trial)
        public void make() {
            folder = Folder.onDisk();
            index = Index.open(IndexContext.of(folder.path().resolve("index"), new Id128(1, 2), 64L << 20)
                    .withMapBytes(MAP_BYTES));
            reader = index.newReader();
            for (int i = 0; i < ENTRIES; i += BATCH) {
                insertBatch();
            }
            inC = Roofs.lmdbOpen(folder.path().resolve("roof.mdb"), ENTRIES);
        }

        /** Removes both. */
        @TearDown(Level.Trial)
        public void remove() {
            Roofs.lmdbClose(inC);
            reader.close();
            index.close();
            folder.close();
            arena.close();
        }

        private void insertBatch() {
            for (int i = 0; i < BATCH; i++) {
                long ino = nextInode++;
                writeName(ino);
                MakeRecord.encode(
                        record,
                        0,
                        ino,
                        Inode.ROOT,
                        ino,
                        Linux.S_IFREG | 0644,
                        1,
                        1,
                        0,
                        name,
                        0,
                        NAME_BYTES,
                        name,
                        0,
                        0);
                RecordHeader.seal(record, 0, ino - 1);
                succeed(index.writer().apply(record, 0, ino * RECORD_STRIDE));
            }
            succeed(index.writer().commit());
        }

        private void writeName(long number) {
            long left = number;
            for (int at = NAME_BYTES - 1; at >= 0; at--, left /= 10) {
                name.set(ValueLayout.JAVA_BYTE, at, (byte) ('0' + left % 10));
            }
        }

        /** The same numbers as in C. */
        private long nextRandom() {
            random ^= random << 13;
            random ^= random >>> 7;
            random ^= random << 17;
            return random;
        }

        private static void succeed(int rc) {
            if (rc != 0) {
                throw new IllegalStateException("the index answered " + rc);
            }
        }
    }

    /** Names from C. */
    @State(Scope.Thread)
    public static class LookupRoof {
        /** Measures it. */
        @Setup(Level.Iteration)
        public void measure(Trees t, Roof roof) {
            roof.measure(loops -> Roofs.lmdbLookup(t.inC, loops));
        }
    }

    /** Batches from C. */
    @State(Scope.Thread)
    public static class InsertRoof {
        /** Measures it. */
        @Setup(Level.Iteration)
        public void measure(Trees t, Roof roof) {
            roof.measureBatches(BATCH, loops -> Roofs.lmdbInsert(t.inC, BATCH, loops * BATCH));
        }
    }

    /** A name and its inode in the newest snapshot. */
    @Benchmark
    public long lookup(Trees t, LookupRoof beside) {
        long number = 2 + Long.remainderUnsigned(t.nextRandom(), ENTRIES);
        t.writeName(number);
        t.reader.release();
        int rc = t.reader.renew();
        rc = rc == 0 ? t.reader.lookup(Inode.ROOT, t.name, 0, NAME_BYTES, t.entry) : rc;
        rc = rc == 0 ? t.reader.inode(t.entry.ino, t.inode) : rc;
        Trees.succeed(rc);
        return t.inode.ino;
    }

    /** New files, applied and committed. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long insertAndCommit(Trees t, InsertRoof beside) {
        t.reader.release(); // an old snapshot would hold freed pages back
        t.insertBatch();
        return t.nextInode;
    }
}
