package io.qsfs.mount.control;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.Paths;
import io.qsfs.config.QsfsException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Finds the process of a mount point, and clears away what a dead one left.
 *
 * <p>Threading: one thread.
 */
public final class MountFinder {

    private final MountRegistry registry;

    public MountFinder(Paths paths) {
        registry = new MountRegistry(paths);
    }

    /** What is at a mount point. */
    public enum Condition {
        /** A process serves it. */
        RUNNING,
        /** Mounted, and the process that made it is gone. */
        LEFT_OVER,
        /** Mounted by a process that this user cannot find. */
        FOREIGN,
        /** Not mounted, and an entry of a dead process is left. */
        GONE,
        /** Not a mount point of qsfs. */
        NONE
    }

    /**
     * What was found.
     *
     * @param mountPoint canonical.
     * @param condition  what is there.
     * @param entry      null with {@link Condition#NONE} and {@link Condition#FOREIGN}.
     */
    public record Found(Path mountPoint, Condition condition, MountRegistry.Entry entry) {}

    /**
     * Looks at a mount point.
     *
     * @param directory null for the only mount that runs.
     */
    public Found find(Path directory) {
        Path mountPoint = directory == null ? onlyOne() : MountPoints.canonical(directory);
        MountRegistry.Entry entry = registry.find(mountPoint);
        MountPoints.Mounted mounted = MountPoints.find(mountPoint);
        boolean isMounted = mounted != null && mounted.isQsfs();
        if (entry != null && entry.process() != null) {
            return new Found(mountPoint, Condition.RUNNING, entry);
        }
        if (entry != null) {
            return new Found(mountPoint, isMounted ? Condition.LEFT_OVER : Condition.GONE, entry);
        }
        return new Found(mountPoint, isMounted ? Condition.FOREIGN : Condition.NONE, null);
    }

    private Path onlyOne() {
        List<MountRegistry.Entry> running = registry.list().stream()
                .filter(entry -> entry.process() != null)
                .toList();
        if (running.size() == 1) {
            return Path.of(running.get(0).mountPoint());
        }
        if (running.isEmpty()) {
            throw new QsfsException(
                    "no qsfs mount of this user runs: mount one with qsfs mount, or name its directory.");
        }
        throw new QsfsException("several mounts run ("
                + running.stream().map(MountRegistry.Entry::mountPoint).collect(Collectors.joining(", "))
                + "): name the directory of one.");
    }

    /**
     * The entry of a mount that runs.
     *
     * @throws QsfsException saying what is there instead.
     */
    public MountRegistry.Entry running(Path directory) {
        Found found = find(directory);
        return switch (found.condition()) {
            case RUNNING -> found.entry();
            case LEFT_OVER ->
                throw new QsfsException("the mount process of " + found.mountPoint() + " (pid "
                        + found.entry().pid() + ") is not running and its mount point is left over: qsfs umount "
                        + found.mountPoint() + " detaches it, the next qsfs mount replays its log.");
            case FOREIGN ->
                throw new QsfsException("the process that serves " + found.mountPoint()
                        + " cannot be found: run the command as the user who mounted, with the same XDG_RUNTIME_DIR.");
            case GONE ->
                throw new QsfsException("the mount process of " + found.mountPoint() + " (pid "
                        + found.entry().pid() + ") is not running: mount it again, its log is replayed then.");
            case NONE ->
                throw new QsfsException(found.mountPoint()
                        + " is not a mount point of qsfs: check the path, or mount it with qsfs mount.");
        };
    }

    /** Detaches a mount point whose process is gone and forgets the entry. */
    public void detach(Found found) {
        if (found.condition() != Condition.GONE) {
            int outcome = Linux.umount2(
                    found.mountPoint().toString(), Linux.MNT_DETACH | Linux.MNT_FORCE); // what waits in it ends
            if (outcome != 0 && fusermount(found.mountPoint()) != 0) {
                throw new QsfsException("mount point " + found.mountPoint() + " cannot be detached (errno " + -outcome
                        + "): run qsfs umount as the user who mounted, or as root.");
            }
        }
        if (found.entry() != null) {
            registry.remove(found.entry());
        }
    }

    /** What a user without privileges detaches a mount of FUSE with. */
    private static int fusermount(Path mountPoint) {
        try {
            Process process = new ProcessBuilder("fusermount3", "-u", "-z", mountPoint.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(10, TimeUnit.SECONDS) ? process.exitValue() : -1;
        } catch (IOException e) {
            return -1; // not installed
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return -1;
        }
    }
}
