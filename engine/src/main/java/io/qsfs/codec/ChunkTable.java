package io.qsfs.codec;

import static io.qsfs.memory.LittleEndian.INT_UNALIGNED;
import static io.qsfs.memory.LittleEndian.LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * The chunk table: how long each chunk's ciphertext is and what its plain bytes sum to. It is sealed behind the last chunk, so
 * that a reader who has shards alone finds it: it ends where the sealed stream ends, and its length follows from the number of
 * chunks.
 *
 * <pre>
 *   0  u32 chunk bytes      8  u64 plain bytes (to - from)    24  u32 compression
 *   4  u32 chunk count     16  u64 bytes of all chunks        28  u32 0
 *                              with their tags
 *  32  one entry of 8 bytes a chunk:  u32 stored length, top bit set when compressed;  u32 CRC-32C of the plain bytes
 * </pre>
 *
 * A stored length counts ciphertext without its tag. The entries are the same 8 bytes as in a placement record.
 *
 * <p>Threading: stateless. The functions over entries take where the entries begin, in a table or in a record, at any
 * address: LMDB aligns nothing.
 */
public final class ChunkTable {
    /** Bytes before the entries. */
    public static final int HEADER_BYTES = 32;
    /** Bytes of an entry. */
    public static final int ENTRY_BYTES = 8;
    /** Set in a stored length when the chunk is compressed. */
    public static final int COMPRESSED = 0x8000_0000;

    private ChunkTable() {}

    /** Bytes of the plain table. */
    public static int bytes(int chunkCount) {
        return HEADER_BYTES + chunkCount * ENTRY_BYTES;
    }

    /** Bytes of the sealed table: what lies at the end of the sealed stream. */
    public static int sealedBytes(int chunkCount) {
        return bytes(chunkCount) + SealIdentity.TAG_BYTES;
    }

    static void writeHeader(
            MemorySegment table, int chunkBytes, int chunkCount, long plainBytes, long chunksBytes, int compression) {
        table.set(INT_UNALIGNED, 0, chunkBytes);
        table.set(INT_UNALIGNED, 4, chunkCount);
        table.set(LONG_UNALIGNED, 8, plainBytes);
        table.set(LONG_UNALIGNED, 16, chunksBytes);
        table.set(INT_UNALIGNED, 24, compression);
        table.set(INT_UNALIGNED, 28, 0);
    }

    static void putEntry(MemorySegment entries, long at, int chunk, int storedLength, int crc) {
        entries.set(INT_UNALIGNED, at + (long) chunk * ENTRY_BYTES, storedLength);
        entries.set(INT_UNALIGNED, at + (long) chunk * ENTRY_BYTES + 4, crc);
    }

    /** Stored length of a chunk with the flag {@link #COMPRESSED} in it, as {@link ChunkDecoder#decode} wants it. */
    public static int stored(MemorySegment entries, long at, int chunk) {
        return entries.get(INT_UNALIGNED, at + (long) chunk * ENTRY_BYTES);
    }

    /** CRC-32C of the plain bytes of a chunk. */
    public static int crc(MemorySegment entries, long at, int chunk) {
        return entries.get(INT_UNALIGNED, at + (long) chunk * ENTRY_BYTES + 4);
    }

    /** Bytes of a chunk's ciphertext without its tag, of a stored length with its flag. */
    public static int storedBytes(int stored) {
        return stored & ~COMPRESSED;
    }

    /** True when the flag of a stored length says compressed. */
    public static boolean isCompressed(int stored) {
        return (stored & COMPRESSED) != 0;
    }

    /** Where a chunk's ciphertext begins in the sealed stream; for {@code chunk = chunkCount}, where the sealed table begins. */
    public static long sealedOffset(MemorySegment entries, long at, int chunk) {
        long offset = 0;
        for (int i = 0; i < chunk; i++) {
            offset += storedBytes(stored(entries, at, i)) + SealIdentity.TAG_BYTES;
        }
        return offset;
    }

    /**
     * Null when the plain table fits the header that led to it, otherwise what does not. Whoever can make a table that fails here
     * has the key, so this finds bugs; it is still safe on arbitrary bytes.
     */
    public static String whyUnsound(MemorySegment table, ShardHeader header) {
        int count = header.chunkCount();
        if (table.byteSize() < bytes(count)) {
            return "chunk table cut short: bytes=" + table.byteSize() + " chunkCount=" + count;
        }
        if (table.get(INT_UNALIGNED, 0) != header.chunkBytes()
                || table.get(INT_UNALIGNED, 4) != count
                || table.get(LONG_UNALIGNED, 8) != header.sealing().plainBytes()
                || table.get(LONG_UNALIGNED, 16) != header.tableOffset()
                || table.get(INT_UNALIGNED, 24) != header.compression()
                || table.get(INT_UNALIGNED, 28) != 0) {
            return "chunk table does not belong to its header: chunkBytes=" + table.get(INT_UNALIGNED, 0)
                    + " chunkCount=" + table.get(INT_UNALIGNED, 4) + " plainBytes=" + table.get(LONG_UNALIGNED, 8)
                    + " chunksBytes=" + table.get(LONG_UNALIGNED, 16);
        }
        for (int chunk = 0; chunk < count; chunk++) {
            int stored = stored(table, HEADER_BYTES, chunk);
            int plainBytes = header.sealing().chunkPlainBytes(chunk, header.chunkBytes());
            boolean allowed = isCompressed(stored)
                    ? header.compression() != Suite.COMPRESSION_NONE
                            && storedBytes(stored) > 0
                            && storedBytes(stored) < plainBytes
                    : stored == plainBytes;
            if (!allowed) {
                return "chunk table entry impossible: chunk=" + chunk + " stored=0x" + Integer.toHexString(stored)
                        + " plainBytes=" + plainBytes;
            }
        }
        return sealedOffset(table, HEADER_BYTES, count) == header.tableOffset()
                ? null
                : "chunk table lengths do not add up: sum=" + sealedOffset(table, HEADER_BYTES, count) + " chunksBytes="
                        + header.tableOffset();
    }
}
