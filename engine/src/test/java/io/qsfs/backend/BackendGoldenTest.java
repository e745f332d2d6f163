package io.qsfs.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.qsfs.memory.Id128;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/**
 * The bytes of identities and titles, and the names of objects, do not change. The vectors in {@code golden/} were computed by a
 * program that shares no code with this one.
 */
class BackendGoldenTest {
    private static final Id128 OWNER = Id128.parse("0102030405060708090a0b0c0d0e0f10");

    private static byte[] golden(String name) throws IOException {
        try (InputStream stream = BackendGoldenTest.class.getResourceAsStream("/golden/" + name)) {
            String text = new String(stream.readAllBytes(), StandardCharsets.US_ASCII);
            return HexFormat.of().parseHex(text.replace("\n", ""));
        }
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    @Test
    void shouldKeepTheIdentity() throws IOException {
        byte[] golden = golden("identity-object.hex");
        assertEquals(Identity.BYTES, golden.length);
        assertEquals(hex(golden), hex(BackendConformanceTest.IDENTITY.encode()));
        assertEquals(BackendConformanceTest.IDENTITY, Identity.decode(golden).identity());
    }

    @Test
    void shouldRefuseAnyChangedIdentity() throws IOException {
        byte[] golden = golden("identity-object.hex");
        for (int bit = 0; bit < golden.length * 8; bit++) {
            byte[] changed = golden.clone();
            changed[bit / 8] ^= (byte) (1 << bit % 8);
            Identity.Reading reading = Identity.decode(changed);
            assertNull(reading.identity(), "bit " + bit);
            assertNotNull(reading.problem());
        }
        for (int length = 0; length <= 2 * golden.length; length++) {
            if (length != golden.length) {
                assertNull(Identity.decode(Arrays.copyOf(golden, length)).identity());
            }
        }
    }

    @Test
    void shouldKeepTheTitle() throws IOException {
        byte[] golden = golden("title-object.hex");
        assertEquals(Titles.BYTES, golden.length);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment body = arena.allocate(Titles.BYTES, 8).fill((byte) 0xff);
            Titles.encode(body, BackendConformanceTest.VOLUME, 7, OWNER, 1_700_000_000_000_000_001L);
            assertEquals(hex(golden), hex(body.toArray(ValueLayout.JAVA_BYTE)));
        }
    }

    @Test
    void shouldKeepTheNames() {
        assertEquals("superblock/0000000a", ObjectNames.superblock(10));
        assertEquals(10, ObjectNames.superblockGeneration("superblock/0000000a"));
        assertEquals(-1, ObjectNames.superblockGeneration("superblock/0000000A"));
        assertEquals(-1, ObjectNames.superblockGeneration("superblock/a"));
        assertEquals("epoch/0000000000000007/" + OWNER, ObjectNames.title(7, OWNER));
        assertEquals(new Titles.Title(7, OWNER), Titles.Title.parse("epoch/0000000000000007/" + OWNER));
        for (String other : new String[] {"epoch/", "epoch/7/" + OWNER, "epoch/000000000000000g/" + OWNER, "epoch//"}) {
            assertNull(Titles.Title.parse(other), other);
        }
    }
}
