package io.qsfs.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.log.record.CloneRecord;
import io.qsfs.log.record.ClosedRecord;
import io.qsfs.log.record.LinkRecord;
import io.qsfs.log.record.MakeRecord;
import io.qsfs.log.record.MountRecord;
import io.qsfs.log.record.PadRecord;
import io.qsfs.log.record.PlacedRecord;
import io.qsfs.log.record.PunchRecord;
import io.qsfs.log.record.PurgeRecord;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.log.record.RecordType;
import io.qsfs.log.record.RemoveXattrRecord;
import io.qsfs.log.record.RenameRecord;
import io.qsfs.log.record.SetAttrRecord;
import io.qsfs.log.record.SetXattrRecord;
import io.qsfs.log.record.ShardRecord;
import io.qsfs.log.record.SyncRecord;
import io.qsfs.log.record.UnlinkRecord;
import io.qsfs.log.record.WriteRecord;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The bytes of the log's formats do not change. The vectors in {@code golden/} were computed by a program that shares no code with
 * this one; a format that has to change gets a new version and new vectors beside the old.
 */
class GoldenLogTest {
    private static final Id128 VOLUME = Id128.parse("11112222333344445555666677778888");
    private static final Id128 MOUNT = Id128.parse("a1a2a3a4a5a6a7a8b1b2b3b4b5b6b7b8");
    private static final Id128 OWNER = Id128.parse("0102030405060708090a0b0c0d0e0f10");
    private static final Id128 BACKEND = Id128.parse("c0000000000000000000000000000001");
    private static final Id256 SEAL = Id256.parse("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    private static final long TIME = 1_700_000_000_000_000_001L;

    @TempDir
    Path directory;

    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void free() {
        arena.close();
    }

    static String text(String name) throws IOException {
        try (InputStream stream = GoldenLogTest.class.getResourceAsStream("/golden/" + name)) {
            return new String(stream.readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    static byte[] bytes(String name) throws IOException {
        return HexFormat.of().parseHex(text(name).replace("\n", ""));
    }

    static Map<RecordType, byte[]> records() throws IOException {
        Map<RecordType, byte[]> records = new LinkedHashMap<>();
        for (String line : text("records.hex").lines().toList()) {
            String[] parts = line.split(" ");
            records.put(RecordType.valueOf(parts[0]), HexFormat.of().parseHex(parts[1]));
        }
        return records;
    }

    private static String hex(MemorySegment segment, long length) {
        return HexFormat.of().formatHex(segment.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
    }

    private MemorySegment copy(byte[] bytes) {
        MemorySegment segment = arena.allocate(bytes.length, 8);
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, segment, 0, bytes.length);
        return segment;
    }

    @Test
    void shouldKeepTheSegmentHeader() throws IOException {
        byte[] golden = bytes("segment-header.hex");
        MountIdentity identity = new MountIdentity(MOUNT, 7, 3);
        MemorySegment header = arena.allocate(SegmentHeader.BYTES, 8).fill((byte) 0xff);
        SegmentHeader.encode(header, 0, VOLUME, Streams.META, 5, 64L << 20, identity, 1_700_000_000_123_456_789L);
        assertEquals(HexFormat.of().formatHex(golden), hex(header, SegmentHeader.BYTES));
        MemorySegment read = copy(golden);
        assertNull(SegmentHeader.defect(read, 0, golden.length));
        assertEquals(VOLUME, SegmentHeader.volumeId(read, 0));
        assertEquals(Streams.META, SegmentHeader.stream(read, 0));
        assertEquals(5, SegmentHeader.number(read, 0));
        assertEquals(5 * (64L << 20), SegmentHeader.basePosition(read, 0));
        assertEquals(64L << 20, SegmentHeader.segmentBytes(read, 0));
        assertEquals(identity, SegmentHeader.identity(read, 0));
        assertEquals(1_700_000_000_123_456_789L, SegmentHeader.createdNs(read, 0));
    }

    @Test
    void shouldKeepTheRangeTable() throws IOException {
        byte[] golden = bytes("range-table.hex");
        MemorySegment table = arena.allocate(golden.length, 8);
        RangeTable.putEntry(table, 0, 0, 0, 4096, 0x11223344, 2, 0, 10);
        RangeTable.putEntry(table, 0, 1, 4096, 100, 0xdeadbeef, 3, 8192, 12);
        RangeTable.seal(table, 0, 2, 4196);
        assertEquals(HexFormat.of().formatHex(golden), hex(table, golden.length));
        assertTrue(RangeTable.isSound(copy(golden), 0, golden.length));
    }

    @Test
    void shouldKeepEveryRecord() throws IOException {
        Map<RecordType, byte[]> golden = records();
        assertEquals(RecordType.values().length, golden.size());
        for (Map.Entry<RecordType, byte[]> entry : golden.entrySet()) {
            MemorySegment record = arena.allocate(1024, 8).fill((byte) 0xff);
            int length = encode(entry.getKey(), record);
            RecordHeader.seal(record, 0, entry.getKey().code());
            assertEquals(
                    HexFormat.of().formatHex(entry.getValue()),
                    hex(record, length),
                    entry.getKey().toString());
            assertTrue(
                    RecordHeader.isSound(copy(entry.getValue()), 0, length),
                    entry.getKey().toString());
        }
    }

    private int encode(RecordType type, MemorySegment record) {
        MemorySegment text = arena.allocateFrom("linktargetagainnew");
        return switch (type) {
            case PAD -> PadRecord.encode(record, 0, PadRecord.FIXED_BYTES, TIME);
            case SYNC -> SyncRecord.encode(record, 0, TIME, 4096, 8192);
            case MOUNT -> MountRecord.encode(record, 0, TIME, MOUNT, 7, 3, 2, 1_048_576, 2_097_152, OWNER, 3_145_728);
            case MAKE -> MakeRecord.encode(record, 0, TIME, 1, 2, 0120777, 1000, 1001, 0, text, 0, 4, text, 4, 6);
            case LINK -> LinkRecord.encode(record, 0, TIME, 2, 1, text, 10, 5);
            case UNLINK -> UnlinkRecord.encode(record, 0, TIME, 1, 2, text, 0, 4, 0);
            case RENAME -> RenameRecord.encode(record, 0, TIME, 1, 9, 2, 3, text, 10, 5, text, 15, 3, 0);
            case SET_ATTR -> SetAttrRecord.encode(record, 0, TIME, 0, 2, 0x7f, 0644, 1, 2, 12_345, 11, 22, 33);
            case WRITE ->
                WriteRecord.encode(
                        record,
                        0,
                        TIME,
                        WriteRecord.FLAG_KILL_PRIVILEGES | WriteRecord.FLAG_KEEPS_TIMES,
                        2,
                        65_536,
                        1_048_576,
                        4096,
                        0xcafebabe);
            case PURGE -> PurgeRecord.encode(record, 0, TIME, 2);
            case CLOSED -> ClosedRecord.encode(record, 0, TIME, Streams.DATA, 5, MOUNT, 5_242_880, 6_000_000);
            case PLACED -> placed(record);
            case SHARD -> ShardRecord.encode(record, 0, TIME, Streams.DATA, 1, 5, SEAL, BACKEND);
            case SET_XATTR -> {
                MemorySegment attribute = arena.allocateFrom("user.namevalue");
                yield SetXattrRecord.encode(
                        record, 0, TIME, SetXattrRecord.FLAG_MODE, 2, 0640, attribute, 0, 9, attribute, 9, 5);
            }
            case REMOVE_XATTR -> {
                MemorySegment attribute = arena.allocateFrom("user.namevalue");
                yield RemoveXattrRecord.encode(record, 0, TIME, 0, 2, 0, attribute, 0, 9);
            }
            case PUNCH ->
                PunchRecord.encode(
                        record, 0, TIME, PunchRecord.FLAG_KILL_PRIVILEGES | PunchRecord.FLAG_GROWS, 2, 65_537, 12_345);
            case CLONE ->
                CloneRecord.encode(record, 0, TIME, CloneRecord.FLAG_KILL_PRIVILEGES, 2, 4096, 3, 65_536, 1L << 33);
        };
    }

    private static int placed(MemorySegment record) {
        int length = PlacedRecord.encode(
                record, 0, TIME, Streams.DATA, 1, 5, MOUNT, 3, SEAL, 5_242_880, 6_000_000, 400_000, 262_144, 2, 2, 3);
        PlacedRecord.putBackend(record, 0, 0, BACKEND);
        PlacedRecord.putBackend(record, 0, 1, Id128.NIL);
        PlacedRecord.putBackend(record, 0, 2, Id128.parse("c0000000000000000000000000000003"));
        PlacedRecord.putChunk(record, 0, 0, 262_144, 0x01020304);
        PlacedRecord.putChunk(record, 0, 1, 0x8000_0000 | 100_000, 0x05060708);
        return length;
    }

    @Test
    void shouldKeepTheStateFile() throws IOException {
        Path mount = directory.resolve("mount");
        Files.write(mount, bytes("state-mount.hex"));
        assertEquals(new MountState(7, MOUNT), MountState.read(new RealDisk(), mount));
    }
}
