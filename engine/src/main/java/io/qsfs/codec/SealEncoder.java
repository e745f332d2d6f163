package io.qsfs.codec;

import io.qsfs.bindings.crypto.AesGcm;
import io.qsfs.bindings.crypto.Cleanse;
import io.qsfs.bindings.isal.Isal;
import io.qsfs.keys.KeyDerivation;
import io.qsfs.keys.VolumeKey;
import io.qsfs.memory.Id256;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;

/**
 * Turns a closed segment into n shards: chunks, compressed where it pays, sealed, coded, with headers and block tables. All in
 * native memory that is allocated once: room for one sealed segment, its parity, and two chunks.
 *
 * <pre>
 *  sealed stream:  chunk 0 ‖ tag ‖ chunk 1 ‖ tag ‖ … ‖ chunk table ‖ tag ‖ zeros
 *                  └───── data shard 0 ─────┘└───── data shard 1 ─────┘ …        parity shards in an area of their own
 * </pre>
 *
 * <p>Threading: one thread at a time, an encoder thread; its memory may be read by others (see {@link SealedSegment}). Owns its
 * native memory and gives it back on close, when nothing of it is lent any more.
 */
public final class SealEncoder implements AutoCloseable {
    private static final int PAGE_BYTES = 4096;

    private final Code code;
    private final int chunkBytes;
    private final long plainBytesMax;
    private final VolumeKey volumeKey;
    private final SecureRandom random;

    private final Arena arena = Arena.ofShared();
    private final AesGcm cipher = AesGcm.create();
    private final ChunkCompressor compressor = new ChunkCompressor();
    private final ReedSolomon coder;
    private final ShardMac mac;

    private final MemorySegment key = arena.allocate(KeyDerivation.KEY_BYTES, 64);
    private final MemorySegment aad = arena.allocate(SealIdentity.AAD_BYTES, 8);
    private final MemorySegment nonce = arena.allocate(16, 8).asSlice(0, SealIdentity.NONCE_BYTES);
    private final MemorySegment plain;
    private final MemorySegment compressed;
    private final MemorySegment table;
    private final MemorySegment sealedArea;
    private final MemorySegment parityArea;
    private final MemorySegment headers;
    private final MemorySegment blockTables;

    private SealedSegment sealed;

    /**
     * Allocates the work memory.
     *
     * @param code of all sealings.
     * @param plainBytesMax the most plain bytes of one sealing: a segment.
     * @param chunkBytes plain bytes of a chunk.
     * @param volumeKey borrowed for this object's life.
     * @param random draws seal ids.
     * @throws IllegalArgumentException when the sizes do not fit the format, naming them.
     */
    public SealEncoder(Code code, long plainBytesMax, int chunkBytes, VolumeKey volumeKey, SecureRandom random) {
        if (chunkBytes < ShardHeader.CHUNK_BYTES_MIN || chunkBytes > ShardHeader.CHUNK_BYTES_MAX) {
            throw new IllegalArgumentException("chunk size out of range: chunkBytes=" + chunkBytes);
        }
        long chunks = (plainBytesMax + chunkBytes - 1) / chunkBytes;
        if (chunks < 1 || chunks > ShardHeader.CHUNK_COUNT_MAX) {
            throw new IllegalArgumentException("a segment of " + plainBytesMax + " bytes is not 1 to "
                    + ShardHeader.CHUNK_COUNT_MAX + " chunks of " + chunkBytes);
        }
        long shardBytesMax = code.shardBytes(sealedBytesMax(plainBytesMax, (int) chunks));
        if (shardBytesMax > ShardHeader.SHARD_BYTES_MAX) {
            throw new IllegalArgumentException("a segment of " + plainBytesMax + " bytes makes shards of "
                    + shardBytesMax + " bytes with code " + code + ", more than " + ShardHeader.SHARD_BYTES_MAX);
        }
        this.code = code;
        this.chunkBytes = chunkBytes;
        this.plainBytesMax = plainBytesMax;
        this.volumeKey = volumeKey;
        this.random = random;
        coder = new ReedSolomon(code);
        mac = new ShardMac(volumeKey);
        plain = arena.allocate(chunkBytes, PAGE_BYTES);
        compressed = arena.allocate(ChunkCompressor.bound(chunkBytes), PAGE_BYTES);
        table = arena.allocate(ChunkTable.bytes((int) chunks), 8);
        sealedArea = arena.allocate(shardBytesMax * code.k(), PAGE_BYTES);
        parityArea = arena.allocate(Math.max(1, shardBytesMax * code.m()), PAGE_BYTES);
        headers = arena.allocate((long) ShardHeader.BYTES * code.n(), PAGE_BYTES);
        blockTables = arena.allocate((long) BlockTable.bytes(shardBytesMax) * code.n(), PAGE_BYTES);
    }

