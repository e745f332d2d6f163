package io.qsfs.bench.tool;

import io.qsfs.memory.NativeBuffer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/**
 * Bytes to seal, the same in every run. {@code mixed} is like a file server's: of each 4 KiB half is words that
 * repeat, half is random, which lz4 makes about half as long; {@code random} does not get smaller, like video or what
 * is packed already.
 *
 * <p>Threading: stateless.
 */
final class SampleData {
    private static final long SEED = 41;
    private static final int BLOCK = 4096;

    private SampleData() {}

    /** Kinds of data. */
    enum Kind {
        MIXED,
        RANDOM
    }

    /** A filled buffer; owned by the caller. */
    static NativeBuffer make(Kind kind, long bytes) {
        NativeBuffer buffer = new NativeBuffer(bytes);
        MemorySegment memory = buffer.segment();
        SplittableRandom random = new SplittableRandom(SEED);
        long word = 0;
        for (long at = 0; at + 8 <= bytes; at += 8) {
            boolean repeats = kind == Kind.MIXED && at % BLOCK < BLOCK / 2;
            if (!repeats || at % 256 == 0) {
                word = random.nextLong();
            }
            memory.set(ValueLayout.JAVA_LONG_UNALIGNED, at, word);
        }
        return buffer;
    }
}
