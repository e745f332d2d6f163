package io.qsfs.log.record;

import java.lang.foreign.MemorySegment;

/**
 * Fills a segment to its end, or a gap. Its payload is of no meaning.
 *
 * <p>Threading: stateless. Accessors trust the record: call {@link RecordHeader#isSound} on foreign bytes first.
 */
public final class PadRecord {
    /** Bytes of the fixed part, with the frame. */
    public static final int FIXED_BYTES = 32;

    private PadRecord() {}

    /** Writes a record of exactly {@code length} bytes, whose payload the caller may leave as it is in the file: zero. */
    public static int encode(MemorySegment target, long at, int length, long timeNs) {
        RecordHeader.encode(target, at, length, RecordType.PAD, 0, timeNs);
        target.asSlice(at + RecordHeader.BYTES, length - RecordHeader.BYTES).fill((byte) 0);
        return length;
    }

    /** True when lengths inside agree with the length of the record. */
    static boolean isWellFormed(MemorySegment record, long at, int length) {
        return true;
    }
}
