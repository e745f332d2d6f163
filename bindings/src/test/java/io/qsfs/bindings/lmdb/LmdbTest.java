package io.qsfs.bindings.lmdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.bindings.Allocations;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small database through every call. */
class LmdbTest {
    @TempDir
    Path directory;

    private final Arena arena = Arena.ofShared();
    private final long[] out = new long[1];
    private final int[] number = new int[1];
    private final MemorySegment buffer = arena.allocate(4096);
    private Val key;
    private Val value;
    private long env;
    private int dbi;

    @BeforeEach
    void open() {
        key = Val.allocate(arena);
        value = Val.allocate(arena);
        ok(Lmdb.envCreate(out));
        env = out[0];
        ok(Lmdb.envSetMapsize(env, 1 << 20));
        ok(Lmdb.envSetMaxDbs(env, 4));
        ok(Lmdb.envSetMaxReaders(env, 16));
        ok(Lmdb.envOpen(env, directory.toString(), Lmdb.MDB_NOSYNC | Lmdb.MDB_NOTLS, 0600));
        long txn = begin(0);
        ok(Lmdb.dbiOpen(txn, "names", Lmdb.MDB_CREATE, number));
        dbi = number[0];
        ok(Lmdb.txnCommit(txn));
    }

    @AfterEach
    void close() {
        Lmdb.envClose(env);
        arena.close();
    }

    @Test
    void shouldFindWhatWasPut() {
        long txn = begin(0);
        ok(put(txn, "b", "two", 0));
        ok(put(txn, "a", "one", 0));
        assertEquals(Lmdb.MDB_KEYEXIST, put(txn, "a", "other", Lmdb.MDB_NOOVERWRITE));
        ok(Lmdb.putReserve(txn, dbi, key("c"), value, 5, 0));
        value.copyFrom(0, arena.allocateFrom("three"), 0, 2);
        value.data().asSlice(2).copyFrom(arena.allocateFrom("ree").asSlice(0, 3));
        ok(Lmdb.txnCommit(txn));

        long reader = begin(Lmdb.MDB_RDONLY);
        assertEquals("one", get(reader, "a"));
        assertEquals("three", get(reader, "c"));
        value.copyTo(1, buffer, 8, 2);
        assertEquals('h', buffer.get(ValueLayout.JAVA_BYTE, 8));
        assertEquals(Lmdb.MDB_NOTFOUND, Lmdb.get(reader, dbi, key("d"), value));
        assertTrue(Lmdb.txnId(reader) > 0);
        LmdbStat stat = new LmdbStat();
        ok(Lmdb.stat(reader, dbi, stat));
        assertEquals(3, stat.entries);
        assertEquals(1, stat.depth);

        long writer = begin(0);
        ok(Lmdb.del(writer, dbi, key("a"), null));
        assertEquals(Lmdb.MDB_NOTFOUND, Lmdb.del(writer, dbi, key("a"), null));
        ok(Lmdb.txnCommit(writer));
        assertEquals("one", get(reader, "a"), "a snapshot is a snapshot");
        Lmdb.txnReset(reader);
        ok(Lmdb.txnRenew(reader));
        assertEquals(Lmdb.MDB_NOTFOUND, Lmdb.get(reader, dbi, key("a"), value));
        Lmdb.txnAbort(reader);
    }

