package io.qsfs.codec;

/**
 * Which algorithms a sealing uses. The id stands in every header and in every placement, so that a volume can change its
 * algorithms without rewriting what it has.
 *
 * <p>A suite fixes how a chunk that is marked as compressed was compressed: a placement names a suite and nothing else.
 */
public final class Suite {
    /** AES-256-GCM, keys by HKDF-SHA-256, compressed chunks are lz4 blocks, the Cauchy matrix of ISA-L, CRC-32C. */
    public static final int AES256_GCM_LZ4 = 1;

    /** Of {@link SealRequest#compression()}: no chunk is compressed. */
    public static final int COMPRESSION_NONE = 0;
    /** Of {@link SealRequest#compression()}: chunks are lz4 blocks where that saves at least a sixteenth. */
    public static final int COMPRESSION_LZ4 = 1;

    private Suite() {}

    /** True when this program can open sealings of the suite. */
    public static boolean isKnown(int suite) {
        return suite == AES256_GCM_LZ4;
    }

    static boolean isKnown(int suite, int compression) {
        return isKnown(suite) && (compression == COMPRESSION_NONE || compression == COMPRESSION_LZ4);
    }
}
