package io.qsfs.fs;

/**
 * Decides whether new content may come in: the local disk, the cache limit, the volume's room.
 *
 * <p>Threading: any thread; never blocks.
 */
@FunctionalInterface
public interface Admission {
    /** Not now: the cache limit is reached, and what must be placed first is being placed. */
    int WAIT = -1;

    /**
     * Asks for room before anything is taken.
     *
     * @param bytes of content; 0 for a new name.
     * @return 0, {@link #WAIT}, or the errno that refuses: ENOSPC, EROFS, EIO. A new name never has to wait.
     */
    int admit(int bytes);
}
