package io.qsfs.memory;

import java.lang.foreign.MemorySegment;

/** Bytes of a stream, wherever they are. */
public interface ByteSource {
    /**
     * Reads exactly {@code length} bytes at the stream's {@code position}.
     *
     * @param target borrowed until return; native memory.
     * @return 0 or a positive errno; after an error the target holds anything.
     */
    int read(long position, MemorySegment target, long offset, int length);
}
