package io.qsfs.backend;

/**
 * An error reply of a server.
 *
 * @param text the line behind the minus sign.
 */
record RespError(String text) {
    /** What it means. */
    BackendError meaning() {
        int space = text.indexOf(' ');
        String code = space < 0 ? text : text.substring(0, space);
        return switch (code) {
            case "OOM" -> BackendError.FULL;
            case "NOAUTH", "WRONGPASS", "NOPERM", "READONLY", "DENIED" -> BackendError.DENIED;
            case "WRONGTYPE" -> BackendError.CORRUPT;
            case "MISCONF" ->
                // The server cannot write its own files. It says so of a full disk only in the text.
                text.contains("No space left") ? BackendError.FULL : BackendError.UNREACHABLE;
            default ->
                text.contains("invalid password") || text.contains("without any password configured")
                        ? BackendError.DENIED
                        : BackendError.UNREACHABLE; // LOADING, BUSY, CLUSTERDOWN, MASTERDOWN, and what is new
        };
    }
}
