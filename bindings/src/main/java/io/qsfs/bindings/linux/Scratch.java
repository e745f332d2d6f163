package io.qsfs.bindings.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The native memory that one thread needs for its calls: where the linker puts errno, two strings, one struct. Nobody
 * is told when a thread ends, so the memory belongs to the collector and goes with the thread.
 *
 * <p>Threading: one per thread, made at its first call.
 */
final class Scratch {
    /** PATH_MAX; the kernel refuses what is longer, so do we. */
    static final int PATH_BYTES_MAX = 4096;

    static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
    private static final long CAPTURE_BYTES = CAPTURE.byteSize();
    private static final VarHandle ERRNO = MethodHandles.insertCoordinates(
                    CAPTURE.varHandle(PathElement.groupElement("errno")), 1, 0L)
            .withInvokeExactBehavior();
    /** No char of a {@code String} needs more bytes of UTF-8. */
    private static final int UTF8_BYTES_PER_CHAR_MAX = 3;

    private static final long STRUCT_BYTES = 512;

    private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

    private final MemorySegment capture;
    private final long captureAddress;
    final MemorySegment struct;
    final long structAddress;
    private final MemorySegment first;
    private final MemorySegment second;

    private Scratch() {
        Arena arena = Arena.ofAuto();
        capture = arena.allocate(CAPTURE);
        captureAddress = capture.address();
        struct = arena.allocate(STRUCT_BYTES, 16);
        structAddress = struct.address();
        first = arena.allocate(UTF8_BYTES_PER_CHAR_MAX * PATH_BYTES_MAX + 1L);
        second = arena.allocate(UTF8_BYTES_PER_CHAR_MAX * PATH_BYTES_MAX + 1L);
    }

    static Scratch get() {
        return OF_THREAD.get();
    }

    /**
     * Where the linker puts errno. The linker slices it for each call; of a segment that was made just before, the
     * compiler knows the class, and removes both. {@link #capture} stays alive in the thread's own scratch.
     */
    MemorySegment capture() {
        return MemorySegment.ofAddress(captureAddress).reinterpret(CAPTURE_BYTES);
    }

    int errno() {
        return (int) ERRNO.get(capture);
    }

    /**
     * @return the string for C, valid until the thread's next one; 0 when it cannot be a path: too long, or with a
     *     zero.
     */
    long first(String path) {
        return encode(first, path);
    }

    long second(String path) {
        return encode(second, path);
    }

    private static long encode(MemorySegment buffer, String path) {
        if (path.length() >= PATH_BYTES_MAX || path.indexOf(0) >= 0) {
            return 0;
        }
        buffer.setString(0, path);
        return buffer.address();
    }

    /** What the kernel would say of a string that {@link #first} refused. */
    static int refusal(String path) {
        return path.length() >= PATH_BYTES_MAX ? -Linux.ENAMETOOLONG : -Linux.EINVAL;
    }
}
