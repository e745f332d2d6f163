package io.qsfs.fs;

/** Limits of names and of the tree. */
final class Naming {
    /** Inode of the root directory, in FUSE and in the index. */
    static final long ROOT = 1;
    /** Longest name in bytes. */
    static final int NAME_MAX = 255;
    /** Longest target of a symbolic link in bytes, without the 0 at its end. */
    static final int TARGET_MAX = 4095;
    /** Deepest tree that a rename walks up; PATH_MAX allows 2,048, renames can make it deeper. */
    static final int DEPTH_MAX = 1_000_000;

    private Naming() {}
}
