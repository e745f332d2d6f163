package io.qsfs.fuse;

import io.qsfs.bindings.fuse.Fuse;
import io.qsfs.bindings.fuse.FuseAttr;
import io.qsfs.bindings.fuse.FuseEntry;
import io.qsfs.bindings.fuse.FuseFileInfo;
import io.qsfs.bindings.fuse.FuseStatfs;
import io.qsfs.fs.Replies;
import io.qsfs.fs.SpaceReport;
import io.qsfs.index.Inode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.LongAdder;

/**
 * Answers through libfuse. The kernel may cache names and attributes for long: this process is the only one that changes them.
 *
 * <p>Threading: any thread; each has its own structs, made when it first answers. They belong to the session's arena.
 */
final class FuseReplies implements Replies {
    /** How long the kernel may believe a name or attributes, in seconds. */
    static final double TIMEOUT_S = 86_400;

    /** The same for attributes that change at this time: sooner than anybody looks twice. */
    private static final double SHORT_TIMEOUT_S = 1;

    private static final long BLOCK_BYTES = 4096;
    private static final long SECTOR_BYTES = 512;
    private static final long NAME_BYTES_MAX = 255;

    private final Arena arena;
    private final LongAdder failures = new LongAdder();
    private final LongAdder answered = new LongAdder();
    private volatile MemorySegment session;
    private boolean isOver; // guarded by this
    private final ThreadLocal<Structs> structs = ThreadLocal.withInitial(this::newStructs);

    /** @param arena shared; closed after the last thread that answers has ended. */
    FuseReplies(Arena arena) {
        this.arena = arena;
    }

    /** Answers that the kernel did not take: mostly of requests that it had given up. */
    long failureCount() {
        return failures.sum();
    }

    /** Requests that were answered, and with which no thread is busy any more. */
    long answeredCount() {
        return answered.sum();
    }

    @Override
    public void error(long request, int errno) {
        count(Fuse.replyErr(request, errno));
    }

    @Override
    public void none(long request) {
        Fuse.replyNone(request);
        answered.increment();
    }

    @Override
    public void entry(long request, Inode inode, boolean mayKeep) {
        Structs mine = structs.get();
        mine.fillEntry(inode, mayKeep);
        count(Fuse.replyEntry(request, mine.entry));
    }

    @Override
    public void noEntry(long request) {
        Structs mine = structs.get();
        mine.entry.fill((byte) 0);
        FuseEntry.set(mine.entry, 0, 0, 0, TIMEOUT_S);
        count(Fuse.replyEntry(request, mine.entry));
    }

    @Override
    public void created(long request, Inode inode, boolean mayKeep) {
        Structs mine = structs.get();
        mine.fillEntry(inode, mayKeep);
        FuseFileInfo.clear(mine.fileInfo);
        FuseFileInfo.keepCache(mine.fileInfo, true);
        count(Fuse.replyCreate(request, mine.entry, mine.fileInfo));
    }

    @Override
    public void attributes(long request, Inode inode, boolean mayKeep) {
        Structs mine = structs.get();
        fill(mine.attributes, inode);
        count(Fuse.replyAttr(request, mine.attributes, attributeTimeoutS(mayKeep)));
    }

    @Override
    public synchronized void attributesChanged(long ino) {
        if (!isOver) {
            Fuse.notifyInvalInode(session, ino, -1, 0); // an error is as good: it does not know the inode
        }
    }

    /** The session is about to be destroyed: nothing is said to the kernel unasked any more. */
    synchronized void over() {
        isOver = true;
    }

    /** Notices go to this session; set before it gets its first request. */
    void session(MemorySegment made) {
        session = made;
    }

    /** How long the kernel may believe attributes, in seconds. */
    static double attributeTimeoutS(boolean mayKeep) {
        return mayKeep ? TIMEOUT_S : SHORT_TIMEOUT_S;
    }

    /** Answers an open whose file may keep what is cached of it. */
    void opened(long request) {
        Structs mine = structs.get();
        FuseFileInfo.clear(mine.fileInfo);
        FuseFileInfo.keepCache(mine.fileInfo, true);
        count(Fuse.replyOpen(request, mine.fileInfo));
    }

    @Override
    public void link(long request, MemorySegment target) {
        count(Fuse.replyReadlink(request, target));
    }

    @Override
    public void written(long request, int count) {
        count(Fuse.replyWrite(request, count));
    }

    @Override
    public void bytes(long request, MemorySegment source, long length) {
        count(Fuse.replyBuf(request, source, 0, length));
    }

    @Override
    public void xattrLength(long request, int length) {
        count(Fuse.replyXattr(request, length));
    }

    @Override
    public boolean gathered(long request, MemorySegment iovecs, int count) {
        int outcome = Fuse.replyIov(request, iovecs, count);
        count(outcome);
        return outcome == 0;
    }

    @Override
    public void space(long request, SpaceReport report) {
        Structs mine = structs.get();
        long free = report.freeBytes() / BLOCK_BYTES;
        FuseStatfs.blocks(mine.statistics, BLOCK_BYTES, report.totalBytes() / BLOCK_BYTES, free, free);
        FuseStatfs.files(mine.statistics, report.inodes() + report.freeInodes(), report.freeInodes(), NAME_BYTES_MAX);
        count(Fuse.replyStatfs(request, mine.statistics));
    }

    private void count(int outcome) {
        if (outcome != 0) {
            failures.increment();
        }
        answered.increment(); // last: from here on the session may be destroyed
    }

    /** {@code struct stat} of an inode; blocks are those that its content takes in the log. */
    static void fill(MemorySegment attributes, Inode inode) {
        FuseAttr.identity(attributes, inode.ino, inode.mode, inode.nlink, Integer.toUnsignedLong(inode.rdev));
        FuseAttr.owner(attributes, inode.uid, inode.gid);
        FuseAttr.size(attributes, inode.size, blocks(inode), BLOCK_BYTES);
        FuseAttr.times(attributes, inode.atimeNs, inode.mtimeNs, inode.ctimeNs);
    }

    /** Units of 512 bytes, as st_blocks. */
    static long blocks(Inode inode) {
        return (inode.allocatedBytes + SECTOR_BYTES - 1) / SECTOR_BYTES;
    }

    private synchronized Structs newStructs() {
        return new Structs(arena);
    }

    private static final class Structs {
        private final MemorySegment entry;
        private final MemorySegment entryAttributes;
        private final MemorySegment attributes;
        private final MemorySegment fileInfo;
        private final MemorySegment statistics;

        Structs(Arena arena) {
            entry = FuseEntry.allocate(arena);
            entryAttributes = FuseEntry.attributes(entry);
            attributes = FuseAttr.allocate(arena);
            fileInfo = FuseFileInfo.allocate(arena);
            statistics = FuseStatfs.allocate(arena);
        }

        private void fillEntry(Inode inode, boolean mayKeep) {
            FuseEntry.set(entry, inode.ino, 0, attributeTimeoutS(mayKeep), TIMEOUT_S);
            fill(entryAttributes, inode);
        }
    }
}
