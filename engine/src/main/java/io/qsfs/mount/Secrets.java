package io.qsfs.mount;

import io.qsfs.config.KeySource;
import io.qsfs.keys.KeyFile;
import io.qsfs.keys.KeySecret;
import io.qsfs.keys.Passphrase;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.util.Arrays;

/**
 * Turns what a user named into a secret that opens key slots.
 *
 * <p>Threading: stateless.
 */
public final class Secrets {
    private Secrets() {}

    /** The secret of a volume that exists; the caller closes it. */
    public static KeySecret open(KeySource source) {
        return switch (source) {
            case KeySource.KeyFile file -> KeyFile.read(file.file());
            case KeySource.Passphrase passphrase -> read(passphrase, false);
        };
    }

    /** The secret of a volume that is being made, with a new key file when the one named does not exist; the caller closes it. */
    public static KeySecret openOrCreate(KeySource source, SecureRandom random) {
        return switch (source) {
            case KeySource.KeyFile file ->
                Files.exists(file.file()) ? KeyFile.read(file.file()) : KeyFile.create(file.file(), random);
            case KeySource.Passphrase passphrase -> read(passphrase, true);
        };
    }

    private static Passphrase read(KeySource.Passphrase source, boolean isNew) {
        char[] characters = source.read(isNew);
        try {
            return Passphrase.of(characters);
        } finally {
            Arrays.fill(characters, '\0');
        }
    }
}
