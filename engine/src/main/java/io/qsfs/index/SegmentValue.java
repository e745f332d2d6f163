package io.qsfs.index;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;

import io.qsfs.memory.Id128;
import java.lang.foreign.MemorySegment;

/**
 * The value of a segment.
 *
 * <pre>
 *  0       4     8          24     32   40           48
 * +-------+-----+----------+------+----+------------+
 * | state |  0  | mount id | from | to | live bytes |
 * +-------+-----+----------+------+----+------------+
 * </pre>
 *
 * <p>Threading: stateless.
 */
final class SegmentValue {
    static final int BYTES = 48;

    private static final int AT_STATE = 0;
    private static final int AT_MOUNT_ID = 8;
    private static final int AT_FROM_POSITION = 24;
    private static final int AT_TO_POSITION = 32;
    private static final int AT_LIVE_BYTES = 40;
    private static final SegmentInfo.State[] STATES = SegmentInfo.State.values();

    private SegmentValue() {}

    /** A segment of which nothing is known but that it exists. */
    static int encodeActive(MemorySegment value) {
        value.asSlice(0, BYTES).fill((byte) 0);
        return BYTES;
    }

    /** Changes all but the live bytes. */
    static void putClosed(
            MemorySegment value, SegmentInfo.State state, Id128 mountId, long fromPosition, long toPosition) {
        value.set(INT, AT_STATE, state.ordinal());
        mountId.write(value, AT_MOUNT_ID);
        value.set(LONG, AT_FROM_POSITION, fromPosition);
        value.set(LONG, AT_TO_POSITION, toPosition);
    }

    static void putLiveBytes(MemorySegment value, long liveBytes) {
        value.set(LONG, AT_LIVE_BYTES, liveBytes);
    }

    static boolean isSound(MemorySegment value, int valueBytes) {
        return valueBytes == BYTES && value.get(INT, AT_STATE) >= 0 && value.get(INT, AT_STATE) < STATES.length;
    }

    static SegmentInfo.State state(MemorySegment value) {
        return STATES[value.get(INT, AT_STATE)];
    }

    static long liveBytes(MemorySegment value) {
        return value.get(LONG, AT_LIVE_BYTES);
    }

    static SegmentInfo info(MemorySegment value, int stream, long number) {
        return new SegmentInfo(
                stream,
                number,
                Id128.read(value, AT_MOUNT_ID),
                value.get(LONG, AT_FROM_POSITION),
                value.get(LONG, AT_TO_POSITION),
                state(value),
                liveBytes(value));
    }
}
