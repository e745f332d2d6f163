package io.qsfs.config;

/**
 * Where the secret of a volume comes from: a file, the environment, or a question on the terminal; never an argument.
 *
 * <p>Threading: one call at a time.
 */
public interface KeySource {
    /** What the secret is, and so which kind of key slot it opens. */
    enum Kind {
        /** 32 random bytes. */
        KEY_FILE,
        /** UTF-8 text of a passphrase. */
        PASSPHRASE
    }

    Kind kind();

    /** For messages: {@code key file /…}, {@code QSFS_PASSPHRASE}. Never the secret. */
    String origin();

    /**
     * Reads the secret: 32 bytes of a key file, or the bytes of a passphrase, at least one.
     *
     * @param isNew the secret is about to be given to a new volume: a terminal asks for it twice.
     * @return owned by the caller, who fills it with zeros when it is no longer needed.
     */
    byte[] read(boolean isNew);
}
