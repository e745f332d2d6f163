package io.qsfs.config;

/**
 * An error for the user: one sentence that names the thing, the value and the remedy. The command line prints it without a
 * stack trace and exits with 1.
 */
public final class QsfsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** An error that explains itself. */
    public QsfsException(String message) {
        super(message);
    }

    /** An error with what caused it; the cause is shown with {@code -v} alone. */
    public QsfsException(String message, Throwable cause) {
        super(message, cause);
    }
}
