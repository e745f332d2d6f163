package io.qsfs.backend;

import io.qsfs.bindings.linux.FileStat;
import io.qsfs.bindings.linux.FsStat;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * A directory as a backend: the object's name is the path below it. Temporaries lie in {@code .tmp}.
 *
 * <p>Errors: ENOSPC, EDQUOT are FULL; EACCES, EPERM, EROFS are DENIED; EIO is CORRUPT when an object is read (the others
 * may still be good) and UNREACHABLE when one is put or synced; the rest is UNREACHABLE.
 *
 * <p>Threading: any thread. Puts and reads have two {@code dir-io} threads each, so that a read does not wait for syncs; an
 * idle one ends after a while.
 */
final class DirBackend implements Backend {
    private static final int THREADS = 2;
    private static final int QUEUED_MAX = 4096;
    private static final long THREAD_IDLE_SECONDS = 30;
    private static final long TEMPORARY_AGE_NS = 3_600_000_000_000L;
    private static final long CLOSE_WAIT_MS_MAX = 10_000;
    private static final int OPEN_OBJECT = Linux.O_RDONLY | Linux.O_CLOEXEC | Linux.O_NOFOLLOW | Linux.O_NONBLOCK;

    private final BackendSpec spec;
    private final Clock clock;
    private final DirRoot root;
    private final DirWriter writer;
    private final BackendThreads threads;
    private final DirTask.Tracker tracker;
    private final ThreadPoolExecutor puts = pool();
    private final ThreadPoolExecutor reads = pool();
    private volatile boolean closed;

    DirBackend(BackendSpec spec, Clock clock) {
        this.spec = spec;
        this.clock = clock;
        this.root = new DirRoot(spec.directory());
        this.writer = new DirWriter(root, new SecureRandom().nextLong());
        this.threads = BackendThreads.acquire();
        this.tracker = new DirTask.Tracker(clock, threads, ConcurrentHashMap.newKeySet());
    }

    private static ThreadPoolExecutor pool() {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                THREAD_IDLE_SECONDS,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(QUEUED_MAX),
                DirThread.factory());
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    @Override
    public String name() {
        return spec.name();
    }

    @Override
    public Id128 id() {
        Identity identity = root.identity();
        return identity == null ? Id128.NIL : identity.backend();
    }

    @Override
    public boolean durable() {
        return root.identity() != null && !spec.buffered();
    }

    @Override
    public long bufferedGraceNs() {
        return spec.bufferedGraceNs();
    }

    @Override
    public void identify(long deadlineNs, Completion<Identity> completion) {
        submit(reads, new DirTask<Identity>("identify", deadlineNs, tracker, completion) {
            @Override
            void work() {
                DirRoot.Opened opened = root.openAny();
                if (opened.error() != BackendError.NONE) {
                    fail(opened.error(), opened.detail());
                    return;
                }
                DirRoot.Found found = root.readIdentity(opened.fd());
                Identity before = root.identity();
                if (found.error() != BackendError.NONE) {
                    fail(found.error(), found.detail());
                } else if (before != null && !before.equals(found.identity())) {
                    fail(
                            BackendError.FOREIGN,
                            "it was backend " + before.backend() + " and is "
                                    + found.identity().backend() + " now");
                } else {
                    root.adopt(found.identity(), opened.stat());
                    DirLister.removeTemporaries(opened.fd(), clock.realtimeNs(), TEMPORARY_AGE_NS);
                    succeed(found.identity());
                }
                Linux.close(opened.fd());
            }
        });
    }

    @Override
    public void putIdentity(Identity identity, long deadlineNs, Completion<Void> completion) {
        submit(puts, new DirTask<Void>("put identity", deadlineNs, tracker, completion) {
            @Override
            void work() {
                DirRoot.Opened opened = root.create();
                if (opened.error() != BackendError.NONE) {
                    fail(opened.error(), opened.detail());
                    return;
                }
                MemorySegment bytes = DirThread.bounce().asSlice(0, Identity.BYTES);
                bytes.copyFrom(MemorySegment.ofArray(identity.encode()));
                if (writer.write(opened.fd(), ObjectNames.IDENTITY, List.of(bytes), this)) {
                    root.adopt(identity, opened.stat());
                    succeed(null);
                }
                Linux.close(opened.fd());
            }
        });
    }

    @Override
    public void put(String object, List<MemorySegment> buffers, long deadlineNs, Completion<Void> completion) {
        ObjectNames.check(object);
        List<MemorySegment> lent = List.copyOf(buffers);
        submit(puts, new RootTask<Void>("put " + object, deadlineNs, completion) {
            @Override
            DirRoot.Opened open() {
                return root.openForPut();
            }

            @Override
            void work(int rootFd) {
                if (writer.write(rootFd, object, lent, this)) {
                    succeed(null);
                }
            }
        });
    }

