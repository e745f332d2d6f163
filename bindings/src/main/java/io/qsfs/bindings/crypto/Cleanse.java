package io.qsfs.bindings.crypto;

import io.qsfs.bindings.Downcall;
import io.qsfs.bindings.NativeLibrary;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Overwrites secrets in native memory in a way that no compiler leaves out.
 *
 * <p>Threading: any thread; no state.
 */
public final class Cleanse {
    private static final MethodHandle OPENSSL_CLEANSE = Linker.nativeLinker()
            .downcallHandle(
                    NativeLibrary.CRYPTO.address("OPENSSL_cleanse"),
                    Downcall.bounded(crypto_h.OPENSSL_cleanse$descriptor()));

    private Cleanse() {}

    /** @param secret native; all of it becomes zero. */
    public static void wipe(MemorySegment secret) {
        try {
            OPENSSL_CLEANSE.invokeExact(secret, secret.byteSize());
        } catch (Throwable t) {
            throw Downcall.failure("OPENSSL_cleanse", t);
        }
    }

    static void wipe(MemorySegment memory, long offset, long length) {
        wipe(memory.asSlice(offset, length));
    }
}
