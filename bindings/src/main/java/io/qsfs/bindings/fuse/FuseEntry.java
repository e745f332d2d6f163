package io.qsfs.bindings.fuse;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * {@code struct fuse_entry_param}: the answer to a lookup and to all that makes a name. An inode of 0 is a name that
 * does not exist and may be remembered as such.
 *
 * <p>Threading: no state.
 */
public final class FuseEntry {
    private FuseEntry() {}

    /** @return zeroed. */
    public static MemorySegment allocate(Arena arena) {
        return fuse_entry_param.allocate(arena);
    }

    public static void set(
            MemorySegment entry, long inode, long generation, double attrTimeoutSeconds, double entryTimeoutSeconds) {
        fuse_entry_param.ino(entry, inode);
        fuse_entry_param.generation(entry, generation);
        fuse_entry_param.attr_timeout(entry, attrTimeoutSeconds);
        fuse_entry_param.entry_timeout(entry, entryTimeoutSeconds);
    }

    public static long inode(MemorySegment entry) {
        return fuse_entry_param.ino(entry);
    }

    /** @return the part that {@link FuseAttr} reads and writes. */
    public static MemorySegment attributes(MemorySegment entry) {
        return fuse_entry_param.attr(entry);
    }
}
