package io.qsfs.mount;

import static io.qsfs.memory.LittleEndian.LONG;

import io.qsfs.bindings.linux.Errno;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.Failures;
import io.qsfs.config.Paths;
import io.qsfs.config.QsfsException;
import io.qsfs.log.Disk;
import io.qsfs.log.MountState;
import io.qsfs.log.RealDisk;
import io.qsfs.log.StateFile;
import io.qsfs.memory.Id128;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * What a volume keeps on this machine, and the lock that makes it one process's.
 *
 * <pre>
 *   lock          held while a command or a mount uses the directory; says who
 *   volume        who we are: volume, owner, epoch, where this machine's part of history begins
 *   superblock    a copy, so that a mount needs no backend
 *   mounts        counter and identity of the last mount
 *   log/          segment files        index/  LMDB        checkpoint  a durable copy of the index
 *   recall.cache  slots of what was fetched back; worthless without the process
 * </pre>
 *
 * <p>Threading: one thread at a time.
 */
final class StateDirectory implements AutoCloseable {
    private static final int VOLUME_KIND = 3;
    private static final int VOLUME_BYTES = 80;
    private static final long DRAIN_POLL_NS = 200_000_000;
    private static final String DRAINING = "draining";

    private final Path directory;
    private final Disk disk = new RealDisk();
    private int lockFd = -1;

    private StateDirectory(Path directory) {
        this.directory = directory;
    }

    /**
     * Who this machine is for the volume.
     *
     * @param volumeId the volume.
     * @param ownerId drawn when the directory was made; names our titles.
     * @param epoch of our title.
     * @param fromEpoch the epoch that ours continues.
     * @param fromMetaPosition end of the history of that epoch in the meta stream.
     * @param fromDataPosition end of it in the data stream.
     * @param dataNumberMin data segments below this number belong to others.
     * @param metaNumberMin the same for meta segments.
     */
    record Volume(
            Id128 volumeId,
            Id128 ownerId,
            long epoch,
            long fromEpoch,
            long fromMetaPosition,
            long fromDataPosition,
            long dataNumberMin,
            long metaNumberMin) {}

    /**
     * Takes the lock; waits for a mount of the same directory that only drains.
     *
     * @throws QsfsException when another process uses the directory.
     */
    static StateDirectory lock(Path directory, PrintSink out) {
        StateDirectory state = new StateDirectory(directory);
        Paths.makePrivate(directory);
        state.lockFd = Linux.open(state.lockFile().toString(), Linux.O_RDWR | Linux.O_CREAT | Linux.O_CLOEXEC, 0600);
        if (state.lockFd < 0) {
            throw new QsfsException("the lock " + state.lockFile() + " cannot be opened ("
                    + Errno.message(-state.lockFd) + "): check the owner and mode of the state directory.");
        }
        boolean hasSaid = false;
        while (true) {
            int outcome = Linux.flock(state.lockFd, Linux.LOCK_EX | Linux.LOCK_NB);
            if (outcome == 0) {
                state.sayHolder("in use");
                return state;
            }
            String holder = state.holder();
            if (outcome != -Linux.EWOULDBLOCK || !holder.endsWith(DRAINING)) {
                Linux.close(state.lockFd);
                throw new QsfsException("the state directory " + directory + " is in use by " + holder
                        + ": the volume is mounted already; qsfs umount it first.");
            }
            if (!hasSaid) {
                hasSaid = true;
                out.line("waiting for " + holder + ": the mount before this one still places its last segments");
            }
            LockSupport.parkNanos(DRAIN_POLL_NS);
        }
    }

    /** From now on another mount of this directory waits instead of failing. */
    void sayDraining() {
        sayHolder(DRAINING);
    }

    private void sayHolder(String what) {
        try {
            Files.writeString(
                    lockFile(),
                    "pid " + ProcessHandle.current().pid() + " " + what,
                    StandardOpenOption.TRUNCATE_EXISTING);
        } catch (IOException e) {
            throw new QsfsException(
                    "the lock " + lockFile() + " cannot be written (" + Failures.reason(e)
                            + "): make room on its disk.",
                    e);
        }
    }

