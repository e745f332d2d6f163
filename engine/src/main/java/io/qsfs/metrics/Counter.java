package io.qsfs.metrics;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A sum that one thread adds to and any thread reads: an addition is a plain load and a release store, no locked instruction.
 *
 * <p>Threading: {@link #add} by the owner, {@link #get} by any.
 */
public final class Counter {
    private static final VarHandle VALUE;

    static {
        try {
            VALUE = MethodHandles.lookup()
                    .findVarHandle(Counter.class, "value", long.class)
                    .withInvokeExactBehavior();
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @SuppressWarnings("unused") // through VALUE
    private long value;

    /** Adds; for the owner alone. */
    public void add(long amount) {
        VALUE.setRelease(this, (long) VALUE.get(this) + amount);
    }

    /** Adds one; for the owner alone. */
    public void increment() {
        add(1);
    }

    /** The sum. */
    public long get() {
        return (long) VALUE.getAcquire(this);
    }
}
