package io.qsfs.fs;

import io.qsfs.index.Inode;
import java.lang.foreign.MemorySegment;

/**
 * Collects the entries of one readdir answer in the form that the kernel wants.
 *
 * <p>Threading: one thread at a time; a worker lends it to {@code file-system} while it waits.
 */
public interface DirectoryBuffer {
    /** Empties it for an answer of at most {@code limit} bytes. */
    void begin(long limit);

    /**
     * Adds an entry with its type only.
     *
     * @param nextOffset where a later readdir goes on behind it.
     * @return false when it does not fit any more.
     */
    boolean add(MemorySegment name, long nameOffset, int nameLength, long ino, int type, long nextOffset);

    /**
     * Adds an entry with all attributes; the caller counts the lookup when it fits.
     *
     * @param mayKeep the kernel may keep the attributes for long, else for a second.
     */
    boolean addWithAttributes(
            MemorySegment name, long nameOffset, int nameLength, Inode inode, boolean mayKeep, long nextOffset);

    /** Adds an entry to a listing with attributes, but without any: {@code .} and {@code ..}, whose lookups do not count. */
    boolean addWithoutAttributes(
            MemorySegment name, long nameOffset, int nameLength, long ino, int type, long nextOffset);

    /** The memory that holds the entries, lent until the next {@link #begin}. */
    MemorySegment memory();

    /** Bytes of entries collected. */
    long length();
}
