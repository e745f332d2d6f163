package io.qsfs.bindings.lmdb;

import java.lang.foreign.MemorySegment;

/**
 * {@code MDB_envinfo} as plain fields.
 *
 * <p>Threading: one thread at a time.
 */
public final class LmdbInfo {
    public long mapBytes;
    /** Number of the last page in use, from 0. */
    public long lastPage;
    /** Of the last committed transaction. */
    public long lastTransaction;

    public int readersMax;
    public int readers;

    void read(MemorySegment struct) {
        mapBytes = MDB_envinfo.me_mapsize(struct);
        lastPage = MDB_envinfo.me_last_pgno(struct);
        lastTransaction = MDB_envinfo.me_last_txnid(struct);
        readersMax = MDB_envinfo.me_maxreaders(struct);
        readers = MDB_envinfo.me_numreaders(struct);
    }
}