    private String holder() {
        try {
            String text = Files.readString(lockFile()).strip();
            return text.isEmpty() ? "another process" : text;
        } catch (IOException e) {
            return "another process";
        }
    }

    /** True when an init or a recovery has finished here. */
    boolean isInitialised() {
        return Files.exists(directory.resolve("volume"));
    }

    /** Removes what a recovery left that did not come to its end: there is no volume without the file that says so. */
    void removeUnfinished() {
        for (Path left : List.of(log(), index())) {
            removeFiles(left);
        }
        try {
            Files.deleteIfExists(checkpoint());
        } catch (IOException e) {
            throw new QsfsException(checkpoint() + " cannot be removed (" + Failures.reason(e) + "): remove it.", e);
        }
    }

    private static void removeFiles(Path left) {
        if (!Files.isDirectory(left)) {
            return;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(left)) {
            for (Path file : files) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new QsfsException(left + " cannot be emptied (" + Failures.reason(e) + "): remove it.", e);
        }
    }

    /** Who we are. */
    Volume volume() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment payload = volumeFile().read(arena);
            if (payload == null) {
                throw new QsfsException("the state directory " + directory
                        + " holds no volume: qsfs init makes one, qsfs recover brings one back.");
            }
            if (payload.byteSize() != VOLUME_BYTES) {
                throw new QsfsException("the file volume in " + directory + " has " + payload.byteSize()
                        + " bytes of content instead of " + VOLUME_BYTES + ": use the qsfs that wrote it.");
            }
            return new Volume(
                    Id128.read(payload, 0),
                    Id128.read(payload, 16),
                    payload.get(LONG, 32),
                    payload.get(LONG, 40),
                    payload.get(LONG, 48),
                    payload.get(LONG, 56),
                    payload.get(LONG, 64),
                    payload.get(LONG, 72));
        }
    }

    /** Says who we are; durable on return. From here on the directory is initialised. */
    void write(Volume volume) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment payload = arena.allocate(VOLUME_BYTES, 8);
            volume.volumeId().write(payload, 0);
            volume.ownerId().write(payload, 16);
            payload.set(LONG, 32, volume.epoch());
            payload.set(LONG, 40, volume.fromEpoch());
            payload.set(LONG, 48, volume.fromMetaPosition());
            payload.set(LONG, 56, volume.fromDataPosition());
            payload.set(LONG, 64, volume.dataNumberMin());
            payload.set(LONG, 72, volume.metaNumberMin());
            volumeFile().write(payload);
        }
    }

    private StateFile volumeFile() {
        return new StateFile(disk, directory.resolve("volume"), VOLUME_KIND);
    }

    /** The copy of the superblock; null when there is none. */
    byte[] superblock() {
        Path file = directory.resolve("superblock");
        try {
            return Files.exists(file) ? Files.readAllBytes(file) : null;
        } catch (IOException e) {
            throw new QsfsException(
                    file + " cannot be read (" + Failures.reason(e) + "): check its owner and mode.", e);
        }
    }

    /** Replaces the copy of the superblock; durable on return. */
    void writeSuperblock(byte[] bytes) {
        DurableFiles.replace(directory.resolve("superblock"), bytes);
    }

    /** Draws the identity of the next mount; durable on return. */
    MountState nextMount(SecureRandom random) {
        return MountState.next(disk, directory.resolve("mounts"), random);
    }

    Path log() {
        return directory.resolve("log");
    }

    Path index() {
        return directory.resolve("index");
    }

    Path reserve() {
        return directory.resolve("reserve");
    }

    Path checkpoint() {
        return directory.resolve("checkpoint");
    }

    Path recallCache() {
        return directory.resolve("recall.cache");
    }

    Path path() {
        return directory;
    }

    Disk disk() {
        return disk;
    }

    private Path lockFile() {
        return directory.resolve("lock");
    }

    @Override
    public void close() {
        if (lockFd >= 0) {
            Linux.close(lockFd);
            lockFd = -1;
        }
    }
}
