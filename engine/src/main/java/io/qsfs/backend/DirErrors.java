package io.qsfs.backend;

import io.qsfs.bindings.linux.Errno;
import io.qsfs.bindings.linux.Linux;

/**
 * What an errno of a directory backend means.
 *
 * <p>Threading: stateless.
 */
final class DirErrors {
    private DirErrors() {}

    /** Of a call that reads an object. A sector that cannot be read is the object's fault: the others are still good. */
    static BackendError ofRead(int errno) {
        return switch (Math.abs(errno)) {
            case Linux.EIO, Linux.EUCLEAN, Linux.EBADMSG, Linux.EISDIR, Linux.ENOTDIR, Linux.ELOOP ->
                BackendError.CORRUPT;
            default -> of(errno);
        };
    }

    /** Of any other call. A device that cannot write is the backend's fault: nothing can be put there now. */
    static BackendError of(int errno) {
        return switch (Math.abs(errno)) {
            case Linux.ENOSPC, Linux.EDQUOT -> BackendError.FULL;
            case Linux.EACCES, Linux.EPERM, Linux.EROFS -> BackendError.DENIED;
            case Linux.ENOENT -> BackendError.NOT_FOUND;
            case Linux.EEXIST -> BackendError.EXISTS;
            default -> BackendError.UNREACHABLE;
        };
    }

    /** {@code "fdatasync: ENOSPC (No space left on device)"}. */
    static String describe(String call, long errno) {
        return call + ": " + Errno.name((int) errno) + " (" + Errno.message((int) errno) + ")";
    }
}
