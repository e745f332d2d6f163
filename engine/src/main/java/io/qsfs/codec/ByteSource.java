package io.qsfs.codec;

import java.lang.foreign.MemorySegment;

/** Where an encoder gets the bytes of a segment: below the durable position, and never from a mapping. */
@FunctionalInterface
public interface ByteSource {
    /**
     * Reads exactly {@code length} bytes of the stream.
     *
     * @param position where in the stream.
     * @param target borrowed until return.
     * @return 0 or a positive errno; then nothing is sealed.
     */
    int read(long position, MemorySegment target, long offset, int length);
}
