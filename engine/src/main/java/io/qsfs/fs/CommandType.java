package io.qsfs.fs;

/** What a FUSE worker asks of the single writer. */
public enum CommandType {
    /** Look something up in the state that is not committed yet, on behalf of a worker that waits. */
    QUERY,
    /** The inode behind a name of a directory that changed since the last commit. */
    LOOKUP,
    /** Attributes of an inode that changed since the last commit. */
    ATTRIBUTES,
    /** A new inode: mknod, mkdir, symlink. */
    MAKE,
    /** A new file that is opened at once. */
    CREATE,
    /** One more name. */
    LINK,
    /** One name less. */
    UNLINK,
    /** One directory less. */
    RMDIR,
    /** A name moves. */
    RENAME,
    /** Attributes change. */
    SET_ATTRIBUTES,
    /** An extended attribute gets a value. */
    SET_XATTR,
    /** An extended attribute goes. */
    REMOVE_XATTR,
    /** A range of the data stream becomes content. */
    WRITE,
    /** A range becomes a hole. */
    PUNCH,
    /** A file becomes as long as this at least. */
    GROW,
    /** A range becomes what another one is. */
    CLONE,
    /** Everything received becomes durable. */
    FSYNC,
    /** The kernel forgot an inode without names. */
    PURGE,
    /** An inode was read, and its access time is due. */
    TOUCH;

    private static final CommandType[] BY_CODE = values();

    /** Code in the ring; Agrona wants it above 0. */
    public int code() {
        return ordinal() + 1;
    }

    /** True when a request waits for what becomes of it. */
    boolean hasRequest() {
        return this != PURGE && this != TOUCH;
    }

    static CommandType of(int code) {
        return BY_CODE[code - 1];
    }
}
