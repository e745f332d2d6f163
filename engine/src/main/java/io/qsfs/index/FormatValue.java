package io.qsfs.index;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;

import io.qsfs.memory.Id128;
import java.lang.foreign.MemorySegment;

/**
 * The value of 'M' "format": written once, when the index is made.
 *
 * <pre>
 *  0         4     8           24              32
 * +---------+-----+-----------+---------------+
 * | version |  0  | volume id | segment bytes |
 * +---------+-----+-----------+---------------+
 * </pre>
 *
 * <p>Threading: stateless.
 */
final class FormatValue {
    static final int BYTES = 32;
    /** Another version is not read but rebuilt: the index is a view. */
    static final int VERSION = 2;

    static final String KEY = "format";

    private static final int AT_VERSION = 0;
    private static final int AT_RESERVED = 4;
    private static final int AT_VOLUME_ID = 8;
    private static final int AT_SEGMENT_BYTES = 24;

    private FormatValue() {}

    static int encode(MemorySegment value, Id128 volumeId, long segmentBytes) {
        value.set(INT, AT_VERSION, VERSION);
        value.set(INT, AT_RESERVED, 0);
        volumeId.write(value, AT_VOLUME_ID);
        value.set(LONG, AT_SEGMENT_BYTES, segmentBytes);
        return BYTES;
    }

    /** Null when these bytes describe an index of that volume; else what is wrong. */
    static String mismatch(MemorySegment value, int valueBytes, Id128 volumeId, long segmentBytes) {
        if (valueBytes != BYTES) {
            return "its format entry has " + valueBytes + " bytes instead of " + BYTES;
        }
        if (value.get(INT, AT_VERSION) != VERSION) {
            return "it has format version " + value.get(INT, AT_VERSION) + ", this program reads " + VERSION;
        }
        Id128 volume = Id128.read(value, AT_VOLUME_ID);
        if (!volume.equals(volumeId)) {
            return "it is of volume " + volume + " and not of " + volumeId;
        }
        if (value.get(LONG, AT_SEGMENT_BYTES) != segmentBytes) {
            return "it has segments of " + value.get(LONG, AT_SEGMENT_BYTES) + " bytes, the volume of " + segmentBytes;
        }
        return null;
    }
}
