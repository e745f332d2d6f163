package io.qsfs.index;

import io.qsfs.bindings.linux.Linux;

/**
 * What kind of file a mode says, and the same as directory entries have it (DT_DIR and its sisters: the type bits of
 * the mode, shifted).
 *
 * <p>Threading: stateless.
 */
final class FileType {
    private static final int SHIFT = 12;

    private FileType() {}

    static boolean isDirectory(int mode) {
        return (mode & Linux.S_IFMT) == Linux.S_IFDIR;
    }

    static boolean isRegularFile(int mode) {
        return (mode & Linux.S_IFMT) == Linux.S_IFREG;
    }

    static boolean isSymbolicLink(int mode) {
        return (mode & Linux.S_IFMT) == Linux.S_IFLNK;
    }

    static boolean isKnown(int mode) {
        int type = mode & Linux.S_IFMT;
        return type == Linux.S_IFREG
                || type == Linux.S_IFDIR
                || type == Linux.S_IFLNK
                || type == Linux.S_IFCHR
                || type == Linux.S_IFBLK
                || type == Linux.S_IFIFO
                || type == Linux.S_IFSOCK;
    }

    /** Type of a directory entry, 1 to 15. */
    static int ofEntry(int mode) {
        return (mode & Linux.S_IFMT) >>> SHIFT;
    }

    static boolean isDirectoryEntry(int type) {
        return type == Linux.S_IFDIR >>> SHIFT;
    }
}
