package io.qsfs.keys;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.qsfs.keys.Superblock.BackendEntry;
import io.qsfs.memory.Id128;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

/**
 * A superblock that was written once, in src/test/resources/golden/superblock.bin, is still written and opened like that, and the
 * JDK's cryptography makes the same bytes from the text of docs/format.md.
 *
 * <p>Volume key 40 41 … 5f; volume id 00 01 … 0f; generation 1; created 1700000000000000000; 4+2; segments of 66060288 bytes,
 * chunks of 262144; suite 1, compression 1; backends 1 (group "a", durable) and 2 (no group). Slot 1: passphrase "correct horse"
 * with Argon2id of 64 KiB, 1 pass, 1 lane, salt 60 61 … 7f. Slot 2: key file of 00 01 … 1f, salt 80 81 … 9f.
 */
class SuperblockGoldenTest {
    private static final String VOLUME = "000102030405060708090a0b0c0d0e0f";
    private static final HexFormat HEX = HexFormat.of();

    @Test
    void shouldStillWriteTheSameSuperblock() throws IOException {
        try (VolumeKey key = VolumeKey.takeOver(range(0x40, 32));
                KeyFile keyFile = keyFile();
                Passphrase passphrase = Passphrase.of("correct horse".toCharArray())) {
            Id128 volume = Id128.parse(VOLUME);
            List<KeySlot> slots = List.of(
                    KeySlot.create(key, passphrase, volume, new CountingRandom(0x60), 64, 1, 1),
                    KeySlot.create(key, keyFile, volume, new CountingRandom(0x80)));
            List<BackendEntry> backends =
                    List.of(new BackendEntry(new Id128(0, 1), "a", true), new BackendEntry(new Id128(0, 2), "", false));
            Superblock contents = new Superblock(
                    volume, 1, 1_700_000_000_000_000_000L, 4, 2, 66_060_288, 262_144, 1, 1, backends, slots);
            byte[] object = SuperblockObject.seal(contents, key).bytes();
            String rewrite = System.getProperty("qsfs.golden.write"); // a folder, when a new vector is added
            if (rewrite != null) {
                Files.write(Path.of(rewrite, "superblock.bin"), object);
            }
            assertArrayEquals(golden(), object);
        }
    }

    @Test
    void shouldStillOpenIt() throws IOException {
        SuperblockObject object = SuperblockObject.parse(golden());
        try (KeyFile keyFile = keyFile();
                Passphrase passphrase = Passphrase.of("correct horse".toCharArray());
                VolumeKey byFile = object.unlock(keyFile);
                VolumeKey byPassphrase = object.unlock(passphrase)) {
            assertArrayEquals(range(0x40, 32), KeyDerivation.copyOut(byFile.bytes()));
            assertArrayEquals(range(0x40, 32), KeyDerivation.copyOut(byPassphrase.bytes()));
        }
    }

    @Test
    void shouldBeWhatTheDocumentSays() throws IOException, GeneralSecurityException {
        ByteBuffer object = ByteBuffer.allocate(520).order(ByteOrder.LITTLE_ENDIAN);
        object.put("QSFSSUPR".getBytes(StandardCharsets.US_ASCII))
                .putInt(1)
                .putInt(520)
                .put(HEX.parseHex(VOLUME))
                .putInt(1)
                .putInt(1)
                .putLong(1_700_000_000_000_000_000L)
                .putLong(66_060_288)
                .putInt(262_144)
                .putInt(1)
                .putShort((short) 4)
                .putShort((short) 2)
                .putShort((short) 2)
                .putShort((short) 2)
                .put(new byte[24]);
        object.put(HEX.parseHex("00000000000000000000000000000001"))
                .putInt(1)
                .putInt(1)
                .put((byte) 'a')
                .put(new byte[63]);
        object.put(HEX.parseHex("00000000000000000000000000000002"))
                .putInt(0)
                .putInt(0)
                .put(new byte[64]);
        // Argon2id has no second implementation here: its vectors are in HkdfTest.
        byte[] argon = KeySlot.argon2id("correct horse".getBytes(StandardCharsets.US_ASCII), range(0x60, 32), 64, 1, 1);
        int first = object.position();
        object.putInt(1).putInt(120).putInt(64).putInt(1).putInt(1).putInt(0x13).put(range(0x60, 32));
        object.put(wrapped(argon, Arrays.copyOfRange(object.array(), first, object.position())))
                .put(new byte[16]);
        int second = object.position();
        object.putInt(2).putInt(88).put(range(0x80, 32));
        byte[] fileKey = hkdf(range(0x80, 32), range(0, 32), "qsfs key file");
        object.put(wrapped(fileKey, Arrays.copyOfRange(object.array(), second, object.position())));
        byte[] macKey = hkdf(new byte[32], range(0x40, 32), "qsfs superblock");
        object.put(hmac(macKey, Arrays.copyOf(object.array(), object.position())))
                .putInt(0);
        CRC32C crc = new CRC32C();
        crc.update(object.array(), 0, 516);
        object.putInt((int) crc.getValue());
        assertEquals(0, object.remaining());
        assertArrayEquals(golden(), object.array());
    }

    private static byte[] wrapped(byte[] key, byte[] slotBefore) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, new byte[12]));
        cipher.updateAAD("qsfs key slot".getBytes(StandardCharsets.US_ASCII));
        cipher.updateAAD(HEX.parseHex(VOLUME));
        cipher.updateAAD(slotBefore);
        return cipher.doFinal(range(0x40, 32));
    }

    private static byte[] hkdf(byte[] salt, byte[] secret, String label) throws GeneralSecurityException {
        String info = HEX.formatHex(label.getBytes(StandardCharsets.US_ASCII)) + VOLUME + "01";
        return hmac(hmac(salt, secret), HEX.parseHex(info));
    }

    private static byte[] hmac(byte[] key, byte[] message) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(message);
    }

    private static KeyFile keyFile() {
        return KeyFile.parse(KeyFile.PREFIX + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "test");
    }

    private static byte[] golden() throws IOException {
        try (InputStream in = SuperblockGoldenTest.class.getResourceAsStream("/golden/superblock.bin")) {
            assertNotNull(in, "no golden vector superblock.bin");
            return in.readAllBytes();
        }
    }

    private static byte[] range(int first, int count) {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) (first + i);
        }
        return bytes;
    }

    /** Gives salts that a document can name. */
    private static final class CountingRandom extends SecureRandom {
        private static final long serialVersionUID = 1L;
        private final int first;

        CountingRandom(int first) {
            this.first = first;
        }

        @Override
        public void nextBytes(byte[] bytes) {
            System.arraycopy(range(first, bytes.length), 0, bytes, 0, bytes.length);
        }
    }
}
