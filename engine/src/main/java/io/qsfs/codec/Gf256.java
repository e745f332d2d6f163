package io.qsfs.codec;

/**
 * The field GF(2^8) of ISA-L: polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11D). For coefficients alone; bytes of shards are ISA-L's.
 *
 * <p>Threading: stateless.
 */
final class Gf256 {
    private static final int POLYNOMIAL = 0x11D;

    private Gf256() {}

    static int multiply(int a, int b) {
        int product = 0;
        int shifted = a;
        for (int bits = b; bits != 0; bits >>>= 1) {
            product ^= (bits & 1) != 0 ? shifted : 0;
            shifted <<= 1;
            shifted ^= (shifted & 0x100) != 0 ? POLYNOMIAL : 0;
        }
        return product;
    }
}
