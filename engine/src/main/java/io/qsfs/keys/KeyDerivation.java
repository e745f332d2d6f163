package io.qsfs.keys;

import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Every key that is made from the volume key, by HKDF-SHA-256. Each purpose has a label of its own, none the beginning of
 * another, and the label begins the info; the rest of the info has fixed lengths, so two infos are equal only when all parts are.
 *
 * <pre>
 *  key of     salt      info
 *  sealing    seal id   label ‖ volume 16 ‖ stream u32 ‖ mount id 16 ‖ segment u64 ‖ suite u32
 *                       label: "qsfs seal" (segment), "qsfs tail", "qsfs checkpoint"
 *  GMACs      seal id   "qsfs mac" ‖ volume 16 ‖ stream u32 ‖ mount id 16 ‖ segment u64 ‖ k u32 ‖ m u32 ‖ shard bytes u64
 *  superblock none      "qsfs superblock" ‖ volume 16
 *  key file   slot's    "qsfs key file" ‖ volume 16           (input key: the key file's 32 bytes)
 * </pre>
 *
 * Numbers are little endian.
 *
 * <p>Threading: stateless.
 */
public final class KeyDerivation {
    /** Sealed segments. */
    public static final String LABEL_SEAL = "qsfs seal";
    /** Sealed tails. */
    public static final String LABEL_TAIL = "qsfs tail";
    /** Sealed checkpoints. */
    public static final String LABEL_CHECKPOINT = "qsfs checkpoint";

    /** Size of every derived key in bytes. */
    public static final int KEY_BYTES = 32;

    private static final String LABEL_MAC = "qsfs mac";
    private static final String LABEL_SUPERBLOCK = "qsfs superblock";
    private static final String LABEL_KEY_FILE = "qsfs key file";
    private static final byte[] NO_SALT = new byte[0];
    private static final int NUMBERS_BYTES_MAX = 64;

    private KeyDerivation() {}

    /** The key that one sealing is encrypted with. {@code key} is native, 32 bytes, written in full. */
    public static void sealKey(
            VolumeKey volumeKey,
            String label,
            Id256 sealId,
            Id128 volumeId,
            int stream,
            Id128 mountId,
            long segment,
            int suite,
            MemorySegment key) {
        ByteBuffer info = info(label, volumeId)
                .putInt(stream)
                .put(bytes(mountId))
                .putLong(segment)
                .putInt(suite);
        derive(bytes(sealId), volumeKey.bytes(), info, key);
    }

    /** The key of the GMACs in the block tables of one sealing's shards. {@code key} is native, 32 bytes, written in full. */
    public static void macKey(
            VolumeKey volumeKey,
            Id256 sealId,
            Id128 volumeId,
            int stream,
            Id128 mountId,
            long segment,
            int k,
            int m,
            long shardBytes,
            MemorySegment key) {
        ByteBuffer info = info(LABEL_MAC, volumeId)
                .putInt(stream)
                .put(bytes(mountId))
                .putLong(segment)
                .putInt(k)
                .putInt(m)
                .putLong(shardBytes);
        derive(bytes(sealId), volumeKey.bytes(), info, key);
    }

    /** The key of the superblock's MAC. */
    static void superblockKey(VolumeKey volumeKey, Id128 volumeId, MemorySegment key) {
        derive(NO_SALT, volumeKey.bytes(), info(LABEL_SUPERBLOCK, volumeId), key);
    }

    /** The key that a key file's slot wraps the volume key with. */
    static void keyFileKey(MemorySegment secret, byte[] salt, Id128 volumeId, MemorySegment key) {
        derive(salt, secret, info(LABEL_KEY_FILE, volumeId), key);
    }

    private static void derive(byte[] salt, MemorySegment input, ByteBuffer info, MemorySegment key) {
        assert key.byteSize() == KEY_BYTES : key.byteSize();
        byte[] exact = new byte[info.position()];
        info.flip().get(exact);
        Hkdf.derive(salt, input, exact, key);
    }

    private static ByteBuffer info(String label, Id128 volumeId) {
        byte[] labelBytes = label.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(labelBytes.length + Id128.BYTES + NUMBERS_BYTES_MAX)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(labelBytes)
                .put(bytes(volumeId));
    }

    static byte[] bytes(Id128 id) {
        byte[] bytes = new byte[Id128.BYTES];
        id.write(MemorySegment.ofArray(bytes), 0);
        return bytes;
    }

    private static byte[] bytes(Id256 id) {
        byte[] bytes = new byte[Id256.BYTES];
        id.write(MemorySegment.ofArray(bytes), 0);
        return bytes;
    }

    static byte[] copyOut(MemorySegment source) {
        return source.toArray(ValueLayout.JAVA_BYTE);
    }
}
