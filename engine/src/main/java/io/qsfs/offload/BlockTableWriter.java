package io.qsfs.offload;

import static io.qsfs.memory.LittleEndian.INT;

import io.qsfs.bindings.crypto.AesGcm;
import io.qsfs.bindings.crypto.Cleanse;
import io.qsfs.bindings.isal.Isal;
import io.qsfs.codec.BlockTable;
import io.qsfs.codec.Code;
import io.qsfs.codec.SealIdentity;
import io.qsfs.keys.KeyDerivation;
import io.qsfs.keys.VolumeKey;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Writes the block table of a shard that was coded again. The encoder's own writer works on all shards of a fresh
 * sealing; this one makes the same bytes for one shard, and its user lets the codec check every block before the
 * shard is put.
 *
 * <p>Threading: one thread at a time. Owns its native memory and gives it back on close.
 */
final class BlockTableWriter implements AutoCloseable {
    private static final int AT_MAC = 8;

    private final Arena arena = Arena.ofShared();
    private final AesGcm cipher = AesGcm.create();
    private final MemorySegment key = arena.allocate(KeyDerivation.KEY_BYTES, 64);
    private final MemorySegment nonce = arena.allocate(16, 8);
    private final VolumeKey volumeKey;

    /** @param volumeKey borrowed for this object's life. */
    BlockTableWriter(VolumeKey volumeKey) {
        this.volumeKey = volumeKey;
    }

    /** Turns to the shards of one sealing. */
    void begin(SealIdentity sealing, Code code, long shardBytes) {
        KeyDerivation.macKey(
                volumeKey,
                sealing.sealId(),
                sealing.volumeId(),
                sealing.stream(),
                sealing.mountId(),
                sealing.segment(),
                code.k(),
                code.m(),
                shardBytes,
                key);
        cipher.setKey(key);
        Cleanse.wipe(key);
    }

    /** Fills in the entry of a block; see {@link BlockTable} for its bytes. */
    void putEntry(MemorySegment table, int shard, int block, long shardBytes, MemorySegment data, long offset) {
        int length = BlockTable.blockLength(block, shardBytes);
        long entry = (long) block * BlockTable.ENTRY_BYTES;
        table.set(INT, entry, Isal.crc32c(data, offset, length, 0));
        table.set(INT, entry + 4, 0);
        nonce.set(INT, 0, shard);
        nonce.set(INT, 4, block);
        nonce.set(INT, 8, 0);
        cipher.gmac(nonce, data, offset, length, table, entry + AT_MAC);
    }

    @Override
    public void close() {
        cipher.close();
        arena.close();
    }
}
