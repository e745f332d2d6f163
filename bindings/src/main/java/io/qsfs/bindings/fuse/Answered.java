package io.qsfs.bindings.fuse;

/**
 * Which request this thread answered last, for the guard around operations alone: when one throws, the guard must know
 * whether to answer. A second answer would be to freed memory, a missing one hangs a process.
 *
 * <p>Threading: one per thread.
 */
final class Answered {
    private static final ThreadLocal<Answered> OF_THREAD = ThreadLocal.withInitial(Answered::new);

    private long request;

    private Answered() {}

    static void note(long request) {
        OF_THREAD.get().request = request;
    }

    /** At the start of every operation: libfuse may give a new request the address of the last one. */
    static void reset() {
        OF_THREAD.get().request = 0;
    }

    static boolean is(long request) {
        return OF_THREAD.get().request == request;
    }
}
