package io.qsfs.bindings.crypto;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.qsfs.bindings.Downcall;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;

/**
 * AES-256-GCM of libcrypto on native memory: one cipher context, keyed again for each sealing.
 *
 * <p>Segments are borrowed until return and may not lie on the heap. Input and output may be the same range, but not
 * overlap otherwise. A text is at most 2^31 - 1 bytes. Nothing allocates in steady state.
 *
 * <p>Errors: a message that is not authentic is an answer ({@link #open}); that libcrypto refuses a call is a bug,
 * and an {@link IllegalStateException} with libcrypto's reason.
 *
 * <p>Threading: one thread at a time; whoever called {@link #create} closes it.
 */
public final class AesGcm implements AutoCloseable {
    public static final int KEY_BYTES = 32;
    public static final int NONCE_BYTES = 12;
    public static final int TAG_BYTES = 16;

    /** Lengths are C ints. */
    private static final long STEP_BYTES = 1L << 30;

    private final Arena arena = Arena.ofShared();
    private final long produced = arena.allocate(JAVA_INT).address(); // where libcrypto says how much it wrote
    private final long context;
    private boolean keyed;
    private boolean closed;

    private AesGcm(long context) {
        this.context = context;
    }

    /** @throws UnsatisfiedLinkError without libcrypto. */
    public static AesGcm create() {
        try {
            long context = (long) Evp.CONTEXT_NEW.invokeExact();
            if (context == 0) {
                throw new OutOfMemoryError("EVP_CIPHER_CTX_new");
            }
            return new AesGcm(context);
        } catch (Throwable t) {
            throw Downcall.failure("EVP_CIPHER_CTX_new", t);
        }
    }

    /** @param key 32 bytes; libcrypto keeps what it derives from it until the next key, or {@link #close}. */
    public void setKey(MemorySegment key) {
        long keyC = Downcall.address(key, 0, KEY_BYTES);
        requireOpen();
        try {
            keyed = false;
            require((int) Evp.ENCRYPT_INIT.invokeExact(context, Evp.AES_256_GCM, 0L, keyC, 0L));
            Reference.reachabilityFence(key);
            keyed = true;
        } catch (Throwable t) {
            throw Downcall.failure("EVP_EncryptInit_ex", t);
        }
    }

    /**
     * Encrypts and authenticates.
     *
     * @param nonce     12 bytes, never used before under this key.
     * @param aad       {@code aadLength} bytes that are authenticated only.
     * @param out       gets {@code length} bytes of ciphertext, then 16 of tag.
     * @return the bytes written: {@code length + 16}.
     */
    public int seal(
            MemorySegment nonce,
            MemorySegment aad,
            long aadLength,
            MemorySegment plain,
            long plainOffset,
            long length,
            MemorySegment out,
            long outOffset) {
        requireReady(length);
        long nonceC = Downcall.address(nonce, 0, NONCE_BYTES);
        long plainC = Downcall.address(plain, plainOffset, length);
        long cipherC = Downcall.address(out, outOffset, length + TAG_BYTES);
        long tagC = cipherC + length;
        try {
            require((int) Evp.ENCRYPT_INIT.invokeExact(context, 0L, 0L, 0L, nonceC));
            authenticate(true, aad, 0, aadLength);
            if (length > 0) {
                require((int) Evp.ENCRYPT_UPDATE.invokeExact(context, cipherC, produced, plainC, (int) length));
            }
            // GCM is a stream: the last call writes nothing, wherever it is pointed at.
            require((int) Evp.ENCRYPT_FINAL.invokeExact(context, tagC, produced));
            require((int) Evp.CONTROL.invokeExact(context, Evp.GET_TAG, TAG_BYTES, tagC));
            Reference.reachabilityFence(nonce);
            Reference.reachabilityFence(plain);
            Reference.reachabilityFence(out);
            return (int) length + TAG_BYTES;
        } catch (Throwable t) {
            throw Downcall.failure("EVP_Encrypt", t);
        }
    }

    /**
     * Decrypts what {@link #seal} wrote.
     *
     * @param cipher           ciphertext, and its tag behind it.
     * @param lengthWithoutTag bytes of ciphertext, and of what {@code out} gets.
     * @return false when anything (key, nonce, aad, ciphertext, tag) is not what it was; then {@code out} is zeroed.
     */
    public boolean open(
            MemorySegment nonce,
            MemorySegment aad,
            long aadLength,
            MemorySegment cipher,
            long cipherOffset,
            long lengthWithoutTag,
            MemorySegment out,
            long outOffset) {
        requireReady(lengthWithoutTag);
        long nonceC = Downcall.address(nonce, 0, NONCE_BYTES);
        long cipherC = Downcall.address(cipher, cipherOffset, lengthWithoutTag + TAG_BYTES);
        long tagC = cipherC + lengthWithoutTag;
        long plainC = Downcall.address(out, outOffset, lengthWithoutTag);
        try {
            require((int) Evp.DECRYPT_INIT.invokeExact(context, 0L, 0L, 0L, nonceC));
            authenticate(false, aad, 0, aadLength);
            // Before the text: in place, the last block could reach the tag.
            require((int) Evp.CONTROL.invokeExact(context, Evp.SET_TAG, TAG_BYTES, tagC));
            if (lengthWithoutTag > 0) {
                require((int)
                        Evp.DECRYPT_UPDATE.invokeExact(context, plainC, produced, cipherC, (int) lengthWithoutTag));
            }
            // As above: nothing is written behind the text.
            boolean authentic = (int) Evp.DECRYPT_FINAL.invokeExact(context, produced, produced) == 1;
            if (!authentic) {
                Cleanse.wipe(plainC, lengthWithoutTag);
            }
            Reference.reachabilityFence(nonce);
            Reference.reachabilityFence(cipher);
            Reference.reachabilityFence(out);
            return authentic;
        } catch (Throwable t) {
            throw Downcall.failure("EVP_Decrypt", t);
        }
    }

