package io.qsfs.codec;

import static io.qsfs.memory.LittleEndian.INT_UNALIGNED;
import static io.qsfs.memory.LittleEndian.LONG_UNALIGNED;
import static io.qsfs.memory.LittleEndian.SHORT_UNALIGNED;

import io.qsfs.bindings.isal.Isal;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * The first 4096 bytes of a shard: all that is needed to find and open what it is a part of, but the volume key.
 *
 * <pre>
 *    0  magic "QSFSSHRD"            96  seal id, 32 bytes
 *    8  u32 version = 1            128  u16 shard index
 *   12  u32 header bytes = 4096    130  u16 k
 *   16  volume id, 16 bytes        132  u16 m
 *   32  u32 stream                 134  u16 0
 *   36  u32 kind                   136  u32 chunk bytes
 *   40  u32 suite                  140  u32 chunk count
 *   44  u32 compression            144  u64 shard bytes (payload of each shard)
 *   48  mount id, 16 bytes         152  u64 sealed bytes (all chunks and the table, before padding)
 *   64  u64 epoch                  160  s64 sealed at, ns since 1970 UTC
 *   72  u64 segment                168  u32 block bytes = 65536
 *   80  u64 from                   172  zero
 *   88  u64 to                    4092  u32 CRC-32C of bytes 0..4091
 * </pre>
 *
 * Behind it lie the payload (shard bytes) and the {@link BlockTable}, whose block 0 is this header. The checksum finds rot;
 * what a backend forged is found by the GMAC of block 0.
 *
 * @param sealing the sealing that this is a shard of.
 * @param epoch the epoch that the segment was written in.
 * @param index which of the n shards: 0..k-1 data, k..n-1 parity.
 * @param code the erasure code.
 * @param compression what the encoder was told.
 * @param chunkBytes plain bytes of a chunk.
 * @param chunkCount chunks.
 * @param shardBytes payload bytes of each shard.
 * @param sealedBytes bytes of the sealed stream, without padding.
 * @param createdNs when it was sealed.
 */
