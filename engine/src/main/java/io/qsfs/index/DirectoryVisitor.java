package io.qsfs.index;

import java.lang.foreign.MemorySegment;

/** Gets the entries of a directory, in the order of their cookies. */
@FunctionalInterface
public interface DirectoryVisitor {
    /**
     * One entry. May ask the same view for inodes, names and extents, but not read another directory of it.
     *
     * @param name borrowed until return; the name lies at {@code nameOffset}, {@code nameLength} bytes.
     * @param type as in d_type.
     * @return false to stop here.
     */
    boolean entry(MemorySegment name, long nameOffset, int nameLength, long ino, int type, long cookie);
}
