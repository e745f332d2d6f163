package io.qsfs.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * A 128-bit identity: of a volume, a mount, an owner, a backend. Stored as 16 bytes in the order of its hex digits.
 *
 * @param hi the first eight bytes.
 * @param lo the last eight bytes.
 */
public record Id128(long hi, long lo) implements Comparable<Id128> {
    /** Size in every format, in bytes. */
    public static final int BYTES = 16;

    /** No identity: never drawn, means "none" in formats. */
    public static final Id128 NIL = new Id128(0, 0);

    private static final ValueLayout.OfLong BIG_ENDIAN =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    /** Draws an identity that nobody has. */
    public static Id128 random(SecureRandom random) {
        Id128 id;
        do {
            id = new Id128(random.nextLong(), random.nextLong());
        } while (id.isNil());
        return id;
    }

    /** Reads 16 bytes at {@code offset}. */
    public static Id128 read(MemorySegment source, long offset) {
        return new Id128(source.get(BIG_ENDIAN, offset), source.get(BIG_ENDIAN, offset + 8));
    }

    /**
     * Parses 32 hex digits.
     *
     * @throws IllegalArgumentException when {@code hex} is anything else.
     */
    public static Id128 parse(String hex) {
        if (hex.length() != 32) {
            throw new IllegalArgumentException("an identity has 32 hex digits, this has " + hex.length() + ": " + hex);
        }
        return new Id128(HexFormat.fromHexDigitsToLong(hex, 0, 16), HexFormat.fromHexDigitsToLong(hex, 16, 32));
    }

    /** Writes 16 bytes at {@code offset}. */
    public void write(MemorySegment target, long offset) {
        target.set(BIG_ENDIAN, offset, hi);
        target.set(BIG_ENDIAN, offset + 8, lo);
    }

    /** True for the identity that means "none". */
    public boolean isNil() {
        return (hi | lo) == 0;
    }

    @Override
    public int compareTo(Id128 other) {
        int order = Long.compareUnsigned(hi, other.hi);
        return order != 0 ? order : Long.compareUnsigned(lo, other.lo);
    }

    @Override
    public String toString() {
        HexFormat hex = HexFormat.of();
        return hex.toHexDigits(hi) + hex.toHexDigits(lo);
    }
}
