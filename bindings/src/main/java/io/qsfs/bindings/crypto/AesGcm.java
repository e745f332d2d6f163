package io.qsfs.bindings.crypto;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.qsfs.bindings.Downcall;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * AES-256-GCM of libcrypto on native memory: one cipher context, keyed again for each sealing.
 *
 * <p>Segments are borrowed until return and may not lie on the heap. Input and output may be the same range, but not
 * overlap otherwise. A text is at most 2^31 - 1 bytes. Nothing allocates in steady state.
 *
 * <p>Errors: a message that is not authentic is an answer ({@link #open}); that libcrypto refuses a call is a bug, and an
 * {@link IllegalStateException} with libcrypto's reason.
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
    private final MemorySegment produced = arena.allocate(JAVA_INT);
    private final MemorySegment context;
    private boolean keyed;
    private boolean closed;

    private AesGcm(MemorySegment context) {
        this.context = context;
    }

    /** @throws UnsatisfiedLinkError without libcrypto. */
    public static AesGcm create() {
        try {
            MemorySegment context = (MemorySegment) Evp.CONTEXT_NEW.invokeExact();
            if (context.address() == 0) {
                throw new OutOfMemoryError("EVP_CIPHER_CTX_new");
            }
            return new AesGcm(context);
        } catch (Throwable t) {
            throw Downcall.failure("EVP_CIPHER_CTX_new", t);
        }
    }

    /** @param key 32 bytes; libcrypto keeps what it derives from it until the next key, or {@link #close}. */
    public void setKey(MemorySegment key) {
        requireBytes("key", key, KEY_BYTES);
        requireOpen();
        try {
            keyed = false;
            require((int) Evp.ENCRYPT_INIT.invokeExact(
                    context, Evp.AES_256_GCM, MemorySegment.NULL, key, MemorySegment.NULL));
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
        begin(nonce, length);
        MemorySegment cipher = out.asSlice(outOffset, length);
        MemorySegment tag = out.asSlice(outOffset + length, TAG_BYTES);
        try {
            require((int) Evp.ENCRYPT_INIT.invokeExact(
                    context, MemorySegment.NULL, MemorySegment.NULL, MemorySegment.NULL, nonce));
            authenticate(true, aad, 0, aadLength);
            if (length > 0) {
                require((int) Evp.ENCRYPT_UPDATE.invokeExact(
                        context, cipher, produced, plain.asSlice(plainOffset, length), (int) length));
            }
            // GCM is a stream: the last call writes nothing, wherever it is pointed at.
            require((int) Evp.ENCRYPT_FINAL.invokeExact(context, tag, produced));
            require((int) Evp.CONTROL.invokeExact(context, Evp.GET_TAG, TAG_BYTES, tag));
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
        begin(nonce, lengthWithoutTag);
        MemorySegment tag = cipher.asSlice(cipherOffset + lengthWithoutTag, TAG_BYTES);
        MemorySegment plain = out.asSlice(outOffset, lengthWithoutTag);
        try {
            require((int) Evp.DECRYPT_INIT.invokeExact(
                    context, MemorySegment.NULL, MemorySegment.NULL, MemorySegment.NULL, nonce));
            authenticate(false, aad, 0, aadLength);
            // Before the text: in place, the last block could reach the tag.
            require((int) Evp.CONTROL.invokeExact(context, Evp.SET_TAG, TAG_BYTES, tag));
            if (lengthWithoutTag > 0) {
                require((int) Evp.DECRYPT_UPDATE.invokeExact(
                        context, plain, produced, cipher.asSlice(cipherOffset, lengthWithoutTag), (int)
                                lengthWithoutTag));
            }
            boolean authentic = (int) Evp.DECRYPT_FINAL.invokeExact(context, produced, produced) == 1;
            if (!authentic) {
                Cleanse.wipe(plain);
            }
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
        begin(nonce, 0);
        MemorySegment tag = out.asSlice(outOffset, TAG_BYTES);
        try {
            require((int) Evp.ENCRYPT_INIT.invokeExact(
                    context, MemorySegment.NULL, MemorySegment.NULL, MemorySegment.NULL, nonce));
            authenticate(true, data, offset, length);
            require((int) Evp.ENCRYPT_FINAL.invokeExact(context, tag, produced));
            require((int) Evp.CONTROL.invokeExact(context, Evp.GET_TAG, TAG_BYTES, tag));
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

    private void begin(MemorySegment nonce, long length) {
        requireBytes("nonce", nonce, NONCE_BYTES);
        requireOpen();
        if (!keyed) {
            throw new IllegalStateException("no key is set");
        }
        if (length < 0 || length > Integer.MAX_VALUE - TAG_BYTES) {
            throw new IllegalArgumentException("length=" + length);
        }
    }

    private void authenticate(boolean encrypting, MemorySegment data, long offset, long length) throws Throwable {
        long end = offset + length;
        for (long at = offset; at < end; at += STEP_BYTES) {
            long step = Math.min(end - at, STEP_BYTES);
            MemorySegment part = data.asSlice(at, step);
            int result = encrypting
                    ? (int) Evp.ENCRYPT_UPDATE.invokeExact(context, MemorySegment.NULL, produced, part, (int) step)
                    : (int) Evp.DECRYPT_UPDATE.invokeExact(context, MemorySegment.NULL, produced, part, (int) step);
            require(result);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("closed");
        }
    }

    private static void requireBytes(String name, MemorySegment segment, long bytes) {
        if (segment.byteSize() < bytes) {
            throw new IndexOutOfBoundsException(name + " has " + segment.byteSize() + " bytes, needed " + bytes);
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
        static final MemorySegment AES_256_GCM = fetch();

        private static MemorySegment fetch() {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment cipher =
                        (MemorySegment) handle("EVP_CIPHER_fetch", crypto_h.EVP_CIPHER_fetch$descriptor())
                                .invokeExact(MemorySegment.NULL, arena.allocateFrom("AES-256-GCM"), MemorySegment.NULL);
                if (cipher.address() == 0) {
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
