package io.qsfs.config;

import java.nio.file.Path;

/**
 * Where the secret of a volume comes from: a file, the environment, or a question on the terminal; never an argument. It
 * says where, and hands out a passphrase; key files are read and written by {@code keys.KeyFile}.
 *
 * <p>Threading: one call at a time.
 */
public sealed interface KeySource {
    /** For messages: {@code key file /…}, {@code QSFS_PASSPHRASE}. Never the secret. */
    String origin();

    /**
     * A key file.
     *
     * @param file absolute; {@code init} makes it when it does not exist.
     */
    record KeyFile(Path file) implements KeySource {
        @Override
        public String origin() {
            return "key file " + file;
        }
    }

    /**
     * A passphrase.
     *
     * @param origin where it comes from.
     * @param reader reads it, each time it is asked.
     */
    record Passphrase(String origin, Reader reader) implements KeySource {
        /**
         * The characters.
         *
         * @param isNew the passphrase is about to be given to a new volume: a terminal asks for it twice.
         * @return owned by the caller, who fills it with zeros when it is no longer needed; at least one character.
         */
        public char[] read(boolean isNew) {
            return reader.read(isNew);
        }

        /** Where a passphrase is read. */
        @FunctionalInterface
        public interface Reader {
            /** As {@link Passphrase#read}. */
            char[] read(boolean isNew);
        }
    }
}
