package io.qsfs.log.record;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;

import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import java.lang.foreign.MemorySegment;

/**
 * One shard of a placed segment lies elsewhere, or is owed no more.
 *
 * <p>Threading: stateless. Accessors trust the record: call {@link RecordHeader#isSound} on foreign bytes first.
 */
public final class ShardRecord {
    /** Bytes of the fixed part, with the frame. */
    public static final int FIXED_BYTES = 96;

    private static final int AT_STREAM = 32;
    private static final int AT_SHARD_INDEX = 36;
    private static final int AT_NUMBER = 40;
    private static final int AT_SEAL_ID = 48;
    private static final int AT_BACKEND_ID = 80;

    private ShardRecord() {}

    /** Writes all but sequence and checksum at {@code at}; returns the length in bytes. */
    public static int encode(
            MemorySegment target,
            long at,
            long timeNs,
            int stream,
            int shardIndex,
            long number,
            Id256 sealId,
            Id128 backendId) {
        int length = FIXED_BYTES;
        RecordHeader.encode(target, at, length, RecordType.SHARD, 0, timeNs);
        target.set(INT, at + AT_STREAM, stream);
        target.set(INT, at + AT_SHARD_INDEX, shardIndex);
        target.set(LONG, at + AT_NUMBER, number);
        sealId.write(target, at + AT_SEAL_ID);
        backendId.write(target, at + AT_BACKEND_ID);
        return length;
    }

    /** 0 data, 1 meta. */
    public static int stream(MemorySegment record, long at) {
        return record.get(INT, at + AT_STREAM);
    }

    /** Which of the n shards. */
    public static int shardIndex(MemorySegment record, long at) {
        return record.get(INT, at + AT_SHARD_INDEX);
    }

    /** Segment number. */
    public static long number(MemorySegment record, long at) {
        return record.get(LONG, at + AT_NUMBER);
    }

    /** The sealing. */
    public static Id256 sealId(MemorySegment record, long at) {
        return Id256.read(record, at + AT_SEAL_ID);
    }

    /** Where the shard lies now; all zero: it is owed. */
    public static Id128 backendId(MemorySegment record, long at) {
        return Id128.read(record, at + AT_BACKEND_ID);
    }

    /** True when lengths inside agree with the length of the record. */
    static boolean isWellFormed(MemorySegment record, long at, int length) {
        return length == FIXED_BYTES;
    }
}
