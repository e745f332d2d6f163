package io.qsfs.mount;

/**
 * A mount that answers.
 *
 * <p>Threading: any thread; calls do not wait for one another, except that a second {@link #unmount} waits for the first.
 */
public interface RunningMount {
    /** The state of things now. Never waits for a backend; also works while the mount drains. */
    StatusReport status();

    /**
     * Makes all that was received durable and, unless {@code local}, closes the active segments and waits until all of it
     * is placed, as long as placing progresses.
     *
     * @param local return when it is durable here.
     */
    FlushReport flush(boolean local, PrintSink progress);

    /**
     * Drops local bytes that are placed.
     *
     * @param all down to nothing, instead of down to the cache limit; closes the active segments and waits for placing first.
     */
    EvictReport evict(boolean all, PrintSink progress);

    /**
     * Detaches the mount point, then makes all durable, waits for placing (unless {@code now}) and marks the volume clean.
     * When the mount point is busy it does nothing and names the processes. {@link #awaitEnd} returns after it.
     *
     * @param now do not wait for placing; what is owed is placed after the next mount.
     */
    UnmountReport unmount(boolean now, PrintSink progress);

    /**
     * Ends the mount because the process was told to stop: makes all durable, detaches the mount point even when it is busy,
     * serves open files for a while, drains, marks clean. Returns when that is done.
     */
    UnmountReport stop(PrintSink progress);

    /**
     * Waits until the mount has ended (by {@link #unmount}, {@link #stop}, the umount of the system, or an error) and every
     * resource is given back.
     */
    UnmountReport awaitEnd() throws InterruptedException;
}
