package io.qsfs.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;

/** Proves that code which is compiled by now allocates nothing on the heap. */
public final class Allocations {
    private static final int ROUNDS_MAX = 40;
    private static final int CALLS = 20_000;

    private static long sum;

    static {
        sliceEveryKind();
    }

    private Allocations() {}

    /**
     * A process that slices heap, native and mapped segments alike, as ours does, gives the compiler less to work
     * with than one that knows a single kind. The tests shall pass in the former.
     */
    private static void sliceEveryKind() {
        MemorySegment[] kinds = {
            MemorySegment.ofArray(new byte[64]),
            MemorySegment.ofArray(new int[16]),
            MemorySegment.ofArray(new long[8]),
            Arena.global().allocate(64)
        };
        for (int i = 0; i < CALLS * 4; i++) {
            sum += kinds[i % kinds.length].asSlice(i & 31, 32).byteSize();
        }
    }

    /** Runs {@code body} until a whole round of it allocates nothing; fails when none of the rounds is like that. */
    public static void assertNone(Runnable body) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long allocated = -1;
        for (int round = 0; round < ROUNDS_MAX && allocated != 0; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < CALLS; i++) {
                body.run();
            }
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
        }
        assertEquals(0, allocated, "bytes allocated by " + CALLS + " calls");
    }
}
