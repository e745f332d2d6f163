package io.qsfs.fs;

import io.qsfs.bindings.linux.Linux;

/**
 * Decides whether new content may come in: the local disk, the cache limit, the volume's room.
 *
 * <p>Threading: any thread; never blocks.
 */
@FunctionalInterface
public interface Admission {
    /** Not now: the cache limit is reached or the disk is full, and segments are being placed and evicted. */
    int WAIT = -1;

    /**
     * Asks for room before anything is taken.
     *
     * @param bytes of content; 0 for a new name.
     * @return 0, {@link #WAIT}, or the errno that refuses: ENOSPC, EROFS, EIO. A new name never has to wait.
     */
    int admit(int bytes);

    /** Content was admitted and the log found no room for it: {@link #WAIT} when some can be made, else ENOSPC. */
    default int admitToFullDisk() {
        return Linux.ENOSPC;
    }
}
