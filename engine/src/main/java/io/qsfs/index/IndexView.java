package io.qsfs.index;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/**
 * The state of a volume to read from: a committed snapshot ({@link IndexReader}), or what the writer has made so far
 * ({@link IndexWriter}).
 *
 * <p>Methods that return int return 0 or a positive errno: ENOENT for what is not there, EIO when the index is damaged
 * or the disk fails. Up to {@link #forEachAttribute} nothing is allocated.
 *
 * <p>Threading: one thread at a time for each view.
 */
public sealed interface IndexView permits IndexWriter, IndexReader {
    /** Fills {@code out}. */
    int inode(long ino, Inode out);

    /** Fills {@code out} with what the name stands for in that directory; neither "." nor "..". */
    int lookup(long directory, MemorySegment name, long offset, int length, DirectoryEntry out);

    /**
     * Visits the entries whose cookie is greater than {@code afterCookie}, in the order of their cookies; an entry that
     * comes later has a greater one. Without "." and ".."; no entry has a cookie below 3, so that 1 and 2 can stand for
     * them.
     */
    int readDirectory(long directory, long afterCookie, DirectoryVisitor visitor);

    /** True when the directory has no entries. False too when that cannot be read. */
    boolean isEmpty(long directory);

    /** Copies the target of a symbolic link. Returns its length, or -errno; -ERANGE when it does not fit. */
    int readLink(long ino, MemorySegment out, long offset);

    /**
     * Fills {@code out} with pieces that cover the range of the file in order, holes between extents too. When the list
     * is full, ask again from {@link ExtentList#endOffset}. The size of the file does not matter: behind it everything
     * is a hole.
     */
    int extents(long ino, long offset, long length, ExtentList out);

    /**
     * Copies the value of an extended attribute. Returns its length, or -errno; -ENODATA when there is none, -ERANGE when
     * it does not fit.
     */
    int attribute(long ino, MemorySegment name, long offset, int length, MemorySegment out, long outOffset);

    /** Visits the extended attributes of an inode in the order of their names' bytes. */
    int forEachAttribute(long ino, AttributeVisitor visitor);

    /** What is known of a segment, or null. */
    SegmentInfo segment(int stream, long number);

    /** Where the shards of a segment lie, or null when it is not placed. */
    Placement placement(int stream, long number);

    /** Every segment of the stream, in the order of their numbers. */
    int forEachSegment(int stream, Consumer<SegmentInfo> visitor);

    /** Every placement of the stream, in the order of the segments' numbers. */
    int forEachPlacement(int stream, Consumer<Placement> visitor);

    /** The number of every inode that has no name left and was not purged. */
    int forEachOrphan(OrphanVisitor visitor);

    /** Counts over the whole volume. */
    Totals totals();

    /** Where the last applied record begins in the meta stream; -1 when there is none. */
    long appliedPosition();

    /** End of the last applied record: where the next one begins at the earliest. */
    long appliedEnd();

    /** Sequence of the last applied record, 0 when there is none. */
    long appliedSequence();

    /** One more than the highest inode number so far. */
    long nextInode();

    /** End of the highest range of the data stream that any record named. */
    long dataEnd();

    /** Gets extended attributes. */
    @FunctionalInterface
    interface AttributeVisitor {
        /** One attribute; false to stop here. Names are borrowed until return. */
        boolean attribute(MemorySegment name, long offset, int length, int valueBytes);
    }

    /** Gets the numbers of orphans. */
    @FunctionalInterface
    interface OrphanVisitor {
        /** One orphan; false to stop here. */
        boolean orphan(long ino);
    }
}
