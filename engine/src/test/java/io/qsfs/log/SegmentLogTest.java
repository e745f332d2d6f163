package io.qsfs.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.QsfsException;
import io.qsfs.memory.Id128;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The log on a real disk: what goes in comes out, segments close, files go and stay as they should. */
@Timeout(60)
class SegmentLogTest {
    @TempDir
    Path directory;

    private final List<LogRig.Appended> history = new ArrayList<>();

    private LogRig rig() {
        return new LogRig(new RealDisk(), directory.resolve("log"), history, new Random(1));
    }

    static void await(BooleanSupplier condition) {
        for (int i = 0; i < 5_000 && !condition.getAsBoolean(); i++) {
            LockSupport.parkNanos(1_000_000);
        }
        assertTrue(condition.getAsBoolean(), "it did not happen within five seconds");
    }

    @Test
    void shouldReplayEverythingAfterAnOrderlyStop() {
        try (LogRig rig = rig().mount(1)) {
            for (int i = 0; i < 200; i++) {
                assertTrue(rig.write(1 + i * 97) >= 0);
                assertTrue(rig.purge() >= 0);
            }
            assertEquals(0, rig.sync());
        }
        int appended = history.size();
        try (LogRig rig = rig().mount(2)) {
            assertEquals(appended + 1, history.size());
            assertEquals(ScanResult.Cut.NONE, rig.scan.cut());
            assertEquals(0, rig.scan.cutBytes());
            assertTrue(rig.scan.isWhole());
        }
    }

    @Test
    void shouldCloseFullSegmentsWithASoundRangeTable() {
        try (LogRig rig = rig().mount(1)) {
            for (int i = 0; i < 40; i++) {
                assertTrue(rig.write(100_000) >= 0);
            }
            assertEquals(0, rig.sync());
            await(() -> rig.closed.stream().anyMatch(c -> c[0] == Streams.DATA && c[1] == 1));
            SegmentCatalog catalog = rig.log.catalog();
            SegmentFile file = catalog.pin(Streams.DATA, 1);
            assertTrue(file.isClosed());
            assertEquals(file.fromPosition() + 1_000_000, file.toPosition());
            MemorySegment table = rig.arena.allocate(catalog.rangeTableBytesMax(), 8);
            assertEquals(10, catalog.readRangeTable(file, table));
            assertEquals(1_000_000, RangeTable.usedBytes(table, 0));
            for (int i = 0; i < 10; i++) {
                assertEquals(100_000, RangeTable.length(table, 0, i));
                long position = file.fromPosition() + RangeTable.windowOffset(table, 0, i);
                assertEquals(0, catalog.pread(file, position, rig.payload, 0, 100_000));
                assertEquals(
                        RangeTable.crc(table, 0, i), io.qsfs.bindings.isal.Isal.crc32c(rig.payload, 0, 100_000, 0));
            }
            catalog.unpin(file);
        }
    }

    @Test
    void shouldCloseEarlyOnDemandAndGiveTheRestBack() {
        try (LogRig rig = rig().mount(1)) {
            rig.write(10_000);
            long before = rig.log.catalog().localBytes();
            assertEquals(0, rig.log.data().closeActive());
            assertEquals(-1, rig.log.data().closeActive());
            rig.closeEnded();
            assertEquals(0, rig.log.meta().closeActive());
            assertEquals(-1, rig.log.meta().closeActive());
            assertEquals(0, rig.sync());
            await(() -> rig.closed.size() == 2);
            // The next segments are made at the same time as the rest of these is given back.
            await(() -> rig.log.catalog().localBytes() < before + 2 * LogRig.SEGMENT_BYTES);
            SegmentFile file = rig.log.catalog().pin(Streams.DATA, 0);
            assertTrue(file.allocatedBytes() < 100_000, "allocated " + file.allocatedBytes());
            rig.log.catalog().unpin(file);
            assertTrue(rig.write(10_000) >= LogRig.SEGMENT_BYTES);
        }
    }

    @Test
    void shouldEvictOnlyWhatIsClosedAndKeepItForPins() {
        try (LogRig rig = rig().mount(1)) {
            SegmentCatalog catalog = rig.log.catalog();
            rig.write(10_000);
            assertFalse(catalog.evict(Streams.DATA, 0));
            rig.log.data().closeActive();
            rig.closeEnded();
            rig.sync();
            await(() -> !rig.closed.isEmpty());
            SegmentFile pinned = catalog.pin(Streams.DATA, 0);
            assertTrue(catalog.evict(Streams.DATA, 0));
            assertNull(catalog.pin(Streams.DATA, 0));
            assertEquals(0, catalog.pread(pinned, 5_000, rig.payload, 0, 1_000));
            catalog.unpin(pinned);
            assertFalse(Files.exists(directory.resolve("log").resolve("data-0000000000000000.seg")));
        }
    }

    @Test
    void shouldKeepTheNumberOfOpenFilesWithinItsLimit() {
        LogContext context = new LogContext().mappedSegmentsMax(8);
        try (LogRig rig =
                new LogRig(new RealDisk(), directory.resolve("log"), history, new Random(1), context).mount(1)) {
            for (int i = 0; i < 20; i++) {
                rig.write(1_000);
                rig.log.data().closeActive();
                rig.closeEnded();
                rig.sync();
            }
            await(() -> rig.closed.size() == 20);
            SegmentCatalog catalog = rig.log.catalog();
            for (int i = 0; i < 20; i++) {
                SegmentFile file = catalog.pin(Streams.DATA, i);
                assertTrue(catalog.mappedAddress(file, file.fromPosition()) > 0);
                catalog.unpin(file);
                assertTrue(catalog.residentCount() <= 8);
            }
        }
    }

