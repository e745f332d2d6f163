package io.qsfs.mount;

import io.qsfs.backend.Backend;
import io.qsfs.bindings.linux.Errno;
import io.qsfs.bindings.linux.FsStat;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.QsfsException;
import io.qsfs.config.VolumeConfig;
import io.qsfs.fs.FileSystem;
import io.qsfs.fs.FileSystemCounters;
import io.qsfs.fuse.FuseSession;
import io.qsfs.keeper.EvictionReport;
import io.qsfs.log.Streams;
import io.qsfs.memory.Clock;
import io.qsfs.mount.control.MountPoints;
import io.qsfs.offload.Backlog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A mount that runs: answers commands, and takes everything down in order when it ends.
 *
 * <pre>
 *   kernel detached → workers end → open requests answered → session destroyed → segments closed → placed → synced → threads end → index marked clean → lock released
 * </pre>
 *
 * <p>Threading: commands on any thread; the end on {@code mount-end}.
 */
final class LocalMount implements RunningMount {
    /** How long placing may stand still before waiting for it is given up. */
    private static final long STALL_NS = 20_000_000_000L;
    /** The same while so few backends answer that nothing can be placed. */
    private static final long HOPELESS_NS = 2_000_000_000L;
    /** How long open files are served after SIGTERM. */
    private static final long STOP_TIMEOUT_NS = 30_000_000_000L;

    private static final long UNMOUNT_POLL_NS = 200_000_000L;

    /** How long requests that other threads hold are waited for, once the kernel is gone: as long as a disk may take to sync. */
    private static final long ANSWERS_TIMEOUT_NS = 30_000_000_000L;

    private static final long EVICT_WAIT_NS = 60_000_000_000L;
    private static final long PROGRESS_NS = 250_000_000L;
    private static final Logger LOG = LoggerFactory.getLogger(LocalMount.class);

    private final VolumeConfig config;
    private final Path mountPoint;
    private final FuseSession session;
    private final VolumeParts parts;
    private final Clock clock;
    private final StatusReporter reporter;
    private final CompletableFuture<UnmountReport> end = new CompletableFuture<>();
    private final long connection;
    private volatile long stopTimeoutNs = STOP_TIMEOUT_NS;
    private volatile boolean isNow;
    private volatile boolean isEnding;

    LocalMount(VolumeConfig config, Path mountPoint, FuseSession session, VolumeParts parts, Clock clock) {
        this.config = config;
        this.mountPoint = mountPoint;
        this.session = session;
        this.parts = parts;
        this.clock = clock;
        this.reporter = new StatusReporter(config, mountPoint, parts, clock, () -> isEnding);
        String device = MountPoints.device(mountPoint);
        this.connection = device == null ? -1 : Long.parseLong(device.substring(device.indexOf(':') + 1));
        new Thread(this::awaitSession, "mount-end").start();
    }

    /** What the file system counts; for tests. */
    FileSystemCounters counters() {
        return parts.fileSystem().counters();
    }

    /** How long open files are served after a stop; for tests. */
    void stopTimeoutNs(long ns) {
        stopTimeoutNs = ns;
    }

    @Override
    public StatusReport status() {
        return reporter.report();
    }

    @Override
    public FlushReport flush(boolean local, PrintSink progress) {
        requireRunning();
        long openForWriting = MountUsers.openForWriting(mountPoint);
        long before = parts.backlog().placedBytes();
        if (local) {
            syncNow();
            return new FlushReport(true, 0, openForWriting, List.of());
        }
        long[] next = placeAll(progress, false);
        return new FlushReport(
                false,
                parts.backlog().placedBytes() - before,
                openForWriting,
                reporter.unplaced(next[Streams.DATA], next[Streams.META]));
    }

    @Override
    public EvictReport evict(boolean all, PrintSink progress) {
        requireRunning();
        long before = reporter.localBytes();
        String kept = null;
        long segments = 0;
        if (all) {
            placeAll(progress, false);
            parts.checkpoint(EVICT_WAIT_NS);
            EvictionReport report = get(parts.evictAll(EVICT_WAIT_NS));
            segments = report.evictedSegments();
            kept = kept(report);
        } else {
            segments = parts.evictToLimit();
        }
        return new EvictReport(segments, before, reporter.localBytes(), kept);
    }

    private static String kept(EvictionReport report) {
        List<String> reasons = new ArrayList<>();
        if (report.notPlaced() > 0) {
            reasons.add(segments(report.notPlaced()) + " not placed yet");
        }
        if (report.notSafe() > 0) {
            reasons.add(segments(report.notSafe()) + " not known to lie on enough durable backends");
        }
        if (report.notCheckpointed() > 0) {
            reasons.add(segments(report.notCheckpointed()) + " not in a local checkpoint yet");
        }
        return reasons.isEmpty() ? null : String.join(", ", reasons);
    }

