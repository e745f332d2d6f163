package io.qsfs.keeper;

import java.util.List;

/**
 * The local files of closed segments, as the evictor sees them.
 *
 * <p>Threading: any thread.
 */
public interface LocalSegments {
    /**
     * A closed segment with a local file.
     *
     * @param toPosition end of its content, or negative when it is not known.
     * @param bytes      that it takes on the disk.
     * @param lastUsedNs when it was last read or written, in the clock's nanoseconds.
     */
    record Local(int stream, long number, long toPosition, long bytes, long lastUsedNs) {}

    /** Disk space that all segments take, active ones too. */
    long bytes();

    /** Closed segments with a local file, in no order. */
    List<Local> closed(int stream);

    /** Removes the local file; false when that could not be. Who has it pinned reads on. */
    boolean evict(int stream, long number);
}
