package io.qsfs.fs;

/** Disk space kept for the time when the disk is full. Threading: any thread. */
@FunctionalInterface
public interface DiskReserve {
    /** Lets it go, so that the index can be committed; it is made again when there is room. Idempotent. */
    void release();
}
