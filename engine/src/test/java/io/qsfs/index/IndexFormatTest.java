package io.qsfs.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: the bytes of keys, values, markers and the trailer of a checkpoint do not change unnoticed. Method: golden
 * vectors, one line "key value" in hex for each entry of an index that a fixed list of records makes.
 */
class IndexFormatTest {
    @Test
    void shouldHaveTheGoldenEntries() throws IOException {
        try (IndexFixture fixture = new IndexFixture()) {
            RecordLog log = fixture.log;
            Id128 mount = Id128.parse("000102030405060708090a0b0c0d0e0f");
            Id256 seal = Id256.parse("202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f");
            fixture.take(log.make(1, 2, 0040755, "dir", ""));
            fixture.take(log.make(2, 3, 0100644, "file", ""));
            fixture.take(log.make(2, 4, 0120777, "link", "to/there"));
            fixture.take(log.write(3, 4096, 2050, 100, 0));
            fixture.take(log.make(1, 5, 0100600, "gone", ""));
            fixture.take(log.unlink(1, 5, "gone", false));
            fixture.take(log.closed(0, 2, mount, 2048, 2150));
            fixture.take(log.placed(0, 2, mount, seal, 2048, 2150, 2, 3, 1));
            fixture.take(log.shard(0, 2, seal, 1, Id128.NIL));
            fixture.commit();
            StringBuilder text = new StringBuilder();
            IndexFixture.dump(fixture.writer)
                    .forEach((key, value) -> text.append(key)
                            .append(' ')
                            .append(value.isEmpty() ? "-" : value)
                            .append('\n'));
            assertEquals(golden("index-entries.hex"), text.toString());
        }
    }

    /** Two ranges of one file that a clone put behind each other in another, and into itself. */
    @Test
    void shouldHaveTheGoldenSharedRanges() {
        try (IndexFixture fixture = new IndexFixture()) {
            RecordLog log = fixture.log;
            fixture.take(log.make(1, 2, 0100644, "a", ""));
            fixture.take(log.make(1, 3, 0100644, "b", ""));
            fixture.take(log.write(2, 0, 2050, 100, 0));
            fixture.take(log.cloneRange(2, 0, 3, 4096, 100, 0));
            fixture.take(log.cloneRange(3, 4106, 3, 0, 20, 0));
            fixture.commit();
            StringBuilder text = new StringBuilder();
            IndexFixture.dump(fixture.writer)
                    .tailMap("53")
                    .headMap("54")
                    .forEach((key, value) ->
                            text.append(key).append(' ').append(value).append('\n'));
            assertEquals("""
                    530000000000000802 0a000000000000000200000000000000
                    53000000000000080c 14000000000000000300000000000000
                    530000000000000820 46000000000000000200000000000000
                    """, text.toString());
        }
    }

    @Test
    void shouldHaveTheGoldenMarkers() throws IOException {
        Marker.Clean clean = new Marker.Clean(IndexFixture.VOLUME, 123456, 789, 64, 0xdeadbeef);
        assertEquals(golden("index-clean.txt"), new String(clean.encode(), StandardCharsets.UTF_8));
        assertEquals(clean, Marker.Clean.decode(clean.encode()));
        Marker.Live live = new Marker.Live(
                "6a5c-b1",
                List.of(
                        new Marker.LiveFile(Path.of("/a/index.mdb"), new Machine.FileIdentity(1, 2, 3)),
                        new Marker.LiveFile(Path.of("/a/with space"), new Machine.FileIdentity(-1, 5, 6))));
        assertEquals(golden("index-live.txt"), new String(live.encode(), StandardCharsets.UTF_8));
        assertEquals(live, Marker.Live.decode(live.encode()));
    }

    @Test
    void shouldHaveTheGoldenTrailer() throws IOException {
        CheckpointInfo info = new CheckpointInfo(IndexFixture.VOLUME, 0x1122, 0x3344, 64, 0x55667788, 8192, 0x99aabbcc);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(CheckpointTrailer.BYTES, 8);
            CheckpointTrailer.encode(bytes, info);
            String hex = HexFormat.of().formatHex(bytes.toArray(ValueLayout.JAVA_BYTE));
            assertEquals(golden("index-checkpoint-trailer.hex"), hex + "\n");
            assertEquals(info, CheckpointTrailer.decode(bytes, 8192 + CheckpointTrailer.BYTES));
            assertNull(CheckpointTrailer.decode(bytes, 8191 + CheckpointTrailer.BYTES));
            for (int i = 0; i < CheckpointTrailer.BYTES; i++) {
                bytes.set(ValueLayout.JAVA_BYTE, i, (byte) (bytes.get(ValueLayout.JAVA_BYTE, i) ^ 4));
                assertNull(CheckpointTrailer.decode(bytes, 8192 + CheckpointTrailer.BYTES), "byte " + i);
                bytes.set(ValueLayout.JAVA_BYTE, i, (byte) (bytes.get(ValueLayout.JAVA_BYTE, i) ^ 4));
            }
        }
    }

    private static String golden(String name) throws IOException {
        try (InputStream in = IndexFormatTest.class.getResourceAsStream("/golden/" + name)) {
            assertNotNull(in, name);
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
