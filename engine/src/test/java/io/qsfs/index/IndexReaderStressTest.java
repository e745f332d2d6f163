package io.qsfs.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/**
 * Goal: a snapshot is one moment, while the writer and a checkpoint go on. Method: each batch gives file 2 a size, file
 * 3 an extent and the root a number of entries that agree; a reader compares them, and never sees less than was
 * committed before.
 */
class IndexReaderStressTest {
    private static final int BATCHES = 1500;

    @Test
    void shouldSeeWholeBatchesAlone() throws InterruptedException {
        try (IndexFixture fixture = new IndexFixture()) {
            RecordLog log = fixture.log;
            fixture.take(log.make(1, 2, 0100644, "a", ""));
            fixture.take(log.make(1, 3, 0100644, "b", ""));
            fixture.commit();
            AtomicBoolean stop = new AtomicBoolean();
            AtomicLong committed = new AtomicLong();
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread reading = new Thread(() -> read(fixture, committed, stop, failure), "reader");
            Thread copying = new Thread(() -> copy(fixture, stop, failure), "checkpoints");
            reading.start();
            copying.start();
            for (int i = 1; i <= BATCHES && failure.get() == null; i++) {
                fixture.take(log.write(2, 0, 1024L * i, 1, 0));
                fixture.take(log.setAttributes(2, 8, 0, i));
                fixture.take(log.make(1, 3 + i, 0100644, "f" + i, ""));
                fixture.take(log.write(3, i, 1024L * i + 1, 1, 0));
                fixture.commit();
                committed.set(i);
            }
            stop.set(true);
            reading.join();
            copying.join();
            assertNull(failure.get());
        }
    }

    private static void read(
            IndexFixture fixture, AtomicLong committed, AtomicBoolean stop, AtomicReference<Throwable> failure) {
        Inode a = new Inode();
        Inode b = new Inode();
        try (IndexReader reader = fixture.index.newReader()) {
            while (!stop.get()) {
                long before = committed.get();
                assertEquals(0, reader.renew());
                assertEquals(0, reader.inode(2, a));
                assertEquals(0, reader.inode(3, b));
                if (a.size < before) {
                    throw new AssertionError("saw batch " + a.size + " after " + before + " was committed");
                }
                assertEquals(a.size == 0 ? 0 : a.size + 1, b.size);
                assertEquals(a.size, b.allocatedBytes);
                assertEquals(2 + 4 * a.size, reader.appliedSequence());
                assertEquals(3 + a.size, reader.totals().inodes());
                long[] entries = {0};
                assertEquals(0, reader.readDirectory(1, 0, (name, offset, length, ino, type, cookie) -> {
                    entries[0]++;
                    return true;
                }));
                assertEquals(2 + a.size, entries[0]);
                reader.release();
            }
        } catch (Throwable t) {
            failure.set(t);
        }
    }

    private static void copy(IndexFixture fixture, AtomicBoolean stop, AtomicReference<Throwable> failure) {
        try {
            while (!stop.get()) {
                assertEquals(0, fixture.index.checkpointTo(fixture.directory.resolve("checkpoint")));
                CheckpointInfo info = Checkpoint.read(fixture.directory.resolve("checkpoint"));
                assertEquals(2, info.sequence() % 4);
            }
        } catch (Throwable t) {
            failure.set(t);
        }
    }
}