    @Test
    void shouldWalkInOrder() {
        long txn = begin(0);
        for (String name : new String[] {"d", "b", "a", "c"}) {
            ok(put(txn, name, name + name, 0));
        }
        ok(Lmdb.cursorOpen(txn, dbi, out));
        long cursor = out[0];
        ok(Lmdb.cursorGet(cursor, key("bb"), value, Lmdb.MDB_SET_RANGE));
        assertEquals("c", text(key));
        ok(Lmdb.cursorGet(cursor, key, value, Lmdb.MDB_PREV));
        assertEquals("bb", text(value));
        ok(Lmdb.cursorDel(cursor, 0));
        ok(Lmdb.cursorPut(cursor, key("e"), value("ee"), 0));
        assertEquals(Lmdb.MDB_NOTFOUND, Lmdb.cursorGet(cursor, key, value, Lmdb.MDB_NEXT));
        Lmdb.cursorClose(cursor);
        ok(Lmdb.txnCommit(txn));

        long reader = begin(Lmdb.MDB_RDONLY);
        ok(Lmdb.cursorOpen(reader, dbi, out));
        cursor = out[0];
        StringBuilder seen = new StringBuilder();
        for (int op = Lmdb.MDB_FIRST; Lmdb.cursorGet(cursor, key, value, op) == 0; op = Lmdb.MDB_NEXT) {
            seen.append(text(key)).append('=').append(text(value)).append(' ');
        }
        assertEquals("a=aa c=cc d=dd e=ee ", seen.toString());
        Lmdb.txnReset(reader);
        ok(Lmdb.txnRenew(reader));
        ok(Lmdb.cursorRenew(reader, cursor));
        ok(Lmdb.cursorGet(cursor, key, value, Lmdb.MDB_LAST));
        assertEquals("e", text(key));
        Lmdb.txnAbort(reader);
        Lmdb.cursorClose(cursor);
    }

    @Test
    void shouldReportErrorsAsNumbers() {
        long txn = begin(0);
        assertEquals(Lmdb.MDB_NOTFOUND, Lmdb.dbiOpen(txn, "none", 0, number));
        assertEquals(Lmdb.MDB_BAD_VALSIZE, put(txn, "k".repeat(512), "v", 0));
        assertEquals(511, Lmdb.envMaxKeyBytes(env));
        int outcome = 0;
        for (int i = 0; i < 1000 && outcome == 0; i++) {
            outcome = Lmdb.putReserve(txn, dbi, key("big" + i), value, 4096, 0);
        }
        assertEquals(Lmdb.MDB_MAP_FULL, outcome);
        Lmdb.txnAbort(txn);
        ok(Lmdb.envSetMapsize(env, 2 << 20));
        LmdbInfo info = new LmdbInfo();
        ok(Lmdb.envInfo(env, info));
        assertEquals(2 << 20, info.mapBytes);
        assertEquals(16, info.readersMax);
        LmdbStat stat = new LmdbStat();
        ok(Lmdb.envStat(env, stat));
        assertEquals(4096, stat.pageBytes);
        ok(Lmdb.readerCheck(env, number));
        assertEquals(0, number[0]);
        assertTrue(Lmdb.strerror(Lmdb.MDB_MAP_FULL).startsWith("MDB_MAP_FULL"), Lmdb.strerror(Lmdb.MDB_MAP_FULL));
        assertTrue(Lmdb.version().startsWith("LMDB 0.9."), Lmdb.version());
    }

    @Test
    void shouldCopyASnapshot() throws Exception {
        long txn = begin(0);
        ok(put(txn, "a", "one", 0));
        ok(Lmdb.txnCommit(txn));
        ok(Lmdb.envSync(env, true));
        ok(Lmdb.envSetFlags(env, Lmdb.MDB_NOMETASYNC, true));
        Path copy = Files.createDirectory(directory.resolve("copy"));
        ok(Lmdb.envCopy2(env, copy.toString(), Lmdb.MDB_CP_COMPACT));
        ok(Lmdb.envCreate(out));
        long other = out[0];
        ok(Lmdb.envSetMaxDbs(other, 4));
        ok(Lmdb.envOpen(other, copy.toString(), Lmdb.MDB_RDONLY, 0));
        ok(Lmdb.txnBegin(other, 0, Lmdb.MDB_RDONLY, out));
        txn = out[0];
        ok(Lmdb.dbiOpen(txn, "names", 0, number));
        ok(Lmdb.get(txn, number[0], key("a"), value));
        assertEquals("one", text(value));
        Lmdb.txnAbort(txn);
        Lmdb.envClose(other);
    }

