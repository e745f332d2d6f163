package io.qsfs.index;

import io.qsfs.bindings.lmdb.Lmdb;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.log.record.RecordType;
import io.qsfs.memory.Failpoint;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one way the index changes: {@link #apply}, a record after the other, and {@link #commit} over a batch of them.
 * What it shows as a view includes what was applied and not committed yet.
 *
 * <p>Records are applied in one transaction until commit. An operating error (a full disk, a failing one) takes the
 * whole transaction with it: {@link #appliedPosition} is back at what was committed last, and the caller applies from
 * there again. A {@link Refusal} changes nothing: the record does not fit the state, and the volume must stop.
 *
 * <p>Threading: the file-system thread only. From the first call after a commit to the next commit it must be the same
 * thread: LMDB's transaction would hang for ever on another. That is checked.
 */
public final class IndexWriter implements IndexView {
    private static final Logger LOG = LoggerFactory.getLogger(IndexWriter.class);

    private final Index index;
    private final long env;
    private final Tree tree;
    private final Tree walk;
    private final TreeView view;
    private final SegmentDeltas deltas = new SegmentDeltas();
    private final SharedRanges shared;
    private final NameEditor names;
    private final FileEditor files;
    private final AttributeEditor attributes;
    private final SegmentEditor segments;
    private final IndexState state = new IndexState();
    private final IndexState committed = new IndexState();
    private final long[] out = new long[1];

    private long txn;
    private Thread owner;
    private int pendingRecords;

    /** @param arena owned by the index, closed after the last use of this. */
    IndexWriter(Index index, long env, int dbi, Arena arena, long segmentBytes) {
        this.index = index;
        this.env = env;
        tree = new Tree(arena, dbi);
        walk = new Tree(arena, dbi);
        view = new TreeView(tree, walk);
        InodeTable inodes = new InodeTable(tree, view);
        names = new NameEditor(tree, view, inodes, state);
        shared = new SharedRanges(tree, deltas, segmentBytes);
        attributes = new AttributeEditor(tree, inodes);
        files = new FileEditor(
                tree, inodes, new ExtentEditor(tree, shared, segmentBytes), attributes, state, segmentBytes);
        segments = new SegmentEditor(tree, deltas, segmentBytes);
    }

    /** Takes the counters of the state that is stored. 0 or an errno. */
    int load() {
        int rc = begin();
        rc = rc == 0 ? view.state(committed) : rc;
        end();
        return rc;
    }

    /** Makes the empty volume. 0 or an errno. */
    int initialize(IndexContext context, Inode root) {
        int rc = begin();
        if (rc == 0) {
            int valueBytes = FormatValue.encode(tree.value, context.volumeId(), context.segmentBytes());
            rc = tree.put(IndexKey.meta(tree.key, FormatValue.KEY), valueBytes);
        }
        if (rc == 0) {
            int keyBytes = IndexKey.one(tree.key, IndexKey.INODE, root.ino);
            rc = tree.put(keyBytes, InodeValue.encode(tree.value, root));
        }
        pendingRecords = 1; // there is something to commit
        rc = rc == 0 ? commit() : rc;
        end();
        return rc;
    }

    /**
     * Applies one record.
     *
     * @param record   borrowed until return; {@link RecordHeader#isSound} was true for the record at {@code offset}.
     * @param position where the record lies in the meta stream.
     * @return 0; the code of a {@link Refusal}, then nothing has changed; or an errno, then everything since the last
     *     commit is gone, and {@link #appliedPosition} tells where to go on.
     */
    public int apply(MemorySegment record, long offset, long position) {
        int rc = begin();
        if (rc != 0) {
            return rc;
        }
        long sequence = RecordHeader.sequence(record, offset);
        if (sequence != state.sequence + 1) {
            rc = Refusal.SEQUENCE.code();
        } else if (position < state.end()) {
            rc = Refusal.POSITION.code();
        } else {
            rc = change(record, offset);
        }
        if (rc == 0) {
            state.position = position;
            state.length = RecordHeader.length(record, offset);
            state.crc = RecordHeader.crc(record, offset);
            state.sequence = sequence;
            pendingRecords++;
            return 0;
        }
        if (Refusal.is(rc)) {
            logRefusal(record, offset, position, rc);
            return rc;
        }
        logLoss("apply", rc);
        end();
        return rc;
    }

    private int change(MemorySegment record, long at) {
        RecordType type = RecordType.of(RecordHeader.typeCode(record, at));
        if (type == null) {
            return Refusal.TYPE.code();
        }
        return switch (type) {
            case PAD, SYNC, MOUNT -> 0;
            case MAKE -> names.make(record, at);
            case LINK -> names.link(record, at);
            case UNLINK -> names.unlink(record, at);
            case RENAME -> names.rename(record, at);
            case SET_ATTR -> files.setAttributes(record, at);
            case WRITE -> files.write(record, at);
            case PURGE -> files.purge(record, at);
            case CLOSED -> segments.close(record, at);
            case PLACED -> segments.place(record, at);
            case SHARD -> segments.shard(record, at);
            case SET_XATTR -> attributes.set(record, at);
            case REMOVE_XATTR -> attributes.remove(record, at);
            case PUNCH -> files.punch(record, at);
            case CLONE -> files.cloneRange(record, at);
        };
    }

    /**
     * Makes everything applied visible to readers that renew. Not durable: the log is what is durable.
     *
     * @return 0, or an errno, then everything since the last commit is gone and must be applied again.
     */
    public int commit() {
        if (txn == 0) {
            return 0;
        }
        checkOwner();
        if (pendingRecords == 0) {
            end();
            return 0;
        }
        int rc = index.unmarkClean();
        Failpoint.CLEAN_UNMARKED.hit();
        rc = rc == 0 ? segments.flushLiveBytes() : rc;
        rc = rc == 0 ? tree.put(IndexKey.meta(tree.key, IndexState.KEY), state.encode(tree.value)) : rc;
        if (rc == 0) {
            closeCursors();
            long ending = txn;
            txn = 0;
            rc = index.commitErrno(Lmdb.txnCommit(ending));
        }
        if (rc != 0) {
            logLoss("commit", rc);
            end();
            return rc;
        }
        committed.copyFrom(state);
        pendingRecords = 0;
        return 0;
    }

    /** Forgets everything since the last commit; {@link #appliedPosition} is back there. */
    public void rollback() {
        if (txn != 0) {
            checkOwner();
            end();
        }
    }

    /** Records applied since the last commit. */
    public int pendingRecords() {
        return pendingRecords;
    }

    /** Begins a transaction where there is none. */
    private int begin() {
        if (txn != 0) {
            checkOwner();
            return 0;
        }
        int rc = Lmdb.txnBegin(env, 0, 0, out);
        if (rc != 0) {
            return Tree.errno(rc);
        }
        txn = out[0];
        owner = Thread.currentThread();
        tree.attach(txn);
        walk.attach(txn);
        return 0;
    }

    /** Ends the transaction without a commit. */
    private void end() {
        if (txn != 0) {
            closeCursors();
            Lmdb.txnAbort(txn);
            txn = 0;
        }
        deltas.clear();
        shared.forget();
        state.copyFrom(committed);
        pendingRecords = 0;
    }

    private void closeCursors() {
        tree.closeCursor();
        walk.closeCursor();
    }

    private void checkOwner() {
        if (owner != Thread.currentThread()) {
            throw new IllegalStateException(
                    "the index's transaction was begun by thread " + owner.getName() + " and is used by "
                            + Thread.currentThread().getName() + ": commit before handing the writer over");
        }
    }

    private void logRefusal(MemorySegment record, long offset, long position, int rc) {
        LOG.error(
                "record refused: {}: position={} sequence={} type={} appliedPosition={} appliedSequence={}",
                Refusal.of(rc).text(),
                position,
                RecordHeader.sequence(record, offset),
                RecordHeader.typeCode(record, offset),
                state.position,
                state.sequence);
    }

    private void logLoss(String what, int rc) {
        LOG.warn(
                "index {} failed, {} records are to be applied again: errno={} appliedPosition={} committedPosition={}",
                what,
                pendingRecords,
                rc,
                state.position,
                committed.position);
    }

    /** Ends what is open; the index closes the environment. */
    void close() {
        end();
    }

    /** True when nothing waits for a commit. */
    boolean isCommitted() {
        return pendingRecords == 0;
    }

    @Override
    public int inode(long ino, Inode inode) {
        int rc = begin();
        return rc == 0 ? view.inode(ino, inode) : rc;
    }

    @Override
    public int lookup(long directory, MemorySegment name, long offset, int length, DirectoryEntry entry) {
        int rc = begin();
        return rc == 0 ? view.lookup(directory, name, offset, length, entry) : rc;
    }

    @Override
    public int readDirectory(long directory, long afterCookie, DirectoryVisitor visitor) {
        int rc = begin();
        return rc == 0 ? view.readDirectory(directory, afterCookie, visitor) : rc;
    }

    @Override
    public boolean isEmpty(long directory) {
        return begin() == 0 && view.isEmpty(directory);
    }

    @Override
    public int readLink(long ino, MemorySegment target, long offset) {
        int rc = begin();
        return rc == 0 ? view.readLink(ino, target, offset) : -rc;
    }

    @Override
    public int extents(long ino, long offset, long length, ExtentList list) {
        int rc = begin();
        return rc == 0 ? view.extents(ino, offset, length, list) : rc;
    }

    @Override
    public int attribute(long ino, MemorySegment name, long offset, int length, MemorySegment out, long outOffset) {
        int rc = begin();
        return rc == 0 ? view.attribute(ino, name, offset, length, out, outOffset) : -rc;
    }

    @Override
    public int forEachAttribute(long ino, AttributeVisitor visitor) {
        int rc = begin();
        return rc == 0 ? view.forEachAttribute(ino, visitor) : rc;
    }

    @Override
    public SegmentInfo segment(int stream, long number) {
        return beginWithLiveBytes() == 0 ? view.segment(stream, number) : null;
    }

    @Override
    public Placement placement(int stream, long number) {
        return begin() == 0 ? view.placement(stream, number) : null;
    }

    @Override
    public int forEachSegment(int stream, Consumer<SegmentInfo> visitor) {
        int rc = beginWithLiveBytes();
        return rc == 0 ? view.forEachSegment(stream, visitor) : rc;
    }

    @Override
    public int forEachPlacement(int stream, Consumer<Placement> visitor) {
        int rc = begin();
        return rc == 0 ? view.forEachPlacement(stream, visitor) : rc;
    }

    @Override
    public int forEachOrphan(OrphanVisitor visitor) {
        int rc = begin();
        return rc == 0 ? view.forEachOrphan(visitor) : rc;
    }

    /** What is in memory of live bytes must be in the tree before segments are read from it. */
    private int beginWithLiveBytes() {
        int rc = begin();
        if (rc == 0 && !deltas.isEmpty()) {
            rc = segments.flushLiveBytes();
            if (rc != 0) {
                logLoss("write of live bytes", rc);
                end();
            }
        }
        return rc;
    }

    /** Visits every entry of the tree; for tests. */
    int forEachEntry(Index.EntryVisitor visitor) {
        int rc = beginWithLiveBytes();
        return rc == 0 ? view.forEachEntry(visitor) : rc;
    }

    /** {@link Totals#inodes}, without an allocation. */
    public long inodes() {
        return state.inodes;
    }

    /** {@link Totals#allocatedBytes}, without an allocation. */
    public long allocatedBytes() {
        return state.allocatedBytes;
    }

    @Override
    public Totals totals() {
        return new Totals(state.inodes, state.allocatedBytes);
    }

    @Override
    public long appliedPosition() {
        return state.position;
    }

    @Override
    public long appliedEnd() {
        return state.end();
    }

    @Override
    public long appliedSequence() {
        return state.sequence;
    }

    @Override
    public long nextInode() {
        return state.nextInode;
    }

    @Override
    public long dataEnd() {
        return state.dataEnd;
    }

    /** What was committed last. */
    IndexState committed() {
        return committed;
    }
}
