package io.qsfs.log;

import io.qsfs.memory.ByteSource;

/** Metadata segments that are not local, or not whole: fetched from backends. */
public interface MetaElsewhere {
    /** Nothing is anywhere else. */
    MetaElsewhere NOWHERE = number -> null;

    /**
     * The content of segment {@code number}; null when it cannot be had.
     *
     * @return a source for the positions from the segment's base to {@link Content#to}.
     */
    Content fetch(long number);

    /**
     * A segment's content.
     *
     * @param source where to read it.
     * @param to     its end, exclusive.
     */
    record Content(ByteSource source, long to) {}
}
