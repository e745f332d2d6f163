package io.qsfs.backend;

import io.qsfs.bindings.linux.FileStat;
import io.qsfs.bindings.linux.Linux;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The directory of a backend, checked again at every operation: it is the one that was identified, or another that holds
 * the same identity (mounted again). So what lies under the mount point of a missing disk is never taken for the disk.
 *
 * <p>Threading: the {@code dir-io} threads of one backend.
 */
final class DirRoot {
    /** Where an object is written before it has its name. */
    static final String TEMPORARIES = ".tmp";

    private static final int OPEN_DIRECTORY = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_CLOEXEC;
    private static final int DIRECTORY_MODE = 0700;
    private static final int DURABLE_MAX = 8192;
    private static final int PATH_PARTS_MAX = 256;

    private final String path;
    /** Directories below whose entry in their parent is known to be durable. */
    private final Set<String> durable = ConcurrentHashMap.newKeySet();

    private volatile Known known;

    DirRoot(Path path) {
        this.path = path.toString();
    }

    /** What was identified, or null. */
    Identity identity() {
        Known now = known;
        return now == null ? null : now.identity;
    }

    /**
     * Opens the directory that was identified.
     *
     * @return a descriptor, that the caller closes, and NONE; or why not.
     */
    Opened open() {
        Known now = known;
        if (now == null) {
            return Opened.failed(BackendError.ABSENT, "it was not identified");
        }
        Opened opened = openAny();
        if (opened.error != BackendError.NONE || now.isAt(opened.stat)) {
            return opened;
        }
        Found found = readIdentity(opened.fd);
        if (found.error == BackendError.NONE && found.identity.equals(now.identity)) {
            adopt(found.identity, opened.stat);
            return opened;
        }
        Linux.close(opened.fd);
        return found.error == BackendError.NONE
                ? Opened.failed(BackendError.FOREIGN, path + " holds another backend now: " + found.identity.backend())
                : Opened.failed(found.error, found.detail);
    }

    /** As {@link #open}, and the identity object is there: what an unchanged directory that was emptied lacks. */
    Opened openForPut() {
        Opened opened = open();
        if (opened.error == BackendError.NONE && !hasIdentity(opened.fd)) {
            Linux.close(opened.fd);
            return Opened.failed(BackendError.ABSENT, "the identity object in " + path + " is gone");
        }
        return opened;
    }

    /** Opens whatever directory is there. */
    Opened openAny() {
        int fd = Linux.open(path, OPEN_DIRECTORY, 0);
        if (fd == -Linux.ENOENT || fd == -Linux.ENOTDIR) {
            return Opened.failed(BackendError.ABSENT, "there is no directory " + path);
        }
        if (fd < 0) {
            return Opened.failed(DirErrors.of(fd), DirErrors.describe("open " + path, fd));
        }
        FileStat stat = new FileStat();
        int outcome = Linux.fstat(fd, stat);
        if (outcome < 0) {
            Linux.close(fd);
            return Opened.failed(BackendError.UNREACHABLE, DirErrors.describe("fstat " + path, outcome));
        }
        return new Opened(fd, stat, BackendError.NONE, "");
    }

    /** Creates the directory, its parents too, durably. {@code putIdentity} alone calls it. */
    Opened create() {
        Path target = Path.of(path);
        int parts = target.getNameCount();
        if (parts > PATH_PARTS_MAX) {
            return Opened.failed(BackendError.DENIED, "the path has more than " + PATH_PARTS_MAX + " parts: " + path);
        }
        for (int i = 1; i <= parts; i++) {
            Path part = target.getRoot().resolve(target.subpath(0, i));
            int outcome = Linux.mkdir(part.toString(), DIRECTORY_MODE);
            if (outcome == -Linux.EEXIST || outcome < 0 && java.nio.file.Files.isDirectory(part)) {
                continue; // a parent that is there may answer EROFS or EACCES
            }
            outcome = outcome < 0 ? outcome : syncPath(part.getParent().toString());
            if (outcome < 0) {
                return Opened.failed(DirErrors.of(outcome), DirErrors.describe("mkdir " + part, outcome));
            }
        }
        return openAny();
    }

    private static int syncPath(String directory) {
        int fd = Linux.open(directory, OPEN_DIRECTORY, 0);
        if (fd < 0) {
            return fd;
        }
        int outcome = Linux.fsync(fd);
        Linux.close(fd);
        return outcome;
    }

    /** Remembers what this directory is. */
    void adopt(Identity identity, FileStat stat) {
        durable.clear();
        known = new Known(identity, stat.device, stat.inode);
    }

