package io.qsfs.fs;

import io.qsfs.index.IndexWriter;
import io.qsfs.index.Inode;
import io.qsfs.log.MetaStream;
import io.qsfs.log.record.SetAttrRecord;
import io.qsfs.memory.Clock;
import org.agrona.collections.LongHashSet;

/**
 * Access times as {@code relatime} keeps them: a read moves one that is not newer than the last change, or a day old. Nobody waits
 * for it and nothing is refused because of it: a time for which there is no room is not kept, and one alone makes no
 * segment due.
 *
 * <p>Threading: {@link #isDue} on any thread; the rest on {@code file-system} only.
 */
final class AccessTimes {
    private static final long KEPT_NS = 86_400L * 1_000_000_000;

    private final boolean isKept;
    private final IndexWriter index;
    private final FileSystemAgent agent;
    private final MetaStream meta;
    private final ChangeMarks marks;
    private final Clock clock;
    private final Inode inode = new Inode();
    /** Inodes whose access time moved since the last commit. */
    private final LongHashSet moved = new LongHashSet();

    AccessTimes(FileSystemAgent agent, FileSystemContext context, ChangeMarks marks) {
        this.isKept = context.keepsAccessTimes();
        this.index = context.index().writer();
        this.agent = agent;
        this.meta = context.log().meta();
        this.marks = marks;
        this.clock = context.clock();
    }

    /** True when a read now moves the access time of this inode. */
    boolean isDue(Inode read) {
        return isKept && isDue(read, clock);
    }

    static boolean isDue(Inode read, Clock clock) {
        return read.atimeNs <= read.mtimeNs
                || read.atimeNs <= read.ctimeNs
                || clock.realtimeNs() - read.atimeNs >= KEPT_NS;
    }

    /** An inode was read: its access time moves, once in each commit, and nothing else of it. */
    void read(long ino) {
        if (moved.contains(ino)
                || !meta.hasRoom(SetAttrRecord.FIXED_BYTES)
                || index.inode(ino, inode) != 0
                || !isDue(inode)) {
            return;
        }
        long at = meta.stagingOffset(SetAttrRecord.FIXED_BYTES);
        if (at < 0) {
            return; // whatever it is, the next change meets it too
        }
        long nowNs = clock.realtimeNs();
        int length = SetAttrRecord.encode(
                meta.staging(),
                at,
                nowNs,
                0,
                ino,
                SetAttrRecord.ATIME | SetAttrRecord.CTIME,
                0,
                0,
                0,
                0,
                nowNs,
                0,
                inode.ctimeNs);
        marks.mark(ino);
        moved.add(ino);
        agent.appendOwn(at, length); // a failure has stopped the volume
    }

    /** The index was committed. */
    void committed() {
        if (!moved.isEmpty()) {
            moved.clear();
        }
    }
}
