package io.qsfs.codec;

import static io.qsfs.memory.LittleEndian.INT_UNALIGNED;

import io.qsfs.bindings.isal.Isal;
import java.lang.foreign.MemorySegment;

/**
 * The table behind a shard's payload: how each of its blocks is checked. Block 0 is the header; block b of 1 and more is the payload from
 * (b - 1) * 65536, the last one shorter.
 *
 * <pre>
 *  an entry, 24 bytes:   0  u32 CRC-32C of the block     4  u32 0     8  GMAC of the block, 16 bytes
 * </pre>
 *
 * The checksum says whether a block rotted. The GMAC, AES-256-GCM of nothing with the block as associated data under the key of
 * {@link SealIdentity#deriveMacKey}, nonce = u32 shard index ‖ u64 block, says whether the backend that gave it lies.
 *
 * <p>Threading: stateless.
 */
public final class BlockTable {
    /** Payload bytes of a block; the last one of a shard may have fewer. */
    public static final int BLOCK_BYTES = 64 * 1024;
    /** Bytes of an entry. */
    public static final int ENTRY_BYTES = 24;

    private static final int AT_MAC = 8;

    private BlockTable() {}

    /** Blocks of a shard, its header counted. */
    public static int blockCount(long shardBytes) {
        return 1 + (int) ((shardBytes + BLOCK_BYTES - 1) / BLOCK_BYTES);
    }

    /** Bytes of the table. */
    public static int bytes(long shardBytes) {
        return blockCount(shardBytes) * ENTRY_BYTES;
    }

    /** Where the table begins in a shard's object. */
    public static long objectOffset(long shardBytes) {
        return ShardHeader.BYTES + shardBytes;
    }

    /** Bytes of a shard's object. */
    public static long objectBytes(long shardBytes) {
        return objectOffset(shardBytes) + bytes(shardBytes);
    }

    /** The block that holds a byte of the payload. */
    public static int blockAt(long shardOffset) {
        return 1 + (int) (shardOffset / BLOCK_BYTES);
    }

    /** Where a block begins in a shard's object. */
    public static long blockObjectOffset(int block) {
        return block == 0 ? 0 : ShardHeader.BYTES + (long) (block - 1) * BLOCK_BYTES;
    }

    /** Bytes of a block. */
    public static int blockLength(int block, long shardBytes) {
        return block == 0
                ? ShardHeader.BYTES
                : (int) Math.min(BLOCK_BYTES, shardBytes - (long) (block - 1) * BLOCK_BYTES);
    }

    static void putEntry(MemorySegment table, int block, int crc) {
        table.set(INT_UNALIGNED, (long) block * ENTRY_BYTES, crc);
        table.set(INT_UNALIGNED, (long) block * ENTRY_BYTES + 4, 0);
    }

    /** Where the GMAC of a block lies in the table. */
    static long macOffset(int block) {
        return (long) block * ENTRY_BYTES + AT_MAC;
    }

    /** The checksum that a block must have. */
    public static int crc(MemorySegment table, int block) {
        return table.get(INT_UNALIGNED, (long) block * ENTRY_BYTES);
    }

    /**
     * True when a block is what was written, as far as its checksum tells.
     *
     * @param table the whole table; borrowed.
     * @param data holds the block at {@code offset}; native, borrowed.
     */
    public static boolean isIntact(MemorySegment table, int block, long shardBytes, MemorySegment data, long offset) {
        return crc(table, block) == Isal.crc32c(data, offset, blockLength(block, shardBytes), 0);
    }
}
