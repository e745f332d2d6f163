package io.qsfs.fs;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.log.DataStream;
import io.qsfs.log.MetaStream;
import io.qsfs.log.SegmentCatalog;
import io.qsfs.log.SegmentFile;
import io.qsfs.log.Streams;
import io.qsfs.log.record.ClosedRecord;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Failpoint;
import io.qsfs.memory.Id128;
import java.util.ArrayList;
import java.util.List;

/**
 * Closes segments: data segments when they are full and every command about them has been applied; both active segments when
 * they are old, or when somebody asks. A metadata segment that ends takes the data segment with it that it refers to, so that
 * the remote image is never metadata without its data.
 *
 * <p>Threading: {@code file-system} only.
 */
final class SegmentCloser {
    private final FileSystemAgent agent;
    private final DataStream data;
    private final MetaStream meta;
    private final SegmentCatalog catalog;
    private final CommandRing ring;
    private final Clock clock;
    private final Id128 mountId;
    private final long rotateAfterNs;
    private final List<FileSystem.SegmentsClosed> waiting = new ArrayList<>();

    private long closable = -1;
    private long closableMark;
    private long dataClosedBelow;
    private long metaSeen;
    private boolean isClosingAll;
    /** Read by any thread; the time is written first. */
    private volatile boolean hasChanges;

    private volatile long firstChangeNs;

    SegmentCloser(FileSystemAgent agent, FileSystemContext context, CommandRing ring) {
        this.agent = agent;
        this.data = context.log().data();
        this.meta = context.log().meta();
        this.catalog = context.log().catalog();
        this.ring = ring;
        this.clock = context.clock();
        this.mountId = context.mountId();
        this.rotateAfterNs = context.rotateAfterNs();
        this.dataClosedBelow = data.activeNumber();
        this.metaSeen = meta.activeNumber();
    }

    /** Before a batch is read: all commands about a segment that can be closed now are in the ring now. */
    void observe() {
        if (closable < 0) {
            closable = data.nextToClose();
            closableMark = ring.producerPosition();
        }
    }

    /** A change of the file system: the active segments will be due one day. */
    void changed(long nowNs) {
        if (!hasChanges) {
            firstChangeNs = nowNs;
            hasChanges = true;
        }
    }

    /** Any thread: how long ago the oldest change was made that is in no closed segment; -1 when there is none. */
    long changeAgeNs() {
        return hasChanges ? Math.max(0, clock.nanoTime() - firstChangeNs) : -1;
    }

    /** Somebody wants all that was received in closed segments. */
    void closeAll(FileSystem.SegmentsClosed whenClosed) {
        waiting.add(whenClosed);
        beginClosingAll();
    }

    /** After a batch was read. Returns how much was done. */
    int closeWhatIsDue(long nowNs) {
        int workCount = closeFullData();
        if (hasChanges && !isClosingAll && nowNs - firstChangeNs >= rotateAfterNs) {
            beginClosingAll();
            workCount++;
        }
        workCount += noteEndedMeta();
        if (isClosingAll && closable < 0 && dataClosedBelow == data.activeNumber() && agent.stoppedBy() == 0) {
            endClosingAll();
            workCount++;
        }
        if (agent.stoppedBy() != 0) {
            tellWaiting(Linux.EIO);
        }
        return workCount;
    }

    private int closeFullData() {
        if (closable < 0 || !ring.isReadUpTo(closableMark)) {
            return 0;
        }
        long number = closable;
        closable = -1;
        data.close(number);
        Failpoint.DATA_CLOSED.hit();
        appendClosed(Streams.DATA, number);
        dataClosedBelow = number + 1;
        return 1;
    }

    /** A metadata segment was full: the active data segment ends with it. */
    private int noteEndedMeta() {
        int count = 0;
        while (metaSeen < meta.activeNumber()) {
            long number = metaSeen++;
            if (!isClosingAll) {
                data.closeActive();
            }
            appendClosed(Streams.META, number);
            count++;
        }
        return count;
    }

    private void beginClosingAll() {
        isClosingAll = true;
        data.closeActive();
    }

    private void endClosingAll() {
        if (hasChanges) {
            long outcome = meta.closeActive();
            if (outcome < -1) {
                agent.failed("closing of a metadata segment", (int) -outcome);
                return;
            }
            noteEndedMeta();
            hasChanges = false;
        }
        isClosingAll = false;
        agent.syncSoon();
        tellWaiting(0);
    }

    private void tellWaiting(int errno) {
        for (FileSystem.SegmentsClosed whenClosed : waiting) {
            agent.afterThisBatch(whenClosed, data.activeNumber(), meta.activeNumber(), errno);
        }
        waiting.clear();
    }

    private void appendClosed(int stream, long number) {
        long at = meta.stagingOffset(ClosedRecord.FIXED_BYTES);
        int outcome = (int) -at;
        if (at >= 0) {
            SegmentFile file = catalog.pin(stream, number);
            int length = ClosedRecord.encode(
                    meta.staging(),
                    at,
                    clock.realtimeNs(),
                    stream,
                    number,
                    mountId,
                    file.fromPosition(),
                    file.toPosition());
            catalog.unpin(file);
            outcome = agent.appendOwn(at, length);
            Failpoint.CLOSED_RECORDED.hit();
        }
        if (outcome != 0) {
            agent.failed("record of the closing of " + Streams.name(stream) + " " + number, outcome);
        }
    }
}