    /** The code of all sealings. */
    public Code code() {
        return code;
    }

    /** Native bytes that this encoder holds, near enough. */
    public long memoryBytes() {
        return plain.byteSize()
                + compressed.byteSize()
                + table.byteSize()
                + sealedArea.byteSize()
                + parityArea.byteSize()
                + headers.byteSize()
                + blockTables.byteSize();
    }

    /**
     * Seals a segment under a fresh seal id. What was sealed before is gone.
     *
     * @param source gives the plain bytes, each once and in order.
     * @return 0, and {@link #sealed} has it; or the errno that source or verifier gave.
     */
    public int encode(SealRequest request, ByteSource source) {
        return encode(request, source, Id256.random(random));
    }

    /** For golden vectors: the caller promises never to use a seal id twice. */
    int encode(SealRequest request, ByteSource source, Id256 sealId) {
        sealed = null;
        if (request.to() - request.from() > plainBytesMax) {
            throw new IllegalArgumentException("segment too long for this encoder: from=" + request.from() + " to="
                    + request.to() + " most=" + plainBytesMax);
        }
        SealIdentity sealing = new SealIdentity(
                request.kind(),
                Suite.AES256_GCM_LZ4,
                request.volumeId(),
                request.stream(),
                request.mountId(),
                request.segment(),
                request.from(),
                request.to(),
                sealId);
        sealing.deriveSealKey(volumeKey, key);
        cipher.setKey(key);
        Cleanse.wipe(key);
        sealing.writeAssociatedData(aad);

        int chunkCount = sealing.chunkCount(chunkBytes);
        long offset = 0;
        for (int chunk = 0; chunk < chunkCount; chunk++) {
            int plainBytes = sealing.chunkPlainBytes(chunk, chunkBytes);
            int errno = readChunk(request, source, chunk, plainBytes);
            if (errno != 0) {
                return errno;
            }
            offset = sealChunk(request.compression(), chunk, plainBytes, offset);
        }
        long sealedBytes = sealTable(sealing, request.compression(), chunkCount, offset);
        long shardBytes = code.shardBytes(sealedBytes);
        sealedArea.asSlice(sealedBytes, shardBytes * code.k() - sealedBytes).fill((byte) 0);

        ShardHeader header = new ShardHeader(
                sealing,
                request.epoch(),
                0,
                code,
                request.compression(),
                chunkBytes,
                chunkCount,
                shardBytes,
                sealedBytes,
                request.createdNs());
        sealed = new SealedSegment(
                header, table.asSlice(0, ChunkTable.bytes(chunkCount)).asReadOnly(), shards(header));
        return 0;
    }

    /** What the last {@link #encode} made, lent until the next; null when that failed. */
    public SealedSegment sealed() {
        return sealed;
    }

    private static long sealedBytesMax(long plainBytes, int chunkCount) {
        return plainBytes + (long) chunkCount * SealIdentity.TAG_BYTES + ChunkTable.sealedBytes(chunkCount);
    }

    private int readChunk(SealRequest request, ByteSource source, int chunk, int plainBytes) {
        long position = request.from() + (long) chunk * chunkBytes;
        int errno = source.read(position, plain, 0, plainBytes);
        return errno != 0 ? errno : request.verifier().verify(position, plain, 0, plainBytes);
    }