    @Test
    void shouldAskForASyncWhenBytesGrowOldAndOnceMoreAfterTheLast() {
        List<Long> asked = new ArrayList<>();
        LogContext context = new LogContext().syncAfterNs(20_000_000).syncDue(() -> {
            synchronized (asked) {
                asked.add(System.nanoTime());
            }
        });
        try (LogRig rig =
                new LogRig(new RealDisk(), directory.resolve("log"), history, new Random(1), context).mount(1)) {
            long start = System.nanoTime();
            rig.write(100);
            rig.log.meta().flush();
            await(() -> !asked.isEmpty());
            assertTrue(asked.get(0) - start < 900_000_000L);
            rig.sync();
            int before = asked.size();
            await(() -> asked.size() > before); // the one that names the positions of the sync before it
            rig.sync();
            int last = asked.size();
            LockSupport.parkNanos(1_300_000_000L);
            assertEquals(last, asked.size(), "an idle log asked again");
        }
    }

    /** The file-system thread cannot ask for a sync while it waits for the slot that only a sync frees. */
    @Test
    void shouldNotWaitForItselfWhenManyMetaSegmentsCloseWithoutASync() {
        try (LogRig rig = rig().mount(1)) {
            for (int i = 0; i < 3 * OpenSegments.MAX; i++) {
                assertTrue(rig.purge() >= 0);
                assertEquals(i, rig.log.meta().closeActive());
            }
            assertEquals(0, rig.sync());
        }
    }

    @Test
    void shouldNeverUseAPositionTwice() {
        long[] next = new long[Streams.COUNT];
        for (int mount = 1; mount <= 4; mount++) {
            try (LogRig rig = rig().mount(mount)) {
                assertTrue(rig.log.data().claimed() >= next[Streams.DATA], "data went back in mount " + mount);
                assertTrue(rig.log.meta().appendPosition() >= next[Streams.META], "meta went back in mount " + mount);
                if (mount == 1) {
                    rig.write(1000);
                    rig.log.data().closeActive();
                    rig.closeEnded();
                }
                assertEquals(0, rig.sync());
                rig.log.dropUnused(rig.scan, 0);
                if (mount == 1) {
                    await(() -> rig.closed.size() == 1);
                }
                next[Streams.DATA] = rig.log.data().claimed();
                next[Streams.META] = rig.log.meta().appendPosition();
            }
        }
        assertTrue(rig().log.catalog().localBytes() < 8 * LogRig.SEGMENT_BYTES);
    }

    /** Readers on four threads, twenty segments, room for eight, and one thread that evicts. */
    @Test
    void shouldKeepPinnedSegmentsReadableWhileOthersComeAndGo() throws InterruptedException {
        LogContext context = new LogContext().mappedSegmentsMax(8);
        try (LogRig rig =
                new LogRig(new RealDisk(), directory.resolve("log"), history, new Random(1), context).mount(1)) {
            for (int i = 0; i < 20; i++) {
                rig.write(8);
                rig.log.data().closeActive();
                rig.closeEnded();
                rig.sync();
            }
            await(() -> rig.closed.size() == 20);
            SegmentCatalog catalog = rig.log.catalog();
            AtomicReference<Throwable> failure = new AtomicReference<>();
            List<Thread> readers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                int seed = i;
                readers.add(Thread.ofPlatform().start(() -> {
                    try {
                        read(catalog, new Random(seed));
                    } catch (Throwable t) {
                        failure.compareAndSet(null, t);
                    }
                }));
            }
            for (int i = 0; i < 10; i++) {
                LockSupport.parkNanos(5_000_000);
                assertTrue(catalog.evict(Streams.DATA, i));
            }
            for (Thread reader : readers) {
                reader.join();
            }
            assertNull(failure.get());
            assertEquals(12, catalog.numbers(Streams.DATA).length);
        }
    }

    private static void read(SegmentCatalog catalog, Random random) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment target = arena.allocate(8, 8);
            for (int i = 0; i < 5_000; i++) {
                SegmentFile file = catalog.pin(Streams.DATA, random.nextInt(20));
                if (file == null) {
                    continue;
                }
                if (random.nextBoolean()) {
                    assertTrue(catalog.mappedAddress(file, file.fromPosition()) > 0);
                }
                assertEquals(0, catalog.pread(file, file.fromPosition(), target, 0, 8));
                catalog.unpin(file);
            }
        }
    }

    @Test
    void shouldLeaveForeignFilesAloneAndRefuseAnotherVolume() throws IOException {
        try (LogRig rig = rig().mount(1)) {
            rig.write(100);
            rig.sync();
        }
        Path log = directory.resolve("log");
        Path strange = log.resolve("meta-00000000000000ff.seg");
        Files.write(strange, new byte[5000]);
        try (LogRig rig = rig()) {
            assertEquals(1, rig.log.catalog().foreign().size());
            assertEquals(0x100, rig.log.catalog().nextNumber(Streams.META));
        }
        assertTrue(Files.exists(strange));
        LogContext other =
                new LogContext().directory(log).volumeId(new Id128(1, 1)).segmentBytes(LogRig.SEGMENT_BYTES);
        assertThrows(QsfsException.class, () -> SegmentLog.open(other));
    }

    @Test
    void shouldStopForGoodWhenASyncFails() {
        SimDisk disk = new SimDisk(directory, 1);
        try (LogRig rig = new LogRig(disk, directory.resolve("log"), history, new Random(1)).mount(1)) {
            rig.write(100);
            assertEquals(0, rig.sync());
            rig.write(100);
            disk.failSyncs(1);
            assertEquals(Linux.EIO, rig.sync());
            assertEquals(Linux.EIO, rig.sync());
            assertEquals(-Linux.EIO, rig.write(100));
            assertEquals(Linux.EIO, rig.log.sync().failure());
        }
    }
}
