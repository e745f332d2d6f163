package io.qsfs.codec;

/**
 * Reed-Solomon once more, in plain Java, slow, and made from nothing but the definition: products by shifting, inverses by search,
 * rows 1 / (i xor j). What ISA-L computes is compared with it.
 */
final class GfOracle {
    private GfOracle() {}

    static int multiply(int a, int b) {
        int product = 0;
        for (int bit = 0; bit < 8; bit++) {
            if ((b >> bit & 1) != 0) {
                product ^= a << bit;
            }
        }
        for (int bit = 14; bit >= 8; bit--) {
            if ((product >> bit & 1) != 0) {
                product ^= 0x11D << (bit - 8);
            }
        }
        return product;
    }

    static int inverse(int a) {
        for (int b = 1; b < 256; b++) {
            if (multiply(a, b) == 1) {
                return b;
            }
        }
        throw new IllegalArgumentException("no inverse of " + a);
    }

    /** The shard with this index, of these data shards. */
    static byte[] shard(byte[][] data, int index) {
        if (index < data.length) {
            return data[index];
        }
        byte[] parity = new byte[data[0].length];
        for (int j = 0; j < data.length; j++) {
            int coefficient = inverse(index ^ j);
            byte[] products = new byte[256];
            for (int value = 0; value < 256; value++) {
                products[value] = (byte) multiply(coefficient, value);
            }
            for (int i = 0; i < parity.length; i++) {
                parity[i] ^= products[data[j][i] & 0xFF];
            }
        }
        return parity;
    }
}
