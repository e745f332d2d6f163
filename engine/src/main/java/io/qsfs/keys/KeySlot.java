package io.qsfs.keys;

import static io.qsfs.memory.LittleEndian.INT_UNALIGNED;

import io.qsfs.bindings.crypto.AesGcm;
import io.qsfs.bindings.crypto.Cleanse;
import io.qsfs.config.QsfsException;
import io.qsfs.memory.Id128;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;

/**
 * One way to get the volume key: the key, wrapped. Slots are added and revoked by a new generation of the superblock; no data is
 * touched.
 *
 * <pre>
 *  passphrase, 120 bytes                          key file, 88 bytes
 *   0  u32 type = 1     16  u32 lanes = 4          0  u32 type = 2
 *   4  u32 bytes        20  u32 version = 0x13     4  u32 bytes
 *   8  u32 KiB = 65536  24  salt, 32 bytes         8  salt, 32 bytes
 *  12  u32 passes = 3   56  wrapped key, 48       40  wrapped key, 48
 *                      104  zero, 16
 * </pre>
 *
 * The wrapping key is Argon2id(passphrase, salt) of 32 bytes (RFC 9106), or HKDF of the key file (see {@link KeyDerivation}).
 * Wrapped key = AES-256-GCM of the volume key with 12 zero bytes as nonce (a salt is drawn for every slot that is written, so
 * a wrapping key is used once) and associated data "qsfs key slot" ‖ volume id ‖ the slot's bytes before the wrapped key. A
 * slot of an unknown type is kept and skipped.
 *
 * <p>Threading: immutable.
 */
public final class KeySlot {
    /** A passphrase by Argon2id. */
    public static final int PASSPHRASE = 1;
    /** A key file. */
    public static final int KEY_FILE = 2;

    static final int HEADER_BYTES = 8;
    static final int BYTES_MAX = 8192;

    static final int ARGON_KIB = 64 * 1024;
    static final int ARGON_PASSES = 3;
    static final int ARGON_LANES = 4;
    /** What a superblock may make this machine do before anything proves that it is genuine: twice the memory of ours. */
    static final int ARGON_KIB_MAX = 128 * 1024;

    static final int ARGON_PASSES_MAX = 16;
    static final int ARGON_LANES_MAX = 16;

    private static final int SALT_BYTES = 32;
    private static final int TAG_BYTES = 16;
    private static final int WRAPPED_BYTES = VolumeKey.BYTES + TAG_BYTES;
    private static final int NONCE_BYTES = 12;
    private static final int PASSPHRASE_BYTES = 120;
    private static final int PASSPHRASE_SALT = 24;
    private static final int PASSPHRASE_WRAPPED = 56;
    private static final int KEY_FILE_BYTES = 88;
    private static final int KEY_FILE_SALT = 8;
    private static final int KEY_FILE_WRAPPED = 40;
    private static final byte[] AAD_LABEL = "qsfs key slot".getBytes(StandardCharsets.US_ASCII);

    private final byte[] bytes;

