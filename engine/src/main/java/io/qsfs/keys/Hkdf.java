package io.qsfs.keys;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.bouncycastle.crypto.digests.SHA256Digest;

/**
 * HKDF-SHA-256 (RFC 5869) and HMAC-SHA-256 over BouncyCastle's digest. The input key is fed from native memory byte by byte,
 * so that it never is in an array that the collector copies; BouncyCastle's own HKDF takes and clones arrays.
 *
 * <p>Threading: stateless.
 */
final class Hkdf {
    static final int HASH_BYTES = 32;
    private static final int BLOCK_BYTES = 64;
    private static final int OUTPUT_BYTES_MAX = 255 * HASH_BYTES;

    private Hkdf() {}

    /**
     * Extract and expand.
     *
     * @param key the input key; borrowed until return.
     * @param output written in full; at most 8160 bytes.
     */
    static void derive(byte[] salt, MemorySegment key, byte[] info, MemorySegment output) {
        assert output.byteSize() <= OUTPUT_BYTES_MAX : output.byteSize();
        SHA256Digest digest = new SHA256Digest();
        byte[] pseudoRandomKey = new byte[HASH_BYTES];
        byte[] block = new byte[HASH_BYTES];
        try {
            begin(digest, salt);
            update(digest, key);
            finish(digest, salt, pseudoRandomKey);
            long written = 0;
            for (int counter = 1; written < output.byteSize(); counter++) {
                begin(digest, pseudoRandomKey);
                if (counter > 1) {
                    digest.update(block, 0, HASH_BYTES);
                }
                digest.update(info, 0, info.length);
                digest.update((byte) counter);
                finish(digest, pseudoRandomKey, block);
                int length = (int) Math.min(HASH_BYTES, output.byteSize() - written);
                MemorySegment.copy(block, 0, output, ValueLayout.JAVA_BYTE, written, length);
                written += length;
            }
        } finally {
            Arrays.fill(pseudoRandomKey, (byte) 0);
            Arrays.fill(block, (byte) 0);
        }
    }

    /** HMAC-SHA-256 of the first {@code length} bytes of {@code message}. The key has 32 bytes and is borrowed. */
    static byte[] hmac(MemorySegment key, byte[] message, int length) {
        byte[] keyBytes = new byte[(int) key.byteSize()];
        MemorySegment.copy(key, ValueLayout.JAVA_BYTE, 0, keyBytes, 0, keyBytes.length);
        byte[] mac = new byte[HASH_BYTES];
        SHA256Digest digest = new SHA256Digest();
        try {
            begin(digest, keyBytes);
            digest.update(message, 0, length);
            finish(digest, keyBytes, mac);
        } finally {
            Arrays.fill(keyBytes, (byte) 0);
        }
        return mac;
    }

    private static void begin(SHA256Digest digest, byte[] key) {
        feedKey(digest, key, 0x36);
    }

    private static void finish(SHA256Digest digest, byte[] key, byte[] mac) {
        byte[] inner = new byte[HASH_BYTES];
        digest.doFinal(inner, 0);
        feedKey(digest, key, 0x5c);
        digest.update(inner, 0, HASH_BYTES);
        digest.doFinal(mac, 0);
    }

    /** Feeds one block of key and pad. A key longer than a block is hashed first, as RFC 2104 says. */
    private static void feedKey(SHA256Digest digest, byte[] key, int pad) {
        byte[] fitted = key;
        if (key.length > BLOCK_BYTES) {
            fitted = new byte[HASH_BYTES];
            digest.update(key, 0, key.length);
            digest.doFinal(fitted, 0);
        }
        for (int i = 0; i < BLOCK_BYTES; i++) {
            digest.update((byte) ((i < fitted.length ? fitted[i] : 0) ^ pad));
        }
    }

    private static void update(SHA256Digest digest, MemorySegment bytes) {
        for (long i = 0; i < bytes.byteSize(); i++) {
            digest.update(bytes.get(ValueLayout.JAVA_BYTE, i));
        }
    }
}
