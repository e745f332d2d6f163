package io.qsfs.bench.jmh;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** Native memory with something in it, the same in every run. */
final class Buffers {
    private static final int PAGE_BYTES = 4096;
    private static final long SEED = 0x5eed;

    private Buffers() {}

    /** Page-aligned bytes that cannot be compressed. */
    static MemorySegment random(Arena arena, long bytes) {
        MemorySegment segment = arena.allocate(bytes, PAGE_BYTES);
        Random random = new Random(SEED);
        long at = 0;
        for (; at + 8 <= bytes; at += 8) {
            segment.set(ValueLayout.JAVA_LONG_UNALIGNED, at, random.nextLong());
        }
        for (; at < bytes; at++) {
            segment.set(ValueLayout.JAVA_BYTE, at, (byte) random.nextInt());
        }
        return segment;
    }

    /** Page-aligned lines of a log file, which shrink to about a third. */
    static MemorySegment text(Arena arena, long bytes) {
        MemorySegment segment = arena.allocate(bytes, PAGE_BYTES);
        Random random = new Random(SEED);
        String[] verbs = {"GET", "PUT", "DELETE", "HEAD"};
        StringBuilder line = new StringBuilder();
        long at = 0;
        while (at < bytes) {
            line.setLength(0);
            line.append("10.1.").append(random.nextInt(256)).append('.').append(random.nextInt(256));
            line.append(" - ").append(verbs[random.nextInt(verbs.length)]).append(" /objects/");
            line.append(Long.toHexString(random.nextLong())).append(" HTTP/1.1 200 ");
            line.append(random.nextInt(1 << 20)).append('\n');
            byte[] encoded = line.toString().getBytes(StandardCharsets.US_ASCII);
            int length = (int) Math.min(encoded.length, bytes - at);
            MemorySegment.copy(encoded, 0, segment, ValueLayout.JAVA_BYTE, at, length);
            at += length;
        }
        return segment;
    }
}
