package io.qsfs.bindings.crypto;

import io.qsfs.bindings.Downcall;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;

/**
 * Overwrites secrets in native memory in a way that no compiler leaves out.
 *
 * <p>Threading: any thread; no state.
 */
public final class Cleanse {
    private static final MethodHandle OPENSSL_CLEANSE =
            OpenSsl.handle("OPENSSL_cleanse", crypto_h.OPENSSL_cleanse$descriptor());

    private Cleanse() {}

    /** @param secret native; all of it becomes zero. */
    public static void wipe(MemorySegment secret) {
        wipe(Downcall.address(secret, 0, secret.byteSize()), secret.byteSize());
        Reference.reachabilityFence(secret);
    }

    static void wipe(long address, long length) {
        try {
            OPENSSL_CLEANSE.invokeExact(address, length);
        } catch (Throwable t) {
            throw Downcall.failure("OPENSSL_cleanse", t);
        }
    }
}
