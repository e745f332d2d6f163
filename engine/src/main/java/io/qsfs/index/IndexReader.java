package io.qsfs.index;

import io.qsfs.bindings.lmdb.Lmdb;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/**
 * A snapshot of what was committed. {@link #renew} takes the newest, {@link #release} lets it go: between requests,
 * because pages that an old snapshot can see are not used again, and the index would grow.
 *
 * <p>Threading: one thread at a time, one reader for each worker.
 */
public final class IndexReader implements IndexView, AutoCloseable {
    private final Index index;
    private final Arena arena;
    private final Tree tree;
    private final Tree walk;
    private final TreeView view;
    private final IndexState state = new IndexState();
    private final long txn;
    private boolean holdsSnapshot;
    private boolean knowsState;

    /** @param txn a reading transaction that was reset. @param arena this closes it. */
    IndexReader(Index index, long txn, int dbi, Arena arena) {
        this.index = index;
        this.txn = txn;
        this.arena = arena;
        tree = new Tree(arena, dbi);
        walk = new Tree(arena, dbi);
        view = new TreeView(tree, walk);
    }

    /** Sees the last commit from now on. 0 or an errno, then there is no snapshot. */
    public int renew() {
        release();
        int rc = Lmdb.txnRenew(txn);
        if (rc != 0) {
            return Tree.errno(rc);
        }
        tree.attach(txn);
        walk.attach(txn);
        holdsSnapshot = true;
        knowsState = false;
        return 0;
    }

    /** Holds no snapshot any more; only {@link #renew} may follow. */
    public void release() {
        if (holdsSnapshot) {
            Lmdb.txnReset(txn);
            holdsSnapshot = false;
        }
    }

    @Override
    public void close() {
        release();
        tree.closeCursor();
        walk.closeCursor();
        Lmdb.txnAbort(txn);
        arena.close();
        index.readerClosed(this);
    }

    private TreeView snapshot() {
        if (!holdsSnapshot) {
            throw new IllegalStateException("an index reader is used without a snapshot: renew() comes first");
        }
        return view;
    }

    @Override
    public int inode(long ino, Inode out) {
        return snapshot().inode(ino, out);
    }

    @Override
    public int lookup(long directory, MemorySegment name, long offset, int length, DirectoryEntry out) {
        return snapshot().lookup(directory, name, offset, length, out);
    }

    @Override
    public int readDirectory(long directory, long afterCookie, DirectoryVisitor visitor) {
        return snapshot().readDirectory(directory, afterCookie, visitor);
    }

    @Override
    public boolean isEmpty(long directory) {
        return snapshot().isEmpty(directory);
    }

    @Override
    public int readLink(long ino, MemorySegment out, long offset) {
        return snapshot().readLink(ino, out, offset);
    }

    @Override
    public int extents(long ino, long offset, long length, ExtentList out) {
        return snapshot().extents(ino, offset, length, out);
    }

    @Override
    public int attribute(long ino, MemorySegment name, long offset, int length, MemorySegment out, long outOffset) {
        return snapshot().attribute(ino, name, offset, length, out, outOffset);
    }

    @Override
    public int forEachAttribute(long ino, AttributeVisitor visitor) {
        return snapshot().forEachAttribute(ino, visitor);
    }

    @Override
    public SegmentInfo segment(int stream, long number) {
        return snapshot().segment(stream, number);
    }

    @Override
    public Placement placement(int stream, long number) {
        return snapshot().placement(stream, number);
    }

    @Override
    public int forEachSegment(int stream, Consumer<SegmentInfo> visitor) {
        return snapshot().forEachSegment(stream, visitor);
    }

    @Override
    public int forEachPlacement(int stream, Consumer<Placement> visitor) {
        return snapshot().forEachPlacement(stream, visitor);
    }

    @Override
    public int forEachOrphan(OrphanVisitor visitor) {
        return snapshot().forEachOrphan(visitor);
    }

    /** Null when this is an index of that volume; else what is wrong. */
    String formatMismatch(IndexContext context) {
        return snapshot().formatMismatch(context);
    }

    /** Visits every entry of the tree; for tests. */
    int forEachEntry(Index.EntryVisitor visitor) {
        return snapshot().forEachEntry(visitor);
    }

    @Override
    public Totals totals() {
        return new Totals(state().inodes, state().allocatedBytes);
    }

    @Override
    public long appliedPosition() {
        return state().position;
    }

    @Override
    public long appliedEnd() {
        return state().end();
    }

    @Override
    public long appliedSequence() {
        return state().sequence;
    }

    @Override
    public long nextInode() {
        return state().nextInode;
    }

    @Override
    public long dataEnd() {
        return state().dataEnd;
    }

    private IndexState state() {
        if (!knowsState) {
            int rc = snapshot().state(state);
            if (rc != 0) {
                throw new IllegalStateException("the index has no readable state: errno=" + rc);
            }
            knowsState = true;
        }
        return state;
    }
}
