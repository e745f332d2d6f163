package io.qsfs.codec;

import io.qsfs.bindings.crypto.AesGcm;
import io.qsfs.bindings.crypto.Cleanse;
import io.qsfs.bindings.isal.Isal;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.keys.KeyDerivation;
import io.qsfs.keys.VolumeKey;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Opens sealed chunks and chunk tables. It trusts nothing but the key: what does not authenticate as this chunk of this sealing is
 * EBADMSG, and not a byte of it stays in the target.
 *
 * <p>Threading: one thread at a time, one decoder for each thread that decodes. Owns its native memory and gives it back on close.
 */
public final class ChunkDecoder implements AutoCloseable {
    private final VolumeKey volumeKey;
    private final Arena arena = Arena.ofShared();
    private final AesGcm cipher = AesGcm.create();
    private final ChunkCompressor compressor = new ChunkCompressor();
    private final MemorySegment key = arena.allocate(KeyDerivation.KEY_BYTES, 64);
    private final MemorySegment aad = arena.allocate(SealIdentity.AAD_BYTES, 8);
    private final MemorySegment nonce = arena.allocate(16, 8).asSlice(0, SealIdentity.NONCE_BYTES);
    private final MemorySegment opened;
    private SealIdentity current;

    /**
     * A decoder with room for one chunk.
     *
     * @param volumeKey borrowed for this object's life.
     * @param chunkBytesMax the most plain bytes of a chunk that it will meet.
     */
    public ChunkDecoder(VolumeKey volumeKey, int chunkBytesMax) {
        this.volumeKey = volumeKey;
        opened = arena.allocate(chunkBytesMax, 64);
    }

    /**
     * Gives the plain bytes of a chunk.
     *
     * @param sealing the sealing.
     * @param chunk which chunk.
     * @param stored its entry in the chunk table, {@link ChunkTable#stored}.
     * @param crc of its plain bytes, {@link ChunkTable#crc}.
     * @param plainBytes {@link SealIdentity#chunkPlainBytes}.
     * @param sealed ciphertext and tag at {@code sealedOffset}; native, borrowed, only read.
     * @param plain room for {@code plainBytes} at {@code plainOffset}; native, borrowed.
     * @return 0, or EBADMSG when the bytes are not that chunk.
     */
    public int decode(
            SealIdentity sealing,
            int chunk,
            int stored,
            int crc,
            int plainBytes,
            MemorySegment sealed,
            long sealedOffset,
            MemorySegment plain,
            long plainOffset) {
        int storedBytes = ChunkTable.storedBytes(stored);
        boolean isCompressed = ChunkTable.isCompressed(stored);
        boolean possible = isCompressed ? storedBytes < plainBytes : storedBytes == plainBytes;
        if (!possible || storedBytes < 1 || storedBytes > opened.byteSize() || chunk < 0) {
            return Linux.EBADMSG;
        }
        if (!isCompressed) {
            return open(sealing, chunk, sealed, sealedOffset, storedBytes, plain, plainOffset)
                            && Isal.crc32c(plain, plainOffset, plainBytes, 0) == crc
                    ? 0
                    : refuse(plain, plainOffset, plainBytes);
        }
        MemorySegment target = plain.asSlice(plainOffset, plainBytes);
        return open(sealing, chunk, sealed, sealedOffset, storedBytes, opened, 0)
                        && compressor.decompress(opened.asSlice(0, storedBytes), target)
                        && Isal.crc32c(plain, plainOffset, plainBytes, 0) == crc
                ? 0
                : refuse(plain, plainOffset, plainBytes);
    }

    /**
     * Opens the chunk table at the end of a sealed stream: the way to the chunks for who has shards and no placement record.
     *
     * @param header of any shard of the sealing.
     * @param sealed the {@link ChunkTable#sealedBytes} bytes from {@link ShardHeader#tableOffset}; native, borrowed, only read.
     * @param table room for {@link ChunkTable#bytes}; native, borrowed.
     * @return 0, and the table fits the header; or EBADMSG.
     */
    public int decodeTable(ShardHeader header, MemorySegment sealed, long sealedOffset, MemorySegment table) {
        int tableBytes = ChunkTable.bytes(header.chunkCount());
        return open(header.sealing(), SealIdentity.TABLE_CHUNK, sealed, sealedOffset, tableBytes, table, 0)
                        && ChunkTable.whyUnsound(table, header) == null
                ? 0
                : refuse(table, 0, tableBytes);
    }

    private boolean open(
            SealIdentity sealing,
            int chunk,
            MemorySegment sealed,
            long sealedOffset,
            int length,
            MemorySegment target,
            long targetOffset) {
        if (sealed.byteSize() - sealedOffset < length + (long) SealIdentity.TAG_BYTES) {
            return false;
        }
        if (sealing != current && !sealing.equals(current)) {
            current = null;
            sealing.deriveSealKey(volumeKey, key);
            cipher.setKey(key);
            Cleanse.wipe(key);
            sealing.writeAssociatedData(aad);
            current = sealing;
        }
        SealIdentity.setChunk(aad, nonce, chunk);
        return cipher.open(nonce, aad, SealIdentity.AAD_BYTES, sealed, sealedOffset, length, target, targetOffset);
    }

    private static int refuse(MemorySegment target, long offset, long length) {
        target.asSlice(offset, length).fill((byte) 0);
        return Linux.EBADMSG;
    }

    @Override
    public void close() {
        Cleanse.wipe(opened);
        cipher.close();
        arena.close();
    }
}
