package io.qsfs.backend;

/** How an operation of a backend ended. */
public enum BackendError {
    /** Well. */
    NONE,
    /** No answer can be had now: no connection, a connection that broke before the answer, a device that fails. */
    UNREACHABLE,
    /** No space, by the backend's own word. */
    FULL,
    /** The backend refuses: permissions, password, read-only. */
    DENIED,
    /** The object is there, but not as it was put: too short, unreadable, of another kind, or other bytes than expected. */
    CORRUPT,
    /** The backend works and has no such object. */
    NOT_FOUND,
    /** The object is there already; nothing was written. */
    EXISTS,
    /** The deadline passed. A put may have happened or may still happen; lent memory is no longer touched. */
    TIMEOUT,
    /** There is no identity object: not a backend of any volume, or one whose disk is not mounted. */
    ABSENT,
    /** The identity is that of another backend or another volume. */
    FOREIGN,
    /** The server's settings do not make an acknowledged put durable, and it is not configured {@code buffered}. */
    NOT_DURABLE,
    /** The backend was closed here. */
    CLOSED;

    /** True when the answer came from a backend that works, whatever it said of the object. */
    public boolean isAnswer() {
        return switch (this) {
            case NONE, CORRUPT, NOT_FOUND, EXISTS -> true;
            case UNREACHABLE, FULL, DENIED, TIMEOUT, ABSENT, FOREIGN, NOT_DURABLE, CLOSED -> false;
        };
    }
}
