package io.qsfs.log.record;

import static io.qsfs.memory.LittleEndian.LONG;

import io.qsfs.memory.Id128;
import java.lang.foreign.MemorySegment;

/**
 * The first record of each mount: who writes from here on, and which history it continues.
 *
 * <p>Threading: stateless. Accessors trust the record: call {@link RecordHeader#isSound} on foreign bytes first.
 */
public final class MountRecord {
    /** Bytes of the fixed part, with the frame. */
    public static final int FIXED_BYTES = 112;

    private static final int AT_MOUNT_ID = 32;
    private static final int AT_MOUNT_COUNTER = 48;
    private static final int AT_EPOCH = 56;
    private static final int AT_FROM_EPOCH = 64;
    private static final int AT_FROM_META_POSITION = 72;
    private static final int AT_FROM_DATA_POSITION = 80;
    private static final int AT_OWNER_ID = 88;
    private static final int AT_DATA_POSITION = 104;

    private MountRecord() {}

    /** Writes all but sequence and checksum at {@code at}; returns the length in bytes. */
    public static int encode(
            MemorySegment target,
            long at,
            long timeNs,
            Id128 mountId,
            long mountCounter,
            long epoch,
            long fromEpoch,
            long fromMetaPosition,
            long fromDataPosition,
            Id128 ownerId,
            long dataPosition) {
        int length = FIXED_BYTES;
        RecordHeader.encode(target, at, length, RecordType.MOUNT, 0, timeNs);
        mountId.write(target, at + AT_MOUNT_ID);
        target.set(LONG, at + AT_MOUNT_COUNTER, mountCounter);
        target.set(LONG, at + AT_EPOCH, epoch);
        target.set(LONG, at + AT_FROM_EPOCH, fromEpoch);
        target.set(LONG, at + AT_FROM_META_POSITION, fromMetaPosition);
        target.set(LONG, at + AT_FROM_DATA_POSITION, fromDataPosition);
        ownerId.write(target, at + AT_OWNER_ID);
        target.set(LONG, at + AT_DATA_POSITION, dataPosition);
        return length;
    }

    /** Identity of this mount. */
    public static Id128 mountId(MemorySegment record, long at) {
        return Id128.read(record, at + AT_MOUNT_ID);
    }

    /** Number of mounts of this state directory. */
    public static long mountCounter(MemorySegment record, long at) {
        return record.get(LONG, at + AT_MOUNT_COUNTER);
    }

    /** Epoch of the title that it writes under. */
    public static long epoch(MemorySegment record, long at) {
        return record.get(LONG, at + AT_EPOCH);
    }

    /** Epoch of the history that it continues. */
    public static long fromEpoch(MemorySegment record, long at) {
        return record.get(LONG, at + AT_FROM_EPOCH);
    }

    /** End of that history in the meta stream; nothing of a lower epoch above it is history. */
    public static long fromMetaPosition(MemorySegment record, long at) {
        return record.get(LONG, at + AT_FROM_META_POSITION);
    }

    /** End of that history in the data stream. */
    public static long fromDataPosition(MemorySegment record, long at) {
        return record.get(LONG, at + AT_FROM_DATA_POSITION);
    }

    /** Owner of the title. */
    public static Id128 ownerId(MemorySegment record, long at) {
        return Id128.read(record, at + AT_OWNER_ID);
    }

    /** Where this mount begins in the data stream. */
    public static long dataPosition(MemorySegment record, long at) {
        return record.get(LONG, at + AT_DATA_POSITION);
    }

    /** True when lengths inside agree with the length of the record. */
    static boolean isWellFormed(MemorySegment record, long at, int length) {
        return length == FIXED_BYTES;
    }
}
