package io.qsfs.keys;

import static io.qsfs.memory.LittleEndian.INT_UNALIGNED;
import static io.qsfs.memory.LittleEndian.LONG_UNALIGNED;
import static io.qsfs.memory.LittleEndian.SHORT_UNALIGNED;

import io.qsfs.bindings.crypto.Cleanse;
import io.qsfs.config.QsfsException;
import io.qsfs.keys.Superblock.BackendEntry;
import io.qsfs.memory.Id128;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * A superblock as it lies on a backend.
 *
 * <pre>
 *   0  magic "QSFSSUPR"                  56  u32 chunk bytes
 *   8  u32 version = 1                   60  u32 compression
 *  12  u32 bytes of the whole object     64  u16 k      66  u16 m
 *  16  volume id, 16 bytes               68  u16 backends  70  u16 key slots
 *  32  u32 generation                    72  zero, 24 bytes
 *  36  u32 suite                         96  backends, 88 bytes each:
 *  40  s64 created, ns since 1970 UTC           id 16 | u32 flags (1 = durable) | u32 bytes of the name | group name, 64
 *  48  u64 segment bytes                     then the key slots (see {@link KeySlot}), then
 *                                            HMAC-SHA-256, 32 bytes | u32 0 | u32 CRC-32C of all before
 * </pre>
 *
 * The checksum tells rot from a wrong key before Argon2id runs; the MAC, under a key that is derived from the volume key, is what
 * makes it genuine. It covers every byte before it.
 *
 * <p>Threading: immutable.
 */
public final class SuperblockObject {
    /** More bytes than the largest superblock has: what a reader needs to fetch at most. */
    public static final int BYTES_MAX = 512 * 1024;

    private static final long MAGIC = 0x5250_5553_5346_5351L; // "QSFSSUPR", little endian
    private static final int VERSION = 1;
    private static final int FIXED_BYTES = 96;
    private static final int USED_BYTES = 72;
    private static final int BACKEND_BYTES = 88;
    private static final int BACKEND_GROUP = 24;
    private static final int FLAG_DURABLE = 1;
    private static final int TRAILER_BYTES = 40;
    private static final String REMEDY = ": use the superblock of another backend";

    private final Superblock contents;
    private final byte[] bytes;

    private SuperblockObject(Superblock contents, byte[] bytes) {
        this.contents = contents;
        this.bytes = bytes;
    }

    /** The object that says this, under the volume's key. */
    public static SuperblockObject seal(Superblock contents, VolumeKey key) {
        int length = FIXED_BYTES + contents.backends().size() * BACKEND_BYTES + TRAILER_BYTES;
        for (KeySlot slot : contents.slots()) {
            length += slot.bytes().length;
        }
        byte[] bytes = new byte[length];
        MemorySegment target = MemorySegment.ofArray(bytes);
        writeFixed(contents, target);
        int at = FIXED_BYTES;
        for (BackendEntry backend : contents.backends()) {
            byte[] group = backend.group().getBytes(StandardCharsets.UTF_8);
            backend.id().write(target, at);
            target.set(INT_UNALIGNED, at + 16, backend.durable() ? FLAG_DURABLE : 0);
            target.set(INT_UNALIGNED, at + 20, group.length);
            System.arraycopy(group, 0, bytes, at + BACKEND_GROUP, group.length);
            at += BACKEND_BYTES;
        }
        for (KeySlot slot : contents.slots()) {
            System.arraycopy(slot.bytes(), 0, bytes, at, slot.bytes().length);
            at += slot.bytes().length;
        }
        System.arraycopy(mac(contents.volumeId(), bytes, at, key), 0, bytes, at, Hkdf.HASH_BYTES);
        target.set(INT_UNALIGNED, length - 4, crc(bytes, length - 4));
        return new SuperblockObject(contents, bytes);
    }