    @Override
    public void getRange(
            String object, long offset, MemorySegment target, long deadlineNs, Completion<Void> completion) {
        ObjectNames.check(object);
        submit(reads, new ObjectTask<Void>("get " + object, object, deadlineNs, completion) {
            @Override
            void work(int rootFd, int fd) {
                long length = target.byteSize();
                if (length == 0) {
                    FileStat stat = new FileStat();
                    int outcome = Linux.fstat(fd, stat);
                    if (outcome < 0 || !stat.isRegularFile() || stat.size < offset) {
                        fail(BackendError.CORRUPT, "object ends before offset=" + offset);
                        return;
                    }
                }
                MemorySegment bounce = DirThread.bounce();
                for (long done = 0; done < length; ) {
                    long step = Math.min(length - done, bounce.byteSize());
                    long bytes = Linux.preadFully(fd, bounce, 0, step, offset + done);
                    if (bytes != step) {
                        failShort(bytes, offset, length, done);
                        return;
                    }
                    if (!enter()) {
                        return;
                    }
                    MemorySegment.copy(bounce, 0, target, done, step);
                    leave();
                    done += step;
                }
                succeed(null);
            }

            private void failShort(long outcome, long at, long length, long done) {
                if (outcome < 0) {
                    fail(DirErrors.ofRead((int) outcome), DirErrors.describe("pread", outcome));
                } else {
                    fail(
                            BackendError.CORRUPT,
                            "object is too short: asked offset=" + at + " length=" + length + ", ends at "
                                    + (at + done + outcome));
                }
            }
        });
    }

    @Override
    public void size(String object, long deadlineNs, Completion<Long> completion) {
        ObjectNames.check(object);
        submit(reads, new ObjectTask<Long>("size of " + object, object, deadlineNs, completion) {
            @Override
            void work(int rootFd, int fd) {
                FileStat stat = new FileStat();
                int outcome = Linux.fstat(fd, stat);
                if (outcome < 0) {
                    fail(DirErrors.ofRead(outcome), DirErrors.describe("fstat", outcome));
                } else if (!stat.isRegularFile()) {
                    fail(BackendError.CORRUPT, "it is not a file");
                } else {
                    succeed(stat.size);
                }
            }
        });
    }

    @Override
    public void exists(
            String object,
            long expectedBytes,
            MemorySegment expectedHead,
            long deadlineNs,
            Completion<Void> completion) {
        ObjectNames.check(object);
        Backends.checkHead(expectedHead, expectedBytes);
        submit(puts, new ObjectTask<Void>("confirm " + object, object, deadlineNs, completion) {
            @Override
            void work(int rootFd, int fd) {
                FileStat stat = new FileStat();
                int outcome = Linux.fstat(fd, stat);
                if (outcome < 0 || !stat.isRegularFile() || stat.size != expectedBytes) {
                    fail(BackendError.CORRUPT, "object has " + stat.size + " bytes, expected " + expectedBytes);
                    return;
                }
                MemorySegment bounce = DirThread.bounce();
                long head = expectedHead.byteSize();
                long bytes = Linux.preadFully(fd, bounce, 0, head, 0);
                if (!enter()) {
                    return;
                }
                boolean isSame = bytes == head && MemorySegment.mismatch(bounce, 0, head, expectedHead, 0, head) < 0;
                leave();
                if (!isSame) {
                    fail(BackendError.CORRUPT, "the first " + head + " bytes are not those that were put");
                    return;
                }
                makeDurable(rootFd, fd);
            }

            /** The put that made it may have died between name and sync. */
            private void makeDurable(int rootFd, int fd) {
                int outcome = Linux.fdatasync(fd);
                if (outcome == 0) {
                    int parentFd = root.openParent(rootFd, object);
                    outcome = parentFd < 0 ? parentFd : Linux.fsync(parentFd);
                    if (parentFd >= 0) {
                        Linux.close(parentFd);
                    }
                }
                if (outcome < 0) {
                    fail(DirErrors.of(outcome), DirErrors.describe("sync", outcome));
                } else {
                    succeed(null);
                }
            }
        });
    }

