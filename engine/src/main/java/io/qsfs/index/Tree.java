package io.qsfs.index;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.bindings.lmdb.Lmdb;
import io.qsfs.bindings.lmdb.Val;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The tree as one transaction sees it, through buffers of our own: the caller writes a key (and a value) into them, and
 * finds in them what was read. What LMDB returns is copied out by a native call before Java looks at it.
 *
 * <p>Methods return 0 or a positive errno; {@link #errno} says which.
 *
 * <p>Threading: one thread at a time; of a writing transaction always the same.
 */
final class Tree {
    /** The longest value that any structure has: a placement. */
    static final int VALUE_BYTES_MAX = PlacementValue.BYTES_MAX;

    /** The key to look for, or the one that was found. */
    final MemorySegment key;
    /** The value to write, or the one that was found. */
    final MemorySegment value;
    /** Length of the key that was found. */
    int keyBytes;
    /** Length of the value that was found. */
    int valueBytes;

    private final Val keyVal;
    private final Val valueVal;
    private final int dbi;
    private final long[] out = new long[1];
    private long txn;
    private long cursor;
    private boolean cursorIsStale;

    /** @param arena owns the buffers, longer than this is used. */
    Tree(Arena arena, int dbi) {
        this.dbi = dbi;
        key = arena.allocate(IndexKey.BYTES_MAX + 1L, Long.BYTES);
        value = arena.allocate(VALUE_BYTES_MAX, Long.BYTES);
        keyVal = Val.allocate(arena);
        valueVal = Val.allocate(arena);
    }

    /** Works in this transaction from now on. A cursor of a reading transaction is used again. */
    void attach(long newTxn) {
        txn = newTxn;
        cursorIsStale = true;
    }

    /** Before the end of the transaction; a reading one that is renewed keeps its cursor. */
    void closeCursor() {
        if (cursor != 0) {
            Lmdb.cursorClose(cursor);
            cursor = 0;
        }
    }

    /** Copies the value of {@link #key}. ENOENT when there is none. */
    int get(int keyLength) {
        int rc = Lmdb.get(txn, dbi, keyVal.set(key, 0, keyLength), valueVal);
        return rc == 0 ? copyValue() : errno(rc);
    }

    /** Gives {@link #key} the first bytes of {@link #value}. */
    int put(int keyLength, int valueLength) {
        return errno(Lmdb.put(txn, dbi, keyVal.set(key, 0, keyLength), valueVal.set(value, 0, valueLength), 0));
    }

    /** Removes {@link #key}; EIO when it is not there, since every caller knows that it is. */
    int delete(int keyLength) {
        int rc = Lmdb.del(txn, dbi, keyVal.set(key, 0, keyLength), null);
        return rc == Lmdb.MDB_NOTFOUND ? Linux.EIO : errno(rc);
    }

    /** Goes to the first entry whose key is not less than {@link #key}, and copies both. ENOENT at the end. */
    int seek(int keyLength) {
        int rc = openCursor();
        if (rc != 0) {
            return rc;
        }
        return move(keyVal.set(key, 0, keyLength), Lmdb.MDB_SET_RANGE);
    }

    /** Goes on after {@link #seek}. */
    int next() {
        return move(keyVal, Lmdb.MDB_NEXT);
    }

    /** Goes back after {@link #seek}. */
    int previous() {
        return move(keyVal, Lmdb.MDB_PREV);
    }

    private int move(Val keyOut, int operation) {
        int rc = Lmdb.cursorGet(cursor, keyOut, valueVal, operation);
        if (rc != 0) {
            return errno(rc);
        }
        long bytes = keyVal.size();
        if (bytes > IndexKey.BYTES_MAX) {
            return Linux.EIO;
        }
        keyBytes = (int) bytes;
        keyVal.copyTo(key, 0);
        return copyValue();
    }

    private int copyValue() {
        long bytes = valueVal.size();
        if (bytes > VALUE_BYTES_MAX) {
            return Linux.EIO;
        }
        valueBytes = (int) bytes;
        valueVal.copyTo(value, 0);
        return 0;
    }

    private int openCursor() {
        if (cursor != 0 && !cursorIsStale) {
            return 0;
        }
        int rc;
        if (cursor == 0) {
            rc = Lmdb.cursorOpen(txn, dbi, out);
            cursor = rc == 0 ? out[0] : 0;
        } else {
            rc = Lmdb.cursorRenew(txn, cursor);
        }
        cursorIsStale = rc != 0;
        return errno(rc);
    }

    /** What a result of LMDB is as an errno. A full map and a full transaction are a full disk to everyone else. */
    static int errno(int rc) {
        if (rc >= 0) {
            return rc;
        }
        return switch (rc) {
            case Lmdb.MDB_NOTFOUND -> Linux.ENOENT;
            case Lmdb.MDB_KEYEXIST -> Linux.EEXIST;
            case Lmdb.MDB_MAP_FULL, Lmdb.MDB_TXN_FULL -> Linux.ENOSPC;
            case Lmdb.MDB_READERS_FULL -> Linux.EMFILE;
            default -> Linux.EIO;
        };
    }
}
