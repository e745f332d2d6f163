package io.qsfs.keys;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.config.QsfsException;
import io.qsfs.keys.Superblock.BackendEntry;
import io.qsfs.memory.Id128;
import io.qsfs.memory.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** The superblock: what goes in comes out, the right secret opens it, and every other one or changed byte is an error with a remedy. */
class SuperblockTest {
    private static final Id128 VOLUME = Id128.parse("000102030405060708090a0b0c0d0e0f");
    private static final String KEY_A = KeyFile.PREFIX + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    private static final String KEY_B = KeyFile.PREFIX + "BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    private static final SecureRandom RANDOM = new SecureRandom();

    private final VolumeKey key = VolumeKey.random(RANDOM);
    private final KeyFile keyFile = KeyFile.parse(KEY_A, "test");
    private final KeyFile otherKeyFile = KeyFile.parse(KEY_B, "test");
    private final Passphrase passphrase = Passphrase.of("correct horse".toCharArray());
    private final Passphrase otherPassphrase = Passphrase.of("battery staple".toCharArray());

    @AfterEach
    void wipe() {
        key.close();
        keyFile.close();
        otherKeyFile.close();
        passphrase.close();
        otherPassphrase.close();
    }

    @Test
    void shouldReadBackWhatItWrote() {
        Superblock contents = contents(List.of(fastSlot(), KeySlot.create(key, keyFile, VOLUME, RANDOM)));
        SuperblockObject object = SuperblockObject.seal(contents, key);
        SuperblockObject read = SuperblockObject.parse(object.bytes());
        assertArrayEquals(object.bytes(), read.bytes());
        assertEquals(contents.backends(), read.contents().backends());
        assertEquals("superblock/00000001", read.contents().objectName());
        assertEquals(contents.segmentBytes(), read.contents().segmentBytes());
        assertEquals(contents.createdNs(), read.contents().createdNs());
        assertArrayEquals(
                object.bytes(), SuperblockObject.seal(read.contents(), key).bytes());
        for (KeySecret secret : List.of(passphrase, keyFile)) {
            try (VolumeKey opened = read.unlock(secret)) {
                assertEquals(-1, opened.bytes().mismatch(key.bytes()));
                assertEquals("VolumeKey[hidden]", opened.toString());
            }
        }
    }

    @Test
    void shouldUseRfc9106ParametersForPassphrases() {
        KeySlot slot = KeySlot.create(key, passphrase, VOLUME, RANDOM);
        MemorySegment fields = MemorySegment.ofArray(slot.bytes());
        assertEquals(65536, fields.get(LittleEndian.INT_UNALIGNED, 8));
        assertEquals(3, fields.get(LittleEndian.INT_UNALIGNED, 12));
        assertEquals(4, fields.get(LittleEndian.INT_UNALIGNED, 16));
        try (VolumeKey opened = slot.open(passphrase, VOLUME)) {
            assertEquals(-1, opened.bytes().mismatch(key.bytes()));
        }
    }

    @Test
    void shouldRefuseTheWrongSecret() {
        SuperblockObject both =
                SuperblockObject.seal(contents(List.of(fastSlot(), KeySlot.create(key, keyFile, VOLUME, RANDOM))), key);
        assertMessage(() -> both.unlock(otherPassphrase), "the passphrase does not open volume " + VOLUME);
        assertMessage(() -> both.unlock(otherKeyFile), "the key file does not open volume " + VOLUME);
        SuperblockObject one = SuperblockObject.seal(contents(List.of(fastSlot())), key);
        assertMessage(() -> one.unlock(keyFile), "has no key file: use its passphrase");
    }

    @Test
    void shouldBindSlotsToTheirVolume() {
        KeySlot slot = KeySlot.create(key, keyFile, VOLUME, RANDOM);
        try (VolumeKey opened = slot.open(keyFile, VOLUME)) {
            assertEquals(-1, opened.bytes().mismatch(key.bytes()));
        }
        assertNull(slot.open(keyFile, new Id128(1, 2)));
    }

    @Test
    void shouldDetectEveryChangedByte() {
        SuperblockObject object =
                SuperblockObject.seal(contents(List.of(KeySlot.create(key, keyFile, VOLUME, RANDOM))), key);
        for (int i = 0; i < object.bytes().length; i++) {
            byte[] rotten = object.bytes();
            rotten[i] ^= 0x10;
            assertThrows(QsfsException.class, () -> SuperblockObject.parse(rotten), "byte " + i);
            // Somebody who fixes the checksum is caught by the MAC, or by the slot.
            fixChecksum(rotten);
            try {
                SuperblockObject forged = SuperblockObject.parse(rotten);
                if (i < rotten.length - 4) {
                    assertThrows(QsfsException.class, () -> forged.unlock(keyFile), "byte " + i);
                }
            } catch (QsfsException expected) {
                assertTrue(expected.getMessage().startsWith("the superblock "), expected.getMessage());
            }
        }
    }

