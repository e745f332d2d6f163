package io.qsfs.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.log.record.RecordType;
import io.qsfs.memory.LittleEndian;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Bytes on a disk can be anything: what parses them never throws, never reads behind the end, and believes no length. With
 * JAZZER_FUZZ=1 and one method named these fuzz; otherwise they run their corpus. Beside them, changed copies of the golden vectors
 * with the checksums set right again, from a seed (-Dqsfs.seed), and every single flipped bit.
 */
class LogFuzzTest {
    private static final long SEED = Long.getLong("qsfs.seed", 1_009);
    private static final int ROUNDS = 20_000;

    @FuzzTest(maxDuration = "1m")
    void fuzzRecord(byte[] bytes) {
        record(bytes);
    }

    @FuzzTest(maxDuration = "1m")
    void fuzzMetaReader(byte[] bytes) {
        walk(bytes);
    }

    @FuzzTest(maxDuration = "1m")
    void fuzzSegmentHeader(byte[] bytes) {
        header(bytes);
    }

    @FuzzTest(maxDuration = "1m")
    void fuzzRangeTable(byte[] bytes) {
        table(bytes);
    }

    @FuzzTest(maxDuration = "1m")
    void fuzzStateFile(byte[] bytes) {
        state(bytes);
    }

    /** Exactly as long as the bytes, so that a load behind them throws. */
    private static MemorySegment exactly(Arena arena, byte[] bytes) {
        MemorySegment segment = arena.allocate(bytes.length, 8);
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, segment, 0, bytes.length);
        return segment;
    }

    private static boolean record(byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            return RecordHeader.isSound(exactly(arena, bytes), 0, bytes.length);
        }
    }

    private static boolean header(byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = exactly(arena, bytes);
            if (SegmentHeader.defect(segment, 0, bytes.length) != null) {
                return false;
            }
            assertNotNull(SegmentHeader.identity(segment, 0));
            return true;
        }
    }

    private static boolean table(byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            return RangeTable.isSound(exactly(arena, bytes), 0, bytes.length);
        }
    }

    private static boolean state(byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            return new StateFile(new RealDisk(), Path.of("state"), 1).defect(exactly(arena, bytes), bytes.length)
                    == null;
        }
    }

    /** Walks to the end, past what is unsound; how many records there were. */
    private static int walk(byte[] bytes) {
        try (Arena arena = Arena.ofConfined();
                MetaReader reader = new MetaReader()) {
            MemorySegment segment = exactly(arena, bytes);
            reader.begin(
                    (position, target, offset, length) -> {
                        if (position + length > segment.byteSize()) {
                            throw new AssertionError("read behind the end: " + position + " " + length);
                        }
                        MemorySegment.copy(segment, position, target, offset, length);
                        return 0;
                    },
                    0,
                    bytes.length);
            int count = 0;
            long last = -1;
            int outcome = reader.next();
            while (true) {
                if (outcome == MetaReader.UNSOUND) {
                    outcome = reader.resync(0);
                }
                if (outcome != MetaReader.RECORD) {
                    assertEquals(MetaReader.END, outcome);
                    return count;
                }
                assertTrue(reader.position() > last && reader.position() + reader.length() <= bytes.length);
                assertNotNull(reader.type());
                last = reader.position();
                count++;
                outcome = reader.next();
            }
        }
    }

    @Test
    void shouldDetectEveryFlippedBit() throws IOException {
        for (byte[] golden : GoldenLogTest.records().values()) {
            assertTrue(record(golden));
            forEachFlip(golden, bytes -> assertFalse(record(bytes)));
        }
        byte[] table = GoldenLogTest.bytes("range-table.hex");
        assertTrue(table(table));
        forEachFlip(table, bytes -> assertFalse(table(bytes)));
        byte[] header = GoldenLogTest.bytes("segment-header.hex");
        assertTrue(header(header));
        forEachFlip(header, bytes -> assertFalse(header(bytes)));
        byte[] state = GoldenLogTest.bytes("state-mount.hex");
        assertTrue(state(state));
        forEachFlip(state, bytes -> assertFalse(state(bytes)));
    }

    private interface Check {
        void on(byte[] bytes);
    }

    private static void forEachFlip(byte[] golden, Check check) {
        for (int bit = 0; bit < golden.length * 8; bit++) {
            byte[] bytes = golden.clone();
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
            check.on(bytes);
        }
    }

    @Test
    void shouldWithstandChangedRecordsWithTheRightChecksum() throws IOException {
        List<byte[]> golden = List.copyOf(GoldenLogTest.records().values());
        Random random = new Random(SEED);
        int sound = 0;
        for (int round = 0; round < ROUNDS; round++) {
            byte[] bytes = golden.get(random.nextInt(golden.size())).clone();
            change(bytes, random);
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment record = exactly(arena, bytes);
                int length = RecordHeader.length(record, 0);
                if (length >= RecordHeader.BYTES && length <= bytes.length) {
                    record.set(LittleEndian.INT, 4, RecordHeader.computeCrc(record, 0, length));
                }
                if (RecordHeader.isSound(record, 0, bytes.length)) {
                    sound++;
                    assertNotNull(RecordType.of(RecordHeader.typeCode(record, 0)));
                }
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + SEED + " round " + round, e);
            }
        }
        assertTrue(sound > ROUNDS / 10, "only " + sound + " changed records were sound");
    }

    @Test
    void shouldWithstandChangedSegments() throws IOException {
        byte[] golden = segment();
        assertEquals(RecordType.values().length, walk(golden));
        Random random = new Random(SEED);
        for (int round = 0; round < ROUNDS / 10; round++) {
            byte[] bytes = Arrays.copyOf(golden, random.nextInt(golden.length + 1));
            for (int i = random.nextInt(4); i > 0 && bytes.length > 0; i--) {
                change(bytes, random);
            }
            try {
                assertTrue(walk(bytes) <= RecordType.values().length);
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + SEED + " round " + round, e);
            }
        }
    }

    /** One record of each type, the end mark last. */
    private static byte[] segment() throws IOException {
        java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
        var records = GoldenLogTest.records();
        byte[] end = records.remove(RecordType.PAD);
        for (byte[] record : records.values()) {
            out.write(record);
        }
        out.write(end);
        return out.toByteArray();
    }

    @Test
    void shouldPassOnWhatASourceSays() {
        try (MetaReader reader = new MetaReader()) {
            reader.begin((position, target, offset, length) -> Linux.EIO, 0, 4096);
            assertEquals(-Linux.EIO, reader.next());
        }
    }

    private static void change(byte[] bytes, Random random) {
        int at = random.nextInt(bytes.length);
        switch (random.nextInt(4)) {
            case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> bytes[at] = (byte) random.nextInt();
            case 2 -> Arrays.fill(bytes, at, Math.min(bytes.length, at + 8), (byte) (random.nextBoolean() ? 0xff : 0));
            default -> bytes[at] = (byte) (bytes[at] + 1);
        }
    }
}