public record ShardHeader(
        SealIdentity sealing,
        long epoch,
        int index,
        Code code,
        int compression,
        int chunkBytes,
        int chunkCount,
        long shardBytes,
        long sealedBytes,
        long createdNs) {
    /** Bytes of the header, and where the payload begins in a shard. */
    public static final int BYTES = 4096;
    /** Every shard's payload is a multiple of this. */
    public static final int SHARD_ALIGNMENT = 64;
    /** The most payload bytes a shard can have: what a reader may believe a header. */
    public static final long SHARD_BYTES_MAX = 64L << 20;
    /** The least plain bytes of a chunk. */
    public static final int CHUNK_BYTES_MIN = 4096;
    /** The most plain bytes of a chunk. */
    public static final int CHUNK_BYTES_MAX = 4 << 20;
    /** The most chunks of one sealing: a placement record must hold their table beside 255 shards. */
    public static final int CHUNK_COUNT_MAX = 4096;

    static final long MAGIC = 0x4452_4853_5346_5351L; // "QSFSSHRD", little endian
    static final int VERSION = 1;

    private static final int AT_VERSION = 8;
    private static final int AT_HEADER_BYTES = 12;
    private static final int AT_VOLUME = 16;
    private static final int AT_STREAM = 32;
    private static final int AT_KIND = 36;
    private static final int AT_SUITE = 40;
    private static final int AT_COMPRESSION = 44;
    private static final int AT_MOUNT_ID = 48;
    private static final int AT_EPOCH = 64;
    private static final int AT_SEGMENT = 72;
    private static final int AT_FROM = 80;
    private static final int AT_TO = 88;
    private static final int AT_SEAL_ID = 96;
    private static final int AT_INDEX = 128;
    private static final int AT_K = 130;
    private static final int AT_M = 132;
    private static final int AT_CHUNK_BYTES = 136;
    private static final int AT_CHUNK_COUNT = 140;
    private static final int AT_SHARD_BYTES = 144;
    private static final int AT_SEALED_BYTES = 152;
    private static final int AT_CREATED = 160;
    private static final int AT_BLOCK_BYTES = 168;
    private static final int AT_CRC = 4092;

    /** A header. */
    public ShardHeader {
        Objects.requireNonNull(sealing);
        Objects.requireNonNull(code);
    }

    /** Bytes of the whole object: header, payload, block table. */
    public long objectBytes() {
        return BlockTable.objectBytes(shardBytes);
    }

    /** Where the sealed chunk table begins in the sealed stream. */
    public long tableOffset() {
        return sealedBytes - ChunkTable.sealedBytes(chunkCount);
    }

    /** The same sealing's header of another shard. */
    public ShardHeader withIndex(int other) {
        return new ShardHeader(
                sealing, epoch, other, code, compression, chunkBytes, chunkCount, shardBytes, sealedBytes, createdNs);
    }

    /** The name of the object that this header begins. */
    public ShardName name() {
        return new ShardName(sealing.stream(), sealing.segment(), sealing.mountId(), sealing.sealId(), code, index);
    }

    /** Writes all 4096 bytes. {@code target} is native, at any address, borrowed until return. */
    public void write(MemorySegment target, long at) {
        assert whyImpossible() == null : whyImpossible();
        target.asSlice(at, BYTES).fill((byte) 0);
        target.set(LONG_UNALIGNED, at, MAGIC);
        target.set(INT_UNALIGNED, at + AT_VERSION, VERSION);
        target.set(INT_UNALIGNED, at + AT_HEADER_BYTES, BYTES);
        sealing.volumeId().write(target, at + AT_VOLUME);
        target.set(INT_UNALIGNED, at + AT_STREAM, sealing.stream());
        target.set(INT_UNALIGNED, at + AT_KIND, sealing.kind().code());
        target.set(INT_UNALIGNED, at + AT_SUITE, sealing.suite());
        target.set(INT_UNALIGNED, at + AT_COMPRESSION, compression);
        sealing.mountId().write(target, at + AT_MOUNT_ID);
        target.set(LONG_UNALIGNED, at + AT_EPOCH, epoch);
        target.set(LONG_UNALIGNED, at + AT_SEGMENT, sealing.segment());
        target.set(LONG_UNALIGNED, at + AT_FROM, sealing.from());
        target.set(LONG_UNALIGNED, at + AT_TO, sealing.to());
        sealing.sealId().write(target, at + AT_SEAL_ID);
        target.set(SHORT_UNALIGNED, at + AT_INDEX, (short) index);
        target.set(SHORT_UNALIGNED, at + AT_K, (short) code.k());
        target.set(SHORT_UNALIGNED, at + AT_M, (short) code.m());
        target.set(INT_UNALIGNED, at + AT_CHUNK_BYTES, chunkBytes);
        target.set(INT_UNALIGNED, at + AT_CHUNK_COUNT, chunkCount);
        target.set(LONG_UNALIGNED, at + AT_SHARD_BYTES, shardBytes);
        target.set(LONG_UNALIGNED, at + AT_SEALED_BYTES, sealedBytes);
        target.set(LONG_UNALIGNED, at + AT_CREATED, createdNs);
        target.set(INT_UNALIGNED, at + AT_BLOCK_BYTES, BlockTable.BLOCK_BYTES);
        target.set(INT_UNALIGNED, at + AT_CRC, Isal.crc32c(target, at, AT_CRC, 0));
    }

    /** The header at {@code at}, or null when the bytes are none; {@link #whyUnsound} says why. Native, arbitrary bytes at any address. */
    public static ShardHeader read(MemorySegment source, long at) {
        return whyUnsound(source, at) == null ? decode(source, at) : null;
    }

    /** Null when the 4096 bytes at {@code at} are a header that this program understands, otherwise what is wrong. */
    public static String whyUnsound(MemorySegment source, long at) {
        if (at < 0 || source.byteSize() - at < BYTES) {
            return "shard header cut short: bytes=" + (source.byteSize() - at);
        }
        if (source.get(LONG_UNALIGNED, at) != MAGIC) {
            return "not a shard: magic=0x" + Long.toHexString(source.get(LONG_UNALIGNED, at));
        }
        int stored = source.get(INT_UNALIGNED, at + AT_CRC);
        int computed = Isal.crc32c(source, at, AT_CRC, 0);
        if (stored != computed) {
            return "shard header crc mismatch: stored=0x" + Integer.toHexString(stored) + " computed=0x"
                    + Integer.toHexString(computed);
        }
        if (source.get(INT_UNALIGNED, at + AT_VERSION) != VERSION
                || source.get(INT_UNALIGNED, at + AT_HEADER_BYTES) != BYTES) {
            return "shard format unknown: version="
                    + Integer.toUnsignedString(source.get(INT_UNALIGNED, at + AT_VERSION));
        }
        if (source.get(INT_UNALIGNED, at + AT_BLOCK_BYTES) != BlockTable.BLOCK_BYTES) {
            return "shard block size unknown: bytes="
                    + Integer.toUnsignedString(source.get(INT_UNALIGNED, at + AT_BLOCK_BYTES));
        }
        if (SealKind.of(source.get(INT_UNALIGNED, at + AT_KIND)) == null) {
            return "shard kind unknown: kind=" + Integer.toUnsignedString(source.get(INT_UNALIGNED, at + AT_KIND));
        }
        int k = Short.toUnsignedInt(source.get(SHORT_UNALIGNED, at + AT_K));
        int m = Short.toUnsignedInt(source.get(SHORT_UNALIGNED, at + AT_M));
        if (!Code.isValid(k, m)) {
            return "shard code impossible: k=" + k + " m=" + m;
        }
        return decode(source, at).whyImpossible();
    }

    private static ShardHeader decode(MemorySegment source, long at) {
        SealIdentity sealing = new SealIdentity(
                SealKind.of(source.get(INT_UNALIGNED, at + AT_KIND)),
                source.get(INT_UNALIGNED, at + AT_SUITE),
                Id128.read(source, at + AT_VOLUME),
                source.get(INT_UNALIGNED, at + AT_STREAM),
                Id128.read(source, at + AT_MOUNT_ID),
                source.get(LONG_UNALIGNED, at + AT_SEGMENT),
                source.get(LONG_UNALIGNED, at + AT_FROM),
                source.get(LONG_UNALIGNED, at + AT_TO),
                Id256.read(source, at + AT_SEAL_ID));
        return new ShardHeader(
                sealing,
                source.get(LONG_UNALIGNED, at + AT_EPOCH),
                Short.toUnsignedInt(source.get(SHORT_UNALIGNED, at + AT_INDEX)),
                new Code(
                        Short.toUnsignedInt(source.get(SHORT_UNALIGNED, at + AT_K)),
                        Short.toUnsignedInt(source.get(SHORT_UNALIGNED, at + AT_M))),
                source.get(INT_UNALIGNED, at + AT_COMPRESSION),
                source.get(INT_UNALIGNED, at + AT_CHUNK_BYTES),
                source.get(INT_UNALIGNED, at + AT_CHUNK_COUNT),
                source.get(LONG_UNALIGNED, at + AT_SHARD_BYTES),
                source.get(LONG_UNALIGNED, at + AT_SEALED_BYTES),
                source.get(LONG_UNALIGNED, at + AT_CREATED));
    }

    /** Null when the numbers agree with each other, otherwise which do not. Nothing may be allocated by one before. */
    private String whyImpossible() {
        if (!Suite.isKnown(sealing.suite(), compression)) {
            return "shard suite unknown, a newer qsfs may read it: suite=" + sealing.suite() + " compression="
                    + compression;
        }
        if (sealing.stream() < 0 || sealing.stream() > 1 || index >= code.n() || sealing.segment() < 0) {
            return "shard fields out of range: stream=" + sealing.stream() + " index=" + index + " code=" + code
                    + " segment=" + sealing.segment();
        }
        if (sealing.from() < 0 || sealing.to() <= sealing.from()) {
            return "shard positions impossible: from=" + sealing.from() + " to=" + sealing.to();
        }
        if (chunkBytes < CHUNK_BYTES_MIN
                || chunkBytes > CHUNK_BYTES_MAX
                || chunkCount < 1
                || chunkCount > CHUNK_COUNT_MAX
                || (sealing.plainBytes() - 1) / chunkBytes + 1 != chunkCount) {
            return "shard chunks impossible: chunkBytes=" + chunkBytes + " chunkCount=" + chunkCount + " plainBytes="
                    + sealing.plainBytes();
        }
        long least = ChunkTable.sealedBytes(chunkCount) + (long) chunkCount * (1 + SealIdentity.TAG_BYTES);
        long most =
                sealing.plainBytes() + (long) chunkCount * SealIdentity.TAG_BYTES + ChunkTable.sealedBytes(chunkCount);
        if (sealedBytes < least
                || sealedBytes > most
                || shardBytes > SHARD_BYTES_MAX
                || shardBytes != code.shardBytes(sealedBytes)) {
            return "shard lengths impossible: sealedBytes=" + sealedBytes + " shardBytes=" + shardBytes + " code="
                    + code;
        }
        return null;
    }
}
