package io.qsfs.recall;

import io.qsfs.codec.ChunkTable;
import io.qsfs.codec.Code;
import io.qsfs.codec.SealIdentity;
import io.qsfs.codec.SealKind;
import io.qsfs.codec.ShardHeader;
import io.qsfs.codec.ShardName;
import io.qsfs.index.Placement;
import io.qsfs.memory.Id128;

/**
 * One sealing and where its shards lie: all that is needed to fetch a chunk of it. Immutable.
 *
 * <p>Threading: any thread.
 */
final class ShardSet {
    /** The chunk number that means the sealed chunk table, of which an entry says nothing. */
    static final int TABLE = -1;

    private final SealIdentity sealing;
    private final Code code;
    private final long shardBytes;
    private final int chunkBytes;
    private final int chunkCount;
    private final int[] stored;
    private final int[] crcs;
    private final long[] offsets;
    private final long tableOffset;
    private final Id128[] backends;
    private final String[] objects;
    private final ShardHeader header;

    private ShardSet(
            SealIdentity sealing,
            Code code,
            long shardBytes,
            int chunkBytes,
            int chunkCount,
            int[] stored,
            int[] crcs,
            ShardHeader header,
            Id128[] backends) {
        this.sealing = sealing;
        this.code = code;
        this.shardBytes = shardBytes;
        this.chunkBytes = chunkBytes;
        this.chunkCount = chunkCount;
        this.stored = stored;
        this.crcs = crcs;
        this.backends = backends;
        objects = new String[code.n()];
        offsets = new long[stored.length + 1];
        for (int chunk = 0; chunk < stored.length; chunk++) {
            offsets[chunk + 1] = offsets[chunk] + ChunkTable.storedBytes(stored[chunk]) + SealIdentity.TAG_BYTES;
        }
        this.header = header;
        tableOffset = header != null ? header.tableOffset() : offsets[stored.length];
    }

    /**
     * A sealing whose chunk table is known.
     *
     * @param stored   stored length of each chunk with its flag.
     * @param crcs     CRC32C of the plain bytes of each chunk.
     * @param backends for each shard the backend that holds it; NIL when it is owed.
     */
    static ShardSet of(
            SealIdentity sealing,
            Code code,
            long shardBytes,
            int chunkBytes,
            int[] stored,
            int[] crcs,
            Id128[] backends) {
        return new ShardSet(sealing, code, shardBytes, chunkBytes, stored.length, stored, crcs, null, backends);
    }

    /** A placed segment. */
    static ShardSet of(Id128 volumeId, Placement placement) {
        int[] stored = new int[placement.chunkCount()];
        int[] crcs = new int[placement.chunkCount()];
        for (int chunk = 0; chunk < stored.length; chunk++) {
            stored[chunk] = placement.chunkStoredLength(chunk);
            crcs[chunk] = placement.chunkCrc(chunk);
        }
        SealIdentity sealing = new SealIdentity(
                SealKind.SEGMENT,
                placement.suite(),
                volumeId,
                placement.stream(),
                placement.mountId(),
                placement.number(),
                placement.fromPosition(),
                placement.toPosition(),
                placement.sealId());
        return of(
                sealing,
                new Code(placement.dataShards(), placement.shardCount() - placement.dataShards()),
                placement.shardBytes(),
                placement.chunkBytes(),
                stored,
                crcs,
                placement.backends().toArray(new Id128[0]));
    }

    /** A sealing of which a shard's header alone is known: only {@link #TABLE} can be fetched. */
    static ShardSet withoutTable(ShardHeader header, Id128[] backends) {
        int[] none = new int[0];
        return new ShardSet(
                header.sealing(),
                header.code(),
                header.shardBytes(),
                header.chunkBytes(),
                header.chunkCount(),
                none,
                none,
                header,
                backends);
    }

    /** The header that the chunk table is to be opened by; null when that is known already. */
    ShardHeader header() {
        return header;
    }

    SealIdentity sealing() {
        return sealing;
    }

    Code code() {
        return code;
    }

    long shardBytes() {
        return shardBytes;
    }

    int chunkBytes() {
        return chunkBytes;
    }

    int chunkCount() {
        return chunkCount;
    }

    boolean hasChunk(int chunk) {
        return chunk == TABLE ? header != null : chunk >= 0 && chunk < stored.length;
    }

    /** Where the chunk's ciphertext begins in the sealed stream. */
    long sealedOffset(int chunk) {
        return chunk == TABLE ? tableOffset : offsets[chunk];
    }

    /** Its length with the tag. */
    int sealedLength(int chunk) {
        return chunk == TABLE ? ChunkTable.sealedBytes(chunkCount) : (int) (offsets[chunk + 1] - offsets[chunk]);
    }

    int plainLength(int chunk) {
        return chunk == TABLE ? ChunkTable.bytes(chunkCount) : sealing.chunkPlainBytes(chunk, chunkBytes);
    }

    int stored(int chunk) {
        return stored[chunk];
    }

    int crc(int chunk) {
        return crcs[chunk];
    }

    Id128 backend(int shard) {
        return backends[shard];
    }

    /** Name of the shard's object. */
    String object(int shard) {
        String name = objects[shard];
        if (name == null) {
            // A race makes the same name twice, which does no harm.
            name = new ShardName(sealing.stream(), sealing.segment(), sealing.mountId(), sealing.sealId(), code, shard)
                    .format();
            objects[shard] = name;
        }
        return name;
    }

    /** For texts. */
    String describe() {
        return (sealing.stream() == 0 ? "data" : "meta") + " segment " + sealing.segment() + " (mount "
                + sealing.mountId() + ", sealing " + sealing.sealId() + ")";
    }
}
