package io.qsfs.index;

import io.qsfs.log.record.PlacedRecord;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.memory.Id128;
import java.lang.foreign.MemorySegment;

/**
 * The value of a placement: a PLACED record from behind its frame on. The accessors of {@link PlacedRecord} read it
 * when they are told that the record begins at {@link #AT_RECORD}.
 *
 * <p>Threading: stateless.
 */
final class PlacementValue {
    /** Where the record would begin if its frame were there. */
    static final long AT_RECORD = -RecordHeader.BYTES;
    /** The longest value in bytes. */
    static final int BYTES_MAX = RecordHeader.LENGTH_MAX - RecordHeader.BYTES;

    private PlacementValue() {}

    static int encode(MemorySegment value, MemorySegment record, long at) {
        int valueBytes = RecordHeader.length(record, at) - RecordHeader.BYTES;
        MemorySegment.copy(record, at + RecordHeader.BYTES, value, 0, valueBytes);
        return valueBytes;
    }

    static boolean isSound(MemorySegment value, int valueBytes) {
        if (valueBytes < PlacedRecord.FIXED_BYTES - RecordHeader.BYTES || valueBytes > BYTES_MAX) {
            return false;
        }
        int chunks = PlacedRecord.chunkCount(value, AT_RECORD);
        int shards = PlacedRecord.shardCount(value, AT_RECORD);
        int data = PlacedRecord.dataShards(value, AT_RECORD);
        return chunks >= 0
                && chunks <= BYTES_MAX
                && data >= 1
                && data <= shards
                && valueBytes == PlacedRecord.length(shards, chunks) - RecordHeader.BYTES;
    }

    static void putBackend(MemorySegment value, int index, Id128 backend) {
        PlacedRecord.putBackend(value, AT_RECORD, index, backend);
    }
}
