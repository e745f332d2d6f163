package io.qsfs.log;

import io.qsfs.bindings.linux.FileStat;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/**
 * The seam to the local disk: what the log asks of the operating system and nothing else, so that a test can cut the power.
 * Every method returns 0 or more, or {@code -errno}; segments are borrowed until return.
 *
 * <p>Threading: any thread.
 */
public interface Disk {
    /** Opens or creates; returns a file descriptor. {@code flags} are O_ constants of {@code Linux}. */
    int open(Path path, int flags, int mode);

    /** Closes a file descriptor. */
    int close(int fd);

    /** Reads until {@code length} bytes are there or the file ends; returns the bytes read. */
    long pread(int fd, MemorySegment target, long offset, long length, long fileOffset);

    /** Writes all of {@code length} bytes; returns 0. After an error any part may have been written. */
    int pwrite(int fd, MemorySegment source, long offset, long length, long fileOffset);

    /** Content and what is needed to find it become durable. After an error the pages are clean: never ask again. */
    int fdatasync(int fd);

    /** As {@link #fdatasync}, with all attributes: for a file that is new. */
    int fsync(int fd);

    /** {@code fallocate(2)} itself, with its modes: EOPNOTSUPP where the file system cannot, never zeros written instead. */
    int fallocate(int fd, int mode, long offset, long length);

    /** Sets the size. This allocates nothing. */
    int ftruncate(int fd, long length);

    /** Fills {@code out}. */
    int fstat(int fd, FileStat out);

    /** Tells the kernel that these pages are not needed soon. */
    int dropPages(int fd, long offset, long length);

    /** Starts reading these pages from the disk; a disk that cannot does nothing. */
    default void readAhead(int fd, long offset, long length) {}

    /** Maps a file's first {@code length} bytes for reading, shared; null when it cannot be done. */
    MemorySegment map(int fd, long length);

    /** Undoes {@link #map}. */
    int unmap(MemorySegment mapping);

    /** Renames within one directory, replacing what has the name. */
    int rename(Path from, Path to);

    /** Removes a name. */
    int unlink(Path path);

    /** Creates a directory; EEXIST when it is there. */
    int makeDirectory(Path path, int mode);

    /** The names in a directory become durable as they are now. */
    int syncDirectory(Path directory);

    /** Adds the file names in a directory, in no order, to {@code names}. */
    int list(Path directory, List<String> names);
}
