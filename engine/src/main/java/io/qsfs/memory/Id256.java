package io.qsfs.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.security.SecureRandom;
import java.util.HexFormat;

/** A 256-bit seal id: names one sealing, and is the salt of its keys. Stored as 32 bytes in the order of its hex digits. */
public record Id256(long a, long b, long c, long d) {
    /** Size in every format, in bytes. */
    public static final int BYTES = 32;

    /** No seal id: never drawn, means "none" in formats. */
    public static final Id256 NIL = new Id256(0, 0, 0, 0);

    private static final ValueLayout.OfLong BIG_ENDIAN =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    /** Draws a seal id that no sealing has. */
    public static Id256 random(SecureRandom random) {
        Id256 id;
        do {
            id = new Id256(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
        } while (id.isNil());
        return id;
    }

    /** Reads 32 bytes at {@code offset}. */
    public static Id256 read(MemorySegment source, long offset) {
        return new Id256(
                source.get(BIG_ENDIAN, offset),
                source.get(BIG_ENDIAN, offset + 8),
                source.get(BIG_ENDIAN, offset + 16),
                source.get(BIG_ENDIAN, offset + 24));
    }

    /**
     * Parses 64 hex digits.
     *
     * @throws IllegalArgumentException when {@code hex} is anything else.
     */
    public static Id256 parse(String hex) {
        if (hex.length() != 64) {
            throw new IllegalArgumentException("a seal id has 64 hex digits, this has " + hex.length() + ": " + hex);
        }
        return new Id256(
                HexFormat.fromHexDigitsToLong(hex, 0, 16),
                HexFormat.fromHexDigitsToLong(hex, 16, 32),
                HexFormat.fromHexDigitsToLong(hex, 32, 48),
                HexFormat.fromHexDigitsToLong(hex, 48, 64));
    }

    /** Writes 32 bytes at {@code offset}. */
    public void write(MemorySegment target, long offset) {
        target.set(BIG_ENDIAN, offset, a);
        target.set(BIG_ENDIAN, offset + 8, b);
        target.set(BIG_ENDIAN, offset + 16, c);
        target.set(BIG_ENDIAN, offset + 24, d);
    }

    /** True for the seal id that means "none". */
    public boolean isNil() {
        return (a | b | c | d) == 0;
    }

    @Override
    public String toString() {
        HexFormat hex = HexFormat.of();
        return hex.toHexDigits(a) + hex.toHexDigits(b) + hex.toHexDigits(c) + hex.toHexDigits(d);
    }
}
