package io.qsfs.bindings.crypto;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.qsfs.bindings.Downcall;
import io.qsfs.bindings.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * What concerns libcrypto as a whole.
 *
 * <p>Threading: any thread; libcrypto queues errors per thread.
 */
public final class OpenSsl {
    private static final int TEXT_BYTES_MAX = 256;

    private OpenSsl() {}

    /** @return {@code "OpenSSL 3.0.22 ..."}, of the library and not of the headers. */
    public static String version() {
        try {
            long text = (long) handle("OpenSSL_version", FunctionDescriptor.of(ADDRESS, JAVA_INT))
                    .invokeExact(crypto_h.OPENSSL_VERSION());
            return MemorySegment.ofAddress(text).reinterpret(TEXT_BYTES_MAX).getString(0);
        } catch (Throwable t) {
            throw Downcall.failure("OpenSSL_version", t);
        }
    }

    /** Empties this thread's queue of errors. @return the oldest as text. Allocates: for what should not happen. */
    static String takeError() {
        try (Arena arena = Arena.ofConfined()) {
            long code = (long)
                    handle("ERR_get_error", FunctionDescriptor.of(JAVA_LONG)).invokeExact();
            if (code == 0) {
                return "no reason given";
            }
            MemorySegment text = arena.allocate(TEXT_BYTES_MAX);
            handle("ERR_error_string_n", FunctionDescriptor.ofVoid(JAVA_LONG, ADDRESS, JAVA_LONG))
                    .invokeExact(code, text.address(), (long) TEXT_BYTES_MAX);
            handle("ERR_clear_error", FunctionDescriptor.ofVoid()).invokeExact();
            return text.getString(0);
        } catch (Throwable t) {
            throw Downcall.failure("ERR_get_error", t);
        }
    }

    /** Pointers as numbers. */
    static MethodHandle handle(String function, FunctionDescriptor descriptor) {
        return Linker.nativeLinker()
                .downcallHandle(NativeLibrary.CRYPTO.address(function), Downcall.numbers(descriptor));
    }
}