    /**
     * Reads what a backend gave. What it says may be used to ask for a secret; only {@link #unlock} makes sure that it is genuine.
     *
     * @throws QsfsException when it is not a superblock that this program understands. Safe on arbitrary bytes.
     */
    public static SuperblockObject parse(byte[] object) {
        byte[] bytes = object.clone();
        int length = bytes.length;
        MemorySegment source = MemorySegment.ofArray(bytes);
        if (length < FIXED_BYTES + TRAILER_BYTES || length > BYTES_MAX || source.get(LONG_UNALIGNED, 0) != MAGIC) {
            throw new QsfsException("the superblock is not one (" + length + " bytes)" + REMEDY);
        }
        if (source.get(INT_UNALIGNED, length - 4) != crc(bytes, length - 4)) {
            throw new QsfsException("the superblock is damaged (its checksum does not fit)" + REMEDY);
        }
        if (source.get(INT_UNALIGNED, 8) != VERSION) {
            throw new QsfsException("the superblock has format version "
                    + Integer.toUnsignedString(source.get(INT_UNALIGNED, 8)) + ", this qsfs knows " + VERSION
                    + ": use a newer qsfs");
        }
        if (source.get(INT_UNALIGNED, 12) != length) {
            throw new QsfsException("the superblock says it has "
                    + Integer.toUnsignedString(source.get(INT_UNALIGNED, 12)) + " bytes but has " + length + REMEDY);
        }
        requireZero(bytes, USED_BYTES, FIXED_BYTES);
        requireZero(bytes, length - 8, length - 4);
        try {
            return new SuperblockObject(readContents(source, bytes), bytes);
        } catch (IllegalArgumentException e) {
            throw new QsfsException("the superblock is impossible (" + e.getMessage() + ")" + REMEDY, e);
        }
    }

    /** What it says; not proven genuine before {@link #unlock} returned. */
    public Superblock contents() {
        return contents;
    }

    /** The bytes to store; a copy. */
    public byte[] bytes() {
        return bytes.clone();
    }

    /**
     * Opens the volume: finds the slot that the secret fits and checks that the superblock was written by somebody with the key.
     *
     * @param secret borrowed.
     * @return the key, the caller's to close.
     * @throws QsfsException when no slot fits, or the superblock was altered.
     */
    public VolumeKey unlock(KeySecret secret) {
        boolean passphrase = secret instanceof Passphrase;
        boolean tried = false;
        for (KeySlot slot : contents.slots()) {
            if (!slot.takes(secret)) {
                continue;
            }
            tried = true;
            VolumeKey key = slot.open(secret, contents.volumeId());
            if (key == null) {
                continue;
            }
            if (!isGenuine(key)) {
                key.close();
                throw new QsfsException("the superblock of volume " + contents.volumeId() + " was altered: the "
                        + (passphrase ? "passphrase" : "key file") + " is right but its seal does not fit" + REMEDY);
            }
            return key;
        }
        if (!tried) {
            throw new QsfsException("volume " + contents.volumeId()
                    + (passphrase ? " has no passphrase: use its key file" : " has no key file: use its passphrase"));
        }
        throw new QsfsException(
                passphrase
                        ? "the passphrase does not open volume " + contents.volumeId()
                                + ": check it, or the volume that the backends belong to"
                        : "the key file does not open volume " + contents.volumeId()
                                + ": it belongs to another volume, use the file that qsfs init wrote for this one");
    }

    /** True when somebody with this key wrote this superblock. */
    public boolean isGenuine(VolumeKey key) {
        int at = bytes.length - TRAILER_BYTES;
        byte[] stored = Arrays.copyOfRange(bytes, at, at + Hkdf.HASH_BYTES);
        return MessageDigest.isEqual(stored, mac(contents.volumeId(), bytes, at, key));
    }

    private static void writeFixed(Superblock contents, MemorySegment target) {
        target.set(LONG_UNALIGNED, 0, MAGIC);
        target.set(INT_UNALIGNED, 8, VERSION);
        target.set(INT_UNALIGNED, 12, (int) target.byteSize());
        contents.volumeId().write(target, 16);
        target.set(INT_UNALIGNED, 32, contents.generation());
        target.set(INT_UNALIGNED, 36, contents.suite());
        target.set(LONG_UNALIGNED, 40, contents.createdNs());
        target.set(LONG_UNALIGNED, 48, contents.segmentBytes());
        target.set(INT_UNALIGNED, 56, contents.chunkBytes());
        target.set(INT_UNALIGNED, 60, contents.compression());
        target.set(SHORT_UNALIGNED, 64, (short) contents.k());
        target.set(SHORT_UNALIGNED, 66, (short) contents.m());
        target.set(SHORT_UNALIGNED, 68, (short) contents.backends().size());
        target.set(SHORT_UNALIGNED, 70, (short) contents.slots().size());
    }

