package io.qsfs.index;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.log.record.WriteRecord;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * Goal: what every request does allocates nothing once compiled. Method: the bytes that this thread allocated, over
 * many calls after a warm-up; several rounds, because compilation comes when it comes.
 */
class IndexAllocationTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int WARM_UP = 40_000;
    private static final int ITERATIONS = 20_000;
    private static final int ROUNDS_MAX = 20;
    /** What asking for the figure may cost, and nothing that is paid for each call. */
    private static final long NOISE_BYTES = 2_000;

    private static final int FILES = 1000;

    @Test
    void shouldAllocateNothingWhenReading() {
        try (IndexFixture fixture = new IndexFixture();
                IndexReader reader = fixture.index.newReader();
                Arena arena = Arena.ofConfined()) {
            fill(fixture);
            MemorySegment name = arena.allocate(16);
            Inode inode = new Inode();
            DirectoryEntry entry = new DirectoryEntry();
            ExtentList list = new ExtentList(16);
            DirectoryVisitor visitor = (n, offset, length, ino, type, cookie) -> ino % 16 != 0;
            reader.renew();
            assertAllocatesNothing("inode", i -> reader.inode(2 + i % FILES, inode));
            assertAllocatesNothing("lookup", i -> reader.lookup(1, name, 0, name(name, i % FILES), entry));
            assertAllocatesNothing("extents", i -> reader.extents(2 + i % FILES, 50, 300, list));
            assertAllocatesNothing("readDirectory", i -> reader.readDirectory(1, i % FILES, visitor));
            assertAllocatesNothing("renew", i -> {
                reader.release();
                return reader.renew();
            });
            assertAllocatesNothing("renew and extents", i -> {
                reader.release();
                return reader.renew() + reader.extents(2 + i % FILES, 50, 300, list);
            });
            reader.release();
        }
    }

    @Test
    void shouldAllocateNothingWhenApplying() {
        try (IndexFixture fixture = new IndexFixture()) {
            fill(fixture);
            RecordLog log = fixture.log;
            assertAllocatesNothing("WRITE", i -> {
                int length = WriteRecord.encode(
                        log.buffer, 0, i, 0, 2 + i % FILES, (i % 7) * 100L, 1_024_000L + i * 1024L, 100, 7);
                return apply(fixture, length, i);
            });
            long[] ino = {100_000};
            MemorySegment name = Arena.ofAuto().allocate(16);
            assertAllocatesNothing("MAKE and UNLINK and PURGE", i -> {
                int nameLength = name(name, 5000 + i % FILES);
                int rc = apply(fixture, makeFile(log, ++ino[0], name, nameLength), i);
                int length =
                        io.qsfs.log.record.UnlinkRecord.encode(log.buffer, 0, i, 1, ino[0], name, 0, nameLength, 0);
                rc += apply(fixture, length, i);
                return rc + apply(fixture, io.qsfs.log.record.PurgeRecord.encode(log.buffer, 0, i, ino[0]), i);
            });
        }
    }

    private static int makeFile(RecordLog log, long ino, MemorySegment name, int nameLength) {
        return io.qsfs.log.record.MakeRecord.encode(
                log.buffer, 0, ino, 1, ino, 0100644, 1, 1, 0, name, 0, nameLength, name, 0, 0);
    }

    /** As the file-system thread does: a commit after a batch. */
    private static int apply(IndexFixture fixture, int length, int i) {
        RecordLog log = fixture.log;
        RecordHeader.seal(log.buffer, 0, ++log.sequence);
        int rc = fixture.writer.apply(log.buffer, 0, log.position);
        log.position += length;
        return rc == 0 && i % 500 == 0 ? fixture.writer.commit() : rc;
    }

    private static void fill(IndexFixture fixture) {
        for (int i = 0; i < FILES; i++) {
            fixture.take(fixture.log.make(1, 2 + i, 0100644, "f" + (1000 + i), ""));
            fixture.take(fixture.log.write(2 + i, 0, 10_240 + i * 1024L, 100, 0));
            fixture.take(fixture.log.write(2 + i, 200, 10_240 + i * 1024L + 100, 100, 0));
        }
        fixture.commit();
    }

    private static int name(MemorySegment name, int number) {
        int digits = 1000 + number;
        name.set(ValueLayout.JAVA_BYTE, 0, (byte) 'f');
        for (int at = 4; at >= 1; at--) {
            name.set(ValueLayout.JAVA_BYTE, at, (byte) ('0' + digits % 10));
            digits /= 10;
        }
        return 5;
    }

    private static void assertAllocatesNothing(String what, IntUnaryOperator body) {
        long allocated = 0;
        for (int round = 0; round < ROUNDS_MAX; round++) {
            run(what, body, WARM_UP);
            long before = THREADS.getCurrentThreadAllocatedBytes();
            run(what, body, ITERATIONS);
            allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
            if (allocated <= NOISE_BYTES) {
                return;
            }
        }
        assertEquals(0, allocated, what + ": bytes for " + ITERATIONS + " calls");
    }

    private static void run(String what, IntUnaryOperator body, int count) {
        for (int i = 0; i < count; i++) {
            int rc = body.applyAsInt(i);
            if (rc != 0) {
                throw new AssertionError(what + ": " + rc + " " + Refusal.of(rc));
            }
        }
    }
}
