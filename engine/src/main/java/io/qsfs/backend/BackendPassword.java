package io.qsfs.backend;

import io.qsfs.config.QsfsException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where the password of a server is: a file, an environment variable, or a text that the configuration has read from one.
 * Nothing shows it.
 *
 * <p>Threading: immutable.
 */
public final class BackendPassword {
    /** The server wants none. */
    public static final BackendPassword NONE = new BackendPassword(null, null, null);

    private static final int BYTES_MAX = 4096;

    private final String text;
    private final Path file;
    private final String variable;

    private BackendPassword(String text, Path file, String variable) {
        this.text = text;
        this.file = file;
        this.variable = variable;
    }

    /** Read already. */
    public static BackendPassword ofText(String text) {
        return new BackendPassword(text, null, null);
    }

    /** The first line of a file. */
    public static BackendPassword ofFile(Path file) {
        return new BackendPassword(null, file, null);
    }

    /** The value of an environment variable. */
    public static BackendPassword ofEnvironment(String variable) {
        return new BackendPassword(null, null, variable);
    }

    static BackendPassword of(String file, String variable, String place) {
        if (file != null && variable != null) {
            throw new QsfsException("backend " + place + ": password_file and password_env are both set, keep one");
        }
        return file != null ? ofFile(Path.of(file)) : variable != null ? ofEnvironment(variable) : NONE;
    }

    /**
     * Looks it up.
     *
     * @return null when there is none.
     * @throws QsfsException when it is not where it should be.
     */
    String resolve(String backend) {
        if (file != null) {
            return readFile(backend);
        }
        if (variable != null) {
            String value = System.getenv(variable);
            if (value == null || value.isEmpty()) {
                throw new QsfsException("backend " + backend + ": the environment variable " + variable
                        + " for its password is not set, set it");
            }
            return value;
        }
        return text;
    }

    private String readFile(String backend) {
        try {
            if (Files.size(file) > BYTES_MAX) {
                throw new QsfsException("backend " + backend + ": password file " + file + " has more than " + BYTES_MAX
                        + " bytes, which is no password");
            }
            String line = Files.readString(file, StandardCharsets.UTF_8)
                    .lines()
                    .findFirst()
                    .orElse("");
            if (line.isEmpty()) {
                throw new QsfsException(
                        "backend " + backend + ": password file " + file + " is empty, write the password into it");
            }
            return line;
        } catch (IOException e) {
            throw new QsfsException(
                    "backend " + backend + ": password file " + file + " cannot be read, check path and permissions",
                    e);
        }
    }

    @Override
    public String toString() {
        return this == NONE ? "none" : "(hidden)";
    }
}
