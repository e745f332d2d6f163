package io.qsfs.codec;

import io.qsfs.keys.KeyDerivation;

/** What a sealing holds. The code stands in headers and associated data; each kind derives its keys under its own label. */
public enum SealKind {
    /** A closed segment of a stream. */
    SEGMENT(1, KeyDerivation.LABEL_SEAL),
    /** The part of an active segment that a remote fsync waits for. */
    TAIL(2, KeyDerivation.LABEL_TAIL),
    /** A part of a checkpoint of the index. */
    CHECKPOINT(3, KeyDerivation.LABEL_CHECKPOINT);

    private final int code;
    private final String keyLabel;

    SealKind(int code, String keyLabel) {
        this.code = code;
        this.keyLabel = keyLabel;
    }

    /** The kind with this code, or null. */
    public static SealKind of(int code) {
        return switch (code) {
            case 1 -> SEGMENT;
            case 2 -> TAIL;
            case 3 -> CHECKPOINT;
            default -> null;
        };
    }

    /** The number that stands for this kind in formats. */
    public int code() {
        return code;
    }

    String keyLabel() {
        return keyLabel;
    }
}
