package io.qsfs.backend;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.memory.Failpoint;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Puts an object into a directory durably: a temporary file is written and synced, gets the object's name, the directory is
 * synced. A crash leaves the whole object or a temporary.
 *
 * <p>Threading: the {@code dir-io} threads of one backend.
 */
final class DirWriter {
    private static final int FILE_MODE = 0600;
    private static final long PIECE_BYTES = 1 << 20;
    private static final int CREATE =
            Linux.O_WRONLY | Linux.O_CREAT | Linux.O_EXCL | Linux.O_CLOEXEC | Linux.O_NOFOLLOW;

    /** The deadline has passed: no late put when it can still be helped. */
    private static final Failure LATE = new Failure("", 0);

    private final DirRoot root;
    /** Two processes on one directory never make the same name. */
    private final String namePrefix;

    private final AtomicLong count = new AtomicLong();
    private final AtomicLong bytesMoved = new AtomicLong();

    /** @param run drawn at random for this opening of the backend. */
    DirWriter(DirRoot root, long run) {
        this.root = root;
        this.namePrefix = "put-" + HexFormat.of().toHexDigits(run) + "-";
    }

    /** Bytes written since the start. */
    long bytesMoved() {
        return bytesMoved.get();
    }

    /** True for names that {@link #write} gives to temporaries, in this process or another. */
    static boolean isTemporary(String name) {
        return name.matches("put-[0-9a-f]{16}-[0-9]{1,19}");
    }

    /** Writes one object and ends the task, but for success, which it leaves to the caller. @return true for success. */
    boolean write(int rootFd, String object, List<MemorySegment> buffers, DirTask<?> task) {
        int there = Linux.openat(rootFd, object, Linux.O_PATH | Linux.O_CLOEXEC | Linux.O_NOFOLLOW, 0);
        if (there >= 0) {
            Linux.close(there);
            task.fail(BackendError.EXISTS, "it is there already");
            return false;
        }
        int temporariesFd = root.openTemporaries(rootFd);
        if (temporariesFd < 0) {
            return failed(task, "open " + DirRoot.TEMPORARIES, temporariesFd);
        }
        String name = namePrefix + count.getAndIncrement();
        Failure failure;
        try {
            failure = writeTemporary(temporariesFd, name, buffers, task);
            if (failure == null) {
                failure = publish(rootFd, temporariesFd, name, object, task);
            }
            if (failure != null) {
                Linux.unlinkat(temporariesFd, name, 0); // ENOENT when it got its name or was never made
            }
        } finally {
            Linux.close(temporariesFd);
        }
        if (failure == LATE) {
            task.fail(BackendError.TIMEOUT, "no answer before the deadline");
        } else if (failure != null) { // only now: who hears of FULL may count on the temporary's space
            failed(task, failure.call, failure.errno);
        }
        return failure == null;
    }

    /** The call that did not work, and its -errno. */
    private record Failure(String call, int errno) {}

    /** @return null when all is well. */
    private Failure writeTemporary(int temporariesFd, String name, List<MemorySegment> buffers, DirTask<?> task) {
        int fd = Linux.openat(temporariesFd, name, CREATE, FILE_MODE);
        if (fd < 0) {
            return new Failure("create a temporary", fd);
        }
        try {
            if (!task.enter()) {
                return LATE;
            }
            long position = 0;
            long outcome = 0;
            for (int i = 0; i < buffers.size() && outcome >= 0; i++) {
                outcome = write(fd, buffers.get(i), position);
                position += buffers.get(i).byteSize();
            }
            task.leave();
            if (outcome < 0) {
                return new Failure("pwrite", (int) outcome);
            }
            if (task.isLate()) {
                return LATE;
            }
            Failpoint.SHARD_WRITTEN.hit();
            outcome = Linux.fdatasync(fd);
            if (outcome < 0) {
                return new Failure("fdatasync", (int) outcome);
            }
            Failpoint.SHARD_SYNCED.hit();
            Linux.posixFadvise(fd, 0, 0, Linux.POSIX_FADV_DONTNEED); // it is read again seldom, and by ranges
            return null;
        } finally {
            Linux.close(fd);
        }
    }

    /** In pieces, so that somebody who waits sees it move. */
    private long write(int fd, MemorySegment buffer, long position) {
        long outcome = 0;
        for (long at = 0; at < buffer.byteSize() && outcome >= 0; at += PIECE_BYTES) {
            long piece = Math.min(PIECE_BYTES, buffer.byteSize() - at);
            outcome = Linux.pwriteFully(fd, buffer, at, piece, position + at);
            bytesMoved.addAndGet(piece);
        }
        return outcome;
    }

    /** @return null when all is well. */
    private Failure publish(int rootFd, int temporariesFd, String name, String object, DirTask<?> task) {
        int parentFd = root.openParent(rootFd, object);
        if (parentFd < 0) {
            return new Failure("open the directory of the object", parentFd);
        }
        try {
            if (task.isLate()) {
                return LATE;
            }
            String leaf = object.substring(object.lastIndexOf('/') + 1);
            int outcome = Linux.renameat2(temporariesFd, name, parentFd, leaf, Linux.RENAME_NOREPLACE);
            if (outcome == -Linux.EINVAL || outcome == -Linux.ENOSYS) {
                outcome = link(temporariesFd, name, parentFd, leaf); // a file system without RENAME_NOREPLACE: NFS
            }
            if (outcome < 0) {
                return new Failure("give it its name", outcome);
            }
            Failpoint.SHARD_NAMED.hit();
            outcome = Linux.fsync(parentFd);
            return outcome == 0 ? null : new Failure("fsync of the directory", outcome);
        } finally {
            Linux.close(parentFd);
        }
    }

    private static int link(int fromFd, String from, int toFd, String to) {
        Path source = Path.of("/proc/self/fd/" + fromFd, from);
        try {
            Files.createLink(Path.of("/proc/self/fd/" + toFd, to), source);
            Linux.unlinkat(fromFd, from, 0);
            return 0;
        } catch (FileAlreadyExistsException e) {
            return -Linux.EEXIST;
        } catch (UnsupportedOperationException | IOException e) {
            return -Linux.EOPNOTSUPP;
        }
    }

    private static boolean failed(DirTask<?> task, String call, int errno) {
        task.fail(
                DirErrors.of(errno) == BackendError.NOT_FOUND ? BackendError.UNREACHABLE : DirErrors.of(errno),
                DirErrors.describe(call, errno));
        return false;
    }
}
