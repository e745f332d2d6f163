package io.qsfs.codec;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.INT_UNALIGNED;

import io.qsfs.bindings.crypto.AesGcm;
import io.qsfs.bindings.crypto.Cleanse;
import io.qsfs.bindings.isal.Isal;
import io.qsfs.keys.KeyDerivation;
import io.qsfs.keys.VolumeKey;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Makes and checks the GMACs of block tables: names a backend that lies without combining shards. Reused from sealing to
 * sealing.
 *
 * <p>Threading: one thread at a time. Owns its native memory and gives it back on close.
 */
public final class ShardMac implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final AesGcm cipher = AesGcm.create();
    private final MemorySegment key = arena.allocate(KeyDerivation.KEY_BYTES, 64);
    private final MemorySegment nonce = arena.allocate(16, 8);
    private final MemorySegment tag = arena.allocate(SealIdentity.TAG_BYTES, 8);
    private final VolumeKey volumeKey;

    /** Uses the volume's key, which is borrowed for this object's life. */
    public ShardMac(VolumeKey volumeKey) {
        this.volumeKey = volumeKey;
    }

    /** Turns to the shards of one sealing. */
    public void begin(SealIdentity sealing, Code code, long shardBytes) {
        sealing.deriveMacKey(volumeKey, code, shardBytes, key);
        cipher.setKey(key);
        Cleanse.wipe(key);
    }

    /** Fills in a block's whole entry. {@code data} is borrowed and only read. */
    void putEntry(MemorySegment table, int shardIndex, int block, long shardBytes, MemorySegment data, long offset) {
        int length = BlockTable.blockLength(block, shardBytes);
        BlockTable.putEntry(table, block, Isal.crc32c(data, offset, length, 0));
        setNonce(shardIndex, block);
        cipher.gmac(nonce, data, offset, length, table, BlockTable.macOffset(block));
    }

    /**
     * True when a block is what the owner of the volume key wrote as this block of this shard.
     *
     * @param table the shard's block table; borrowed.
     * @param data holds the block at {@code offset}; native, borrowed.
     */
    public boolean isGenuine(
            MemorySegment table, int shardIndex, int block, long shardBytes, MemorySegment data, long offset) {
        setNonce(shardIndex, block);
        cipher.gmac(nonce, data, offset, BlockTable.blockLength(block, shardBytes), tag, 0);
        int difference = 0;
        for (int i = 0; i < SealIdentity.TAG_BYTES; i += Integer.BYTES) {
            difference |= tag.get(INT, i) ^ table.get(INT_UNALIGNED, BlockTable.macOffset(block) + i);
        }
        return difference == 0;
    }

    private void setNonce(int shardIndex, int block) {
        nonce.set(INT, 0, shardIndex);
        nonce.set(INT, 4, block);
        nonce.set(INT, 8, 0);
    }

    @Override
    public void close() {
        cipher.close();
        arena.close();
    }
}
