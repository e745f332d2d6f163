package io.qsfs.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.bindings.lmdb.Lmdb;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

/**
 * Goal: values that are no values are EIO, and nothing else happens. Method: arbitrary bytes to every decoder; and an
 * index in whose tree random values are cut, lengthened or changed behind its back, on which everything is then called.
 */
class IndexDamagePropertyTest {
    private static final Id128 MOUNT = new Id128(1, 2);
    private static final Id256 SEAL = new Id256(1, 2, 3, 4);

    @Property(tries = 500)
    void shouldDecodeAnyBytes(@ForAll @Size(max = 200) byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(Tree.VALUE_BYTES_MAX, 8);
            MemorySegment.copy(bytes, 0, value, ValueLayout.JAVA_BYTE, 0, bytes.length);
            if (bytes.length != InodeValue.BYTES) {
                assertTrue(!InodeValue.decode(value, bytes.length, 1, new Inode()));
            }
            InodeValue.decode(value, InodeValue.BYTES, 1, new Inode());
            NameValue.decode(value, bytes.length, new DirectoryEntry());
            NameValue.decode(value, NameValue.BYTES, new DirectoryEntry());
            if (ExtentValue.isSound(value, ExtentValue.BYTES, 5)) {
                assertTrue(ExtentValue.length(value) > 0);
            }
            if (SegmentValue.isSound(value, SegmentValue.BYTES)) {
                SegmentValue.info(value, 0, 1);
            }
            Placement.decode(value, bytes.length);
            new IndexState().decode(value, bytes.length);
            new IndexState().decode(value, IndexState.BYTES);
            FormatValue.mismatch(value, bytes.length, MOUNT, 1);
            CheckpointTrailer.decode(value, bytes.length);
            assertNull(Marker.Clean.decode(bytes));
            assertNull(Marker.Live.decode(bytes));
        }
    }

    @Property(tries = 60)
    void shouldAnswerWithAnErrorWhereTheTreeIsDamaged(@ForAll long seed) {
        Random random = new Random(seed);
        Path directory = IndexFixture.temporaryDirectory();
        RecordLog log = new RecordLog();
        List<String> keys = new ArrayList<>();
        try (Index index = Index.open(IndexFixture.context(directory))) {
            fill(index.writer(), log);
            keys.addAll(IndexFixture.dump(index.writer()).keySet());
            assertEquals(0, index.writer().commit());
            assertEquals(0, index.markClean());
        }
        keys.removeIf(key -> key.startsWith("4d")); // 'M': then the index is not opened at all
        damage(directory.resolve("index.mdb"), keys, random);
        try (Index index = Index.open(IndexFixture.context(directory));
                IndexReader reader = index.newReader()) {
            assertEquals(Index.Origin.TRUSTED, index.origin());
            assertEquals(0, reader.renew());
            readAll(reader);
            reader.release();
            changeAll(index.writer(), log, random);
            readAll(index.writer());
        }
        IndexFixture.delete(directory);
    }

    private static void fill(IndexWriter writer, RecordLog log) {
        assertEquals(0, log.apply(writer, log.make(1, 2, 0040755, "d", "")));
        assertEquals(0, log.apply(writer, log.make(2, 3, 0100644, "f", "")));
        assertEquals(0, log.apply(writer, log.make(2, 4, 0120777, "l", "x")));
        assertEquals(0, log.apply(writer, log.make(2, 5, 0040755, "e", "")));
        for (int i = 0; i < 5; i++) {
            assertEquals(0, log.apply(writer, log.write(3, i * 150, 2048 + 120 * i, 100, 0)));
        }
        assertEquals(0, log.apply(writer, log.make(1, 6, 0100644, "o", "")));
        assertEquals(0, log.apply(writer, log.unlink(1, 6, "o", false)));
        assertEquals(0, log.apply(writer, log.placed(0, 2, MOUNT, SEAL, 2048, 3000, 2, 3, 2)));
        assertEquals(0, writer.commit());
    }

    private static void damage(Path file, List<String> keys, Random random) {
        long[] env = new long[1];
        long[] txn = new long[1];
        int[] dbi = new int[1];
        assertEquals(0, Lmdb.envCreate(env));
        assertEquals(0, Lmdb.envSetMapsize(env[0], IndexFixture.MAP_BYTES));
        assertEquals(0, Lmdb.envOpen(env[0], file.toString(), Lmdb.MDB_NOSUBDIR, 0600));
        assertEquals(0, Lmdb.txnBegin(env[0], 0, 0, txn));
        assertEquals(0, Lmdb.dbiOpen(txn[0], null, 0, dbi));
        try (Arena arena = Arena.ofConfined()) {
            Tree tree = new Tree(arena, dbi[0]);
            tree.attach(txn[0]);
            for (int i = 0; i < 1 + random.nextInt(6); i++) {
                byte[] key = HexFormat.of().parseHex(keys.get(random.nextInt(keys.size())));
                MemorySegment.copy(key, 0, tree.key, ValueLayout.JAVA_BYTE, 0, key.length);
                assertEquals(0, tree.get(key.length));
                int bytes = tree.valueBytes;
                if (random.nextBoolean()) {
                    bytes = random.nextInt(bytes + 3);
                }
                for (int j = 0; j < random.nextInt(8) && bytes > 0; j++) {
                    tree.value.set(ValueLayout.JAVA_BYTE, random.nextInt(bytes), (byte) random.nextInt());
                }
                assertEquals(0, tree.put(key.length, bytes));
            }
        }
        assertEquals(0, Lmdb.txnCommit(txn[0]));
        Lmdb.envClose(env[0]);
    }

    private static void readAll(IndexView view) {
        Inode inode = new Inode();
        ExtentList list = new ExtentList(4);
        for (long ino = 0; ino < 8; ino++) {
            checkErrno(view.inode(ino, inode));
            checkErrno(view.extents(ino, 0, 10_000, list));
            checkErrno(view.extents(ino, 333, 10, list));
            checkErrno(view.readDirectory(ino, 0, (name, offset, length, i, type, cookie) -> length > 0));
            view.isEmpty(ino);
            assertTrue(!IndexFixture.readLink(view, ino).isEmpty());
        }
        checkErrno(view.forEachOrphan(ino -> true));
        for (int stream = 0; stream < 2; stream++) {
            checkErrno(view.forEachSegment(stream, s -> {}));
            checkErrno(view.forEachPlacement(stream, p -> {}));
            view.segment(stream, 2);
            view.placement(stream, 2);
        }
        view.totals();
    }

    private static void changeAll(IndexWriter writer, RecordLog log, Random random) {
        for (int i = 0; i < 40; i++) {
            long ino = 1 + random.nextInt(7);
            String name = List.of("d", "f", "l", "e", "o", "new").get(random.nextInt(6));
            int length =
                    switch (random.nextInt(9)) {
                        case 0 -> log.make(1 + random.nextInt(2), 20 + i, 0100644, name + i, "");
                        case 1 -> log.link(ino, 1 + random.nextInt(2), name + i);
                        case 2 -> log.unlink(1 + random.nextInt(2), ino, name, random.nextBoolean());
                        case 3 ->
                            log.rename(
                                    2, 1 + random.nextInt(2), ino, random.nextInt(7), name, "f", random.nextBoolean());
                        case 4, 5 -> log.write(3, random.nextInt(900), 5120 + 20 * i, 20, 0);
                        case 6 -> log.setAttributes(3, 8, 0, random.nextInt(900));
                        case 7 -> log.purge(ino);
                        default -> log.shard(0, 2, SEAL, random.nextInt(4), MOUNT);
                    };
            int rc = log.apply(writer, length);
            if (rc != 0 && Refusal.of(rc) == null) {
                checkErrno(rc);
                log.sequence = writer.appliedSequence();
                log.position = writer.appliedEnd();
            }
            if (random.nextInt(5) == 0 && writer.commit() != 0) {
                log.sequence = writer.appliedSequence();
                log.position = writer.appliedEnd();
            }
        }
    }

    private static void checkErrno(int rc) {
        assertTrue(rc == 0 || rc == Linux.EIO || rc == Linux.ENOENT, () -> "errno " + rc);
    }
}