    private static String segments(int count) {
        return count == 1 ? "1 segment is" : count + " segments are";
    }

    private static EvictionReport get(CompletableFuture<EvictionReport> future) {
        try {
            return future.get(2 * EVICT_WAIT_NS, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new QsfsException("interrupted while evicting: ask qsfs status what is left.", e);
        } catch (ExecutionException | TimeoutException e) {
            throw new QsfsException("evicting did not end: see the log of the mount.", e);
        }
    }

    @Override
    public UnmountReport unmount(boolean now, PrintSink progress) {
        if (!end.isDone() && !isEnding) {
            int outcome = Unmounting.unmount(mountPoint);
            if (outcome == -Linux.EBUSY) {
                return new UnmountReport(UnmountReport.Outcome.BUSY, List.of(), MountUsers.processes(mountPoint), null);
            }
            if (outcome != 0) {
                throw new QsfsException("mount point " + mountPoint + " cannot be unmounted (" + Errno.message(-outcome)
                        + "): run it as the user who mounted, or as root.");
            }
        }
        isNow |= now;
        return awaitEnd(progress);
    }

    @Override
    public UnmountReport stop(PrintSink progress) {
        if (!end.isDone() && !isEnding) {
            try {
                syncNow();
            } catch (QsfsException e) { // a volume that has stopped is unmounted all the same
                LOG.error("{}", e.getMessage());
            }
            if (Unmounting.unmount(mountPoint) == -Linux.EBUSY) {
                endLater();
            }
        }
        return awaitEnd(progress);
    }

    /**
     * Lets open files be served on for the time that a stop may take, then cuts the kernel's connection. The file that cuts it is not
     * there in a container; then a forced unmount does, which needs the mount point, so that stays until then.
     */
    private void endLater() {
        Path abort = Path.of("/sys/fs/fuse/connections/" + connection + "/abort");
        boolean isDetached = Files.isWritable(abort);
        if (isDetached) {
            Linux.umount2(mountPoint.toString(), Linux.MNT_DETACH);
        }
        LOG.warn(
                "busy: {} {}, files that are open are served on for a while",
                mountPoint,
                isDetached ? "is detached" : "stays until they are closed");
        Thread thread = new Thread(
                () -> {
                    try {
                        if (isDetached ? !session.awaitEnd(stopTimeoutNs) : !isUnmountedInTime()) {
                            LOG.warn("files are still open: the connection is cut, they get errors from now on");
                            cut(isDetached ? abort : null);
                        }
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    } catch (IOException e) {
                        LOG.error("the connection {} cannot be cut: {}", connection, e.getMessage());
                    }
                },
                "mount-abort");
        thread.setDaemon(true);
        thread.start();
    }

    private boolean isUnmountedInTime() throws InterruptedException {
        long untilNs = clock.nanoTime() + stopTimeoutNs;
        while (clock.nanoTime() - untilNs < 0) {
            if (session.awaitEnd(UNMOUNT_POLL_NS)) {
                return true;
            }
            Unmounting.unmount(mountPoint); // busy as long as a file is open
        }
        return session.awaitEnd(0);
    }

    private void cut(Path abort) throws IOException {
        if (abort != null) {
            Files.writeString(abort, "1");
            return;
        }
        int outcome = Linux.umount2(mountPoint.toString(), Linux.MNT_FORCE | Linux.MNT_DETACH);
        if (outcome != 0) {
            LOG.error("{} cannot be unmounted by force: {}", mountPoint, Errno.message(-outcome));
        }
    }

    @Override
    public UnmountReport awaitEnd() throws InterruptedException {
        try {
            return end.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the end of a mount never fails by itself", e);
        }
    }

    private UnmountReport awaitEnd(PrintSink progress) {
        long total = parts.backlog().bytes();
        while (true) {
            try {
                return end.get(PROGRESS_NS, TimeUnit.NANOSECONDS);
            } catch (TimeoutException e) {
                total = show(progress, total);
            } catch (ExecutionException e) {
                throw new IllegalStateException("the end of a mount never fails by itself", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new QsfsException("interrupted: the mount goes on placing by itself.", e);
            }
        }
    }

    /** Tells how far placing is; returns the whole, which grows while segments are closed. */
    private long show(PrintSink progress, long totalBefore) {
        Backlog backlog = parts.backlog();
        long left = backlog.bytes();
        long total = Math.max(totalBefore, left);
        if (left > 0) {
            progress.progress(
                    new Progress("placing", total - left, total, backlog.bytesPerSecond(), backlog.segments()));
        }
        return total;
    }

    private void requireRunning() {
        if (isEnding) {
            throw new QsfsException("the volume is being unmounted: mount it again first.");
        }
    }

    // The end.

    private void awaitSession() {
        UnmountReport report;
        try {
            session.awaitEnd();
            isEnding = true;
            parts.sayDraining();
            report = finish();
        } catch (InterruptedException e) {
            report = failed("interrupted");
        } catch (RuntimeException e) {
            LOG.error("the mount did not end well", e);
            report = failed(e.getMessage());
        }
        end.complete(report);
    }

    private static UnmountReport failed(String why) {
        return new UnmountReport(UnmountReport.Outcome.FAILED, List.of(), List.of(), why);
    }

    private UnmountReport finish() {
        parts.fileSystem().refuseWaiting();
        session.awaitAnswers(ANSWERS_TIMEOUT_NS);
        session.close(); // with requests that are still open it stays, until their threads have ended
        detachDead();
        String problem = placeLast();
        List<Unplaced> unplaced = reporter.unplaced();
        String closing = parts.close(problem == null);
        problem = problem != null ? problem : closing;
        if (problem != null) {
            return new UnmountReport(UnmountReport.Outcome.FAILED, unplaced, List.of(), problem);
        }
        return new UnmountReport(
                unplaced.isEmpty() ? UnmountReport.Outcome.PLACED : UnmountReport.Outcome.LOCAL_ONLY,
                unplaced,
                List.of(),
                null);
    }

    /** Places what is left; null, or why that cannot be said to be everything. */
    private String placeLast() {
        if (parts.fileSystem().stoppedBy() == 0) {
            try {
                placeAll(PrintSink.NONE, true);
            } catch (QsfsException e) {
                return e.getMessage();
            }
        }
        return parts.fileSystem().stoppedBy() == 0
                ? null
                : "its log could not be written or synced any more, so it took no more changes: what fsync or flush had"
                        + " acknowledged is in " + config.stateDir() + "; check that disk and mount again.";
    }

    /** After an abort the kernel keeps a mount that answers nothing; whoever comes next shall find a directory. */
    private void detachDead() {
        int outcome = Linux.statvfs(mountPoint.toString(), new FsStat()); // attributes may be in the kernel's cache
        if ((outcome == -Linux.ENOTCONN || outcome == -Linux.ECONNABORTED)
                && Linux.umount2(mountPoint.toString(), Linux.MNT_DETACH) != 0) {
            LOG.warn("{} is left over: fusermount3 -u -z {} removes it", mountPoint, mountPoint);
        }
    }

    /** Closes what is active and waits for its placing as long as that progresses; the segments below what it returns, by stream. */
    private long[] placeAll(PrintSink progress, boolean isAtEnd) {
        CompletableFuture<long[]> closed = new CompletableFuture<>();
        parts.fileSystem()
                .closeSegments((nextData, nextMeta, errno) -> closed.complete(new long[] {nextData, nextMeta, errno}));
        long[] numbers = closed.join();
        if (numbers[2] != 0) {
            throw new QsfsException("the log cannot be synced (" + Errno.message((int) numbers[2])
                    + "): unmount, check the disk, and mount again.");
        }
        try {
            parts.awaitHandedOver(numbers[0], numbers[1]);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new QsfsException("interrupted: the mount goes on placing by itself.", e);
        }
        parts.backlog().await(numbers[0] - 1, numbers[1] - 1, STALL_NS, new Placing(progress, isAtEnd));
        syncNow(); // the records of the placing
        return numbers;
    }

    /** Watches the placing for somebody who waits for it. Threading: who waits. */
    private final class Placing implements Backlog.Progress {
        private final PrintSink sink;
        private final boolean isAtEnd;
        private long total = parts.backlog().bytes();
        private long moved = -1;
        private long movedAtNs = clock.nanoTime();

        Placing(PrintSink sink, boolean isAtEnd) {
            this.sink = sink;
            this.isAtEnd = isAtEnd;
        }

        @Override
        public boolean onProgress(long segmentsLeft, long bytesLeft, long bytesPerSecond) {
            total = show(sink, total);
            return !(isAtEnd && isNow) && !isHopeless();
        }

        /** Too few backends are there, and nothing goes to those that are. */
        private boolean isHopeless() {
            long nowNs = clock.nanoTime();
            long now = bytesMoved();
            if (now != moved || parts.backends().usable().size() >= config.placedMin()) {
                moved = now;
                movedAtNs = nowNs;
            }
            return nowNs - movedAtNs >= HOPELESS_NS;
        }

        @Override
        public long bytesMoved() {
            long bytes = 0;
            for (Backend backend : parts.backends().all()) {
                bytes += backend.bytesMoved();
            }
            return bytes;
        }
    }

    private void syncNow() {
        CompletableFuture<Integer> done = new CompletableFuture<>();
        FileSystem fileSystem = parts.fileSystem();
        fileSystem.sync((token, errno) -> done.complete(errno), 0);
        int errno = done.join();
        if (errno != 0) {
            throw new QsfsException("the log cannot be synced (" + Errno.message(errno)
                    + "): unmount, check the disk, and mount again.");
        }
    }
}
