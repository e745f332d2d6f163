package io.qsfs.config;

import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/**
 * Chooses where the secret comes from: the environment before the configuration before the terminal.
 *
 * <p>Threading: stateless.
 */
public final class KeySources {
    /** Names a key file. */
    public static final String KEY_FILE_VARIABLE = "QSFS_KEY_FILE";

    /** Holds a passphrase. */
    public static final String PASSPHRASE_VARIABLE = "QSFS_PASSPHRASE";

    /** Names a file with a passphrase. */
    public static final String PASSPHRASE_FILE_VARIABLE = "QSFS_PASSPHRASE_FILE";

    private static final int PASSPHRASE_BYTES_MAX = 4096;

    private KeySources() {}

    /**
     * The source for a volume.
     *
     * @param environment of the process.
     * @param console     null when there is no terminal to ask at.
     * @throws QsfsException when several variables are set, or nothing names a secret and there is no terminal.
     */
    public static KeySource resolve(VolumeConfig config, Map<String, String> environment, Console console) {
        String keyFile = nonEmpty(environment, KEY_FILE_VARIABLE);
        String passphrase = nonEmpty(environment, PASSPHRASE_VARIABLE);
        String passphraseFile = nonEmpty(environment, PASSPHRASE_FILE_VARIABLE);
        long set = Arrays.stream(new String[] {keyFile, passphrase, passphraseFile})
                .filter(value -> value != null)
                .count();
        if (set > 1) {
            throw new QsfsException("more than one of " + KEY_FILE_VARIABLE + ", " + PASSPHRASE_VARIABLE + " and "
                    + PASSPHRASE_FILE_VARIABLE + " is set: unset all but one.");
        }
        if (keyFile != null) {
            return new KeySource.KeyFile(Path.of(keyFile).toAbsolutePath());
        }
        if (passphrase != null) {
            return new KeySource.Passphrase(PASSPHRASE_VARIABLE, isNew -> passphrase.toCharArray());
        }
        if (passphraseFile != null) {
            return fromFile(Path.of(passphraseFile).toAbsolutePath());
        }
        if (config.keyFile() != null) {
            return new KeySource.KeyFile(config.keyFile());
        }
        if (config.passphraseFile() != null) {
            return fromFile(config.passphraseFile());
        }
        if (console != null) {
            return new KeySource.Passphrase("the terminal", isNew -> ask(console, config.name(), isNew));
        }
        throw new QsfsException("no key for volume \"" + config.name() + "\": set key_file or passphrase_file in "
                + config.file() + ", or one of " + KEY_FILE_VARIABLE + ", " + PASSPHRASE_FILE_VARIABLE + ", "
                + PASSPHRASE_VARIABLE + ", or run qsfs on a terminal.");
    }

    /** A passphrase that is the first line of a stream, read once; for a parent that asked and hands it down. */
    public static KeySource fromStream(InputStream in) {
        return new KeySource.Passphrase("standard input", isNew -> {
            try {
                return firstLine(in.readNBytes(PASSPHRASE_BYTES_MAX + 2), "standard input");
            } catch (IOException e) {
                throw new QsfsException("standard input cannot be read (" + e.getMessage() + ").", e);
            }
        });
    }

    private static KeySource fromFile(Path file) {
        return new KeySource.Passphrase("passphrase file " + file, isNew -> {
            try (InputStream in = Files.newInputStream(file)) {
                return firstLine(in.readNBytes(PASSPHRASE_BYTES_MAX + 2), "passphrase file " + file);
            } catch (IOException e) {
                throw new QsfsException(
                        "passphrase file " + file + " cannot be read (" + Failures.reason(e)
                                + "): check its path and owner.",
                        e);
            }
        });
    }

    /** The characters before the first line end. Fills {@code bytes} with zeros. */
    private static char[] firstLine(byte[] bytes, String origin) {
        int length = 0;
        while (length < bytes.length && bytes[length] != '\n') {
            length++;
        }
        if (length > 0 && bytes[length - 1] == '\r') {
            length--;
        }
        CharBuffer decoded = null;
        try {
            if (length == 0) {
                throw new QsfsException(origin + " holds no passphrase: put one on its first line.");
            }
            if (length > PASSPHRASE_BYTES_MAX) {
                throw new QsfsException("the first line of " + origin + " is longer than " + PASSPHRASE_BYTES_MAX
                        + " bytes: use a key file for a random secret.");
            }
            decoded = StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes, 0, length));
            return Arrays.copyOf(decoded.array(), decoded.limit());
        } catch (CharacterCodingException e) {
            throw new QsfsException(origin + " is not UTF-8 text: use a key file for a random secret.", e);
        } finally {
            Arrays.fill(bytes, (byte) 0);
            if (decoded != null) {
                Arrays.fill(decoded.array(), '\0');
            }
        }
    }

    private static char[] ask(Console console, String volume, boolean isNew) {
        char[] first = console.readPassword("Passphrase of volume %s: ", volume);
        if (first == null || first.length == 0) {
            throw new QsfsException("no passphrase was typed: run the command again.");
        }
        if (isNew) {
            char[] second = console.readPassword("The same again: ");
            boolean same = Arrays.equals(first, second);
            if (second != null) {
                Arrays.fill(second, '\0');
            }
            if (!same) {
                Arrays.fill(first, '\0');
                throw new QsfsException("the two passphrases differ: run the command again.");
            }
        }
        return first;
    }

    private static String nonEmpty(Map<String, String> environment, String variable) {
        String value = environment.get(variable);
        return value == null || value.isEmpty() ? null : value;
    }
}
