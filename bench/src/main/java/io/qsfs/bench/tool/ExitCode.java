package io.qsfs.bench.tool;

/**
 * Exit codes, those of {@code qsfs}.
 *
 * <p>Threading: stateless.
 */
final class ExitCode {
    static final int OK = 0;

    /** Failed, or {@code compare} found that something fell. */
    static final int ERROR = 1;

    /** The command line is not understood. */
    static final int USAGE = 2;

    /** Ended by SIGINT or SIGTERM, as shells have it. */
    static final int STOPPED = 130;

    private ExitCode() {}
}
