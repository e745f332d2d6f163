package io.qsfs.index;

/**
 * What a name stands for, filled by {@link IndexView#lookup}. After an error the fields are what they were.
 *
 * <p>Threading: none of its own; one thread at a time.
 */
public final class DirectoryEntry {
    public long ino;
    /** Place of the entry in its directory: stable while the entry exists, given to no other entry of the directory. */
    public long cookie;
    /** As in d_type: the type bits of the mode, shifted right by 12. */
    public int type;
}
