package io.qsfs.bindings;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.util.Optional;

/**
 * What every hand-written layer does around a method handle of a C function.
 *
 * <p>Threading: no state.
 */
public final class Downcall {
    private Downcall() {}

    /**
     * For the {@code catch (Throwable t)} around {@code invokeExact}. What the caller did wrong (a heap segment, a segment
     * that is closed or belongs to another thread) is thrown on as it is; anything else cannot happen.
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
     * The same signature with pointers of unknown length. jextract says "unbounded" instead, and a segment without bounds
     * is one typing error away from reading anything.
     */
    public static FunctionDescriptor bounded(FunctionDescriptor generated) {
        MemoryLayout[] arguments =
                generated.argumentLayouts().stream().map(Downcall::bounded).toArray(MemoryLayout[]::new);
        Optional<MemoryLayout> result = generated.returnLayout().map(Downcall::bounded);
        return result.isPresent()
                ? FunctionDescriptor.of(result.get(), arguments)
                : FunctionDescriptor.ofVoid(arguments);
    }

    private static MemoryLayout bounded(MemoryLayout layout) {
        return layout instanceof AddressLayout address ? address.withoutTargetLayout() : layout;
    }
}
