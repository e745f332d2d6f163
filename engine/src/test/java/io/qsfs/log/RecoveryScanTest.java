package io.qsfs.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.log.record.RecordHeader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A torn tail is cut; rot is told from it, healed from elsewhere, and never shortens history in silence. */
@Timeout(60)
class RecoveryScanTest {
    @TempDir
    Path directory;

    private final List<LogRig.Appended> history = new ArrayList<>();

    private LogRig rig() {
        return new LogRig(new RealDisk(), directory.resolve("log"), history, new Random(1));
    }

    private Path meta(long number) {
        return directory.resolve("log").resolve(SegmentName.of(Streams.META, number));
    }

    private static void overwrite(Path path, long offset, byte[] bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(bytes), offset);
        }
    }

    private ScanResult scan(ScanStart start, List<Long> sequences, MetaElsewhere elsewhere) {
        try (LogRig rig = rig();
                RecoveryScan scan = rig.log.scan()) {
            return scan.run(
                    start,
                    (record, at, position, length) -> {
                        sequences.add(RecordHeader.sequence(record, at));
                        return 0;
                    },
                    elsewhere);
        }
    }

    /** Three meta segments with two syncs at the end; returns where the record after the first sync of segment 1 lies. */
    private long fillThreeSegments() {
        long position = 0;
        try (LogRig rig = rig().mount(1)) {
            for (int segment = 0; segment < 3; segment++) {
                for (int i = 0; i < 50; i++) {
                    rig.purge();
                    rig.write(1000);
                }
                rig.sync();
                if (segment == 1) {
                    position = rig.purge();
                }
                rig.sync();
                if (segment < 2) {
                    rig.log.meta().closeActive();
                }
            }
            rig.sync();
        }
        return position;
    }

    @Test
    void shouldReportRotBelowTheDurablePosition() throws IOException {
        long position = fillThreeSegments();
        overwrite(meta(1), SegmentHeader.BYTES + position - LogRig.SEGMENT_BYTES + 9, new byte[] {77});
        List<Long> sequences = new ArrayList<>();
        ScanResult result = scan(ScanStart.BEGINNING, sequences, MetaElsewhere.NOWHERE);
        assertFalse(result.isWhole());
        assertEquals(1, result.rot().get(0).segment());
        assertEquals(position, result.rot().get(0).position());
        assertEquals(ScanResult.Cut.NONE, result.cut());
        assertEquals(sequences.size(), result.lastSequence());
        assertTrue(result.summary().contains("ROTTEN"), result.summary());
    }

    @Test
    void shouldHealRotAndMissingSegmentsFromElsewhere() throws IOException {
        long position = fillThreeSegments();
        List<Long> whole = new ArrayList<>();
        assertTrue(scan(ScanStart.BEGINNING, whole, MetaElsewhere.NOWHERE).isWhole());
        byte[] one = Files.readAllBytes(meta(1));
        byte[] zero = Files.readAllBytes(meta(0));
        overwrite(meta(1), SegmentHeader.BYTES + position - LogRig.SEGMENT_BYTES + 9, new byte[] {77});
        Files.delete(meta(0));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment[] images = {copy(arena, zero), copy(arena, one)};
            MetaElsewhere elsewhere = number -> new MetaElsewhere.Content(
                    (at, target, offset, length) -> {
                        long from = SegmentHeader.BYTES + at - number * LogRig.SEGMENT_BYTES;
                        MemorySegment.copy(images[(int) number], from, target, offset, length);
                        return 0;
                    },
                    (number + 1) * LogRig.SEGMENT_BYTES);
            List<Long> healed = new ArrayList<>();
            ScanResult result = scan(ScanStart.BEGINNING, healed, elsewhere);
            assertTrue(result.isWhole(), result.summary());
            assertEquals(whole, healed);
        }
        ScanResult without = scan(ScanStart.BEGINNING, new ArrayList<>(), MetaElsewhere.NOWHERE);
        assertFalse(without.isWhole());
        assertEquals(0, without.records());
    }

    private static MemorySegment copy(Arena arena, byte[] bytes) {
        MemorySegment segment = arena.allocate(bytes.length, 8);
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, segment, 0, bytes.length);
        return segment;
    }

    @Test
    void shouldStartWhereTheIndexIsWhenEarlierSegmentsAreNotLocal() throws IOException {
        fillThreeSegments();
        List<Long> whole = new ArrayList<>();
        scan(ScanStart.BEGINNING, whole, MetaElsewhere.NOWHERE);
        LogRig.Appended applied = history.stream()
                .filter(record -> record.position() > LogRig.SEGMENT_BYTES)
                .findFirst()
                .orElseThrow();
        Files.delete(meta(0));
        long[] end = new long[1];
        try (LogRig rig = rig();
                RecoveryScan scan = rig.log.scan()) {
            assertTrue(scan.holds(applied.position(), applied.sequence(), applied.crc()));
            assertFalse(scan.holds(applied.position(), applied.sequence(), applied.crc() + 1));
            assertFalse(scan.holds(applied.position() + 8, applied.sequence(), applied.crc()));
            assertFalse(scan.holds(0, 1, 0));
            SegmentFile file = rig.log.catalog().pin(Streams.META, 1);
            MemorySegment length = rig.arena.allocate(8, 8);
            rig.log.catalog().pread(file, applied.position(), length, 0, 8);
            end[0] = applied.position() + RecordHeader.length(length, 0);
            rig.log.catalog().unpin(file);
        }
        List<Long> rest = new ArrayList<>();
        ScanResult result = scan(new ScanStart(end[0], applied.sequence() + 1, 0, 0), rest, MetaElsewhere.NOWHERE);
        assertTrue(result.isWhole(), result.summary());
        assertEquals(whole.subList((int) applied.sequence(), whole.size()), rest);
        assertEquals(ScanResult.Cut.NONE, result.cut());
    }

    @Test
    void shouldReportALostEndThatWasDurable() throws IOException {
        fillThreeSegments();
        overwrite(meta(2), SegmentHeader.BYTES + 64, new byte[2000]);
        ScanResult result = scan(ScanStart.BEGINNING, new ArrayList<>(), MetaElsewhere.NOWHERE);
        assertFalse(result.isWhole(), result.summary());
        assertEquals(2, result.rot().get(0).segment());
    }

    @Test
    void shouldCutATornTailAndGoOnBehindIt() throws IOException {
        long position;
        try (LogRig rig = rig().mount(1)) {
            for (int i = 0; i < 20; i++) {
                rig.purge();
            }
            rig.sync();
            position = rig.purge();
            rig.purge();
            rig.log.meta().flush();
        }
        overwrite(meta(0), SegmentHeader.BYTES + position + 33, new byte[] {99});
        history.removeIf(record -> record.position() >= position);
        try (LogRig rig = rig().mount(2)) {
            assertEquals(ScanResult.Cut.TORN, rig.scan.cut());
            assertTrue(rig.scan.cutBytes() > 40, "cut " + rig.scan.cutBytes());
            assertEquals(position, rig.scan.endPosition());
            rig.purge();
            rig.sync();
        }
        try (LogRig rig =
                rig().mount(3)) { // the second time nothing is cut: the MOUNT record says where history went on
            assertEquals(ScanResult.Cut.NONE, rig.scan.cut(), rig.scan.summary());
            assertTrue(rig.scan.isWhole(), rig.scan.summary());
        }
    }

    @Test
    void shouldCutARecordWhoseDataDidNotReachTheDisk() throws IOException {
        long record;
        long data;
        try (LogRig rig = rig().mount(1)) {
            rig.write(5000);
            rig.sync();
            record = rig.log.meta().appendPosition();
            data = rig.write(5000);
            rig.purge();
            rig.log.meta().flush();
        }
        Path segment = directory.resolve("log").resolve(SegmentName.of(Streams.DATA, 0));
        overwrite(segment, SegmentHeader.BYTES + data + 100, new byte[] {1, 2, 3});
        history.removeIf(appended -> appended.position() >= record);
        try (LogRig rig = rig().mount(2)) {
            assertEquals(ScanResult.Cut.DATA_MISSING, rig.scan.cut());
            assertEquals(record, rig.scan.endPosition());
            assertEquals(data, rig.scan.dataEnd());
            SegmentFile closed = rig.log.catalog().pin(Streams.DATA, 0);
            MemorySegment table = rig.arena.allocate(rig.log.catalog().rangeTableBytesMax(), 8);
            assertEquals(1, rig.log.catalog().readRangeTable(closed, table));
            assertEquals(5000, RangeTable.usedBytes(table, 0));
            rig.log.catalog().unpin(closed);
        }
    }

    @Test
    void shouldStopWhenTheVisitorSaysSo() {
        fillThreeSegments();
        try (LogRig rig = rig();
                RecoveryScan scan = rig.log.scan()) {
            ScanResult result = scan.run(
                    ScanStart.BEGINNING, (record, at, position, length) -> Linux.ENOSPC, MetaElsewhere.NOWHERE);
            assertEquals(Linux.ENOSPC, result.stop());
            assertEquals(0, result.records());
        }
    }

    /** A segment is closed, its table reaches the disk, and of its three ranges the last one and its record do not. */
    private long closeSegmentThatLosesItsLastRange() throws IOException {
        long record;
        long lost;
        try (LogRig rig = rig().mount(1)) {
            rig.write(3000);
            rig.sync();
            rig.write(4000);
            rig.log.meta().flush();
            record = rig.log.meta().appendPosition();
            lost = rig.write(5000);
            rig.log.meta().flush();
            rig.log.data().closeActive();
            rig.closeEnded();
        }
        overwrite(data(0), SegmentHeader.BYTES + lost, new byte[5000]);
        history.removeIf(appended -> appended.position() >= record);
        return record;
    }

    private Path data(long number) {
        return directory.resolve("log").resolve(SegmentName.of(Streams.DATA, number));
    }

    private static int ranges(LogRig rig, long number) {
        SegmentFile file = rig.log.catalog().pin(Streams.DATA, number);
        try {
            MemorySegment table = rig.arena.allocate(rig.log.catalog().rangeTableBytesMax(), 8);
            return rig.log.catalog().readRangeTable(file, table);
        } finally {
            rig.log.catalog().unpin(file);
        }
    }

    @Test
    void shouldTakeRangesThatAreNotHistoryOutOfTheTableOfAClosedSegment() throws IOException {
        long record = closeSegmentThatLosesItsLastRange();
        try (LogRig rig = rig().mount(2)) {
            assertEquals(ScanResult.Cut.DATA_MISSING, rig.scan.cut());
            assertEquals(record, rig.scan.endPosition());
            assertEquals(2, ranges(rig, 0));
            rig.write(100); // its record has the sequence of the one that was cut
            rig.sync();
        }
        try (LogRig rig = rig().mount(3)) {
            assertEquals(2, ranges(rig, 0));
        }
    }

    /** The records of the ranges that stay are applied already, and none of them is seen again. */
    @Test
    void shouldKeepTheRangesOfRecordsBelowTheStartOfTheScan() throws IOException {
        long record = closeSegmentThatLosesItsLastRange();
        long sequence = history.get(history.size() - 1).sequence();
        try (LogRig rig = rig();
                RecoveryScan scan = rig.log.scan()) {
            ScanResult result = scan.run(
                    new ScanStart(record, sequence + 1, 0, 0),
                    (bytes, at, position, length) -> 0,
                    MetaElsewhere.NOWHERE);
            assertEquals(0, result.records());
            rig.log.closeRecovered(scan, result);
            assertEquals(2, ranges(rig, 0));
            assertEquals(2, TableCheck.requireAllSound(rig.log.catalog()));
        }
    }

    /** The power goes again while the table is taken back: its header and its entries are of two tables. */
    @Test
    void shouldBuildATableAgainThatIsTorn() throws IOException {
        closeSegmentThatLosesItsLastRange();
        long table = SegmentHeader.BYTES + LogRig.SEGMENT_BYTES;
        overwrite(data(0), table + RangeTable.HEADER_BYTES + RangeTable.ENTRY_BYTES + 5, new byte[] {66});
        try (LogRig rig = rig().mount(2)) {
            assertEquals(2, ranges(rig, 0));
        }
    }
}
