package io.qsfs.codec;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;

import io.qsfs.keys.KeyDerivation;
import io.qsfs.keys.VolumeKey;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Which sealing: everything that its keys are derived from and that its associated data binds. Bytes that were sealed as
 * something else do not open as this.
 *
 * <p>Associated data of a chunk, 104 bytes:
 *
 * <pre>
 *  0      4       8        24       28      32         48        56     64    72       104
 * +------+-------+--------+--------+-------+----------+---------+------+-----+---------+
 * | kind | suite | volume | stream | chunk | mount id | segment | from | to  | seal id |
 * +------+-------+--------+--------+-------+----------+---------+------+-----+---------+
 * </pre>
 *
 * The nonce of a chunk is its number as 96 bits, little endian; the chunk table is chunk 2^32 - 1.
 *
 * @param kind what was sealed.
 * @param suite the algorithms.
 * @param volumeId the volume.
 * @param stream 0 data, 1 meta.
 * @param mountId the mount that wrote the segment.
 * @param segment number of the segment in its stream.
 * @param from first position sealed.
 * @param to end of what is sealed, exclusive; more than {@code from}.
 * @param sealId drawn for this sealing.
 */
public record SealIdentity(
        SealKind kind,
        int suite,
        Id128 volumeId,
        int stream,
        Id128 mountId,
        long segment,
        long from,
        long to,
        Id256 sealId) {
    /** Bytes of the tag behind each ciphertext. */
    public static final int TAG_BYTES = 16;

    static final int AAD_BYTES = 104;
    static final int NONCE_BYTES = 12;
    static final int TABLE_CHUNK = 0xFFFF_FFFF;

    private static final int AAD_CHUNK = 28;

    /** A sealing; the parts are trusted except for being there. */
    public SealIdentity {
        Objects.requireNonNull(kind);
        Objects.requireNonNull(volumeId);
        Objects.requireNonNull(mountId);
        Objects.requireNonNull(sealId);
    }

    /** Plain bytes sealed. */
    public long plainBytes() {
        return to - from;
    }

    /** Number of chunks when each has {@code chunkBytes} plain bytes. */
    public int chunkCount(int chunkBytes) {
        return Math.toIntExact((plainBytes() - 1) / chunkBytes + 1);
    }

    /** Plain bytes of one chunk: all have {@code chunkBytes} but the last. */
    public int chunkPlainBytes(int chunk, int chunkBytes) {
        return (int) Math.min(chunkBytes, plainBytes() - (long) chunk * chunkBytes);
    }

    /** Writes the associated data of chunk 0; {@link #setChunk} makes it another's. */
    void writeAssociatedData(MemorySegment aad) {
        aad.set(INT, 0, kind.code());
        aad.set(INT, 4, suite);
        volumeId.write(aad, 8);
        aad.set(INT, 24, stream);
        aad.set(INT, AAD_CHUNK, 0);
        mountId.write(aad, 32);
        aad.set(LONG, 48, segment);
        aad.set(LONG, 56, from);
        aad.set(LONG, 64, to);
        sealId.write(aad, 72);
    }

    static void setChunk(MemorySegment aad, MemorySegment nonce, int chunk) {
        aad.set(INT, AAD_CHUNK, chunk);
        nonce.set(INT, 0, chunk);
        nonce.set(INT, 4, 0);
        nonce.set(INT, 8, 0);
    }

    /** Derives the key that chunks and chunk table are sealed with. {@code key} is 32 bytes, written in full. */
    void deriveSealKey(VolumeKey volumeKey, MemorySegment key) {
        KeyDerivation.sealKey(volumeKey, kind.keyLabel(), sealId, volumeId, stream, mountId, segment, suite, key);
    }

    /** Derives the key of the GMACs in block tables. {@code key} is 32 bytes, written in full. */
    void deriveMacKey(VolumeKey volumeKey, Code code, long shardBytes, MemorySegment key) {
        KeyDerivation.macKey(
                volumeKey, sealId, volumeId, stream, mountId, segment, code.k(), code.m(), shardBytes, key);
    }
}