    private static Superblock readContents(MemorySegment source, byte[] bytes) {
        int backendCount = Short.toUnsignedInt(source.get(SHORT_UNALIGNED, 68));
        int slotCount = Short.toUnsignedInt(source.get(SHORT_UNALIGNED, 70));
        int end = bytes.length - TRAILER_BYTES;
        if (backendCount > Superblock.BACKENDS_MAX
                || slotCount > Superblock.SLOTS_MAX
                || FIXED_BYTES + backendCount * BACKEND_BYTES > end) {
            throw new IllegalArgumentException("backends=" + backendCount + " slots=" + slotCount);
        }
        List<BackendEntry> backends = new ArrayList<>(backendCount);
        int at = FIXED_BYTES;
        for (int i = 0; i < backendCount; i++, at += BACKEND_BYTES) {
            backends.add(readBackend(source, bytes, at));
        }
        List<KeySlot> slots = new ArrayList<>(slotCount);
        for (int i = 0; i < slotCount; i++) {
            int left = end - at;
            int length = left < KeySlot.HEADER_BYTES ? -1 : source.get(INT_UNALIGNED, at + 4);
            if (length < KeySlot.HEADER_BYTES || length > KeySlot.BYTES_MAX || length > left) {
                throw new IllegalArgumentException("key slot " + i + " has length " + length + " of " + left);
            }
            slots.add(KeySlot.parse(Arrays.copyOfRange(bytes, at, at + length)));
            at += length;
        }
        if (at != end) {
            throw new IllegalArgumentException((end - at) + " bytes too many");
        }
        return new Superblock(
                Id128.read(source, 16),
                source.get(INT_UNALIGNED, 32),
                source.get(LONG_UNALIGNED, 40),
                Short.toUnsignedInt(source.get(SHORT_UNALIGNED, 64)),
                Short.toUnsignedInt(source.get(SHORT_UNALIGNED, 66)),
                source.get(LONG_UNALIGNED, 48),
                source.get(INT_UNALIGNED, 56),
                source.get(INT_UNALIGNED, 36),
                source.get(INT_UNALIGNED, 60),
                backends,
                slots);
    }

    private static BackendEntry readBackend(MemorySegment source, byte[] bytes, int at) {
        int flags = source.get(INT_UNALIGNED, at + 16);
        int length = source.get(INT_UNALIGNED, at + 20);
        if ((flags & ~FLAG_DURABLE) != 0 || length < 0 || length > BackendEntry.GROUP_BYTES_MAX) {
            throw new IllegalArgumentException("backend flags=" + flags + " group bytes=" + length);
        }
        requireZero(bytes, at + BACKEND_GROUP + length, at + BACKEND_BYTES);
        try {
            String group = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, at + BACKEND_GROUP, length))
                    .toString();
            return new BackendEntry(Id128.read(source, at), group, flags == FLAG_DURABLE);
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("backend group is not UTF-8", e);
        }
    }

    private static void requireZero(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            if (bytes[i] != 0) {
                throw new QsfsException("the superblock has unknown fields at byte " + i
                        + ": use a newer qsfs, or the superblock of another backend");
            }
        }
    }

    private static byte[] mac(Id128 volumeId, byte[] bytes, int length, VolumeKey key) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment macKey = arena.allocate(KeyDerivation.KEY_BYTES, 8);
            KeyDerivation.superblockKey(key, volumeId, macKey);
            byte[] mac = Hkdf.hmac(macKey, bytes, length);
            Cleanse.wipe(macKey);
            return mac;
        }
    }

    private static int crc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }
}