    @Override
    public void delete(String object, long deadlineNs, Completion<Void> completion) {
        ObjectNames.check(object);
        submit(puts, new RootTask<Void>("delete " + object, deadlineNs, completion) {
            @Override
            void work(int rootFd) {
                int outcome = Linux.unlinkat(rootFd, object, 0);
                if (outcome < 0) {
                    fail(
                            outcome == -Linux.ENOENT ? missing(rootFd) : DirErrors.of(outcome),
                            DirErrors.describe("unlink", outcome));
                    return;
                }
                int slash = object.lastIndexOf('/');
                int parentFd = Linux.openat(
                        rootFd, slash < 0 ? "." : object.substring(0, slash), Linux.O_DIRECTORY | Linux.O_CLOEXEC, 0);
                outcome = parentFd < 0 ? parentFd : Linux.fsync(parentFd);
                if (parentFd >= 0) {
                    Linux.close(parentFd);
                }
                if (outcome < 0) {
                    fail(BackendError.UNREACHABLE, DirErrors.describe("fsync of the directory", outcome));
                } else {
                    succeed(null);
                }
            }
        });
    }

    @Override
    public void list(String prefix, long deadlineNs, ObjectVisitor visitor, Completion<Void> completion) {
        ObjectNames.checkPrefix(prefix);
        submit(reads, new RootTask<Void>("list " + prefix, deadlineNs, completion) {
            @Override
            DirRoot.Opened open() {
                return root.openForPut(); // an emptied directory is absent, not a backend without objects
            }

            @Override
            void work(int rootFd) {
                new DirLister(rootFd, prefix, visitor, this).run();
            }
        });
    }

    @Override
    public long bytesMoved() {
        return writer.bytesMoved();
    }

    @Override
    public void capacity(long deadlineNs, Completion<Capacity> completion) {
        submit(reads, new RootTask<Capacity>("capacity", deadlineNs, completion) {
            @Override
            void work(int rootFd) {
                FsStat space = new FsStat();
                FileStat stat = new FileStat();
                int outcome = Linux.fstatvfs(rootFd, space);
                outcome = outcome < 0 ? outcome : Linux.fstat(rootFd, stat);
                if (outcome < 0) {
                    fail(DirErrors.of(outcome), DirErrors.describe("statvfs", outcome));
                } else {
                    succeed(new Capacity(space.bytesTotal(), space.bytesAvailable(), stat.device));
                }
            }
        });
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        puts.shutdown();
        reads.shutdown();
        long waitedMs = 0;
        while (!tracker.live().isEmpty() && waitedMs < CLOSE_WAIT_MS_MAX) {
            tracker.live().forEach(DirTask::cancel);
            if (!tracker.live().isEmpty()) {
                java.util.concurrent.locks.LockSupport.parkNanos(1_000_000L);
                waitedMs++;
            }
        }
        threads.release();
    }

    private void submit(ThreadPoolExecutor pool, DirTask<?> task) {
        if (closed) {
            task.fail(BackendError.CLOSED, "backend is closed");
            return;
        }
        task.arm();
        try {
            pool.execute(task);
        } catch (RejectedExecutionException e) {
            task.fail(
                    closed ? BackendError.CLOSED : BackendError.UNREACHABLE,
                    "more than " + QUEUED_MAX + " operations wait");
        }
    }

    private BackendError missing(int rootFd) {
        return root.hasIdentity(rootFd) ? BackendError.NOT_FOUND : BackendError.ABSENT;
    }

    /** A task with the root open. */
    private abstract class RootTask<T> extends DirTask<T> {
        RootTask(String what, long deadlineNs, Completion<T> completion) {
            super(what, deadlineNs, tracker, completion);
        }

        DirRoot.Opened open() {
            return root.open();
        }

        /** @param rootFd borrowed until return. */
        abstract void work(int rootFd);

        @Override
        final void work() {
            DirRoot.Opened opened = open();
            if (opened.error() != BackendError.NONE) {
                fail(opened.error(), opened.detail());
                return;
            }
            try {
                work(opened.fd());
            } finally {
                Linux.close(opened.fd());
            }
        }
    }

    /** A task with an object open for reading. */
    private abstract class ObjectTask<T> extends RootTask<T> {
        private final String object;

        ObjectTask(String what, String object, long deadlineNs, Completion<T> completion) {
            super(what, deadlineNs, completion);
            this.object = object;
        }

        /** @param fd borrowed until return, as {@code rootFd}. */
        abstract void work(int rootFd, int fd);

        @Override
        final void work(int rootFd) {
            int fd = Linux.openat(rootFd, object, OPEN_OBJECT, 0);
            if (fd == -Linux.ENOENT) {
                fail(missing(rootFd), "there is no such object");
            } else if (fd < 0) {
                fail(DirErrors.ofRead(fd), DirErrors.describe("open", fd));
            } else {
                try {
                    work(rootFd, fd);
                } finally {
                    Linux.close(fd);
                }
            }
        }
    }
}
