package io.qsfs.codec;

import io.qsfs.keys.VolumeKey;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.SecureRandom;
import java.util.List;
import java.util.Random;

/** What tests of the codec share. */
final class Fixture {
    static final Id128 VOLUME = Id128.parse("000102030405060708090a0b0c0d0e0f");
    static final Id128 MOUNT = Id128.parse("101112131415161718191a1b1c1d1e1f");
    static final Id256 SEAL = Id256.parse("202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f");

    private Fixture() {}

    /** A key of the bytes 0x40, 0x41, … */
    static VolumeKey volumeKey() {
        return VolumeKey.random(new CountingRandom(0x40));
    }

    static SealRequest request(long from, long to, int compression) {
        return new SealRequest(
                SealKind.SEGMENT,
                VOLUME,
                0,
                MOUNT,
                3,
                7,
                from,
                to,
                compression,
                1_700_000_000_000_000_000L,
                RangeVerifier.NONE);
    }

    static ByteSource source(byte[] plain, long from) {
        return (position, target, offset, length) -> {
            MemorySegment.copy(plain, (int) (position - from), target, ValueLayout.JAVA_BYTE, offset, length);
            return 0;
        };
    }

    /** Bytes of which about one part in four repeats itself. */
    static byte[] plain(int length, long seed, boolean compressible) {
        byte[] plain = new byte[length];
        Random random = new Random(seed);
        random.nextBytes(plain);
        if (compressible) {
            for (int i = 64; i < length; i++) {
                if ((i >> 10 & 3) != 0) {
                    plain[i] = plain[i - 64];
                }
            }
        }
        return plain;
    }

    /** A shard's object in one piece. */
    static MemorySegment object(Arena arena, List<MemorySegment> parts) {
        MemorySegment object =
                arena.allocate(parts.stream().mapToLong(MemorySegment::byteSize).sum(), 64);
        long at = 0;
        for (MemorySegment part : parts) {
            MemorySegment.copy(part, 0, object, at, part.byteSize());
            at += part.byteSize();
        }
        return object;
    }

    static MemorySegment copy(Arena arena, byte[] bytes) {
        MemorySegment copy = arena.allocate(Math.max(1, bytes.length), 64).asSlice(0, bytes.length);
        MemorySegment.copy(bytes, 0, copy, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return copy;
    }

    /** Gives the same bytes to everybody: for keys and salts in golden vectors. */
    static final class CountingRandom extends SecureRandom {
        private static final long serialVersionUID = 1L;
        private final int first;

        CountingRandom(int first) {
            this.first = first;
        }

        @Override
        public void nextBytes(byte[] bytes) {
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (first + i);
            }
        }
    }
}
