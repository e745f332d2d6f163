package io.qsfs.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.qsfs.bindings.isal.Isal;
import io.qsfs.keys.VolumeKey;
import io.qsfs.memory.LittleEndian;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Bytes and names from a backend can be anything: what parses them says null or an errno, and believes no length. With JAZZER_FUZZ=1
 * and one method named these fuzz; otherwise they run their corpus. Beside them, changed copies of the golden vectors with the
 * checksums set right again, from a seed (-Dqsfs.seed).
 */
class CodecFuzzTest {
    private static final long SEED = Long.getLong("qsfs.seed", 4_004);
    private static final int ROUNDS = 20_000;

    @FuzzTest(maxDuration = "1m")
    void fuzzShardHeader(byte[] bytes) {
        header(bytes);
    }

    @FuzzTest(maxDuration = "1m")
    void fuzzChunkTable(byte[] bytes) throws IOException {
        chunkTable(golden("shard-none-0.bin"), bytes);
    }

    @FuzzTest(maxDuration = "1m")
    void fuzzShardName(byte[] bytes) {
        name(new String(bytes, StandardCharsets.UTF_8));
    }

    @FuzzTest(maxDuration = "1m")
    void fuzzDecompress(byte[] bytes) {
        decompress(bytes);
    }

    @Test
    void shouldWithstandChangedHeaders() throws IOException {
        byte[] golden = Arrays.copyOf(golden("shard-lz4-1.bin"), ShardHeader.BYTES);
        assertNotNull(header(golden.clone()));
        Random random = new Random(SEED);
        for (int round = 0; round < ROUNDS; round++) {
            byte[] bytes = golden.clone();
            change(bytes, 176, random);
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment native0 = Fixture.copy(arena, bytes);
                int crc = Isal.crc32c(native0, 0, 4092, 0);
                MemorySegment.ofArray(bytes).set(LittleEndian.INT_UNALIGNED, 4092, crc);
            }
            header(bytes);
        }
    }

    @Test
    void shouldWithstandChangedChunkTables() throws IOException {
        byte[] object = golden("shard-lz4-1.bin");
        Random random = new Random(SEED);
        for (int round = 0; round < ROUNDS; round++) {
            byte[] table = new byte[random.nextInt(100)];
            random.nextBytes(table);
            chunkTable(object, table);
        }
    }

    @Test
    void shouldWithstandChangedNames() {
        String good = "shard/m/00000000000000ff/" + Fixture.MOUNT + "/" + Fixture.SEAL + "/16-4/19";
        assertNotNull(name(good));
        Random random = new Random(SEED);
        for (int round = 0; round < ROUNDS; round++) {
            StringBuilder changed = new StringBuilder(good);
            for (int i = random.nextInt(3); i >= 0; i--) {
                int at = random.nextInt(changed.length());
                switch (random.nextInt(3)) {
                    case 0 -> changed.setCharAt(at, "0123456789abcdefABF/-. \u00e4".charAt(random.nextInt(24)));
                    case 1 -> changed.deleteCharAt(at);
                    default -> changed.insert(at, "0129f/-".charAt(random.nextInt(7)));
                }
            }
            name(changed.toString());
        }
        for (String bad : new String[] {
            "",
            "shard/",
            "shard/x/",
            good + "/",
            "/" + good,
            good.replace("16-4", "016-4"),
            good.replace("/19", "/20"),
            good.replace("/19", "/-1"),
            good.replace("/19", "/+1"),
            good.replace("/m/", "/dm/"),
            good.replace("/m/", "//"),
            good.replace("16-4", "0-20"),
            good.replace("16-4", "255-1"),
            good.replace("ff/", "FF/"),
            good.replace("000ff", "ff"),
            good.replace("0000000000", "f000000000"),
            good.replace("16-4", "16--4"),
            good.replace("16-4", "164")
        }) {
            assertNull(name(bad), bad);
        }
    }

    @Test
    void shouldWithstandForeignBlocks() {
        Random random = new Random(SEED);
        for (int round = 0; round < 2000; round++) {
            byte[] block = new byte[random.nextInt(300)];
            random.nextBytes(block);
            decompress(block);
        }
    }

    /** LMDB and the network put bytes at any address. */
    @Test
    void shouldReadAtAnyAddress() throws IOException {
        byte[] object = golden("shard-lz4-1.bin");
        try (Arena arena = Arena.ofConfined()) {
            ShardHeader expected = ShardHeader.read(Fixture.copy(arena, object), 0);
            for (int shift = 1; shift < 8; shift++) {
                MemorySegment shifted = arena.allocate(object.length + 8, 8).asSlice(shift, object.length);
                shifted.copyFrom(MemorySegment.ofArray(object));
                assertEquals(expected, ShardHeader.read(shifted, 0));
                MemorySegment table = shifted.asSlice(BlockTable.objectOffset(expected.shardBytes()));
                assertTrue(BlockTable.isIntact(table, 1, expected.shardBytes(), shifted, ShardHeader.BYTES));
                assertNotNull(ChunkTable.whyUnsound(table, expected));
            }
            assertNull(ShardHeader.read(Fixture.copy(arena, object), object.length));
            assertNull(ShardHeader.read(Fixture.copy(arena, object), -1));
        }
    }

    /** A decoder that gets a sealed table cut anywhere, or of another length than its header says. */
    @Test
    void shouldRefuseCutTables() throws IOException {
        byte[] object = golden("shard-none-1.bin");
        try (Arena arena = Arena.ofConfined();
                VolumeKey key = Fixture.volumeKey();
                ChunkDecoder decoder = new ChunkDecoder(key, 4096)) {
            ShardHeader header = ShardHeader.read(Fixture.copy(arena, object), 0);
            MemorySegment payload = Fixture.copy(arena, object).asSlice(ShardHeader.BYTES, header.shardBytes());
            long tableAt = header.tableOffset() - header.shardBytes();
            int sealedBytes = ChunkTable.sealedBytes(3);
            MemorySegment table = arena.allocate(ChunkTable.bytes(3), 8);
            assertEquals(0, decoder.decodeTable(header, payload, tableAt, table));
            for (int length = 0; length < sealedBytes; length++) {
                MemorySegment cut = payload.asSlice(tableAt, length);
                assertTrue(decoder.decodeTable(header, cut, 0, table) != 0);
            }
        }
    }

    private static ShardHeader header(byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment source = Fixture.copy(arena, bytes);
            ShardHeader header = ShardHeader.read(source, 0);
            if (header == null) {
                assertNotNull(ShardHeader.whyUnsound(source, 0));
                return null;
            }
            assertTrue(
                    header.objectBytes() > header.shardBytes() && header.shardBytes() <= ShardHeader.SHARD_BYTES_MAX);
            assertTrue(header.tableOffset() > 0
                    && header.sealedBytes()
                            <= header.shardBytes() * header.code().k());
            assertTrue(ChunkTable.bytes(header.chunkCount()) <= 64 * 1024);
            assertEquals(header.name(), ShardName.parse(header.name().format()));
            MemorySegment again = arena.allocate(ShardHeader.BYTES, 8);
            header.write(again, 0);
            assertEquals(header, ShardHeader.read(again, 0));
            return header;
        }
    }

    private static void chunkTable(byte[] object, byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            ShardHeader header = ShardHeader.read(Fixture.copy(arena, object), 0);
            MemorySegment table = Fixture.copy(arena, bytes);
            ChunkTable.whyUnsound(table, header);
            if (bytes.length >= ChunkTable.bytes(header.chunkCount())) {
                ChunkTable.writeHeader(
                        table,
                        header.chunkBytes(),
                        header.chunkCount(),
                        header.sealing().plainBytes(),
                        header.tableOffset(),
                        header.compression());
                ChunkTable.whyUnsound(table, header);
            }
        }
    }

    private static ShardName name(String text) {
        ShardName name = ShardName.parse(text);
        if (name != null) {
            assertEquals(text, name.format());
        }
        return name;
    }

    private static void decompress(byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment plain = arena.allocate(4096);
            new ChunkCompressor().decompress(Fixture.copy(arena, bytes), plain);
        }
    }

    private static void change(byte[] bytes, int below, Random random) {
        for (int i = random.nextInt(3); i >= 0; i--) {
            int at = random.nextInt(below);
            switch (random.nextInt(3)) {
                case 0 -> bytes[at] = (byte) random.nextInt();
                case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                default -> Arrays.fill(bytes, at & -4, (at & -4) + 4, (byte) (random.nextBoolean() ? 0xFF : 0));
            }
        }
    }

    private static byte[] golden(String file) throws IOException {
        try (InputStream in = CodecFuzzTest.class.getResourceAsStream("/golden/" + file)) {
            return in.readAllBytes();
        }
    }
}
