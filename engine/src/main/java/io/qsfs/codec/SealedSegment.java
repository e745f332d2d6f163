package io.qsfs.codec;

import io.qsfs.memory.Id256;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A sealing's shards, in the encoder's memory: lent until the encoder's next {@link SealEncoder#encode}. Nothing of it may be in the
 * network's hands then.
 *
 * <p>Threading: read by any thread after it was handed over; written by the encoder alone.
 */
public final class SealedSegment {
    private final ShardHeader header;
    private final MemorySegment table;
    private final List<List<MemorySegment>> shards;

    SealedSegment(ShardHeader header, MemorySegment table, List<List<MemorySegment>> shards) {
        this.header = header;
        this.table = table;
        this.shards = shards;
    }

    /** The header of shard 0; the others differ in the index alone. */
    public ShardHeader header() {
        return header;
    }

    /** What was sealed, as what. */
    public SealIdentity identity() {
        return header.sealing();
    }

    /** The id that was drawn for this sealing. */
    public Id256 sealId() {
        return header.sealing().sealId();
    }

    /** The code. */
    public Code code() {
        return header.code();
    }

    /** Payload bytes of each shard. */
    public long shardBytes() {
        return header.shardBytes();
    }

    /** Bytes of each shard's object. */
    public long objectBytes() {
        return header.objectBytes();
    }

    /** Chunks. */
    public int chunkCount() {
        return header.chunkCount();
    }

    /** Stored length of a chunk with the flag {@link ChunkTable#COMPRESSED}: as a placement record has it. */
    public int chunkStored(int chunk) {
        return ChunkTable.stored(table, ChunkTable.HEADER_BYTES, chunk);
    }

    /** CRC-32C of the plain bytes of a chunk. */
    public int chunkCrc(int chunk) {
        return ChunkTable.crc(table, ChunkTable.HEADER_BYTES, chunk);
    }

    /** The name of a shard's object. */
    public String objectName(int index) {
        return header.withIndex(index).name().format();
    }

    /** The bytes of a shard's object, in order: header, payload with its padding, block table. Native, only to be read. */
    public List<MemorySegment> shard(int index) {
        return shards.get(index);
    }
}
