package io.qsfs.fs;

import io.qsfs.index.Inode;
import java.lang.foreign.MemorySegment;

/**
 * Answers requests of the kernel. Each request gets exactly one of these calls; it ends there, whatever comes of it, so
 * nothing is returned: a failed answer is counted by the implementation.
 *
 * <p>Threading: any thread. Arguments are borrowed until return.
 */
public interface Replies {
    /** Ends the request with an errno, or with success and nothing to say when it is 0. */
    void error(long request, int errno);

    /** Ends a request that has no answer (forget). */
    void none(long request);

    /** Names an inode; the caller has counted the lookup. The kernel may keep its attributes for long, or a second. */
    void entry(long request, Inode inode, boolean mayKeep);

    /** There is no such name, and the kernel may remember that. */
    void noEntry(long request);

    /** Names an inode that was made and opened; attributes as of {@link #entry}. */
    void created(long request, Inode inode, boolean mayKeep);

    /** Attributes of an inode; the kernel may keep them for long, or a second. */
    void attributes(long request, Inode inode, boolean mayKeep);

    /**
     * Ends no request: the attributes of an inode are not what the kernel may keep. The kernel may wait for requests before this
     * returns, so no thread that serves them calls it.
     */
    void attributesChanged(long ino);

    /** The target of a symbolic link: bytes ending with a 0. */
    void link(long request, MemorySegment target);

    /** {@code count} bytes were taken. */
    void written(long request, int count);

    /** Bytes from native memory. */
    void bytes(long request, MemorySegment source, long length);

    /** The length of an extended attribute, or of the list of their names, that was asked for alone. */
    void xattrLength(long request, int length);

    /**
     * Bytes gathered by {@code count} iovecs; a page that cannot be read gives the reader EIO.
     *
     * @return false when it could not be sent.
     */
    boolean gathered(long request, MemorySegment iovecs, int count);

    /** Space and inodes of the volume. */
    void space(long request, SpaceReport report);
}