    /** Reads the identity object of an open directory. */
    Found readIdentity(int rootFd) {
        int fd = Linux.openat(
                rootFd,
                ObjectNames.IDENTITY,
                Linux.O_RDONLY | Linux.O_CLOEXEC | Linux.O_NOFOLLOW | Linux.O_NONBLOCK,
                0);
        if (fd == -Linux.ENOENT) {
            return new Found(null, BackendError.ABSENT, "there is no identity object in " + path);
        }
        if (fd < 0) {
            return new Found(null, DirErrors.ofRead(fd), DirErrors.describe("open identity in " + path, fd));
        }
        MemorySegment bounce = DirThread.bounce();
        long bytes = Linux.preadFully(fd, bounce, 0, Identity.BYTES + 1L, 0);
        Linux.close(fd);
        if (bytes < 0) {
            return new Found(
                    null, DirErrors.ofRead((int) bytes), DirErrors.describe("read identity in " + path, bytes));
        }
        Identity.Reading reading = Identity.decode(bounce.asSlice(0, bytes).toArray(ValueLayout.JAVA_BYTE));
        return reading.identity() == null
                ? new Found(null, BackendError.CORRUPT, reading.problem() + " in " + path)
                : new Found(reading.identity(), BackendError.NONE, "");
    }

    /** True when the identity object is there, whatever it holds. */
    boolean hasIdentity(int rootFd) {
        int fd = Linux.openat(rootFd, ObjectNames.IDENTITY, Linux.O_PATH | Linux.O_CLOEXEC, 0);
        if (fd >= 0) {
            Linux.close(fd);
        }
        return fd >= 0;
    }

    /** Opens the directory of temporaries, which it makes when it is missing; need not be durable. */
    int openTemporaries(int rootFd) {
        int fd = Linux.openat(rootFd, TEMPORARIES, OPEN_DIRECTORY | Linux.O_NOFOLLOW, 0);
        if (fd != -Linux.ENOENT) {
            return fd;
        }
        int outcome = Linux.mkdirat(rootFd, TEMPORARIES, DIRECTORY_MODE);
        return outcome < 0 && outcome != -Linux.EEXIST
                ? outcome
                : Linux.openat(rootFd, TEMPORARIES, OPEN_DIRECTORY | Linux.O_NOFOLLOW, 0);
    }

    /**
     * Opens the directory that an object's name lies in; makes it and its parents, durably, when they are missing.
     *
     * @return a descriptor that the caller closes, or -errno.
     */
    int openParent(int rootFd, String object) {
        int end = object.lastIndexOf('/');
        if (end < 0) {
            return Linux.openat(rootFd, ".", OPEN_DIRECTORY, 0);
        }
        String parent = object.substring(0, end);
        if (durable.contains(parent)) {
            int fd = Linux.openat(rootFd, parent, OPEN_DIRECTORY, 0);
            if (fd != -Linux.ENOENT) {
                return fd;
            }
            durable.clear(); // somebody removed it
        }
        return makeParents(rootFd, parent);
    }

    /**
     * Opens the directory of an existing object after syncing the entries of all above it, unless that is known.
     *
     * @return a descriptor that the caller closes, or -errno.
     */
    private int makeParents(int rootFd, String parent) {
        int fd = Linux.openat(rootFd, ".", OPEN_DIRECTORY, 0);
        int from = 0;
        while (fd >= 0 && from <= parent.length()) {
            int slash = parent.indexOf('/', from);
            int to = slash < 0 ? parent.length() : slash;
            int next = makeDirectory(fd, parent.substring(from, to), parent.substring(0, to));
            Linux.close(fd);
            fd = next;
            from = to + 1;
        }
        return fd;
    }

    /** The entry is synced even if another thread made the directory: it may not have come to that yet. */
    private int makeDirectory(int aboveFd, String name, String fromRoot) {
        if (!durable.contains(fromRoot)) {
            int outcome = Linux.mkdirat(aboveFd, name, DIRECTORY_MODE);
            if (outcome == 0 || outcome == -Linux.EEXIST) {
                outcome = Linux.fsync(aboveFd);
            }
            if (outcome < 0) {
                return outcome;
            }
            if (durable.size() >= DURABLE_MAX) {
                durable.clear();
            }
            durable.add(fromRoot);
        }
        return Linux.openat(aboveFd, name, OPEN_DIRECTORY | Linux.O_NOFOLLOW, 0);
    }

    private record Known(Identity identity, long device, long inode) {
        boolean isAt(FileStat stat) {
            return stat.device == device && stat.inode == inode;
        }
    }

    /** A descriptor, or why there is none. */
    record Opened(int fd, FileStat stat, BackendError error, String detail) {
        static Opened failed(BackendError error, String detail) {
            return new Opened(-1, null, error, detail);
        }
    }

    /** An identity, or why there is none. */
    record Found(Identity identity, BackendError error, String detail) {}
}
