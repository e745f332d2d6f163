package io.qsfs.log.record;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;
import static io.qsfs.memory.LittleEndian.SHORT;

import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import java.lang.foreign.MemorySegment;

/**
 * A segment lies sealed and coded on backends. After the fixed part: {@code shardCount} backend ids of 16 bytes (all zero: that shard is owed), then {@code chunkCount} entries of 8 bytes of the chunk table as the codec has it (u32 stored length with the top bit set when compressed, u32 CRC32C of the plain bytes).
 *
 * <p>Threading: stateless. Accessors trust the record: call {@link RecordHeader#isSound} on foreign bytes first.
 */
public final class PlacedRecord {
    /** Bytes of the fixed part, with the frame. */
    public static final int FIXED_BYTES = 144;

    private static final int AT_STREAM = 32;
    private static final int AT_SUITE = 36;
    private static final int AT_NUMBER = 40;
    private static final int AT_MOUNT_ID = 48;
    private static final int AT_EPOCH = 64;
    private static final int AT_SEAL_ID = 72;
    private static final int AT_FROM_POSITION = 104;
    private static final int AT_TO_POSITION = 112;
    private static final int AT_SHARD_BYTES = 120;
    private static final int AT_CHUNK_BYTES = 128;
    private static final int AT_CHUNK_COUNT = 132;
    private static final int AT_DATA_SHARDS = 136;
    private static final int AT_SHARD_COUNT = 138;
    private static final int CHUNK_ENTRY_BYTES = 8;

    private PlacedRecord() {}

    /** Length in bytes of a record with these counts. */
    public static int length(int shardCount, int chunkCount) {
        return FIXED_BYTES + shardCount * Id128.BYTES + chunkCount * CHUNK_ENTRY_BYTES;
    }

    /** Writes the fixed part; the caller fills in backends and chunks before the record is sealed. Returns the length. */
    public static int encode(
            MemorySegment target,
            long at,
            long timeNs,
            int stream,
            int suite,
            long number,
            Id128 mountId,
            long epoch,
            Id256 sealId,
            long fromPosition,
            long toPosition,
            long shardBytes,
            int chunkBytes,
            int chunkCount,
            int dataShards,
            int shardCount) {
        int length = length(shardCount, chunkCount);
        RecordHeader.encode(target, at, length, RecordType.PLACED, 0, timeNs);
        target.set(INT, at + AT_STREAM, stream);
        target.set(INT, at + AT_SUITE, suite);
        target.set(LONG, at + AT_NUMBER, number);
        mountId.write(target, at + AT_MOUNT_ID);
        target.set(LONG, at + AT_EPOCH, epoch);
        sealId.write(target, at + AT_SEAL_ID);
        target.set(LONG, at + AT_FROM_POSITION, fromPosition);
        target.set(LONG, at + AT_TO_POSITION, toPosition);
        target.set(LONG, at + AT_SHARD_BYTES, shardBytes);
        target.set(INT, at + AT_CHUNK_BYTES, chunkBytes);
        target.set(INT, at + AT_CHUNK_COUNT, chunkCount);
        target.set(SHORT, at + AT_DATA_SHARDS, (short) dataShards);
        target.set(SHORT, at + AT_SHARD_COUNT, (short) shardCount);
        target.set(INT, at + 140, 0);
        return length;
    }

    /** Names the backend that holds shard {@code index}; NIL when it is owed. */
    public static void putBackend(MemorySegment target, long at, int index, Id128 backend) {
        backend.write(target, at + FIXED_BYTES + (long) index * Id128.BYTES);
    }

    /** Describes chunk {@code index}. */
    public static void putChunk(MemorySegment target, long at, int index, int storedLength, int crc) {
        long entry = chunkEntry(target, at, index);
        target.set(INT, entry, storedLength);
        target.set(INT, entry + 4, crc);
    }

    /** The backend that holds shard {@code index}; NIL when it is owed. */
    public static Id128 backend(MemorySegment record, long at, int index) {
        return Id128.read(record, at + FIXED_BYTES + (long) index * Id128.BYTES);
    }

    /** Stored length of chunk {@code index}, top bit set when it is compressed. */
    public static int chunkStoredLength(MemorySegment record, long at, int index) {
        return record.get(INT, chunkEntry(record, at, index));
    }

    /** CRC32C of the plain bytes of chunk {@code index}. */
    public static int chunkCrc(MemorySegment record, long at, int index) {
        return record.get(INT, chunkEntry(record, at, index) + 4);
    }

    private static long chunkEntry(MemorySegment record, long at, int index) {
        return at + FIXED_BYTES + (long) shardCount(record, at) * Id128.BYTES + (long) index * CHUNK_ENTRY_BYTES;
    }

    /** 0 data, 1 meta. */
    public static int stream(MemorySegment record, long at) {
        return record.get(INT, at + AT_STREAM);
    }

    /** Suite id of the sealing. */
    public static int suite(MemorySegment record, long at) {
        return record.get(INT, at + AT_SUITE);
    }

    /** Segment number. */
    public static long number(MemorySegment record, long at) {
        return record.get(LONG, at + AT_NUMBER);
    }

    /** The mount that wrote the segment. */
    public static Id128 mountId(MemorySegment record, long at) {
        return Id128.read(record, at + AT_MOUNT_ID);
    }

    /** Epoch that the segment was written in. */
    public static long epoch(MemorySegment record, long at) {
        return record.get(LONG, at + AT_EPOCH);
    }

    /** The sealing. */
    public static Id256 sealId(MemorySegment record, long at) {
        return Id256.read(record, at + AT_SEAL_ID);
    }

    /** First position sealed. */
    public static long fromPosition(MemorySegment record, long at) {
        return record.get(LONG, at + AT_FROM_POSITION);
    }

    /** End of what is sealed, exclusive. */
    public static long toPosition(MemorySegment record, long at) {
        return record.get(LONG, at + AT_TO_POSITION);
    }

    /** Payload bytes of each shard. */
    public static long shardBytes(MemorySegment record, long at) {
        return record.get(LONG, at + AT_SHARD_BYTES);
    }

    /** Plain bytes of a chunk. */
    public static int chunkBytes(MemorySegment record, long at) {
        return record.get(INT, at + AT_CHUNK_BYTES);
    }

    /** Chunks. */
    public static int chunkCount(MemorySegment record, long at) {
        return record.get(INT, at + AT_CHUNK_COUNT);
    }

    /** K. */
    public static int dataShards(MemorySegment record, long at) {
        return Short.toUnsignedInt(record.get(SHORT, at + AT_DATA_SHARDS));
    }

    /** N = k + m. */
    public static int shardCount(MemorySegment record, long at) {
        return Short.toUnsignedInt(record.get(SHORT, at + AT_SHARD_COUNT));
    }

    /** True when lengths inside agree with the length of the record. */
    static boolean isWellFormed(MemorySegment record, long at, int length) {
        if (length < FIXED_BYTES) {
            return false;
        }
        int chunks = chunkCount(record, at);
        int shards = shardCount(record, at);
        int data = dataShards(record, at);
        return chunks >= 0
                && chunks <= RecordHeader.LENGTH_MAX / CHUNK_ENTRY_BYTES
                && data >= 1
                && data <= shards
                && shards <= 255
                && length == length(shards, chunks);
    }
}
