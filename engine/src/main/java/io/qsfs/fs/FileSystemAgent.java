package io.qsfs.fs;

import static io.qsfs.fs.CommandDescriptor.A;
import static io.qsfs.fs.CommandDescriptor.B;
import static io.qsfs.fs.CommandDescriptor.C;
import static io.qsfs.fs.CommandDescriptor.GID;
import static io.qsfs.fs.CommandDescriptor.INO;
import static io.qsfs.fs.CommandDescriptor.INO2;
import static io.qsfs.fs.CommandDescriptor.MODE;
import static io.qsfs.fs.CommandDescriptor.REQUEST;
import static io.qsfs.fs.CommandDescriptor.TEXT;
import static io.qsfs.fs.CommandDescriptor.TEXT1_LENGTH;
import static io.qsfs.fs.CommandDescriptor.TEXT2_LENGTH;
import static io.qsfs.fs.CommandDescriptor.UID;
import static io.qsfs.fs.CommandDescriptor.X;
import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;

import io.qsfs.bindings.linux.Errno;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.index.IndexWriter;
import io.qsfs.index.Refusal;
import io.qsfs.log.DataStream;
import io.qsfs.log.LogSync;
import io.qsfs.log.MetaStream;
import io.qsfs.log.SyncWaiter;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.log.record.SyncRecord;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Failpoint;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Queue;
import java.util.concurrent.locks.LockSupport;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.ManyToOneConcurrentLinkedQueue;
import org.agrona.concurrent.MessageHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The single writer: every change of names, inodes and extents happens here, one after the other. A duty cycle takes a batch
 * of commands, writes their records by one call, and only then answers them. The index is committed a little later; until then
 * {@link ChangeMarks} sends whoever asks for something changed here.
 *
 * <p>Threading: every method runs on {@code file-system}, but {@link #submit}, {@link #requestSync} and {@link #isStopped}.
 */
final class FileSystemAgent implements Agent, RecordSink {
    /** A commit is due after so many records. */
    private static final int COMMIT_RECORDS_MAX = 1_000;
    /** A commit is due so long after the first record that is not in it. */
    private static final long COMMIT_AFTER_NS = 5_000_000;

    private static final long COMMIT_RETRY_NS = 50_000_000;
    private static final int COMMANDS_PER_CYCLE_MAX = ReplyBatch.REPLIES_MAX / 2;
    private static final int TASKS_PER_CYCLE_MAX = 64;
    private static final long IDLE_PARK_NS = 1_000_000_000;
    private static final Logger LOG = LoggerFactory.getLogger(FileSystemAgent.class);

    private final FileSystem fs;
    private final Clock clock;
    private final CommandRing ring;
    private final MemorySegment commands;
    private final IndexWriter index;
    private final DataStream data;
    private final MetaStream meta;
    private final LogSync sync;
    private final AttributeOperations attributes;
    private final Operations operations;
    private final ReplyBatch replies;
    private final SegmentCloser closer;
    private final AccessTimes accessTimes;
    private final UncommittedRecords uncommitted;
    private final Queue<Runnable> tasks = new ManyToOneConcurrentLinkedQueue<>();
    private final MessageHandler onCommand = this::onCommand;
    private final CommandRing.WorkWaiting workWaiting = () -> !tasks.isEmpty();
    private final SyncWaiter onSynced = this::onSynced;
    private final ArrayList<Runnable> afterBatch = new ArrayList<>();
    private final long[] syncRequests = new long[ReplyBatch.REPLIES_MAX];

    private int syncRequestCount;
    /** Of them, those that were answered or handed on: an exception in between repeats none. */
    private int syncsHandedOn;

    private boolean isSyncDue;
    private boolean staged;
    private long handled; // the request that a command is being handled for, or 0
    private long firstUncommittedNs;
    private long lastChangeNs;
    private long lastChangeEnd; // in the meta stream, behind the last record that is not a sync record
    private long dataEnd; // in the data stream, behind the last range that a record refers to
    private volatile int stoppedBy;

    FileSystemAgent(FileSystem fs, FileSystemContext context) {
        this.fs = fs;
        this.clock = context.clock();
        this.ring = fs.ring();
        this.commands = ring.memory();
        this.index = context.index().writer();
        this.data = context.log().data();
        this.meta = context.log().meta();
        this.sync = context.log().sync();
        this.replies = new ReplyBatch(context.replies(), fs::mayKeep);
        this.uncommitted = new UncommittedRecords(fs.arena());
        this.attributes = new AttributeOperations(index, this, fs.marks(), clock, fs.arena());
        this.operations =
                new Operations(index, this, fs.marks(), fs.lookups(), fs.orphans(), fs.quota(), attributes, clock);
        this.closer = new SegmentCloser(this, context, ring);
        this.accessTimes = new AccessTimes(this, context, fs.marks());
        meta.padObserver(this::padded);
    }

    @Override
    public String roleName() {
        return "file-system";
    }

    @Override
    public int doWork() {
        closer.observe();
        int workCount = runTasks();
        workCount += ring.read(onCommand, COMMANDS_PER_CYCLE_MAX);
        long nowNs = clock.nanoTime();
        workCount += closer.closeWhatIsDue(nowNs);
        endBatch();
        workCount += commitIfDue(nowNs, false);
        return workCount;
    }

    /** Sleeps until there is something to do, at most until the next deadline. */
    void idle() {
        long wait = IDLE_PARK_NS;
        if (uncommitted.count() > 0) {
            wait = Math.max(0, firstUncommittedNs + COMMIT_AFTER_NS - clock.nanoTime());
        }
        if (wait > 0) {
            ring.park(wait, workWaiting);
        }
    }

    /** Any thread: runs {@code task} here, between two commands. */
    void submit(Runnable task) {
        tasks.add(task);
        ring.wake();
    }

    /** Any thread: how old the oldest change in open segments is; -1 when there is none. */
    long changeAgeNs() {
        return closer.changeAgeNs();
    }

    /**
     * 0, or the errno that new changes are refused with: EROFS once something broke. What was under way then, and every sync
     * from then on, gets EIO.
     */
    int stoppedBy() {
        return stoppedBy;
    }

    /** Asks for a group commit at the end of this batch. */
    void syncSoon() {
        isSyncDue = true;
    }

    /** Any thread asks whether an access time is due. */
    AccessTimes accessTimes() {
        return accessTimes;
    }

    /** Closes what is active; see {@link FileSystem#closeSegments}. */
    void closeSegments(FileSystem.SegmentsClosed whenClosed) {
        closer.closeAll(whenClosed);
    }

    /** Tells {@code whenClosed} on {@code log-sync}, when the records of this batch are durable. */
    void afterThisBatch(FileSystem.SegmentsClosed whenClosed, long nextData, long nextMeta, int errno) {
        if (errno != 0) {
            whenClosed.closed(nextData, nextMeta, errno);
            return;
        }
        afterBatch.add(() -> requestSync((token, failure) -> whenClosed.closed(nextData, nextMeta, failure), 0));
    }

    /** Makes everything received durable, then tells {@code waiter} on {@code log-sync}. */
    void syncThen(SyncWaiter waiter, long token) {
        if (stoppedBy != 0) {
            waiter.synced(token, Linux.EIO);
            return;
        }
        isSyncDue = true;
        afterBatch.add(() -> requestSync(waiter, token));
    }

    /** After a batch, whose records may not have been written: then nothing is durable, and whoever waits hears of it. */
    private void requestSync(SyncWaiter waiter, long token) {
        if (stoppedBy != 0) {
            waiter.synced(token, stoppedBy);
        } else {
            sync.request(dataEnd, meta.appendPosition(), waiter, token);
        }
    }

    /** Commits what is applied, now. */
    void commitNow() {
        endBatch();
        commitIfDue(clock.nanoTime(), true);
    }

    @Override
    public MetaStream meta() {
        return meta;
    }

    @Override
    public int append(long at, int length) {
        int outcome = appendOwn(at, length);
        if (outcome == 0) {
            closer.changed(lastChangeNs);
        }
        return outcome;
    }

    /** As {@link #append} for the machinery's own records: they are made durable, but never make a segment due. */
    int appendOwn(long at, int length) {
        return append(at, length, true);
    }

    private int append(long at, int length, boolean isChange) {
        if (stoppedBy != 0) {
            return stoppedBy;
        }
        long position = meta.commit(length);
        int outcome = apply(at, length, position);
        if (outcome != 0) {
            return outcome;
        }
        staged = true;
        fs.counters().records.increment();
        if (isChange) {
            lastChangeEnd = position + length;
            lastChangeNs = clock.nanoTime();
        }
        return 0;
    }

    private int apply(long at, int length, long position) {
        if (uncommitted.isFull()) {
            commit();
        }
        if (uncommitted.count() == 0) {
            firstUncommittedNs = clock.nanoTime();
        }
        uncommitted.add(meta.staging(), at, length, position);
        int outcome = index.apply(meta.staging(), at, position);
        if (Refusal.is(outcome)) {
            failed(
                    "the record at position " + position + " does not fit the index: "
                            + Refusal.of(outcome).text(),
                    Linux.EIO);
        } else if (outcome != 0) {
            outcome = applyAgain(outcome);
        }
        return outcome == 0 ? 0 : Linux.EIO;
    }

    /** The log ended a segment by itself. */
    private void padded(MemorySegment record, long at, long position) {
        if (stoppedBy == 0) {
            apply(at, RecordHeader.length(record, at), position);
        }
    }

    @Override
    public void failed(String what, int errno) {
        if (stoppedBy == 0) {
            LOG.error(
                    "the volume is read-only from now on: {} failed with {}; check the disk, unmount it and mount it again",
                    what,
                    Errno.name(errno));
            stoppedBy = Linux.EROFS;
        }
    }

    private int runTasks() {
        int count = 0;
        Runnable task;
        while (count < TASKS_PER_CYCLE_MAX && (task = tasks.poll()) != null) {
            task.run();
            count++;
        }
        return count;
    }

    private void onCommand(int typeCode, MutableDirectBuffer buffer, int at, int length) {
        CommandType type = CommandType.of(typeCode);
        if (type == CommandType.QUERY) {
            fs.handler(commands.get(INT, at + X)).answerQuery(index);
            return;
        }
        long request = commands.get(LONG, at + REQUEST);
        handled = type.hasRequest() ? request : 0;
        handle(type, request, at);
        handled = 0;
    }

    /** After a bug: answers the request of the command that it happened in, whose command is gone from the ring. */
    void answerHandled() {
        long request = handled;
        handled = 0;
        if (request != 0 && !replies.holds(request)) {
            fs.replies().error(request, Linux.EIO);
        }
    }

    private void handle(CommandType type, long request, int at) {
        if (type == CommandType.LOOKUP) {
            lookup(request, at);
            return;
        }
        if (type == CommandType.ATTRIBUTES) {
            attributes(request, at);
            return;
        }
        if (stoppedBy != 0) {
            if (type.hasRequest()) {
                replies.error(request, type == CommandType.FSYNC ? Linux.EIO : stoppedBy);
            }
            return;
        }
        switch (type) {
            case WRITE -> write(request, at);
            case PUNCH -> punch(request, at);
            case GROW ->
                replies.error(
                        request,
                        operations.grow(
                                commands.get(LONG, at + INO),
                                commands.get(LONG, at + A) + commands.get(LONG, at + B),
                                commands.get(INT, at + UID) != 0));
            case CLONE -> cloneRange(request, at);
            case MAKE, CREATE -> make(request, at, type == CommandType.CREATE);
            case LINK -> link(request, at);
            case UNLINK ->
                replies.error(
                        request,
                        operations.unlink(
                                commands.get(LONG, at + INO),
                                commands,
                                at + TEXT,
                                commands.get(INT, at + TEXT1_LENGTH)));
            case RMDIR ->
                replies.error(
                        request,
                        operations.removeDirectory(
                                commands.get(LONG, at + INO),
                                commands,
                                at + TEXT,
                                commands.get(INT, at + TEXT1_LENGTH)));
            case RENAME -> rename(request, at);
            case SET_ATTRIBUTES -> setAttributes(request, at);
            case SET_XATTR -> setXattr(request, at);
            case REMOVE_XATTR ->
                replies.error(
                        request,
                        attributes.remove(
                                commands.get(LONG, at + INO),
                                commands,
                                at + TEXT,
                                commands.get(INT, at + TEXT1_LENGTH)));
            case FSYNC -> syncRequests[syncRequestCount++] = request;
            case PURGE -> purge(commands.get(LONG, at + INO));
            case TOUCH -> accessTimes.read(commands.get(LONG, at + INO));
            default -> throw new AssertionError("command: " + type);
        }
    }

    private void lookup(long request, int at) {
        int outcome = operations.lookup(
                commands.get(LONG, at + INO), commands, at + TEXT, commands.get(INT, at + TEXT1_LENGTH), fs.scratch());
        if (outcome == 0 && stoppedBy != 0) {
            fs.replies()
                    .entry(
                            request,
                            fs.scratch(),
                            fs.mayKeep(fs.scratch())); // what can be read is read on, whatever became of changes
        } else if (outcome == Linux.ENOENT && stoppedBy != 0) {
            fs.replies().noEntry(request);
        } else if (outcome == 0) {
            replies.entry(request).copyFrom(fs.scratch());
        } else if (outcome == Linux.ENOENT) {
            replies.noEntry(request);
        } else {
            replies.error(request, outcome);
        }
    }

    private void attributes(long request, int at) {
        int outcome = operations.attributes(commands.get(LONG, at + INO), fs.scratch());
        if (outcome == 0 && stoppedBy != 0) {
            fs.replies().attributes(request, fs.scratch(), fs.mayKeep(fs.scratch()));
        } else if (outcome == 0) {
            replies.attributes(request).copyFrom(fs.scratch());
        } else {
            replies.error(request, outcome);
        }
    }

    private void write(long request, int at) {
        long ino = commands.get(LONG, at + INO);
        long fileOffset = commands.get(LONG, at + A);
        long position = commands.get(LONG, at + B);
        int bytes = commands.get(INT, at + MODE);
        int crc = commands.get(INT, at + X);
        int flags = commands.get(INT, at + UID);
        int outcome = operations.write(ino, fileOffset, position, bytes, crc, flags);
        if (outcome != 0) {
            replies.error(request, outcome);
            return;
        }
        dataEnd = Math.max(dataEnd, position + bytes);
        data.addRange(position, bytes, crc, ino, fileOffset, meta.nextSequence() - 1);
        fs.counters().bytesWritten.add(bytes);
        fs.contentChanged(ino);
        replies.written(request, bytes);
    }

    private void punch(long request, int at) {
        long ino = commands.get(LONG, at + INO);
        int outcome = operations.punch(
                ino,
                commands.get(LONG, at + A),
                commands.get(LONG, at + B),
                commands.get(INT, at + X) != 0,
                commands.get(INT, at + UID) != 0);
        if (outcome == 0) {
            fs.contentChanged(ino);
        }
        replies.error(request, outcome);
    }

    private void cloneRange(long request, int at) {
        int outcome = operations.cloneRange(
                commands.get(LONG, at + INO),
                commands.get(LONG, at + A),
                commands.get(LONG, at + INO2),
                commands.get(LONG, at + B),
                commands.get(LONG, at + C),
                commands.get(INT, at + UID) != 0);
        if (outcome != 0) {
            replies.error(request, outcome);
        } else {
            fs.contentChanged(commands.get(LONG, at + INO2));
            replies.written(request, (int) operations.clonedBytes());
        }
    }

    private void make(long request, int at, boolean isCreate) {
        int nameLength = commands.get(INT, at + TEXT1_LENGTH);
        int outcome = operations.make(
                commands.get(LONG, at + INO),
                commands.get(INT, at + MODE),
                (int) commands.get(LONG, at + A),
                commands.get(INT, at + UID),
                commands.get(INT, at + GID),
                commands.get(INT, at + X),
                commands,
                at + TEXT,
                nameLength,
                (long) at + TEXT + nameLength,
                commands.get(INT, at + TEXT2_LENGTH),
                fs.scratch());
        if (outcome != 0) {
            replies.error(request, outcome);
            return;
        }
        fs.contentChanged(fs.scratch().ino); // what is made is about to be filled
        if (isCreate) {
            replies.created(request).copyFrom(fs.scratch());
        } else {
            replies.entry(request).copyFrom(fs.scratch());
        }
    }

    private void link(long request, int at) {
        int outcome = operations.link(
                commands.get(LONG, at + INO),
                commands.get(LONG, at + INO2),
                commands,
                at + TEXT,
                commands.get(INT, at + TEXT1_LENGTH),
                fs.scratch());
        if (outcome != 0) {
            replies.error(request, outcome);
        } else {
            replies.entry(request).copyFrom(fs.scratch());
        }
    }

    private void rename(long request, int at) {
        int nameLength = commands.get(INT, at + TEXT1_LENGTH);
        replies.error(
                request,
                operations.rename(
                        commands.get(LONG, at + INO),
                        commands.get(LONG, at + INO2),
                        commands.get(INT, at + X),
                        commands,
                        at + TEXT,
                        nameLength,
                        (long) at + TEXT + nameLength,
                        commands.get(INT, at + TEXT2_LENGTH)));
    }

    private void setXattr(long request, int at) {
        int nameLength = commands.get(INT, at + TEXT1_LENGTH);
        replies.error(
                request,
                attributes.set(
                        commands.get(LONG, at + INO),
                        commands.get(INT, at + X),
                        commands.get(INT, at + MODE) != 0,
                        commands,
                        at + TEXT,
                        nameLength,
                        (long) at + TEXT + nameLength,
                        commands.get(INT, at + TEXT2_LENGTH)));
    }

    private void setAttributes(long request, int at) {
        int outcome = operations.setAttributes(
                commands.get(LONG, at + INO),
                commands.get(INT, at + X),
                commands.get(INT, at + MODE),
                commands.get(INT, at + UID),
                commands.get(INT, at + GID),
                commands.get(LONG, at + INO2),
                commands.get(LONG, at + A),
                commands.get(LONG, at + B),
                commands.get(LONG, at + C),
                fs.scratch());
        if (outcome != 0) {
            replies.error(request, outcome);
        } else {
            replies.attributes(request).copyFrom(fs.scratch());
        }
    }

    /** An inode without names that the kernel forgot, or that was left over by the mount before. */
    void purge(long ino) {
        int outcome = operations.purge(ino);
        if (outcome != 0) {
            failed("purge of inode " + ino, outcome);
        }
    }

    /** Writes the batch's records, answers it, and hands its fsyncs on. */
    private void endBatch() {
        boolean wantsSync = isSyncDue || (syncRequestCount > 0 && isAnythingUnsynced());
        if (wantsSync && stoppedBy == 0) {
            appendSyncRecord();
        }
        if (staged
                && stoppedBy == 0) { // stopped: what was not written yet is answered with an error and stays unwritten
            staged = false;
            int outcome = meta.flush();
            if (outcome != 0) {
                failed("write of the meta stream", outcome);
            } else {
                uncommitted.written();
            }
        }
        fs.quota().used(index.allocatedBytes(), index.inodes());
        if (!replies.isEmpty()) {
            replies.send(stoppedBy == 0 ? 0 : Linux.EIO);
        }
        Failpoint.BATCH_ANSWERED.hit();
        while (syncsHandedOn < syncRequestCount) {
            long request = syncRequests[syncsHandedOn++];
            if (stoppedBy != 0 || !wantsSync) {
                fs.replies().error(request, stoppedBy == 0 ? 0 : Linux.EIO);
            } else {
                sync.request(dataEnd, meta.appendPosition(), onSynced, request);
            }
        }
        if (isSyncDue && syncRequestCount == 0 && stoppedBy == 0) {
            sync.request(dataEnd, meta.appendPosition(), onSynced, 0);
        }
        Failpoint.SYNC_REQUESTED.hit();
        syncRequestCount = 0;
        syncsHandedOn = 0;
        isSyncDue = false;
        while (!afterBatch.isEmpty()) {
            afterBatch.removeFirst().run();
        }
    }

    private void appendSyncRecord() {
        long at = meta.stagingOffset(SyncRecord.FIXED_BYTES);
        if (at < 0) {
            failed("sync record", (int) -at);
            return;
        }
        int length = SyncRecord.encode(meta.staging(), at, clock.realtimeNs(), sync.durableData(), sync.durableMeta());
        append(at, length, false);
        fs.counters().syncs.increment();
    }

    /** {@code log-sync}: everything up to a group commit is durable, or never will be. */
    private void onSynced(long request, int errno) {
        if (request != 0) {
            fs.replies().error(request, errno);
        }
        if (errno != 0) {
            submit(() -> failed("fdatasync of the log", errno));
        }
    }

    private boolean isAnythingUnsynced() {
        return sync.durableMeta() < lastChangeEnd || sync.durableData() < dataEnd;
    }

    private int commitIfDue(long nowNs, boolean isForced) {
        int count = uncommitted.count();
        if (count == 0) {
            return 0;
        }
        boolean isDue =
                count >= COMMIT_RECORDS_MAX || uncommitted.isFull() || nowNs - firstUncommittedNs >= COMMIT_AFTER_NS;
        if (!isDue && !isForced) {
            return 0;
        }
        commit();
        return 1;
    }

    /** Commits; a commit that fails is made again until it holds, and changes wait meanwhile. */
    private void commit() {
        Failpoint.INDEX_APPLIED.hit();
        int outcome = stoppedBy == 0 ? index.commit() : Linux.EIO;
        while (outcome != 0 && stoppedBy == 0) {
            outcome = applyAgain(outcome);
            outcome = outcome == 0 ? index.commit() : outcome;
        }
        if (outcome != 0) {
            outcome = commitWritten();
        }
        Failpoint.INDEX_COMMITTED.hit();
        uncommitted.clear();
        accessTimes.committed();
        if (outcome != 0) {
            index.rollback(); // the log has what was answered; the next mount applies it
            return;
        }
        fs.marks().committed();
        fs.counters().commits.increment();
    }

    /** The volume stopped: what came into the log stays to be read, and nothing else. 0 or an errno. */
    private int commitWritten() {
        index.rollback();
        uncommitted.dropUnwritten();
        int outcome = uncommitted.applyAgain(index);
        return outcome == 0 ? index.commit() : outcome;
    }

    /** The index lost what was not committed: applies it again, as often as it takes. 0, or an errno when the volume stops. */
    private int applyAgain(int errno) {
        int outcome = errno;
        while (outcome != 0 && stoppedBy == 0) {
            LOG.warn("the index cannot be written ({}); trying again, changes wait", Errno.name(outcome));
            fs.reserve().release();
            LockSupport.parkNanos(this, COMMIT_RETRY_NS);
            outcome = uncommitted.applyAgain(index);
            if (Refusal.is(outcome)) {
                failed(
                        "records that fitted the index do not any more: "
                                + Refusal.of(outcome).text(),
                        Linux.EIO);
            }
        }
        return outcome;
    }
}
