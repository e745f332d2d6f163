package io.qsfs.index;

import io.qsfs.bindings.linux.Errno;
import io.qsfs.bindings.linux.FsStat;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.bindings.lmdb.Lmdb;
import io.qsfs.bindings.lmdb.LmdbInfo;
import io.qsfs.bindings.lmdb.LmdbStat;
import io.qsfs.config.QsfsException;
import io.qsfs.memory.Failpoint;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The current state of a volume in LMDB: one writer, readers without locks. It is a view of the records of the meta
 * stream: {@link #open} takes it as it is when it may be trusted, else a checkpoint, else nothing, and the caller
 * applies the records behind {@link IndexWriter#appliedEnd}.
 *
 * <p>LMDB runs without syncs (the log is what is durable), without a writable map, and without read-ahead (what is read
 * is scattered). Its map is the one mapped file that a native function of ours loads from: see {@link Tree}.
 *
 * <p>Threading: open, close, sync and checkpoints on any thread, one at a time; the writer and each reader say their
 * own.
 */
public final class Index implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Index.class);
    private static final int ENV_FLAGS = Lmdb.MDB_NOSUBDIR | Lmdb.MDB_NOTLS | Lmdb.MDB_NOSYNC | Lmdb.MDB_NORDAHEAD;
    private static final int MODE = 0600;
    /** A write that LMDB makes at once is shorter than this. */
    private static final long FULL_DISK_BYTES = 4L << 20;

    private static final int ROOT_MODE = Linux.S_IFDIR | 0755;

    private final IndexContext context;
    private final IndexTrust trust;
    private final Arena arena;
    private final long env;
    private final int dbi;
    private final IndexWriter writer;
    private final Set<IndexReader> readers = ConcurrentHashMap.newKeySet();
    private Origin origin;
    private String reason;

    /** What the index was when it was opened. */
    public enum Origin {
        /** It was as it had been left. */
        TRUSTED,
        /** It was made of a checkpoint. */
        CHECKPOINT,
        /** It was empty. */
        EMPTY
    }

    private Index(IndexContext context, IndexTrust trust, long env, int dbi) {
        this.context = context;
        this.trust = trust;
        this.env = env;
        this.dbi = dbi;
        arena = Arena.ofShared(); // replay and live operation may be different threads
        writer = new IndexWriter(this, env, dbi, arena, context.segmentBytes());
    }

    /**
     * Opens the index, or makes a new one where it may not be trusted.
     *
     * @throws QsfsException when that is not possible.
     */
    public static Index open(IndexContext context) {
        try {
            Files.createDirectories(context.directory());
        } catch (IOException e) {
            throw new QsfsException(
                    "The directory of the index, " + context.directory() + ", cannot be made: " + e.getMessage(), e);
        }
        IndexTrust trust = new IndexTrust(context);
        IndexTrust.Decision decision = trust.beforeOpen();
        if (decision.isTrusted()) {
            Index index = openFile(context, trust);
            String mismatch = index.check();
            decision = mismatch == null
                    ? trust.afterOpen(decision, index.writer.committed())
                    : new IndexTrust.Decision(IndexTrust.Basis.NONE, mismatch);
            if (decision.isTrusted()) {
                return index.became(Origin.TRUSTED, decision.reason());
            }
            index.close();
        }
        trust.forget();
        for (Path checkpoint : context.checkpoints()) {
            Index index = openCheckpoint(context, trust, checkpoint);
            if (index != null) {
                return index.became(Origin.CHECKPOINT, decision.reason());
            }
        }
        removeFiles(context);
        Index index = openFile(context, trust);
        index.makeRoot();
        return index.became(Origin.EMPTY, decision.reason());
    }

    private static Index openCheckpoint(IndexContext context, IndexTrust trust, Path checkpoint) {
        removeFiles(context);
        CheckpointInfo info = Checkpoint.read(checkpoint);
        String problem = info == null ? "it is no whole checkpoint" : Checkpoint.copyTo(checkpoint, context.file());
        if (problem == null) {
            Index index = openFile(context, trust);
            problem = index.check();
            if (problem == null && isOfAnotherHistory(context, index.writer.committed())) {
                problem = "the log has another record at position " + info.position() + " than it contains";
            }
            if (problem == null) {
                return index;
            }
            index.close();
        }
        LOG.warn("checkpoint {} is not used: {}", checkpoint, problem);
        return null;
    }

    private static boolean isOfAnotherHistory(IndexContext context, IndexState state) {
        return state.position != IndexState.NOTHING_APPLIED
                && context.recordCheck().check(state.position, state.sequence, state.length, state.crc)
                        == RecordCheck.Answer.DIFFERENT;
    }

    private static void removeFiles(IndexContext context) {
        for (Path file : List.of(context.file(), context.lockFile())) {
            int outcome = Linux.unlink(file.toString());
            if (outcome < 0 && outcome != -Linux.ENOENT) {
                throw new QsfsException("The old index " + file + " cannot be removed (" + Errno.message(outcome)
                        + "); make its directory writable.");
            }
        }
    }

    private static Index openFile(IndexContext context, IndexTrust trust) {
        long[] env = new long[1];
        int rc = Lmdb.envCreate(env);
        if (rc != 0) {
            throw failure(context, "made", rc);
        }
        int[] dbi = new int[1];
        rc = Lmdb.envSetMapsize(env[0], context.mapBytes());
        rc = rc == 0 ? Lmdb.envSetMaxReaders(env[0], context.readersMax()) : rc;
        rc = rc == 0 ? Lmdb.envOpen(env[0], context.file().toString(), ENV_FLAGS, MODE) : rc;
        rc = rc == 0 ? Lmdb.readerCheck(env[0], new int[1]) : rc;
        rc = rc == 0 ? openDatabase(env[0], dbi) : rc;
        if (rc != 0) {
            Lmdb.envClose(env[0]);
            throw failure(context, "opened", rc);
        }
        return new Index(context, trust, env[0], dbi[0]);
    }

    private static int openDatabase(long env, int[] dbi) {
        long[] txn = new long[1];
        int rc = Lmdb.txnBegin(env, 0, Lmdb.MDB_RDONLY, txn);
        if (rc != 0) {
            return rc;
        }
        rc = Lmdb.dbiOpen(txn[0], null, 0, dbi);
        if (rc != 0) {
            Lmdb.txnAbort(txn[0]);
            return rc;
        }
        return Lmdb.txnCommit(txn[0]);
    }

    private static QsfsException failure(IndexContext context, String what, int rc) {
        String remedy = rc == Linux.ENOMEM
                ? "; its map needs " + context.mapBytes() + " bytes of address space: raise the limit (ulimit -v)"
                : "; delete the directory, and the next mount makes it again";
        return new QsfsException(
                "The index " + context.file() + " cannot be " + what + " (" + Lmdb.strerror(rc) + ")" + remedy + ".");
    }

    private Index became(Origin newOrigin, String newReason) {
        origin = newOrigin;
        reason = newReason;
        LOG.debug(
                "index {}: {} appliedPosition={} appliedSequence={}",
                newOrigin,
                newReason,
                writer.appliedPosition(),
                writer.appliedSequence());
        return this;
    }

    /** Null when this is an index of the volume, and the writer has its state; else what is wrong. */
    private String check() {
        IndexReader reader = newReader();
        try (reader) {
            int rc = reader.renew();
            if (rc != 0) {
                return "it cannot be read (errno " + rc + ")";
            }
            String mismatch = reader.formatMismatch(context);
            if (mismatch != null) {
                return mismatch;
            }
        }
        int rc = writer.load();
        return rc == 0 ? null : "its state cannot be read (errno " + rc + ")";
    }

    /** An empty volume: the root directory, and nothing that depends on the machine or the time. */
    private void makeRoot() {
        Inode root = new Inode();
        root.ino = Inode.ROOT;
        root.mode = ROOT_MODE;
        root.nlink = 2;
        root.parent = Inode.ROOT;
        int rc = writer.initialize(context, root);
        if (rc != 0) {
            close();
            throw failure(context, "written", rc);
        }
    }

    /** What the index was when it was opened. */
    public Origin origin() {
        return origin;
    }

    /** Why: the end of a sentence that begins with "the index was trusted because" or "was rebuilt because". */
    public String reason() {
        return reason;
    }

    /** The one writer. */
    public IndexWriter writer() {
        return writer;
    }

    /** A new reader without a snapshot. The caller closes it before the index. */
    public IndexReader newReader() {
        long[] txn = new long[1];
        int rc = Lmdb.txnBegin(env, 0, Lmdb.MDB_RDONLY, txn);
        if (rc != 0) {
            throw failure(context, "read", rc);
        }
        Lmdb.txnReset(txn[0]);
        IndexReader reader = new IndexReader(this, txn[0], dbi, Arena.ofShared()); // threads may hand a reader on
        readers.add(reader);
        return reader;
    }

    void readerClosed(IndexReader reader) {
        readers.remove(reader);
    }

    /** Makes what was committed durable. 0 or errno. Takes as long as the disk needs. */
    public int sync() {
        return Tree.errno(Lmdb.envSync(env, true));
    }

    /**
     * Remembers which files the index and the log are now, so that it is trusted when the process dies and the machine
     * does not. To be called when a mount begins to write, and again when a named file is replaced.
     *
     * @param logFiles files and directories of the log, absolute; when one is not what it was, the index is not
     *     trusted.
     * @return 0 or errno.
     */
    public int recordIdentity(List<Path> logFiles) {
        return trust.recordIdentity(logFiles);
    }

    /**
     * Syncs, and says durably that this was a clean stop. The next commit takes that back. Everything must be
     * committed.
     *
     * @return 0 or errno.
     */
    public int markClean() {
        if (!writer.isCommitted()) {
            throw new IllegalStateException(
                    writer.pendingRecords() + " records are not committed: commit() comes first");
        }
        int rc = sync();
        Failpoint.INDEX_SYNCED.hit();
        return rc == 0 ? trust.markClean(writer.committed()) : rc;
    }

    /**
     * What a failed commit is as an errno. LMDB says EIO of a write that was cut short ("filesystem full?",
     * mdb_page_flush), so whether it was that must be asked of the file system.
     */
    int commitErrno(int rc) {
        if (rc == Linux.EIO) {
            FsStat stat = new FsStat();
            int outcome = Linux.statvfs(context.directory().toString(), stat);
            if (outcome >= 0 && stat.bytesAvailable() < FULL_DISK_BYTES) {
                return Linux.ENOSPC;
            }
        }
        return Tree.errno(rc);
    }

    int unmarkClean() {
        return trust.unmarkClean();
    }

    /**
     * Writes a durable copy of what is committed, whole or not at all. Not on the file-system thread, which goes on
     * meanwhile.
     *
     * @param target where; an older file is replaced. {@link Checkpoint#read} tells what it contains.
     * @return 0 or errno.
     */
    public int checkpointTo(Path target) {
        Path copy = target.resolveSibling(target.getFileName() + ".new");
        Linux.unlink(copy.toString());
        int rc = copyTo(copy);
        rc = rc == 0 ? -Math.min(0, Linux.rename(copy.toString(), target.toString())) : rc;
        rc = rc == 0 ? DurableFile.syncDirectory(target.toAbsolutePath().getParent()) : rc;
        if (rc != 0) {
            Linux.unlink(copy.toString());
            LOG.warn("checkpoint {} cannot be written: errno={} ({})", target, rc, Errno.message(rc));
        }
        return rc;
    }

    private int copyTo(Path copy) {
        int rc = Lmdb.envCopy2(env, copy.toString(), Lmdb.MDB_CP_COMPACT);
        if (rc == Lmdb.MDB_INCOMPATIBLE) { // it found pages that nobody refers to; a plain copy keeps them
            Linux.unlink(copy.toString());
            rc = Lmdb.envCopy2(env, copy.toString(), 0);
        }
        if (rc != 0) {
            return Tree.errno(rc);
        }
        IndexState state = new IndexState();
        rc = readStateOf(copy, state);
        return rc == 0 ? Checkpoint.complete(copy, context.volumeId(), state) : rc;
    }

    /** Which state was copied; the writer went on meanwhile. */
    private static int readStateOf(Path copy, IndexState state) {
        long[] env = new long[1];
        int rc = Lmdb.envCreate(env);
        if (rc != 0) {
            return Tree.errno(rc);
        }
        long[] txn = new long[1];
        int[] dbi = new int[1];
        int flags = Lmdb.MDB_NOSUBDIR | Lmdb.MDB_RDONLY | Lmdb.MDB_NOLOCK | Lmdb.MDB_NOTLS;
        rc = Lmdb.envOpen(env[0], copy.toString(), flags, MODE);
        rc = rc == 0 ? Lmdb.txnBegin(env[0], 0, Lmdb.MDB_RDONLY, txn) : rc;
        if (rc == 0) {
            rc = Lmdb.dbiOpen(txn[0], null, 0, dbi);
            if (rc == 0) {
                try (Arena arena = Arena.ofConfined()) {
                    Tree tree = new Tree(arena, dbi[0]);
                    tree.attach(txn[0]);
                    rc = new TreeView(tree, tree).state(state);
                }
            }
            Lmdb.txnAbort(txn[0]);
        }
        Lmdb.envClose(env[0]);
        return Tree.errno(rc);
    }

    /** Bytes of the file that are in use or were; it never shrinks. */
    public long fileBytes() {
        LmdbInfo info = new LmdbInfo();
        LmdbStat stat = new LmdbStat();
        int rc = Lmdb.envInfo(env, info);
        rc = rc == 0 ? Lmdb.envStat(env, stat) : rc;
        return rc == 0 ? (info.lastPage + 1) * stat.pageBytes : 0;
    }

    /** What is not committed is gone. Says nothing of a clean stop: {@link #markClean} does. */
    @Override
    public void close() {
        if (!readers.isEmpty()) {
            throw new IllegalStateException(readers.size() + " readers are open: close them before the index");
        }
        writer.close();
        Lmdb.envClose(env);
        arena.close();
    }

    /** Gets every entry of the tree; for tests. */
    interface EntryVisitor {
        /** Borrowed until return. */
        void entry(MemorySegment key, int keyBytes, MemorySegment value, int valueBytes);
    }
}
