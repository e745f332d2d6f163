package io.qsfs.recall;

import io.qsfs.backend.Completion;
import io.qsfs.memory.Id128;
import java.lang.foreign.MemorySegment;

/**
 * The little that recall asks of backends, by identity, so that a test can answer it.
 *
 * <p>Threading: any thread.
 */
interface ShardAccess {
    /**
     * Reads exactly the bytes of {@code dst}, which is lent until the completion, from an object. A backend that is not
     * configured answers NOT_FOUND.
     */
    void getRange(
            Id128 backend, String object, long offset, MemorySegment dst, long deadlineNs, Completion<Void> completion);

    /** True when the backend is worth asking first: configured, present, and not failing. */
    boolean isUsable(Id128 backend);

    /** What 95 in 100 of its reads stay under, in nanoseconds; 0 when that is not known. */
    long usualReadNs(Id128 backend);

    /** Its name in texts for people. */
    String name(Id128 backend);
}
