package io.qsfs.cli;

/**
 * Exit codes: documented, and never changed.
 *
 * <p>Threading: stateless.
 */
final class ExitCode {
    static final int OK = 0;

    /** The command failed; one sentence on standard error says why. */
    static final int ERROR = 1;

    /** The command line is not understood. */
    static final int USAGE = 2;

    /** Done, but something is safe only on this machine. */
    static final int NOT_ALL_PLACED = 3;

    private ExitCode() {}
}
