package io.qsfs.codec;

import java.lang.foreign.MemorySegment;

/**
 * Looks at the plain bytes before they are sealed, so that what rotted on the disk is not made authentic. It gets all bytes
 * from {@code from} to {@code to}, in order, in pieces of one chunk; a range that crosses a chunk is its to carry over.
 */
@FunctionalInterface
public interface RangeVerifier {
    /** Accepts everything. */
    RangeVerifier NONE = (position, plain, offset, length) -> 0;

    /**
     * Checks the next piece.
     *
     * @param position of its first byte in the stream.
     * @param plain borrowed until return; only read.
     * @return 0 or a positive errno; then nothing is sealed.
     */
    int verify(long position, MemorySegment plain, long offset, int length);
}
