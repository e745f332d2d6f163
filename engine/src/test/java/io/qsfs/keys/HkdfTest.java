package io.qsfs.keys;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;
import org.junit.jupiter.api.Test;

/** HKDF by the vectors of RFC 5869, HMAC and the labels of qsfs against the JDK's HMAC, Argon2id by RFC 9106. */
class HkdfTest {
    private static final HexFormat HEX = HexFormat.of();

    @Test
    void shouldMatchRfc5869Case1() {
        check(
                "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
                "000102030405060708090a0b0c",
                "f0f1f2f3f4f5f6f7f8f9",
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    }

    @Test
    void shouldMatchRfc5869Case2() {
        check(
                hexRange(0x00, 80),
                hexRange(0x60, 80),
                hexRange(0xb0, 80),
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
                        + "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
    }

    @Test
    void shouldMatchRfc5869Case3() {
        check(
                "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
                "",
                "",
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
    }

    /** RFC 9106, section 5.3, has a secret and associated data, so it goes to BouncyCastle directly. */
    @Test
    void shouldMatchRfc9106() {
        var generator = new Argon2BytesGenerator();
        generator.init(new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
                .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                .withMemoryAsKB(32)
                .withIterations(3)
                .withParallelism(4)
                .withSalt(repeat(2, 16))
                .withSecret(repeat(3, 8))
                .withAdditional(repeat(4, 12))
                .build());
        byte[] tag = new byte[32];
        generator.generateBytes(repeat(1, 32), tag);
        assertEquals("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659", HEX.formatHex(tag));
    }

    /** Our own parameters in use, against the reference implementation: echo -n password | argon2 somesalt -id -t 2 -m 8 -p 1. */
    @Test
    void shouldPassParametersOnToArgon2id() {
        byte[] password = "password".getBytes(StandardCharsets.US_ASCII);
        byte[] salt = "somesalt".getBytes(StandardCharsets.US_ASCII);
        assertEquals(
                "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe",
                HEX.formatHex(KeySlot.argon2id(password, salt, 256, 2, 1)));
        assertEquals(
                "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037",
                HEX.formatHex(KeySlot.argon2id(password, salt, 256, 2, 2)));
    }

    @Test
    void shouldDeriveEveryKeyFromItsOwnInfo() throws GeneralSecurityException {
        byte[] secret = new byte[32];
        new SecureRandom().nextBytes(secret);
        Id128 volume = Id128.parse("000102030405060708090a0b0c0d0e0f");
        Id128 mount = Id128.parse("101112131415161718191a1b1c1d1e1f");
        Id256 seal = Id256.parse(hexRange(0x20, 32));
        try (Arena arena = Arena.ofConfined();
                VolumeKey key = VolumeKey.takeOver(secret.clone())) {
            MemorySegment derived = arena.allocate(32);
            for (String label : List.of("qsfs seal", "qsfs tail", "qsfs checkpoint")) {
                KeyDerivation.sealKey(key, label, seal, volume, 1, mount, 0x0102030405060708L, 1, derived);
                String info = HEX.formatHex(label.getBytes(StandardCharsets.US_ASCII)) + volume + "01000000" + mount
                        + "0807060504030201" + "01000000";
                assertArrayEquals(reference(hexRange(0x20, 32), secret, info), bytes(derived), label);
            }
            KeyDerivation.macKey(key, seal, volume, 0, mount, 5, 4, 2, 0x10000, derived);
            String macInfo = HEX.formatHex("qsfs mac".getBytes(StandardCharsets.US_ASCII)) + volume + "00000000" + mount
                    + "0500000000000000" + "04000000" + "02000000" + "0000010000000000";
            assertArrayEquals(reference(hexRange(0x20, 32), secret, macInfo), bytes(derived));
            KeyDerivation.superblockKey(key, volume, derived);
            String superblockInfo = HEX.formatHex("qsfs superblock".getBytes(StandardCharsets.US_ASCII)) + volume;
            assertArrayEquals(reference("", secret, superblockInfo), bytes(derived));
        }
    }

    @Test
    void shouldMatchTheHmacOfTheJdk() throws GeneralSecurityException {
        byte[] message = new byte[1000];
        Arrays.fill(message, (byte) 'm');
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment key = arena.allocate(32);
            key.fill((byte) 7);
            byte[] expected = hmac(bytes(key), Arrays.copyOf(message, 777));
            assertArrayEquals(expected, Hkdf.hmac(key, message, 777));
        }
    }

    private static void check(String key, String salt, String info, String expected) {
        try (Arena arena = Arena.ofConfined()) {
            byte[] keyBytes = HEX.parseHex(key);
            MemorySegment keySegment = arena.allocate(keyBytes.length);
            MemorySegment.copy(keyBytes, 0, keySegment, ValueLayout.JAVA_BYTE, 0, keyBytes.length);
            MemorySegment output = arena.allocate(expected.length() / 2);
            Hkdf.derive(HEX.parseHex(salt), keySegment, HEX.parseHex(info), output);
            assertEquals(expected, HEX.formatHex(bytes(output)));
        }
    }

    /** HKDF of 32 bytes once more, from its definition, by the JDK. */
    private static byte[] reference(String salt, byte[] secret, String info) throws GeneralSecurityException {
        byte[] saltBytes = salt.isEmpty() ? new byte[32] : HEX.parseHex(salt);
        byte[] pseudoRandomKey = hmac(saltBytes, secret);
        byte[] infoBytes = HEX.parseHex(info);
        return hmac(
                pseudoRandomKey,
                ByteBuffer.allocate(infoBytes.length + 1)
                        .order(ByteOrder.BIG_ENDIAN)
                        .put(infoBytes)
                        .put((byte) 1)
                        .array());
    }

    private static byte[] hmac(byte[] key, byte[] message) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(message);
    }

    private static byte[] bytes(MemorySegment segment) {
        return segment.toArray(ValueLayout.JAVA_BYTE);
    }

    private static byte[] repeat(int value, int count) {
        byte[] bytes = new byte[count];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private static String hexRange(int first, int count) {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) (first + i);
        }
        return HEX.formatHex(bytes);
    }
}