    /** Seals the chunk that is in {@code plain} to {@code offset} of the sealed stream; returns where the next one goes. */
    private long sealChunk(int compression, int chunk, int plainBytes, long offset) {
        MemorySegment stored = plain;
        int storedBytes = plainBytes;
        int flag = 0;
        if (compression == Suite.COMPRESSION_LZ4) {
            int compressedBytes = compressor.compress(plain.asSlice(0, plainBytes), compressed);
            if (ChunkCompressor.pays(compressedBytes, plainBytes)) {
                stored = compressed;
                storedBytes = compressedBytes;
                flag = ChunkTable.COMPRESSED;
            }
        }
        ChunkTable.putEntry(
                table, ChunkTable.HEADER_BYTES, chunk, storedBytes | flag, Isal.crc32c(plain, 0, plainBytes, 0));
        SealIdentity.setChunk(aad, nonce, chunk);
        cipher.seal(nonce, aad, SealIdentity.AAD_BYTES, stored, 0, storedBytes, sealedArea, offset);
        return offset + storedBytes + SealIdentity.TAG_BYTES;
    }

    /** Seals the chunk table behind the chunks; returns the length of the sealed stream. */
    private long sealTable(SealIdentity sealing, int compression, int chunkCount, long offset) {
        int tableBytes = ChunkTable.bytes(chunkCount);
        ChunkTable.writeHeader(table, chunkBytes, chunkCount, sealing.plainBytes(), offset, compression);
        SealIdentity.setChunk(aad, nonce, SealIdentity.TABLE_CHUNK);
        cipher.seal(nonce, aad, SealIdentity.AAD_BYTES, table, 0, tableBytes, sealedArea, offset);
        return offset + tableBytes + SealIdentity.TAG_BYTES;
    }

    /** Writes headers, parity and block tables, and gathers each shard's parts. */
    private List<List<MemorySegment>> shards(ShardHeader header) {
        long shardBytes = header.shardBytes();
        int tableBytes = BlockTable.bytes(shardBytes);
        mac.begin(header.sealing(), code, shardBytes);
        List<List<MemorySegment>> shards = new ArrayList<>(code.n());
        for (int index = 0; index < code.n(); index++) {
            MemorySegment head = headers.asSlice((long) index * ShardHeader.BYTES, ShardHeader.BYTES);
            MemorySegment blocks = blockTables.asSlice((long) index * tableBytes, tableBytes);
            header.withIndex(index).write(head, 0);
            mac.putEntry(blocks, index, 0, shardBytes, head, 0);
            shards.add(List.of(head, payload(index, shardBytes), blocks));
        }
        for (int block = 1; block < BlockTable.blockCount(shardBytes); block++) {
            finishBlock(shards, block, shardBytes);
        }
        return List.copyOf(shards);
    }

    private MemorySegment payload(int index, long shardBytes) {
        return index < code.k()
                ? sealedArea.asSlice(index * shardBytes, shardBytes)
                : parityArea.asSlice((index - code.k()) * shardBytes, shardBytes);
    }

    /** Parity and table entries of one block of all shards: the block is read from memory once, and not once for each of them. */
    private void finishBlock(List<List<MemorySegment>> shards, int block, long shardBytes) {
        long offset = (long) (block - 1) * BlockTable.BLOCK_BYTES;
        coder.encodeRange(sealedArea, parityArea, shardBytes, offset, BlockTable.blockLength(block, shardBytes));
        for (int index = 0; index < code.n(); index++) {
            List<MemorySegment> parts = shards.get(index);
            mac.putEntry(parts.get(2), index, block, shardBytes, parts.get(1), offset);
        }
    }

    @Override
    public void close() {
        sealed = null;
        Cleanse.wipe(plain);
        Cleanse.wipe(compressed);
        mac.close();
        coder.close();
        cipher.close();
        arena.close();
    }
}
