package io.qsfs.keys;

import io.qsfs.bindings.crypto.Cleanse;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.SecureRandom;
import java.util.Arrays;

/**
 * The one secret of a volume: 32 bytes in native memory of their own, zeroed on close. It never leaves this package; others get
 * keys that {@link KeyDerivation} makes from it.
 *
 * <p>Threading: any thread reads; closed once, after everybody who derives from it has stopped.
 */
public final class VolumeKey implements AutoCloseable {
    /** Size in bytes. */
    public static final int BYTES = 32;

    private final Arena arena;
    private final MemorySegment bytes;

    private VolumeKey() {
        arena = Arena.ofShared();
        bytes = arena.allocate(BYTES, 64);
    }

    /** Draws the key of a new volume. */
    public static VolumeKey random(SecureRandom random) {
        byte[] drawn = new byte[BYTES];
        random.nextBytes(drawn);
        return takeOver(drawn);
    }

    /** A key of given bytes, which are wiped here. */
    static VolumeKey takeOver(byte[] secret) {
        assert secret.length == BYTES : secret.length;
        VolumeKey key = new VolumeKey();
        MemorySegment.copy(secret, 0, key.bytes, ValueLayout.JAVA_BYTE, 0, BYTES);
        Arrays.fill(secret, (byte) 0);
        return key;
    }

    /** The key's own memory: borrowed, only read. */
    MemorySegment bytes() {
        return bytes;
    }

    /** An all-zero key whose memory is about to be filled in. */
    static VolumeKey blank() {
        return new VolumeKey();
    }

    @Override
    public void close() {
        Cleanse.wipe(bytes);
        arena.close();
    }

    @Override
    public String toString() {
        return "VolumeKey[hidden]";
    }
}
