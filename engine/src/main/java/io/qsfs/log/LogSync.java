package io.qsfs.log;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.log.record.SyncRecord;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Failpoint;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.ManyToManyConcurrentArrayQueue;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the streams durable, and keeps the next segment of each ready.
 *
 * <p>All requests that are there are one group: the streams that have unsynced bytes are synced once, both at the same time, the
 * second by the helper thread, and then everybody is called back. The helper also does what takes longer than a sync: makes
 * segments, writes range tables. While it is busy with that, {@code log-sync} syncs both streams itself.
 *
 * <p>A request may name positions that other workers' claims hold back from {@link DataStream#committed}: the sync covers every
 * byte written before it began, so the request is answered all the same, and only {@link #durableData} stays behind.
 *
 * <p>An error of {@code fdatasync} is final. Linux marks the pages clean, so a second call that succeeds proves nothing: every
 * later request, claim and flush gets the errno.
 *
 * <p>Nobody writes records here. When bytes are {@code syncAfterNs} old, and once after the last sync of a burst, the file-system
 * thread is asked (syncDue) to append a SYNC record and to request; the one more names the positions of the sync before it, so that an
 * idle volume's open window is that record alone.
 *
 * <p>Threading: {@link #request} and the positions by any thread; everything else on {@code log-sync}, and jobs on
 * {@code log-sync-2}, handed over through {@link Helper}.
 */
public final class LogSync {
    private static final Logger LOG = LoggerFactory.getLogger(LogSync.class);
    private static final int REQUESTS_MAX = 4096;
    private static final long FOLLOW_UP_AFTER_NS = 1_000_000_000L;
    private static final long RESERVE_RETRY_NS = 1_000_000_000L;

    private final Clock clock;
    private final Disk disk;
    private final LogContext context;
    private final SegmentCatalog catalog;
    private final SegmentMaker maker;
    private final SyncSignal signal;
    private final DataStream data;
    private final MetaStream meta;
    private final Helper helper;
    private final Thread thread;

    private final ManyToOneConcurrentArrayQueue<Request> requests = new ManyToOneConcurrentArrayQueue<>(REQUESTS_MAX);
    private final ManyToManyConcurrentArrayQueue<Request> spare = new ManyToManyConcurrentArrayQueue<>(REQUESTS_MAX);
    private final ManyToOneConcurrentArrayQueue<SegmentFile> closing =
            new ManyToOneConcurrentArrayQueue<>(2 * OpenSegments.MAX);
    private final ArrayList<Request> batch = new ArrayList<>();

    /** By stream: segments with bytes that may not be durable, in order; each with a pin. */
    private final List<ArrayDeque<SegmentFile>> unsynced = List.of(new ArrayDeque<>(), new ArrayDeque<>());
    /** By stream: segments whose close is done but for their durability. */
    private final List<ArrayDeque<SegmentFile>> tidied = List.of(new ArrayDeque<>(), new ArrayDeque<>());

    private final ArrayDeque<SegmentFile> untidy = new ArrayDeque<>();
    private final SyncJob metaSync = new SyncJob();
    private final MakeJob make = new MakeJob();
    private final ReserveJob restore = new ReserveJob();
    private final TidyJob tidy = new TidyJob();

    private volatile long durableData;
    private volatile long durableMeta;
    private volatile boolean stopping;

    private boolean dirty;
    private long dirtySinceNs;
    private boolean followUp;
    private long lastSyncNs;
    private long askedNs;
    private boolean asked;
    private long reserveTriedNs;

    /** A caller that waits; used again. */
    private static final class Request {
        long dataPosition;
        long metaPosition;
        long token;
        SyncWaiter waiter;
    }

    LogSync(
            LogContext context,
            SegmentCatalog catalog,
            SegmentMaker maker,
            SyncSignal signal,
            DataStream data,
            MetaStream meta) {
        this.context = context;
        this.clock = context.clock();
        this.disk = context.disk();
        this.catalog = catalog;
        this.maker = maker;
        this.signal = signal;
        this.data = data;
        this.meta = meta;
        this.durableData = data.claimed();
        this.durableMeta = meta.flushed();
        this.reserveTriedNs = clock.nanoTime();
        this.thread = new Thread(this::run, "log-sync");
        this.helper = new Helper(thread);
        thread.setDaemon(true);
    }

    void start() {
        helper.start();
        thread.start();
    }

    /**
     * Makes everything durable that was written to the streams up to these positions, then calls back on {@code log-sync}.
     *
     * @param dataPosition end of the data that the caller knows to be written.
     * @param metaPosition end of the records that the caller knows to be flushed.
     */
    public void request(long dataPosition, long metaPosition, SyncWaiter waiter, long token) {
        assert dataPosition <= data.claimed() : dataPosition + " is not claimed";
        assert metaPosition <= meta.flushed() : metaPosition + " is not flushed";
        Request request = spare.poll();
        if (request == null) {
            request = new Request();
        }
        request.dataPosition = dataPosition;
        request.metaPosition = metaPosition;
        request.waiter = waiter;
        request.token = token;
        while (!requests.offer(request)) {
            signal.wake();
            Thread.onSpinWait(); // thousands of callers wait for one sync; it ends
        }
        signal.wake();
    }

    /** Everything of the data stream below is durable. */
    public long durableData() {
        return durableData;
    }

    /** Everything of the meta stream below is durable. */
    public long durableMeta() {
        return durableMeta;
    }

    /** 0, or the positive errno that the log has stopped with for good. */
    public int failure() {
        return signal.failure();
    }

    /** True while a stream has to live on its reserve: what needs new space should be refused. */
    public boolean isSpaceLow() {
        return !maker.reserve().standsWhole();
    }

    /** File-system thread: the segment is full and all its ranges are known. */
    void closeData(SegmentFile file) {
        boolean offered = closing.offer(file);
        assert offered : "more closing segments than open ones";
        signal.wake();
    }

    /** The starting thread: a first segment is ready. */
    void adopt(SegmentFile file, boolean fromReserve) {
        if (file.stream() == Streams.DATA) {
            data.prepare(file.number());
        }
        file.pin(clock.nanoTime());
        unsynced.get(file.stream()).add(file);
        open(file.stream()).publish(file, fromReserve && file.stream() == Streams.DATA);
    }

    /** Stops both threads after the work that is there; pending closes are done. */
    void stop() {
        stopping = true;
        signal.wake();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        helper.stop();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            while (true) {
                signal.clear();
                int work = helper.harvest();
                work += commit();
                work += closeDurable(Streams.DATA) + closeDurable(Streams.META);
                work += assign();
                work += askWhenDue();
                if (work == 0) {
                    if (stopping && (isIdle() || signal.failure() != 0)) {
                        break;
                    }
                    rest();
                }
            }
        } catch (Throwable t) { // whatever it is: nobody may wait for a thread that is gone
            LOG.error("log-sync ended by a bug; the log has stopped", t);
            fail(Linux.EIO);
        }
        answer(signal.failure() == 0 ? Linux.EIO : signal.failure());
    }

    private boolean isIdle() {
        return helper.isIdle() && requests.isEmpty() && closing.isEmpty() && untidy.isEmpty();
    }

    private OpenSegments open(int stream) {
        return stream == Streams.DATA ? data.open() : meta.open();
    }

    // Group commit

    private int commit() {
        Request request;
        while (batch.size() < REQUESTS_MAX && (request = requests.poll()) != null) {
            batch.add(request);
        }
        int count = batch.size();
        if (count == 0) {
            return syncWhenCrowded();
        }
        int errno = signal.failure();
        if (errno == 0) {
            errno = syncStreams();
        }
        answer(errno);
        return count;
    }

    /**
     * The file-system thread waits for a segment whose slot frees up only when older ones are durable: it cannot request, so this
     * is done unasked.
     */
    private int syncWhenCrowded() {
        OpenSegments open = meta.open();
        boolean crowded = open.segmentWanted() && !open.hasRoomFor(open.number(open.readyEnd()));
        if (!crowded || signal.failure() != 0 || meta.flushed() <= durableMeta) {
            return 0;
        }
        syncStreams();
        return 1;
    }

    private void answer(int errno) {
        Request request;
        while (batch.isEmpty() && (request = requests.poll()) != null) {
            batch.add(request);
        }
        for (int i = 0; i < batch.size(); i++) {
            request = batch.get(i);
            SyncWaiter waiter = request.waiter;
            request.waiter = null;
            try {
                waiter.synced(request.token, errno);
            } catch (RuntimeException e) {
                LOG.error("a sync waiter failed: token={}", request.token, e);
            }
            spare.offer(request);
        }
        Failpoint.SYNC_ANSWERED.hit();
        batch.clear();
        asked = false;
    }

    private int syncStreams() {
        Failpoint.SYNC_BEGUN.hit();
        long dataBefore = durableData;
        long metaBefore = durableMeta;
        long committed = data.committed();
        long claimed = data.claimed();
        long flushed = meta.flushed();
        boolean dataDirty = claimed > dataBefore;
        boolean metaDirty = flushed > metaBefore;
        int errno = 0;
        if (dataDirty && metaDirty && helper.isIdle()) {
            metaSync.limit = flushed;
            helper.submit(metaSync);
            errno = sync(Streams.DATA, claimed);
            helper.await();
            helper.harvest();
            errno = errno != 0 ? errno : metaSync.errno;
        } else {
            errno = dataDirty ? sync(Streams.DATA, claimed) : 0;
            errno = errno == 0 && metaDirty ? sync(Streams.META, flushed) : errno;
        }
        if (errno != 0) {
            LOG.error(
                    "fdatasync of the log failed (errno {}): nothing is written any more; unmount, check the disk",
                    errno);
            fail(errno);
            return errno;
        }
        Failpoint.SYNC_DONE.hit();
        durableData = Math.max(dataBefore, committed);
        durableMeta = flushed;
        lastSyncNs = clock.nanoTime();
        dirty = false;
        followUp = claimed > dataBefore || flushed - metaBefore > SyncRecord.FIXED_BYTES;
        return 0;
    }

    private void fail(int errno) {
        signal.fail(errno);
        data.open().wakeAll();
        meta.open().wakeAll();
    }

    /** Syncs the segments that have bytes below {@code limit}; 0 or a positive errno. */
    private int sync(int stream, long limit) {
        for (SegmentFile file : unsynced.get(stream)) {
            if (file.fromPosition() >= limit) {
                break;
            }
            int outcome = disk.fdatasync(file.fd());
            Failpoint.STREAM_SYNCED.hit();
            if (outcome < 0) {
                return -outcome;
            }
        }
        return 0;
    }

    // Closing

    /** Segments that are durable to their end need no more syncs; those of the meta stream are closed by that. */
    private int closeDurable(int stream) {
        long durable = stream == Streams.DATA ? durableData : durableMeta;
        ArrayDeque<SegmentFile> files = unsynced.get(stream);
        int work = 0;
        while (!files.isEmpty() && files.peek().fromPosition() + context.segmentBytes() <= durable) {
            SegmentFile file = files.poll();
            if (stream == Streams.META) {
                untidy.add(file);
            }
            catalog.unpin(file);
            work++;
        }
        ArrayDeque<SegmentFile> done = tidied.get(stream);
        while (!done.isEmpty() && done.peek().fromPosition() + context.segmentBytes() <= durable) {
            SegmentFile file = done.poll();
            file.close();
            context.listener().segmentClosed(stream, file.number(), file.fromPosition(), file.toPosition());
            catalog.unpin(file);
            work++;
        }
        SegmentFile file;
        while ((file = closing.poll()) != null) {
            untidy.add(file);
            work++;
        }
        return work;
    }

    // Jobs for the helper

    private int assign() {
        if (!helper.isIdle() || signal.failure() != 0) {
            return 0;
        }
        if (!untidy.isEmpty()) {
            tidy.file = untidy.poll();
            helper.submit(tidy);
            return 1;
        }
        if (!stopping
                && (assignMake(meta.open(), meta.activeNumber()) || assignMake(data.open(), data.activeNumber()))) {
            return 1;
        }
        boolean wanted = data.open().segmentWanted();
        if (!stopping
                && !maker.reserve().standsWhole()
                && (wanted || clock.nanoTime() - reserveTriedNs >= RESERVE_RETRY_NS)) {
            reserveTriedNs = clock.nanoTime();
            helper.submit(restore);
            return 1;
        }
        return 0;
    }

    /** The next segment is made as soon as the one before it is active; after a failure, when somebody waits. */
    private boolean assignMake(OpenSegments open, long activeNumber) {
        long next = open.number(open.readyEnd());
        if (next - activeNumber > 1
                || !open.hasRoomFor(next)
                || (make.failed[open.stream()] && !open.segmentWanted())) {
            return false;
        }
        make.open = open;
        make.number = next;
        make.mayUseReserve = open.stream() == Streams.META || open.reserveWanted();
        helper.submit(make);
        return true;
    }

    /** The meta stream's half of a sync. */
    private final class SyncJob extends Helper.Job {
        long limit;
        int errno;

        @Override
        void run() {
            errno = sync(Streams.META, limit);
        }

        @Override
        void finish() {}
    }

    /** Makes the next segment of a stream. */
    private final class MakeJob extends Helper.Job {
        final boolean[] failed = new boolean[Streams.COUNT];
        OpenSegments open;
        long number;
        boolean mayUseReserve;
        int ordinaryErrno;
        int reservedErrno;

        @Override
        void run() {
            int stream = open.stream();
            ordinaryErrno = stream == Streams.DATA ? maker.reserve().restore() : 0;
            if (ordinaryErrno == 0) {
                ordinaryErrno = maker.make(stream, number);
            }
            reservedErrno = ordinaryErrno;
            if (ordinaryErrno == Linux.ENOSPC && mayUseReserve) {
                reservedErrno = maker.makeFromReserve(stream, number);
            }
        }

        @Override
        void finish() {
            int stream = open.stream();
            if (reservedErrno == 0) {
                SegmentFile file = maker.made();
                boolean fromReserve = ordinaryErrno != 0;
                if (fromReserve) {
                    LOG.warn("the disk is full: {} was made of the reserve", file);
                }
                adopt(file, fromReserve);
            } else if (!failed[stream]) {
                LOG.warn("no {} segment can be made: errno={}", Streams.name(stream), reservedErrno);
            }
            failed[stream] = reservedErrno != 0;
            if (maker.reserve().standsWhole()) {
                data.open().reserveStands();
            }
            open.attempted(ordinaryErrno, mayUseReserve || reservedErrno == 0, reservedErrno);
        }
    }

    /** Makes the reserve again. */
    private final class ReserveJob extends Helper.Job {
        int errno;

        @Override
        void run() {
            errno = maker.reserve().restore();
        }

        @Override
        void finish() {
            if (errno == 0) {
                LOG.info("the reserve for a full disk stands again");
                data.open().reserveStands();
                make.failed[Streams.DATA] = false;
                make.failed[Streams.META] = false;
            }
            data.open().attempted(errno, false, 0);
        }
    }

    /** Writes the range table of a data segment and gives the unused rest of either kind back. */
    private final class TidyJob extends Helper.Job {
        SegmentFile file;
        int errno;

        @Override
        void run() {
            long windowEnd = SegmentHeader.BYTES + context.segmentBytes();
            long used = file.toPosition() - file.fromPosition();
            long fileEnd = context.fileBytes(file.stream());
            errno = 0;
            if (file.stream() == Streams.DATA) {
                RangeBuilder ranges = data.builder(file.number());
                MemorySegment table = ranges.seal(used);
                long bytes = RangeTable.bytes(ranges.count());
                int outcome = disk.pwrite(file.fd(), table, 0, bytes, windowEnd);
                if (outcome < 0) { // only where nothing can be allocated ahead; records can say the same
                    LOG.warn("the range table of {} could not be written: errno={}", file, -outcome);
                }
                Failpoint.RANGE_TABLE_WRITTEN.hit();
                maker.allocator().giveBack(file.fd(), windowEnd + bytes, fileEnd);
            }
            maker.allocator().giveBack(file.fd(), SegmentHeader.BYTES + used, windowEnd);
            if (file.stream() == Streams.DATA) {
                errno = -disk.fdatasync(file.fd());
            }
            Failpoint.SEGMENT_TIDIED.hit();
            catalog.measure(file);
        }

        @Override
        void finish() {
            if (errno != 0) {
                LOG.error(
                        "fdatasync of {} failed (errno {}): nothing is written any more; check the disk", file, errno);
                fail(errno);
                return;
            }
            open(file.stream()).retire(file);
            tidied.get(file.stream()).add(file);
        }
    }

    // When nobody asks

    private int askWhenDue() {
        if (signal.failure() != 0) {
            return 0;
        }
        long now = clock.nanoTime();
        if (!dirty && isDirty()) {
            dirty = true;
            dirtySinceNs = now;
        }
        boolean due = dirty && now - dirtySinceNs >= context.syncAfterNs();
        boolean followUpDue = !dirty && followUp && now - lastSyncNs >= FOLLOW_UP_AFTER_NS;
        if (!due && !followUpDue || asked && now - askedNs < context.syncAfterNs()) {
            return 0;
        }
        asked = true;
        askedNs = now;
        context.syncDue().run();
        return 1;
    }

    private boolean isDirty() {
        return data.claimed() > durableData || meta.flushed() > durableMeta;
    }

    private void rest() {
        signal.quiet(!dirty);
        if (!dirty && isDirty()) {
            return; // came between the look and the flag
        }
        signal.sleep(restNs(clock.nanoTime()));
    }

    /** How long nothing can be due; 0: for ever. */
    private long restNs(long now) {
        long ns = Long.MAX_VALUE;
        if (signal.failure() != 0) {
            return 0;
        }
        if (asked) {
            ns = askedNs + context.syncAfterNs() - now;
        } else if (dirty) {
            ns = dirtySinceNs + context.syncAfterNs() - now;
        } else if (followUp) {
            ns = lastSyncNs + FOLLOW_UP_AFTER_NS - now;
        }
        if (!maker.reserve().standsWhole()) {
            ns = Math.min(ns, reserveTriedNs + RESERVE_RETRY_NS - now);
        }
        return ns == Long.MAX_VALUE ? 0 : Math.max(ns, 1);
    }
}
