package io.qsfs.keys;

/**
 * What a user has to open a volume: a passphrase or a key file. Both hold their secret in native memory that {@code close} wipes.
 *
 * <p>Threading: one thread.
 */
public sealed interface KeySecret extends AutoCloseable permits Passphrase, KeyFile {
    @Override
    void close();
}
