package io.qsfs.fs;

/**
 * Limits of the volume, and what the single writer last said is used of them. The writer decides; workers look here first,
 * so that what will be refused does not fill the data stream. Bytes are those of all extents: a range that several of them
 * share counts once for each. Only what adds content or an inode is ever refused.
 *
 * <p>Threading: {@link #used} on {@code file-system} only, the rest on any thread.
 */
public final class Quota {
    private final long bytesMax;
    private final long inodesMax;
    private volatile long usedBytes;
    private volatile long usedInodes;

    /**
     * @param bytesMax content that the volume may hold; 0: no limit.
     * @param inodesMax inodes that it may have, the root and deleted files that are open too; 0: no limit.
     */
    public Quota(long bytesMax, long inodesMax) {
        this.bytesMax = bytesMax;
        this.inodesMax = inodesMax;
    }

    /** No limits. */
    public static Quota none() {
        return new Quota(0, 0);
    }

    /** Content that the volume may hold; 0: no limit. */
    public long bytesMax() {
        return bytesMax;
    }

    /** Inodes that it may have; 0: no limit. */
    public long inodesMax() {
        return inodesMax;
    }

    /** What is used now, with all changes before this. */
    void used(long bytes, long inodes) {
        usedBytes = bytes;
        usedInodes = inodes;
    }

    /** True when so much more would fit, as far as is known here. */
    boolean hasRoomFor(long bytes) {
        return hasRoomFor(bytes, usedBytes);
    }

    /** True when so much more fits on top of what is used. A volume above its limit has room for what does not grow it. */
    boolean hasRoomFor(long bytes, long used) {
        return bytesMax == 0 || bytes <= Math.max(0, bytesMax - used);
    }

    /** True when one more inode would fit, as far as is known here. */
    boolean hasRoomForInode() {
        return hasRoomForInode(usedInodes);
    }

    /** True when one more inode fits beside those in use. */
    boolean hasRoomForInode(long used) {
        return inodesMax == 0 || used < inodesMax;
    }
}