    /**
     * Authenticates without encrypting: GCM of no text, with the data as what is authenticated only. Any length.
     *
     * @param nonce 12 bytes, never used before under this key, by {@link #seal} neither.
     * @param out   gets 16 bytes.
     */
    public void gmac(
            MemorySegment nonce, MemorySegment data, long offset, long length, MemorySegment out, long outOffset) {
        requireReady(0);
        long nonceC = Downcall.address(nonce, 0, NONCE_BYTES);
        long tagC = Downcall.address(out, outOffset, TAG_BYTES);
        try {
            require((int) Evp.ENCRYPT_INIT.invokeExact(context, 0L, 0L, 0L, nonceC));
            authenticate(true, data, offset, length);
            require((int) Evp.ENCRYPT_FINAL.invokeExact(context, tagC, produced));
            require((int) Evp.CONTROL.invokeExact(context, Evp.GET_TAG, TAG_BYTES, tagC));
            Reference.reachabilityFence(nonce);
            Reference.reachabilityFence(out);
        } catch (Throwable t) {
            throw Downcall.failure("EVP_Encrypt", t);
        }
    }

    /** Wipes the key. Harmless when it is closed already. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        keyed = false;
        try {
            Evp.CONTEXT_FREE.invokeExact(context);
        } catch (Throwable t) {
            throw Downcall.failure("EVP_CIPHER_CTX_free", t);
        }
        arena.close();
    }

    private void requireReady(long length) {
        requireOpen();
        if (!keyed) {
            throw new IllegalStateException("no key is set");
        }
        if (length < 0 || length > Integer.MAX_VALUE - TAG_BYTES) {
            throw new IllegalArgumentException("length=" + length);
        }
    }

    private void authenticate(boolean encrypting, MemorySegment data, long offset, long length) throws Throwable {
        long address = Downcall.address(data, offset, length);
        for (long at = 0; at < length; at += STEP_BYTES) {
            int step = (int) Math.min(length - at, STEP_BYTES);
            require(
                    encrypting
                            ? (int) Evp.ENCRYPT_UPDATE.invokeExact(context, 0L, produced, address + at, step)
                            : (int) Evp.DECRYPT_UPDATE.invokeExact(context, 0L, produced, address + at, step));
        }
        Reference.reachabilityFence(data);
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("closed");
        }
    }

    private static void require(int result) {
        if (result != 1) {
            throw new IllegalStateException("libcrypto: " + OpenSsl.takeError());
        }
    }

    /** Made when the first cipher is. */
    private static final class Evp {
        static final MethodHandle CONTEXT_NEW = handle("EVP_CIPHER_CTX_new", crypto_h.EVP_CIPHER_CTX_new$descriptor());
        static final MethodHandle CONTEXT_FREE =
                handle("EVP_CIPHER_CTX_free", crypto_h.EVP_CIPHER_CTX_free$descriptor());
        static final MethodHandle CONTROL = handle("EVP_CIPHER_CTX_ctrl", crypto_h.EVP_CIPHER_CTX_ctrl$descriptor());
        static final MethodHandle ENCRYPT_INIT = handle("EVP_EncryptInit_ex", crypto_h.EVP_EncryptInit_ex$descriptor());
        static final MethodHandle ENCRYPT_UPDATE = handle("EVP_EncryptUpdate", crypto_h.EVP_EncryptUpdate$descriptor());
        static final MethodHandle ENCRYPT_FINAL =
                handle("EVP_EncryptFinal_ex", crypto_h.EVP_EncryptFinal_ex$descriptor());
        static final MethodHandle DECRYPT_INIT = handle("EVP_DecryptInit_ex", crypto_h.EVP_DecryptInit_ex$descriptor());
        static final MethodHandle DECRYPT_UPDATE = handle("EVP_DecryptUpdate", crypto_h.EVP_DecryptUpdate$descriptor());
        static final MethodHandle DECRYPT_FINAL =
                handle("EVP_DecryptFinal_ex", crypto_h.EVP_DecryptFinal_ex$descriptor());
        static final int GET_TAG = crypto_h.EVP_CTRL_GCM_GET_TAG();
        static final int SET_TAG = crypto_h.EVP_CTRL_GCM_SET_TAG();

        /** Fetched once and never freed: a fetch for each key would take a lock and a search. */
        static final long AES_256_GCM = fetch();

        private static long fetch() {
            try (Arena arena = Arena.ofConfined()) {
                long cipher = (long) handle("EVP_CIPHER_fetch", crypto_h.EVP_CIPHER_fetch$descriptor())
                        .invokeExact(0L, arena.allocateFrom("AES-256-GCM").address(), 0L);
                if (cipher == 0) {
                    throw new IllegalStateException("libcrypto has no AES-256-GCM: " + OpenSsl.takeError());
                }
                return cipher;
            } catch (Throwable t) {
                throw Downcall.failure("EVP_CIPHER_fetch", t);
            }
        }

        private static MethodHandle handle(String function, FunctionDescriptor descriptor) {
            return OpenSsl.handle(function, descriptor);
        }
    }
}
