package io.qsfs.bench.jmh;

import io.qsfs.bindings.crypto.AesGcm;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.engines.AESEngine;
import org.bouncycastle.crypto.modes.GCMBlockCipher;
import org.bouncycastle.crypto.modes.GCMModeCipher;
import org.bouncycastle.crypto.params.AEADParameters;
import org.bouncycastle.crypto.params.KeyParameter;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * AES-256-GCM of a chunk with its nonce, associated data and tag. The roof of sealing is what {@code openssl speed} measures, which
 * has none of these three; {@code sealAsC} has a roof that does exactly the same calls.
 *
 * <p>Threading: the benchmark's one thread.
 */
public class AesGcmBenchmark {
    private static final int AAD_BYTES = 104;

    /** A chunk and ciphers for it. */
    @State(Scope.Thread)
    public static class Chunk {
        /** Bytes of the chunk. */
        @Param({"4096", "16384", "65536", "262144"})
        public int bytes;

        private final Arena arena = Arena.ofShared();
        private final AesGcm cipher = AesGcm.create();
        private final MemorySegment key = Buffers.random(arena, AesGcm.KEY_BYTES);
        private final MemorySegment nonce = arena.allocate(AesGcm.NONCE_BYTES, 8);
        private final MemorySegment aad = Buffers.random(arena, AAD_BYTES);
        private MemorySegment plain;
        private MemorySegment sealed;
        private MemorySegment opened;
        private long count;

        private Cipher jdk;
        private SecretKeySpec jdkKey;
        private ByteBuffer plainBuffer;
        private ByteBuffer sealedBuffer;
        private byte[] nonceBytes;
        private byte[] aadBytes;

        private GCMModeCipher bouncyCastle;
        private KeyParameter bouncyCastleKey;
        private byte[] plainBytes;
        private byte[] sealedBytes;

        /** Fills it. */
        @Setup(Level.Trial)
        public void make() throws GeneralSecurityException {
            plain = Buffers.random(arena, bytes);
            sealed = arena.allocate(bytes + AesGcm.TAG_BYTES, 4096);
            opened = arena.allocate(bytes, 4096);
            cipher.setKey(key);
            byte[] keyBytes = key.toArray(ValueLayout.JAVA_BYTE);
            nonceBytes = new byte[AesGcm.NONCE_BYTES];
            aadBytes = aad.toArray(ValueLayout.JAVA_BYTE);
            jdk = Cipher.getInstance("AES/GCM/NoPadding");
            jdkKey = new SecretKeySpec(keyBytes, "AES");
            plainBuffer = plain.asByteBuffer();
            sealedBuffer = sealed.asByteBuffer();
            bouncyCastle = GCMBlockCipher.newInstance(AESEngine.newInstance());
            bouncyCastleKey = new KeyParameter(keyBytes);
            plainBytes = plain.toArray(ValueLayout.JAVA_BYTE);
            sealedBytes = new byte[bytes + AesGcm.TAG_BYTES];
        }

        /** Gives the memory back. */
        @TearDown(Level.Trial)
        public void free() {
            cipher.close();
            arena.close();
        }

        private void nextNonce() {
            nonce.set(ValueLayout.JAVA_LONG, 0, ++count);
        }

        /** The providers' ciphers refuse the same nonce twice. */
        private byte[] nextNonceBytes() {
            count++;
            for (int i = 0; i < Long.BYTES; i++) {
                nonceBytes[i] = (byte) (count >>> (8 * i));
            }
            return nonceBytes;
        }
    }

    /** What openssl speed measures. */
    @State(Scope.Thread)
    public static class SpeedRoof {
        /** Measures it, in place: what lies in {@code opened} does not matter. */
        @Setup(Level.Iteration)
        public void measure(Chunk c, Roof roof) {
            roof.measure(loops -> Roofs.gcmSpeed(c.key, c.opened, c.bytes, loops));
        }
    }

    /** The same calls from C. */
    @State(Scope.Thread)
    public static class SealRoof {
        /** Measures it. */
        @Setup(Level.Iteration)
        public void measure(Chunk c, Roof roof) {
            roof.measure(loops -> Roofs.gcmSeal(c.key, c.aad, AAD_BYTES, c.plain, c.sealed, c.bytes, loops));
        }
    }

    /** The same calls from C, the other way. */
    @State(Scope.Thread)
    public static class OpenRoof {
        /** Measures it, then seals what the benchmark opens. */
        @Setup(Level.Iteration)
        public void measure(Chunk c, Roof roof) {
            MemorySegment text = c.sealed;
            roof.measure(loops -> Roofs.gcmOpen(c.key, c.aad, AAD_BYTES, text, c.opened, c.bytes, loops));
            c.nextNonce();
            c.cipher.seal(c.nonce, c.aad, AAD_BYTES, c.plain, 0, c.bytes, c.sealed, 0);
        }
    }

    /** GMAC of a block. */
    @State(Scope.Thread)
    public static class GmacRoof {
        /** Measures it. */
        @Setup(Level.Iteration)
        public void measure(Chunk c, Roof roof) {
            roof.measure(loops -> Roofs.gmac(c.key, c.plain, c.bytes, c.sealed, loops));
        }
    }

    /** Ours, beside openssl speed. */
    @Benchmark
    public int seal(Chunk c, SpeedRoof beside) {
        c.nextNonce();
        return c.cipher.seal(c.nonce, c.aad, AAD_BYTES, c.plain, 0, c.bytes, c.sealed, 0);
    }

    /** Ours, beside the same calls from C. */
    @Benchmark
    public int sealAsC(Chunk c, SealRoof beside) {
        c.nextNonce();
        return c.cipher.seal(c.nonce, c.aad, AAD_BYTES, c.plain, 0, c.bytes, c.sealed, 0);
    }

    /** Ours. */
    @Benchmark
    public boolean open(Chunk c, OpenRoof beside) {
        return c.cipher.open(c.nonce, c.aad, AAD_BYTES, c.sealed, 0, c.bytes, c.opened, 0);
    }

    /** Ours: the tag of a block. */
    @Benchmark
    public byte gmac(Chunk c, GmacRoof beside) {
        c.nextNonce();
        c.cipher.gmac(c.nonce, c.plain, 0, c.bytes, c.sealed, 0);
        return c.sealed.get(ValueLayout.JAVA_BYTE, 0);
    }

    /** The JDK's cipher on direct buffers. */
    @Benchmark
    public int jdkSeal(Chunk c, SpeedRoof beside) throws GeneralSecurityException {
        c.jdk.init(Cipher.ENCRYPT_MODE, c.jdkKey, new GCMParameterSpec(128, c.nextNonceBytes()));
        c.jdk.updateAAD(c.aadBytes);
        return c.jdk.doFinal(c.plainBuffer.clear(), c.sealedBuffer.clear());
    }

    /** BouncyCastle's, which takes arrays only. */
    @Benchmark
    public int bouncyCastleSeal(Chunk c, SpeedRoof beside) throws InvalidCipherTextException {
        c.bouncyCastle.init(true, new AEADParameters(c.bouncyCastleKey, 128, c.nextNonceBytes(), c.aadBytes));
        int produced = c.bouncyCastle.processBytes(c.plainBytes, 0, c.bytes, c.sealedBytes, 0);
        return produced + c.bouncyCastle.doFinal(c.sealedBytes, produced);
    }
}
