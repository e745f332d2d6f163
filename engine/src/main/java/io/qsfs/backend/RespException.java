package io.qsfs.backend;

/** What came from a server is not RESP, or more than was asked for. The connection is of no use after it. */
public final class RespException extends Exception {
    private static final long serialVersionUID = 1L;

    RespException(String message) {
        super(message, null, false, false); // the message says all, and hostile bytes must not cost stack traces
    }
}
