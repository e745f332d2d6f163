package io.qsfs.keeper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.index.Checkpoint;
import io.qsfs.index.Index;
import io.qsfs.index.IndexContext;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.log.record.SyncRecord;
import io.qsfs.memory.Id128;
import io.qsfs.recall.ManualClock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Goal: a checkpoint is there in time, and never ahead of the durable log. Method: a small real index. */
class CheckpointerTest {
    @TempDir
    Path directory;

    private final ManualClock clock = new ManualClock();
    private final AtomicLong durable = new AtomicLong();
    private Index index;
    private Path file;
    private long sequence = 1;
    private long position;

    @BeforeEach
    void open() {
        index = Index.open(IndexContext.of(directory.resolve("index"), new Id128(7, 7), 1 << 20)
                .withMapBytes(1 << 24));
        file = directory.resolve("checkpoint");
    }

    @AfterEach
    void close() {
        index.close();
    }

    private void apply(int count) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment record = arena.allocate(64, 8);
            for (int i = 0; i < count; i++) {
                int length = SyncRecord.encode(record, 0, 1, 0, 0);
                RecordHeader.seal(record, 0, sequence++);
                assertEquals(0, index.writer().apply(record, 0, position));
                position += length;
            }
        }
        assertEquals(0, index.writer().commit());
    }

    private Checkpointer checkpointer() {
        return new Checkpointer(clock, index::checkpointTo, durable::get, file, 1000);
    }

    @Test
    void shouldWriteACheckpointEverySoManyBytes() {
        Checkpointer checkpointer = checkpointer();
        apply(10);
        durable.set(position);
        assertEquals(0, checkpointer.doWork());
        apply(11);
        durable.set(position);
        assertEquals(1, checkpointer.doWork());
        assertEquals(1, checkpointer.doWork());
        assertEquals(position, checkpointer.position());
        assertEquals(position, Checkpoint.read(file).end());
        assertEquals(0, checkpointer.doWork());
        assertEquals(position, checkpointer().position());
    }

    @Test
    void shouldNotBeAheadOfTheLog() {
        Checkpointer checkpointer = checkpointer();
        apply(30);
        durable.set(1200);
        checkpointer.doWork();
        assertEquals(0, checkpointer.doWork());
        assertFalse(Files.exists(file));
        durable.set(position);
        assertEquals(1, checkpointer.doWork());
        assertTrue(Files.exists(file));
    }

    @Test
    void shouldWriteOneOnRequestAndTryAgainAfterAnError() {
        boolean[] isBroken = {true};
        Checkpointer checkpointer = new Checkpointer(
                clock, target -> isBroken[0] ? 28 : index.checkpointTo(target), durable::get, file, 1 << 20);
        apply(3);
        durable.set(position);
        checkpointer.request();
        assertEquals(1, checkpointer.doWork());
        isBroken[0] = false;
        checkpointer.request();
        assertEquals(0, checkpointer.doWork());
        clock.advance(60_000_000_000L);
        checkpointer.doWork();
        checkpointer.doWork();
        assertNotNull(Checkpoint.read(file));
    }
}