    private KeySlot(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Wraps the key under a secret of either kind, with a fresh salt. Takes about half a second for a passphrase. */
    public static KeySlot create(VolumeKey volumeKey, KeySecret secret, Id128 volumeId, SecureRandom random) {
        return switch (secret) {
            case Passphrase passphrase ->
                create(volumeKey, passphrase, volumeId, random, ARGON_KIB, ARGON_PASSES, ARGON_LANES);
            case KeyFile keyFile -> {
                byte[] slot = blank(KEY_FILE, KEY_FILE_BYTES, KEY_FILE_SALT, random);
                wrap(slot, KEY_FILE_WRAPPED, volumeKey, keyFile, volumeId);
                yield new KeySlot(slot);
            }
        };
    }

    /** For tests too: parameters that a test has time for. */
    static KeySlot create(
            VolumeKey volumeKey,
            Passphrase passphrase,
            Id128 volumeId,
            SecureRandom random,
            int memoryKib,
            int passes,
            int lanes) {
        byte[] slot = blank(PASSPHRASE, PASSPHRASE_BYTES, PASSPHRASE_SALT, random);
        MemorySegment fields = MemorySegment.ofArray(slot);
        fields.set(INT_UNALIGNED, 8, memoryKib);
        fields.set(INT_UNALIGNED, 12, passes);
        fields.set(INT_UNALIGNED, 16, lanes);
        fields.set(INT_UNALIGNED, 20, Argon2Parameters.ARGON2_VERSION_13);
        wrap(slot, PASSPHRASE_WRAPPED, volumeKey, passphrase, volumeId);
        return new KeySlot(slot);
    }

    /**
     * The slot that these bytes are.
     *
     * @param bytes exactly the slot, its length checked against its own field; not copied.
     * @throws QsfsException when a known type has parameters out of bounds.
     */
    static KeySlot parse(byte[] bytes) {
        assert bytes.length >= HEADER_BYTES && bytes.length <= BYTES_MAX : bytes.length;
        KeySlot slot = new KeySlot(bytes);
        switch (slot.type()) {
            case PASSPHRASE -> slot.checkPassphrase();
            case KEY_FILE -> slot.checkBytes(KEY_FILE_BYTES);
            default -> {} // a newer program's; kept as it is
        }
        return slot;
    }

    /** {@link #PASSPHRASE}, {@link #KEY_FILE}, or what a newer program wrote. */
    public int type() {
        return at(0);
    }

    /** The slot as it is stored; not to be changed. */
    byte[] bytes() {
        return bytes;
    }

    /** True when this kind of secret may open this slot. */
    boolean takes(KeySecret secret) {
        return type()
                == switch (secret) {
                    case Passphrase _ -> PASSPHRASE;
                    case KeyFile _ -> KEY_FILE;
                };
    }

    /** The volume key, the caller's to close; null when the secret is another. */
    VolumeKey open(KeySecret secret, Id128 volumeId) {
        assert takes(secret) : type();
        int wrappedAt = type() == PASSPHRASE ? PASSPHRASE_WRAPPED : KEY_FILE_WRAPPED;
        try (Arena arena = Arena.ofConfined();
                AesGcm cipher = AesGcm.create()) {
            MemorySegment key = arena.allocate(KeyDerivation.KEY_BYTES, 8);
            deriveWrappingKey(bytes, secret, volumeId, key);
            cipher.setKey(key);
            Cleanse.wipe(key);
            MemorySegment aad = associatedData(arena, bytes, wrappedAt, volumeId);
            MemorySegment wrapped = arena.allocate(WRAPPED_BYTES, 8);
            MemorySegment.copy(bytes, wrappedAt, wrapped, ValueLayout.JAVA_BYTE, 0, WRAPPED_BYTES);
            VolumeKey opened = VolumeKey.blank();
            boolean genuine = cipher.open(
                    arena.allocate(NONCE_BYTES, 8),
                    aad,
                    (int) aad.byteSize(),
                    wrapped,
                    0,
                    VolumeKey.BYTES,
                    opened.bytes(),
                    0);
            if (!genuine) {
                opened.close();
                return null;
            }
            return opened;
        }
    }

    private static byte[] blank(int type, int length, int saltAt, SecureRandom random) {
        byte[] salt = new byte[SALT_BYTES];
        random.nextBytes(salt);
        byte[] slot = new byte[length];
        MemorySegment fields = MemorySegment.ofArray(slot);
        fields.set(INT_UNALIGNED, 0, type);
        fields.set(INT_UNALIGNED, 4, length);
        System.arraycopy(salt, 0, slot, saltAt, SALT_BYTES);
        return slot;
    }

    private static void wrap(byte[] slot, int wrappedAt, VolumeKey volumeKey, KeySecret secret, Id128 volumeId) {
        try (Arena arena = Arena.ofConfined();
                AesGcm cipher = AesGcm.create()) {
            MemorySegment key = arena.allocate(KeyDerivation.KEY_BYTES, 8);
            deriveWrappingKey(slot, secret, volumeId, key);
            cipher.setKey(key);
            Cleanse.wipe(key);
            MemorySegment aad = associatedData(arena, slot, wrappedAt, volumeId);
            MemorySegment wrapped = arena.allocate(WRAPPED_BYTES, 8);
            cipher.seal(
                    arena.allocate(NONCE_BYTES, 8),
                    aad,
                    (int) aad.byteSize(),
                    volumeKey.bytes(),
                    0,
                    VolumeKey.BYTES,
                    wrapped,
                    0);
            MemorySegment.copy(wrapped, ValueLayout.JAVA_BYTE, 0, slot, wrappedAt, WRAPPED_BYTES);
        }
    }

    private static MemorySegment associatedData(Arena arena, byte[] slot, int wrappedAt, Id128 volumeId) {
        MemorySegment aad = arena.allocate(AAD_LABEL.length + Id128.BYTES + wrappedAt, 8);
        MemorySegment.copy(AAD_LABEL, 0, aad, ValueLayout.JAVA_BYTE, 0, AAD_LABEL.length);
        volumeId.write(aad, AAD_LABEL.length);
        MemorySegment.copy(slot, 0, aad, ValueLayout.JAVA_BYTE, AAD_LABEL.length + Id128.BYTES, wrappedAt);
        return aad;
    }

    private static void deriveWrappingKey(byte[] slot, KeySecret secret, Id128 volumeId, MemorySegment key) {
        switch (secret) {
            case Passphrase passphrase -> {
                MemorySegment fields = MemorySegment.ofArray(slot);
                byte[] password = passphrase.copyOut();
                byte[] derived = argon2id(
                        password,
                        Arrays.copyOfRange(slot, PASSPHRASE_SALT, PASSPHRASE_SALT + SALT_BYTES),
                        fields.get(INT_UNALIGNED, 8),
                        fields.get(INT_UNALIGNED, 12),
                        fields.get(INT_UNALIGNED, 16));
                Arrays.fill(password, (byte) 0);
                MemorySegment.copy(derived, 0, key, ValueLayout.JAVA_BYTE, 0, derived.length);
                Arrays.fill(derived, (byte) 0);
            }
            case KeyFile keyFile ->
                KeyDerivation.keyFileKey(
                        keyFile.secret(),
                        Arrays.copyOfRange(slot, KEY_FILE_SALT, KEY_FILE_SALT + SALT_BYTES),
                        volumeId,
                        key);
        }
    }

    /** Argon2id version 0x13 of 32 bytes. The parameters are within bounds. */
    static byte[] argon2id(byte[] password, byte[] salt, int memoryKib, int passes, int lanes) {
        Argon2BytesGenerator generator = new Argon2BytesGenerator();
        generator.init(new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
                .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                .withMemoryAsKB(memoryKib)
                .withIterations(passes)
                .withParallelism(lanes)
                .withSalt(salt)
                .build());
        byte[] derived = new byte[KeyDerivation.KEY_BYTES];
        generator.generateBytes(password, derived);
        return derived;
    }

    private void checkPassphrase() {
        checkBytes(PASSPHRASE_BYTES);
        int memoryKib = at(8);
        int passes = at(12);
        int lanes = at(16);
        if (lanes < 1
                || lanes > ARGON_LANES_MAX
                || memoryKib < 8 * lanes
                || memoryKib > ARGON_KIB_MAX
                || passes < 1
                || passes > ARGON_PASSES_MAX
                || at(20) != Argon2Parameters.ARGON2_VERSION_13) {
            throw new QsfsException("the superblock asks for Argon2id with memory="
                    + Integer.toUnsignedString(memoryKib)
                    + " KiB, passes=" + Integer.toUnsignedString(passes) + ", lanes=" + Integer.toUnsignedString(lanes)
                    + ", version=" + Integer.toUnsignedString(at(20))
                    + ", which is outside of what qsfs accepts: use the superblock of another backend");
        }
        for (int i = PASSPHRASE_WRAPPED + WRAPPED_BYTES; i < PASSPHRASE_BYTES; i++) {
            if (bytes[i] != 0) {
                throw new QsfsException("the superblock has a passphrase slot with unknown fields:"
                        + " use a newer qsfs, or the superblock of another backend");
            }
        }
    }

    private void checkBytes(int expected) {
        if (bytes.length != expected) {
            throw new QsfsException("the superblock has a key slot of type " + type() + " with " + bytes.length
                    + " bytes instead of " + expected + ": use the superblock of another backend");
        }
    }

    private int at(int offset) {
        return MemorySegment.ofArray(bytes).get(INT_UNALIGNED, offset);
    }
}
