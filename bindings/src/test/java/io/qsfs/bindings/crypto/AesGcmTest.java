package io.qsfs.bindings.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.bindings.Allocations;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.Random;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against the vectors of the GCM specification and against the JDK. */
class AesGcmTest {
    private static final long SEED = Long.getLong("qsfs.seed", 42);

    private Arena arena;
    private AesGcm gcm;

    @BeforeEach
    void open() {
        arena = Arena.ofConfined();
        gcm = AesGcm.create();
    }

    @AfterEach
    void close() {
        gcm.close();
        arena.close();
    }

    /** McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13 to 16. */
    @Test
    void shouldAgreeWithTheSpecification() {
        String key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
        String nonce = "cafebabefacedbaddecaf888";
        String plain =
                "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
                        + "b16aedf5aa0de657ba637b391aafd255";
        String cipher =
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
                        + "c5f61e6393ba7a0abcc9f662898015ad";
        String zeroKey = "00".repeat(32);
        String zeroNonce = "00".repeat(12);
        check(zeroKey, zeroNonce, "", "", "", "530f8afbc74536b9a963b4f1c4cb738b");
        check(
                zeroKey,
                zeroNonce,
                "",
                "00".repeat(16),
                "cea7403d4d606b6e074ec5d3baf39d18",
                "d0d1c8a799996bf0265b98b5d48ab919");
        check(key, nonce, "", plain, cipher, "b094dac5d93471bdec1a502270e3cc6c");
        check(
                key,
                nonce,
                "feedfacedeadbeeffeedfacedeadbeefabaddad2",
                plain.substring(0, 120),
                cipher.substring(0, 120),
                "76fc6ece0f4e1768cddf8853bb2d551b");
    }

    @Test
    void shouldAgreeWithTheJdk() throws GeneralSecurityException {
        Random random = new Random(SEED);
        for (int length : new int[] {0, 1, 15, 16, 17, 4096, 262_144}) {
            byte[] key = bytes(random, 32);
            byte[] nonce = bytes(random, 12);
            byte[] aad = bytes(random, random.nextInt(100));
            byte[] plain = bytes(random, length);
            Cipher jdk = Cipher.getInstance("AES/GCM/NoPadding");
            jdk.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, nonce));
            jdk.updateAAD(aad);
            byte[] expected = jdk.doFinal(plain);

            gcm.setKey(segment(key));
            MemorySegment out = arena.allocate(length + 100L);
            assertEquals(
                    length + 16, gcm.seal(segment(nonce), segment(aad), aad.length, segment(plain), 0, length, out, 7));
            byte[] sealed = out.asSlice(7, length + 16L).toArray(ValueLayout.JAVA_BYTE);
            assertArrayEquals(expected, sealed, "length=" + length + " seed=" + SEED);

