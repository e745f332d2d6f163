package io.qsfs.fs;

/** Bits of {@code st_mode}, as Linux has them on every architecture. */
final class Modes {
    static final int TYPE_MASK = 0170000;
    static final int DIRECTORY = 0040000;
    static final int REGULAR = 0100000;
    static final int SYMLINK = 0120000;
    static final int SET_UID = 04000;
    static final int SET_GID = 02000;
    static final int GROUP_EXECUTE = 0010;
    static final int PERMISSIONS = 07777;

    private Modes() {}

    static boolean isDirectory(int mode) {
        return (mode & TYPE_MASK) == DIRECTORY;
    }

    static boolean isRegular(int mode) {
        return (mode & TYPE_MASK) == REGULAR;
    }
}
