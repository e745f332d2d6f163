package io.qsfs.index;

import io.qsfs.log.record.PlacedRecord;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the shards of a placed segment lie, and its chunk table. Its stored form is the payload of the PLACED record,
 * whose backends SHARD records change.
 *
 * <p>Threading: immutable.
 */
public final class Placement {
    private static final int COMPRESSED = 0x8000_0000;

    private final int stream;
    private final long number;
    private final Id128 mountId;
    private final long epoch;
    private final Id256 sealId;
    private final int suite;
    private final long fromPosition;
    private final long toPosition;
    private final long shardBytes;
    private final int chunkBytes;
    private final int dataShards;
    private final List<Id128> backends;
    private final int[] chunkStoredLengths;
    private final int[] chunkCrcs;

    /** Reads a PLACED record at {@code at}; only its payload is looked at. */
    private Placement(MemorySegment record, long at) {
        stream = PlacedRecord.stream(record, at);
        number = PlacedRecord.number(record, at);
        mountId = PlacedRecord.mountId(record, at);
        epoch = PlacedRecord.epoch(record, at);
        sealId = PlacedRecord.sealId(record, at);
        suite = PlacedRecord.suite(record, at);
        fromPosition = PlacedRecord.fromPosition(record, at);
        toPosition = PlacedRecord.toPosition(record, at);
        shardBytes = PlacedRecord.shardBytes(record, at);
        chunkBytes = PlacedRecord.chunkBytes(record, at);
        dataShards = PlacedRecord.dataShards(record, at);
        List<Id128> places = new ArrayList<>();
        for (int i = 0; i < PlacedRecord.shardCount(record, at); i++) {
            places.add(PlacedRecord.backend(record, at, i));
        }
        backends = List.copyOf(places);
        int chunkCount = PlacedRecord.chunkCount(record, at);
        chunkStoredLengths = new int[chunkCount];
        chunkCrcs = new int[chunkCount];
        for (int i = 0; i < chunkCount; i++) {
            chunkStoredLengths[i] = PlacedRecord.chunkStoredLength(record, at, i);
            chunkCrcs[i] = PlacedRecord.chunkCrc(record, at, i);
        }
    }

    /** The stored form, or null when these bytes are none. */
    static Placement decode(MemorySegment value, int valueBytes) {
        return PlacementValue.isSound(value, valueBytes) ? new Placement(value, PlacementValue.AT_RECORD) : null;
    }

    /** Reads a PLACED record, whose payload was checked. */
    public static Placement of(MemorySegment record, long at) {
        assert RecordHeader.length(record, at) >= PlacedRecord.FIXED_BYTES;
        return new Placement(record, at);
    }

    /** 0 data, 1 meta. */
    public int stream() {
        return stream;
    }

    /** Segment number. */
    public long number() {
        return number;
    }

    /** The mount that wrote the segment. */
    public Id128 mountId() {
        return mountId;
    }

    /** Epoch that the segment was written in. */
    public long epoch() {
        return epoch;
    }

    /** The sealing. */
    public Id256 sealId() {
        return sealId;
    }

    /** Suite id of the sealing. */
    public int suite() {
        return suite;
    }

    /** First position sealed. */
    public long fromPosition() {
        return fromPosition;
    }

    /** End of what is sealed, exclusive. */
    public long toPosition() {
        return toPosition;
    }

    /** Payload bytes of each shard. */
    public long shardBytes() {
        return shardBytes;
    }

    /** Plain bytes of a chunk; the last one may have fewer. */
    public int chunkBytes() {
        return chunkBytes;
    }

    /** K. */
    public int dataShards() {
        return dataShards;
    }

    /** N = k + m. */
    public int shardCount() {
        return backends.size();
    }

    /** The backend of each shard; NIL: that shard is owed. */
    public List<Id128> backends() {
        return backends;
    }

    /** The backend that holds shard {@code index}; NIL when it is owed. */
    public Id128 backend(int index) {
        return backends.get(index);
    }

    /** Shards that lie on a backend. */
    public int placedShards() {
        int placed = 0;
        for (Id128 backend : backends) {
            placed += backend.isNil() ? 0 : 1;
        }
        return placed;
    }

    /** Chunks. */
    public int chunkCount() {
        return chunkCrcs.length;
    }

    /** Stored bytes of chunk {@code index}. */
    public int chunkStoredBytes(int index) {
        return chunkStoredLengths[index] & ~COMPRESSED;
    }

    /** True when chunk {@code index} is stored compressed. */
    public boolean isChunkCompressed(int index) {
        return (chunkStoredLengths[index] & COMPRESSED) != 0;
    }

    /** The entry as the chunk table has it: stored bytes, top bit set when compressed. */
    public int chunkStoredLength(int index) {
        return chunkStoredLengths[index];
    }

    /** CRC32C of the plain bytes of chunk {@code index}. */
    public int chunkCrc(int index) {
        return chunkCrcs[index];
    }

    @Override
    public String toString() {
        return "placement of segment " + number + " of stream " + stream + ", seal id " + sealId + ", " + dataShards
                + " of " + shardCount() + ", " + placedShards() + " placed";
    }
}