            MemorySegment inPlace = segment(sealed);
            assertTrue(gcm.open(segment(nonce), segment(aad), aad.length, inPlace, 0, length, inPlace, 0));
            assertArrayEquals(plain, inPlace.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));

            Cipher mac = Cipher.getInstance("AES/GCM/NoPadding");
            nonce[0]++;
            mac.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, nonce));
            mac.updateAAD(plain);
            MemorySegment tag = arena.allocate(20);
            gcm.gmac(segment(nonce), segment(plain), 0, length, tag, 4);
            assertArrayEquals(mac.doFinal(), tag.asSlice(4).toArray(ValueLayout.JAVA_BYTE), "gmac length=" + length);
        }
    }

    @Test
    void shouldRefuseAndZeroWhatIsNotAuthentic() {
        MemorySegment nonce = segment(new byte[12]);
        MemorySegment aad = segment(new byte[] {1, 2, 3});
        MemorySegment sealed = arena.allocate(48);
        MemorySegment out = arena.allocate(32);
        gcm.setKey(segment(new byte[32]));
        gcm.seal(nonce, aad, 3, segment(new byte[32]), 0, 32, sealed, 0);
        assertTrue(gcm.open(nonce, aad, 3, sealed, 0, 32, out, 0));
        for (int bit : new int[] {0, 100, 255, 256, 383}) {
            flip(sealed, bit);
            out.fill((byte) 0x55);
            assertFalse(gcm.open(nonce, aad, 3, sealed, 0, 32, out, 0), "bit=" + bit);
            assertArrayEquals(new byte[32], out.toArray(ValueLayout.JAVA_BYTE));
            flip(sealed, bit);
        }
        flip(aad, 5);
        assertFalse(gcm.open(nonce, aad, 3, sealed, 0, 32, out, 0));
        flip(aad, 5);
        assertFalse(gcm.open(nonce, aad, 2, sealed, 0, 32, out, 0));
        flip(nonce, 0);
        assertFalse(gcm.open(nonce, aad, 3, sealed, 0, 32, out, 0));
        flip(nonce, 0);
        assertTrue(gcm.open(nonce, aad, 3, sealed, 0, 32, out, 0), "and the cipher still works");
    }

    @Test
    void shouldStopAtTheMistakesOfTheCaller() {
        MemorySegment bytes = arena.allocate(64);
        MemorySegment heap = MemorySegment.ofArray(new byte[64]);
        assertThrows(IllegalStateException.class, () -> gcm.gmac(bytes, bytes, 0, 8, bytes, 0), "no key");
        assertThrows(IndexOutOfBoundsException.class, () -> gcm.setKey(arena.allocate(31)));
        assertThrows(IllegalArgumentException.class, () -> gcm.setKey(heap));
        gcm.setKey(bytes);
        assertThrows(IndexOutOfBoundsException.class, () -> gcm.seal(bytes, bytes, 0, bytes, 0, 49, bytes, 0));
        assertThrows(IllegalArgumentException.class, () -> gcm.seal(bytes, bytes, 0, bytes, 0, 1L << 31, bytes, 0));
        assertThrows(IllegalArgumentException.class, () -> gcm.seal(bytes, bytes, 0, heap, 0, 8, bytes, 0));
        gcm.close();
        gcm.close();
        assertThrows(IllegalStateException.class, () -> gcm.setKey(bytes));
    }

    @Test
    void shouldAllocateNothing() {
        MemorySegment key = arena.allocate(32);
        MemorySegment nonce = arena.allocate(12);
        MemorySegment plain = arena.allocate(256);
        MemorySegment sealed = arena.allocate(300);
        gcm.setKey(key);
        Allocations.assertNone(() -> {
            gcm.seal(nonce, nonce, 12, plain, 0, 256, sealed, 8);
            gcm.open(nonce, nonce, 12, sealed, 8, 256, plain, 0);
            gcm.gmac(nonce, plain, 16, 64, sealed, 0);
        });
    }

    @Test
    void shouldWipe() {
        MemorySegment secret = segment(new byte[] {1, 2, 3});
        Cleanse.wipe(secret);
        assertArrayEquals(new byte[3], secret.toArray(ValueLayout.JAVA_BYTE));
        assertThrows(IllegalArgumentException.class, () -> Cleanse.wipe(MemorySegment.ofArray(new byte[3])));
        assertTrue(OpenSsl.version().startsWith("OpenSSL 3."), OpenSsl.version());
    }

    private void check(String key, String nonce, String aad, String plain, String cipher, String tag) {
        gcm.setKey(hex(key));
        long length = plain.length() / 2;
        MemorySegment out = arena.allocate(length + 16);
        gcm.seal(hex(nonce), hex(aad), aad.length() / 2, hex(plain), 0, length, out, 0);
        assertEquals(cipher + tag, HexFormat.of().formatHex(out.toArray(ValueLayout.JAVA_BYTE)));
        MemorySegment back = arena.allocate(length + 1);
        assertTrue(gcm.open(hex(nonce), hex(aad), aad.length() / 2, out, 0, length, back, 1));
        assertEquals(plain, HexFormat.of().formatHex(back.asSlice(1).toArray(ValueLayout.JAVA_BYTE)));
    }

    private static void flip(MemorySegment segment, int bit) {
        byte old = segment.get(ValueLayout.JAVA_BYTE, bit / 8);
        segment.set(ValueLayout.JAVA_BYTE, bit / 8, (byte) (old ^ 1 << bit % 8));
    }

    private static byte[] bytes(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private MemorySegment hex(String digits) {
        return segment(HexFormat.of().parseHex(digits));
    }

    private MemorySegment segment(byte[] bytes) {
        MemorySegment segment = arena.allocate(Math.max(1, bytes.length)).asSlice(0, bytes.length);
        segment.copyFrom(MemorySegment.ofArray(bytes));
        return segment;
    }
}
