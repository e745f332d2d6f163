package io.qsfs.bindings.linux;

import java.lang.foreign.MemorySegment;

/**
 * {@code struct statvfs} as plain fields, filled by {@link Linux#statvfs} and {@link Linux#fstatvfs}. After an error
 * the fields are what they were.
 *
 * <p>Threading: none of its own; one thread at a time.
 */
public final class FsStat {
    /** Preferred I/O size in bytes. */
    public long blockBytes;
    /** The unit of the three block counts, in bytes. */
    public long fragmentBytes;

    public long blocks;
    public long blocksFree;
    /** Free for users who are not root. */
    public long blocksAvailable;

    public long files;
    public long filesFree;
    public long filesAvailable;
    public long fsid;
    /** {@link Linux#ST_RDONLY}, {@link Linux#ST_NOSUID}. */
    public long flags;

    public long nameBytesMax;

    public long bytesTotal() {
        return blocks * fragmentBytes;
    }

    public long bytesAvailable() {
        return blocksAvailable * fragmentBytes;
    }

    void read(MemorySegment struct) {
        blockBytes = statvfs.f_bsize(struct);
        fragmentBytes = statvfs.f_frsize(struct);
        blocks = statvfs.f_blocks(struct);
        blocksFree = statvfs.f_bfree(struct);
        blocksAvailable = statvfs.f_bavail(struct);
        files = statvfs.f_files(struct);
        filesFree = statvfs.f_ffree(struct);
        filesAvailable = statvfs.f_favail(struct);
        fsid = statvfs.f_fsid(struct);
        flags = statvfs.f_flag(struct);
        nameBytesMax = statvfs.f_namemax(struct);
    }
}
