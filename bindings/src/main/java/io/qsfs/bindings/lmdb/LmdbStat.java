package io.qsfs.bindings.lmdb;

import java.lang.foreign.MemorySegment;

/**
 * {@code MDB_stat} as plain fields.
 *
 * <p>Threading: one thread at a time.
 */
public final class LmdbStat {
    public int pageBytes;
    /** Levels of the tree. */
    public int depth;

    public long branchPages;
    public long leafPages;
    public long overflowPages;
    public long entries;

    void read(MemorySegment struct) {
        pageBytes = MDB_stat.ms_psize(struct);
        depth = MDB_stat.ms_depth(struct);
        branchPages = MDB_stat.ms_branch_pages(struct);
        leafPages = MDB_stat.ms_leaf_pages(struct);
        overflowPages = MDB_stat.ms_overflow_pages(struct);
        entries = MDB_stat.ms_entries(struct);
    }
}