    @Test
    void shouldKeepSlotsOfNewerPrograms() {
        byte[] unknown = new byte[1600];
        unknown[0] = 9;
        MemorySegment.ofArray(unknown).set(LittleEndian.INT_UNALIGNED, 4, unknown.length);
        List<KeySlot> slots = List.of(KeySlot.parse(unknown), KeySlot.create(key, keyFile, VOLUME, RANDOM));
        SuperblockObject read = SuperblockObject.parse(
                SuperblockObject.seal(contents(slots), key).bytes());
        assertEquals(9, read.contents().slots().get(0).type());
        assertArrayEquals(unknown, read.contents().slots().get(0).bytes());
        read.unlock(keyFile).close();
    }

    @Test
    void shouldRefuseToWorkTooHardForAForgedSuperblock() {
        for (int[] wrong : new int[][] {
            {8, 1 << 20}, {8, -1}, {8, 7}, {12, 0}, {12, 17}, {12, -5}, {16, 0}, {16, 17}, {16, -1}, {20, 0x10}
        }) {
            byte[] slot = fastSlot().bytes().clone();
            MemorySegment.ofArray(slot).set(LittleEndian.INT_UNALIGNED, wrong[0], wrong[1]);
            assertMessage(() -> KeySlot.parse(slot), "outside of what qsfs accepts");
        }
    }

    @Test
    void shouldRefuseImpossibleContents() {
        assertThrows(IllegalArgumentException.class, () -> superblock(0, 4, 2, 64 << 20, 256 << 10, List.of()));
        assertThrows(IllegalArgumentException.class, () -> superblock(1, 0, 2, 64 << 20, 256 << 10, List.of()));
        assertThrows(IllegalArgumentException.class, () -> superblock(1, 4, 2, 64 << 20, 1000, List.of()));
        assertThrows(IllegalArgumentException.class, () -> superblock(1, 4, 2, 64 << 20, 4096, List.of()));
        assertThrows(IllegalArgumentException.class, () -> superblock(1, 4, 2, 0, 4096, List.of()));
        BackendEntry backend = new BackendEntry(new Id128(1, 1), "a", true);
        assertThrows(
                IllegalArgumentException.class,
                () -> superblock(1, 4, 2, 64 << 20, 256 << 10, List.of(backend, backend)));
        BackendEntry longName = new BackendEntry(new Id128(1, 1), "ä".repeat(33), true);
        assertThrows(IllegalArgumentException.class, () -> superblock(1, 4, 2, 64 << 20, 256 << 10, List.of(longName)));
    }

    @Test
    void shouldNormalisePassphrases() {
        try (Passphrase composed = Passphrase.of("\u00e9t\u00e9".toCharArray());
                Passphrase decomposed = Passphrase.of("e\u0301te\u0301".toCharArray())) {
            assertArrayEquals(composed.copyOut(), decomposed.copyOut());
            assertEquals("Passphrase[hidden]", composed.toString());
        }
        assertMessage(() -> Passphrase.of(new char[0]), "the passphrase is empty");
        assertMessage(() -> Passphrase.of(new char[5000]), "the passphrase has 5000 bytes");
    }

    private KeySlot fastSlot() {
        return KeySlot.create(key, passphrase, VOLUME, RANDOM, 64, 1, 1);
    }

    static Superblock contents(List<KeySlot> slots) {
        List<BackendEntry> backends = new ArrayList<>();
        backends.add(new BackendEntry(new Id128(1, 1), "", true));
        backends.add(new BackendEntry(new Id128(1, 2), "Gent-är", false));
        backends.add(new BackendEntry(new Id128(1, 3), "g".repeat(64), true));
        return new Superblock(
                VOLUME, 1, 1_700_000_000_000_000_000L, 4, 2, 63L << 20, 256 * 1024, 1, 1, backends, slots);
    }

    private static Superblock superblock(
            int generation, int k, int m, long segmentBytes, int chunkBytes, List<BackendEntry> backends) {
        return new Superblock(VOLUME, generation, 0, k, m, segmentBytes, chunkBytes, 1, 1, backends, List.of());
    }

    static void fixChecksum(byte[] object) {
        CRC32C crc = new CRC32C();
        crc.update(object, 0, object.length - 4);
        MemorySegment.ofArray(object).set(LittleEndian.INT_UNALIGNED, object.length - 4, (int) crc.getValue());
    }

    private static void assertMessage(Executable body, String expected) {
        String message = assertThrows(QsfsException.class, body).getMessage();
        assertTrue(message.contains(expected), message);
    }
}