    @Test
    void shouldEmptyADatabaseAndCountValues() {
        long txn = begin(0);
        ok(Lmdb.dbiOpen(txn, "many", Lmdb.MDB_CREATE | Lmdb.MDB_DUPSORT, number));
        int many = number[0];
        for (String v : new String[] {"x", "y", "z"}) {
            ok(Lmdb.put(txn, many, key("k"), value(v), 0));
        }
        ok(Lmdb.cursorOpen(txn, many, out));
        long cursor = out[0];
        ok(Lmdb.cursorGet(cursor, key("k"), value, Lmdb.MDB_SET));
        ok(Lmdb.cursorCount(cursor, out));
        assertEquals(3, out[0]);
        Lmdb.cursorClose(cursor);
        ok(Lmdb.del(txn, many, key("k"), value("y")));
        ok(Lmdb.drop(txn, many, false));
        assertEquals(Lmdb.MDB_NOTFOUND, Lmdb.get(txn, many, key("k"), value));
        ok(Lmdb.drop(txn, many, true));
        ok(Lmdb.txnCommit(txn));
    }

    @Test
    void shouldStopAtTheMistakesOfTheCaller() {
        assertThrows(IllegalArgumentException.class, () -> key.set(MemorySegment.ofArray(new byte[4]), 0, 4));
        assertThrows(IndexOutOfBoundsException.class, () -> key.set(buffer, 4000, 97));
        value("hello");
        assertThrows(IndexOutOfBoundsException.class, () -> value.copyTo(arena.allocate(4)));
    }

    @Test
    void shouldAllocateNothing() {
        long txn = begin(0);
        ok(put(txn, "a", "one", 0));
        ok(Lmdb.txnCommit(txn));
        long reader = begin(Lmdb.MDB_RDONLY);
        MemorySegment name = arena.allocateFrom("a");
        Allocations.assertNone(() -> {
            Lmdb.txnReset(reader);
            Lmdb.txnRenew(reader);
            Lmdb.get(reader, dbi, key.set(name, 0, 1), value);
            value.copyTo(buffer, 0);
        });
        Lmdb.txnAbort(reader);
        Allocations.assertNone(() -> {
            Lmdb.txnBegin(env, 0, 0, out);
            Lmdb.put(out[0], dbi, key.set(name, 0, 1), value.set(buffer, 0, 3), 0);
            Lmdb.txnAbort(out[0]);
        });
    }

    @Test
    void shouldHaveTheConstantsThatJextractRead() throws ReflectiveOperationException {
        for (Field field : Lmdb.class.getDeclaredFields()) {
            if (Modifier.isPublic(field.getModifiers())) {
                Number generated =
                        (Number) lmdb_h.class.getMethod(field.getName()).invoke(null);
                assertEquals(generated.intValue(), field.getInt(null), field.getName());
            }
        }
    }

    private long begin(int flags) {
        ok(Lmdb.txnBegin(env, 0, flags, out));
        return out[0];
    }

    private int put(long txn, String name, String text, int flags) {
        return Lmdb.put(txn, dbi, key(name), value(text), flags);
    }

    private String get(long txn, String name) {
        ok(Lmdb.get(txn, dbi, key(name), value));
        return text(value);
    }

    private Val key(String text) {
        return key.set(arena.allocateFrom(text), 0, text.length());
    }

    private Val value(String text) {
        return value.set(arena.allocateFrom(text), 0, text.length());
    }

    private String text(Val val) {
        long length = val.copyTo(buffer);
        buffer.set(ValueLayout.JAVA_BYTE, length, (byte) 0);
        return buffer.getString(0);
    }

    private static void ok(int outcome) {
        assertEquals(0, outcome, () -> Lmdb.strerror(outcome));
    }
}
