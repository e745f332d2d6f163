package io.qsfs.bindings.lmdb;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.qsfs.bindings.Downcall;
import io.qsfs.bindings.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * LMDB. Results are LMDB's: 0, a negative {@code MDB_} code, or a positive errno. Environments, transactions and
 * cursors are addresses as numbers; one that was freed must not be used again, and nothing here would notice.
 *
 * <p>In steady state reading, writing and cursors allocate nothing; opening and naming things does. Without the
 * library every method throws {@link UnsatisfiedLinkError}: see {@link NativeLibrary#LMDB}.
 *
 * <p>Threading: an environment is for all threads. A transaction and its cursors are for one at a time; a writing one
 * begins and ends on the same thread, or LMDB hangs for ever. A reading one may change threads only with MDB_NOTLS.
 */
public final class Lmdb {
    // mdb_env_open
    public static final int MDB_FIXEDMAP = 0x1;
    public static final int MDB_NOSUBDIR = 0x4000;
    public static final int MDB_NOSYNC = 0x10000;
    public static final int MDB_RDONLY = 0x20000;
    public static final int MDB_NOMETASYNC = 0x40000;
    public static final int MDB_WRITEMAP = 0x80000;
    public static final int MDB_MAPASYNC = 0x100000;
    public static final int MDB_NOTLS = 0x200000;
    public static final int MDB_NOLOCK = 0x400000;
    public static final int MDB_NORDAHEAD = 0x800000;
    public static final int MDB_NOMEMINIT = 0x1000000;

    // mdb_dbi_open
    public static final int MDB_REVERSEKEY = 0x2;
    public static final int MDB_DUPSORT = 0x4;
    public static final int MDB_INTEGERKEY = 0x8;
    public static final int MDB_DUPFIXED = 0x10;
    public static final int MDB_INTEGERDUP = 0x20;
    public static final int MDB_REVERSEDUP = 0x40;
    public static final int MDB_CREATE = 0x40000;

    // mdb_put, mdb_cursor_put
    public static final int MDB_NOOVERWRITE = 0x10;
    public static final int MDB_NODUPDATA = 0x20;
    public static final int MDB_CURRENT = 0x40;
    public static final int MDB_RESERVE = 0x10000;
    public static final int MDB_APPEND = 0x20000;
    public static final int MDB_APPENDDUP = 0x40000;
    public static final int MDB_MULTIPLE = 0x80000;

    // mdb_env_copy2
    public static final int MDB_CP_COMPACT = 1;

    // MDB_cursor_op
    public static final int MDB_FIRST = 0;
    public static final int MDB_FIRST_DUP = 1;
    public static final int MDB_GET_BOTH = 2;
    public static final int MDB_GET_BOTH_RANGE = 3;
    public static final int MDB_GET_CURRENT = 4;
    public static final int MDB_GET_MULTIPLE = 5;
    public static final int MDB_LAST = 6;
    public static final int MDB_LAST_DUP = 7;
    public static final int MDB_NEXT = 8;
    public static final int MDB_NEXT_DUP = 9;
    public static final int MDB_NEXT_MULTIPLE = 10;
    public static final int MDB_NEXT_NODUP = 11;
    public static final int MDB_PREV = 12;
    public static final int MDB_PREV_DUP = 13;
    public static final int MDB_PREV_NODUP = 14;
    public static final int MDB_SET = 15;
    public static final int MDB_SET_KEY = 16;
    public static final int MDB_SET_RANGE = 17;
    public static final int MDB_PREV_MULTIPLE = 18;

    // results; a positive one is an errno
    public static final int MDB_SUCCESS = 0;
    public static final int MDB_KEYEXIST = -30799;
    public static final int MDB_NOTFOUND = -30798;
    public static final int MDB_PAGE_NOTFOUND = -30797;
    public static final int MDB_CORRUPTED = -30796;
    public static final int MDB_PANIC = -30795;
    public static final int MDB_VERSION_MISMATCH = -30794;
    public static final int MDB_INVALID = -30793;
    public static final int MDB_MAP_FULL = -30792;
    public static final int MDB_DBS_FULL = -30791;
    public static final int MDB_READERS_FULL = -30790;
    public static final int MDB_TLS_FULL = -30789;
    public static final int MDB_TXN_FULL = -30788;
    public static final int MDB_CURSOR_FULL = -30787;
    public static final int MDB_PAGE_FULL = -30786;
    public static final int MDB_MAP_RESIZED = -30785;
    public static final int MDB_INCOMPATIBLE = -30784;
    public static final int MDB_BAD_RSLOT = -30783;
    public static final int MDB_BAD_TXN = -30782;
    public static final int MDB_BAD_VALSIZE = -30781;
    public static final int MDB_BAD_DBI = -30780;

    private static final int TEXT_BYTES_MAX = 256;

    /** For results of a call, on their way out. Goes with its thread, so the collector owns it. */
    private static final ThreadLocal<MemorySegment> SCRATCH =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(64, 8));

    private Lmdb() {}

    // Environments

    /** @param out gets the environment, which {@link #envClose} frees, whatever {@link #envOpen} says. */
    public static int envCreate(long[] out) {
        MemorySegment scratch = SCRATCH.get();
        try {
            int outcome = (int) Call.ENV_CREATE.invokeExact(scratch.address());
            out[0] = scratch.get(JAVA_LONG, 0);
            return outcome;
        } catch (Throwable t) {
            throw Downcall.failure("mdb_env_create", t);
        }
    }

    /**
     * @param path a directory, or with MDB_NOSUBDIR a file.
     * @param mode permissions of new files.
     */
    public static int envOpen(long env, String path, int flags, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) Call.ENV_OPEN.invokeExact(env, arena.allocateFrom(path).address(), flags, mode);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_env_open", t);
        }
    }

    /** Once, after all transactions and cursors. */
    public static void envClose(long env) {
        try {
            Call.ENV_CLOSE.invokeExact(env);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_env_close", t);
        }
    }

    /** @param force also with MDB_NOSYNC. */
    public static int envSync(long env, boolean force) {
        try {
            return (int) Call.ENV_SYNC.invokeExact(env, force ? 1 : 0);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_env_sync", t);
        }
    }

    /**
     * Copies a consistent snapshot. It reads through the map for as long as that takes, and needs a reader's slot.
     *
     * @param path as for {@link #envOpen}: an empty directory, or a file that does not exist.
     */
    public static int envCopy2(long env, String path, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            return (int)
                    Call.ENV_COPY2.invokeExact(env, arena.allocateFrom(path).address(), flags);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_env_copy2", t);
        }
    }

    /** @param bytes a multiple of the page size. On an open environment only while this process has no transaction. */
    public static int envSetMapsize(long env, long bytes) {
        try {
            return (int) Call.ENV_SET_MAPSIZE.invokeExact(env, bytes);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_env_set_mapsize", t);
        }
    }

    /** Before {@link #envOpen}. */
    public static int envSetMaxReaders(long env, int readers) {
        try {
            return (int) Call.ENV_SET_MAXREADERS.invokeExact(env, readers);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_env_set_maxreaders", t);
        }
    }

    /** Before {@link #envOpen}. */
    public static int envSetMaxDbs(long env, int databases) {
        try {
            return (int) Call.ENV_SET_MAXDBS.invokeExact(env, databases);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_env_set_maxdbs", t);
        }
    }

    /** MDB_NOSYNC, MDB_NOMETASYNC, MDB_MAPASYNC, MDB_NOMEMINIT. */
    public static int envSetFlags(long env, int flags, boolean on) {
        try {
            return (int) Call.ENV_SET_FLAGS.invokeExact(env, flags, on ? 1 : 0);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_env_set_flags", t);
        }
    }

    public static int envStat(long env, LmdbStat out) {
        MemorySegment scratch = SCRATCH.get();
        try {
            int outcome = (int) Call.ENV_STAT.invokeExact(env, scratch.address());
            out.read(scratch);
            return outcome;
        } catch (Throwable t) {
            throw Downcall.failure("mdb_env_stat", t);
        }
    }

    public static int envInfo(long env, LmdbInfo out) {
        MemorySegment scratch = SCRATCH.get();
        try {
            int outcome = (int) Call.ENV_INFO.invokeExact(env, scratch.address());
            out.read(scratch);
            return outcome;
        } catch (Throwable t) {
            throw Downcall.failure("mdb_env_info", t);
        }
    }

    /** Bytes; 511 unless LMDB was built otherwise. */
    public static int envMaxKeyBytes(long env) {
        try {
            return (int) Call.ENV_GET_MAXKEYSIZE.invokeExact(env);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_env_get_maxkeysize", t);
        }
    }

    /**
     * Frees the slots of processes that died.
     *
     * @param out gets how many.
     */
    public static int readerCheck(long env, int[] out) {
        MemorySegment scratch = SCRATCH.get();
        try {
            int outcome = (int) Call.READER_CHECK.invokeExact(env, scratch.address());
            out[0] = scratch.get(JAVA_INT, 0);
            return outcome;
        } catch (Throwable t) {
            throw Downcall.failure("mdb_reader_check", t);
        }
    }

    // Transactions

    /**
     * @param parent 0 for none.
     * @param flags  MDB_RDONLY or 0.
     * @param out    gets the transaction.
     */
    public static int txnBegin(long env, long parent, int flags, long[] out) {
        MemorySegment scratch = SCRATCH.get();
        try {
            int outcome = (int) Call.TXN_BEGIN.invokeExact(env, parent, flags, scratch.address());
            out[0] = scratch.get(JAVA_LONG, 0);
            return outcome;
        } catch (Throwable t) {
            throw Downcall.failure("mdb_txn_begin", t);
        }
    }

    /** Frees the transaction, whatever it returns. */
    public static int txnCommit(long txn) {
        try {
            return (int) Call.TXN_COMMIT.invokeExact(txn);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_txn_commit", t);
        }
    }

    /** Frees the transaction. */
    public static void txnAbort(long txn) {
        try {
            Call.TXN_ABORT.invokeExact(txn);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_txn_abort", t);
        }
    }

    /** Lets a reading transaction's snapshot go and keeps its slot. */
    public static void txnReset(long txn) {
        try {
            Call.TXN_RESET.invokeExact(txn);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_txn_reset", t);
        }
    }

    /** Gives one that was reset the newest snapshot. */
    public static int txnRenew(long txn) {
        try {
            return (int) Call.TXN_RENEW.invokeExact(txn);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_txn_renew", t);
        }
    }

    /** For a reading one: of the commit that it sees. */
    public static long txnId(long txn) {
        try {
            return (long) Call.TXN_ID.invokeExact(txn);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_txn_id", t);
        }
    }

    // Databases

    /**
     * @param name null for the unnamed one.
     * @param out  gets the database's number, good in every transaction after this one has committed.
     */
    public static int dbiOpen(long txn, String name, int flags, int[] out) {
        MemorySegment scratch = SCRATCH.get();
        try (Arena arena = Arena.ofConfined()) {
            long nameC = name == null ? 0 : arena.allocateFrom(name).address();
            int outcome = (int) Call.DBI_OPEN.invokeExact(txn, nameC, flags, scratch.address());
            out[0] = scratch.get(JAVA_INT, 0);
            return outcome;
        } catch (Throwable t) {
            throw Downcall.failure("mdb_dbi_open", t);
        }
    }

    /** Rarely needed: closing the environment does it. */
    public static void dbiClose(long env, int dbi) {
        try {
            Call.DBI_CLOSE.invokeExact(env, dbi);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_dbi_close", t);
        }
    }

    public static int stat(long txn, int dbi, LmdbStat out) {
        MemorySegment scratch = SCRATCH.get();
        try {
            int outcome = (int) Call.STAT.invokeExact(txn, dbi, scratch.address());
            out.read(scratch);
            return outcome;
        } catch (Throwable t) {
            throw Downcall.failure("mdb_stat", t);
        }
    }

    /** Empties a database. @param delete also removes it. */
    public static int drop(long txn, int dbi, boolean delete) {
        try {
            return (int) Call.DROP.invokeExact(txn, dbi, delete ? 1 : 0);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_drop", t);
        }
    }

    /** @param value is set to what was found. */
    public static int get(long txn, int dbi, Val key, Val value) {
        try {
            return (int) Call.GET.invokeExact(txn, dbi, key.address(), value.address());
        } catch (Throwable t) {
            throw Downcall.failure("mdb_get", t);
        }
    }

    /** @param flags 0, MDB_NOOVERWRITE (then {@code value} is set to what is there), MDB_APPEND and others. */
    public static int put(long txn, int dbi, Val key, Val value, int flags) {
        try {
            return (int) Call.PUT.invokeExact(txn, dbi, key.address(), value.address(), flags);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_put", t);
        }
    }

    /**
     * Makes room for a value that the caller writes, by {@link Val#copyFrom}, before the next call with this
     * transaction.
     *
     * @param flags as for {@link #put}; MDB_RESERVE is added.
     */
    public static int putReserve(long txn, int dbi, Val key, Val value, long bytes, int flags) {
        return put(txn, dbi, key, value.set(bytes), flags | MDB_RESERVE);
    }

    /** @param value null, or the one of several values (MDB_DUPSORT) to delete. */
    public static int del(long txn, int dbi, Val key, Val value) {
        try {
            return (int) Call.DEL.invokeExact(txn, dbi, key.address(), value == null ? 0L : value.address());
        } catch (Throwable t) {
            throw Downcall.failure("mdb_del", t);
        }
    }

    // Cursors

    /**
     * @param out gets the cursor. In a writing transaction it must be closed before the end, in a reading one after
     *     it.
     */
    public static int cursorOpen(long txn, int dbi, long[] out) {
        MemorySegment scratch = SCRATCH.get();
        try {
            int outcome = (int) Call.CURSOR_OPEN.invokeExact(txn, dbi, scratch.address());
            out[0] = scratch.get(JAVA_LONG, 0);
            return outcome;
        } catch (Throwable t) {
            throw Downcall.failure("mdb_cursor_open", t);
        }
    }

    public static void cursorClose(long cursor) {
        try {
            Call.CURSOR_CLOSE.invokeExact(cursor);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_cursor_close", t);
        }
    }

    /** Uses a reading cursor again with another transaction. */
    public static int cursorRenew(long txn, long cursor) {
        try {
            return (int) Call.CURSOR_RENEW.invokeExact(txn, cursor);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_cursor_renew", t);
        }
    }

    /**
     * @param op MDB_FIRST, MDB_SET_RANGE and the others of MDB_cursor_op; both {@code key} and {@code value} are set.
     */
    public static int cursorGet(long cursor, Val key, Val value, int op) {
        try {
            return (int) Call.CURSOR_GET.invokeExact(cursor, key.address(), value.address(), op);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_cursor_get", t);
        }
    }

    public static int cursorPut(long cursor, Val key, Val value, int flags) {
        try {
            return (int) Call.CURSOR_PUT.invokeExact(cursor, key.address(), value.address(), flags);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_cursor_put", t);
        }
    }

    /** @param flags 0, or MDB_NODUPDATA for all values of the key. */
    public static int cursorDel(long cursor, int flags) {
        try {
            return (int) Call.CURSOR_DEL.invokeExact(cursor, flags);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_cursor_del", t);
        }
    }

    /** @param out gets the number of values of the current key (MDB_DUPSORT). */
    public static int cursorCount(long cursor, long[] out) {
        MemorySegment scratch = SCRATCH.get();
        try {
            int outcome = (int) Call.CURSOR_COUNT.invokeExact(cursor, scratch.address());
            out[0] = scratch.get(JAVA_LONG, 0);
            return outcome;
        } catch (Throwable t) {
            throw Downcall.failure("mdb_cursor_count", t);
        }
    }

    // The library

    /** The text of a result, LMDB's own or an errno. */
    public static String strerror(int outcome) {
        try {
            long text = (long) Call.STRERROR.invokeExact(outcome);
            return MemorySegment.ofAddress(text).reinterpret(TEXT_BYTES_MAX).getString(0);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_strerror", t);
        }
    }

    /** @return {@code "LMDB 0.9.24: (July 24, 2019)"}, of the library and not of the headers. */
    public static String version() {
        try {
            long text = (long) Call.VERSION.invokeExact(0L, 0L, 0L);
            return MemorySegment.ofAddress(text).reinterpret(TEXT_BYTES_MAX).getString(0);
        } catch (Throwable t) {
            throw Downcall.failure("mdb_version", t);
        }
    }

    /** Made when the first of them is called. */
    private static final class Call {
        static final MethodHandle ENV_CREATE = handle("mdb_env_create", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        static final MethodHandle ENV_OPEN =
                handle("mdb_env_open", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT));
        static final MethodHandle ENV_CLOSE = handle("mdb_env_close", FunctionDescriptor.ofVoid(JAVA_LONG));
        static final MethodHandle ENV_SYNC =
                handle("mdb_env_sync", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT));
        static final MethodHandle ENV_COPY2 =
                handle("mdb_env_copy2", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
        static final MethodHandle ENV_SET_MAPSIZE =
                handle("mdb_env_set_mapsize", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
        static final MethodHandle ENV_SET_MAXREADERS =
                handle("mdb_env_set_maxreaders", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT));
        static final MethodHandle ENV_SET_MAXDBS =
                handle("mdb_env_set_maxdbs", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT));
        static final MethodHandle ENV_SET_FLAGS =
                handle("mdb_env_set_flags", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT));
        static final MethodHandle ENV_STAT =
                handle("mdb_env_stat", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
        static final MethodHandle ENV_INFO =
                handle("mdb_env_info", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
        static final MethodHandle ENV_GET_MAXKEYSIZE =
                handle("mdb_env_get_maxkeysize", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        static final MethodHandle READER_CHECK =
                handle("mdb_reader_check", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
        static final MethodHandle TXN_BEGIN =
                handle("mdb_txn_begin", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG));
        static final MethodHandle TXN_COMMIT = handle("mdb_txn_commit", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        static final MethodHandle TXN_ABORT = handle("mdb_txn_abort", FunctionDescriptor.ofVoid(JAVA_LONG));
        static final MethodHandle TXN_RESET = handle("mdb_txn_reset", FunctionDescriptor.ofVoid(JAVA_LONG));
        static final MethodHandle TXN_RENEW = handle("mdb_txn_renew", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        static final MethodHandle TXN_ID = handle("mdb_txn_id", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
        static final MethodHandle DBI_OPEN =
                handle("mdb_dbi_open", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG));
        static final MethodHandle DBI_CLOSE = handle("mdb_dbi_close", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT));
        static final MethodHandle STAT =
                handle("mdb_stat", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG));
        static final MethodHandle DROP =
                handle("mdb_drop", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT));
        static final MethodHandle GET =
                handle("mdb_get", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG));
        static final MethodHandle PUT =
                handle("mdb_put", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
        static final MethodHandle DEL =
                handle("mdb_del", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG));
        static final MethodHandle CURSOR_OPEN =
                handle("mdb_cursor_open", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG));
        static final MethodHandle CURSOR_CLOSE = handle("mdb_cursor_close", FunctionDescriptor.ofVoid(JAVA_LONG));
        static final MethodHandle CURSOR_RENEW =
                handle("mdb_cursor_renew", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
        static final MethodHandle CURSOR_GET =
                handle("mdb_cursor_get", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT));
        static final MethodHandle CURSOR_PUT =
                handle("mdb_cursor_put", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT));
        static final MethodHandle CURSOR_DEL =
                handle("mdb_cursor_del", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT));
        static final MethodHandle CURSOR_COUNT =
                handle("mdb_cursor_count", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
        static final MethodHandle STRERROR = handle("mdb_strerror", FunctionDescriptor.of(JAVA_LONG, JAVA_INT));
        static final MethodHandle VERSION =
                handle("mdb_version", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));

        private static MethodHandle handle(String function, FunctionDescriptor descriptor) {
            return Linker.nativeLinker().downcallHandle(NativeLibrary.LMDB.address(function), descriptor);
        }
    }
}
