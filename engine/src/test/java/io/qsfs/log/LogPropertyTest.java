package io.qsfs.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/**
 * Random appends, then the last meta segment is cut at any byte, or any bit of it is flipped. Recovery returns a prefix of what was
 * appended and everything before the last durable position that the log names; damage below that is reported, not passed over.
 */
class LogPropertyTest {
    private static Path directory;

    @BeforeContainer
    static void makeDirectory() throws IOException {
        directory = Files.createTempDirectory("qsfs-log");
    }

    @AfterContainer
    static void removeDirectory() throws IOException {
        delete(directory);
    }

    private static void delete(Path root) throws IOException {
        try (var files = Files.walk(root)) {
            for (Path path : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    /** A log of one mount, and what is in it. */
    private record Written(Path log, List<LogRig.Appended> history, long metaEnd) {}

    private static Written write(long seed, int steps) throws IOException {
        Path log = Files.createTempDirectory(directory, "log").resolve("log");
        List<LogRig.Appended> history = new ArrayList<>();
        Random random = new Random(seed);
        try (LogRig rig = new LogRig(new RealDisk(), log, history, random).mount(1)) {
            for (int step = 0; step < steps; step++) {
                switch (random.nextInt(4)) {
                    case 0 -> assertTrue(rig.write(1 + random.nextInt(3000)) >= 0);
                    case 1 -> assertEquals(0, rig.sync());
                    default -> assertTrue(rig.purge() >= 0);
                }
            }
            assertEquals(0, rig.log.meta().flush());
            return new Written(log, history, rig.log.meta().appendPosition());
        }
    }

    private static Path meta(Written written) {
        return written.log.resolve(SegmentName.of(Streams.META, 0));
    }

    /** What recovery finds; checks that it is a prefix of what was appended. */
    private static ScanResult recover(Written written) {
        List<LogRig.Appended> found = new ArrayList<>();
        LogContext context =
                new LogContext().directory(written.log).volumeId(LogRig.VOLUME).segmentBytes(LogRig.SEGMENT_BYTES);
        try (SegmentLog log = SegmentLog.open(context);
                RecoveryScan scan = log.scan()) {
            ScanResult result = scan.run(
                    ScanStart.BEGINNING,
                    (record, at, position, length) -> {
                        found.add(new LogRig.Appended(
                                io.qsfs.log.record.RecordHeader.sequence(record, at),
                                io.qsfs.log.record.RecordHeader.crc(record, at),
                                position));
                        return 0;
                    },
                    MetaElsewhere.NOWHERE);
            assertEquals(written.history.subList(0, found.size()), found);
            return result;
        } finally {
            try {
                delete(written.log.getParent());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Property(tries = 60)
    void shouldRecoverAPrefixWhenCutAtAnyByte(
            @ForAll long seed, @ForAll @IntRange(max = 60) int steps, @ForAll @IntRange(max = 1 << 20) int at)
            throws IOException {
        Written written = write(seed, steps);
        long cut = SegmentHeader.BYTES + at % (written.metaEnd + 64);
        byte[] bytes = Files.readAllBytes(meta(written));
        Files.write(meta(written), Arrays.copyOf(bytes, (int) cut));
        ScanResult result = recover(written);
        long whole = written.history.stream()
                .filter(record -> record.position() + 40 <= cut - SegmentHeader.BYTES)
                .count();
        assertTrue(result.records() <= whole + 1, result + " whole=" + whole);
        assertTrue(result.endPosition() <= cut - SegmentHeader.BYTES);
        assertTrue(result.isWhole() == (result.endPosition() >= result.durableMeta()), result.summary());
    }

    @Property(tries = 60)
    void shouldDetectAnyFlippedBit(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 60) int steps, @ForAll @IntRange(max = 1 << 24) int bit)
            throws IOException {
        Written written = write(seed, steps);
        int flipped = (int) (bit % (written.metaEnd * 8));
        byte[] bytes = Files.readAllBytes(meta(written));
        bytes[SegmentHeader.BYTES + flipped / 8] ^= (byte) (1 << flipped % 8);
        Files.write(meta(written), bytes);
        ScanResult result = recover(written);
        assertTrue(result.endPosition() <= flipped / 8, "accepted a changed record: " + result);
        if (result.isWhole()) {
            assertTrue(result.endPosition() >= result.durableMeta(), result.summary());
            assertEquals(ScanResult.Cut.TORN, result.cut(), result.summary());
        } else {
            assertTrue(result.endPosition() < result.durableMeta(), result.summary());
        }
        assertTrue(result.durableMeta() <= written.metaEnd);
    }
}
