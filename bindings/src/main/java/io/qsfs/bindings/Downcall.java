package io.qsfs.bindings;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * What every hand-written layer does around a method handle of a C function.
 *
 * <p>Threading: no state.
 */
public final class Downcall {
    private Downcall() {}

    /**
     * For the {@code catch (Throwable t)} around {@code invokeExact}. What the caller did wrong (a heap segment, a
     * segment that is closed or belongs to another thread) is thrown on as it is; anything else cannot happen.
     */
    public static AssertionError failure(String function, Throwable t) {
        if (t instanceof RuntimeException e) {
            throw e;
        }
        if (t instanceof Error e) {
            throw e;
        }
        return new AssertionError(function + ": a checked exception from native code", t);
    }

    /**
     * The address of a range, for a parameter that is a pointer in C and a {@code long} in the descriptor. A slice
     * instead would be an object for each call: as soon as a process uses segments of several kinds (heap, native,
     * mapped), the compiler no longer removes it. And the linker would count every call in and out of a shared arena,
     * on one cache line for all threads.
     *
     * <p>Checked here: that the segment is native, alive, and this thread's, and that the range is in it. Not noticed
     * is who closes a shared arena while the call runs; and the caller ends with {@link
     * java.lang.ref.Reference#reachabilityFence}.
     */
    public static long address(MemorySegment segment, long offset, long length) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException("segment on the heap: " + segment);
        }
        if (!segment.scope().isAlive()) {
            throw new IllegalStateException("closed: " + segment);
        }
        if (!segment.isAccessibleBy(Thread.currentThread())) {
            throw new WrongThreadException("another thread's: " + segment);
        }
        Objects.checkFromIndexSize(offset, length, segment.byteSize());
        return segment.address() + offset;
    }

    /** The same signature with every pointer as a number, for {@link #address}. */
    public static FunctionDescriptor numbers(FunctionDescriptor generated) {
        MemoryLayout[] arguments =
                generated.argumentLayouts().stream().map(Downcall::number).toArray(MemoryLayout[]::new);
        return generated
                .returnLayout()
                .map(result -> FunctionDescriptor.of(number(result), arguments))
                .orElseGet(() -> FunctionDescriptor.ofVoid(arguments));
    }

    private static MemoryLayout number(MemoryLayout layout) {
        return layout instanceof AddressLayout ? ValueLayout.JAVA_LONG : layout;
    }
}
