package io.qsfs.index;

import static io.qsfs.index.IndexFixture.VOLUME;
import static io.qsfs.index.IndexFixture.inode;
import static io.qsfs.index.IndexFixture.lookup;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.log.record.SetAttrRecord;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Goal: each promise of the index once, by hand. Method: records by {@link RecordLog}, on real LMDB. */
class IndexTest {
    private static final int FILE = 0100644;
    private static final int DIRECTORY = 0040755;
    private static final Id128 MOUNT = new Id128(1, 2);
    private static final Id256 SEAL = new Id256(1, 2, 3, 4);

    private final IndexFixture fixture = new IndexFixture();
    private final RecordLog log = fixture.log;
    private final IndexWriter writer = fixture.writer;

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void shouldHaveARootAndNothingElseWhenNew() {
        Inode root = inode(writer, Inode.ROOT);
        assertEquals(DIRECTORY, root.mode);
        assertEquals(2, root.nlink);
        assertEquals(0, root.mtimeNs);
        assertEquals(Inode.ROOT, root.parent);
        assertTrue(writer.isEmpty(Inode.ROOT));
        assertEquals(new Totals(1, 0), writer.totals());
        assertEquals(-1, writer.appliedPosition());
        assertEquals(0, writer.appliedEnd());
        assertEquals(0, writer.appliedSequence());
        assertEquals(2, writer.nextInode());
        assertEquals(Index.Origin.EMPTY, fixture.index.origin());
    }

    @Test
    void shouldRefuseARecordOutOfSequence() {
        fixture.take(log.sync());
        log.sequence = 5;
        fixture.refuse(Refusal.SEQUENCE, log.sync());
        log.sequence = 0;
        fixture.refuse(Refusal.SEQUENCE, log.sync());
        log.sequence = 1;
        log.position = 0;
        fixture.refuse(Refusal.POSITION, log.sync());
        log.position = writer.appliedEnd();
        fixture.take(log.sync());
        assertEquals(2, writer.appliedSequence());
    }

    @Test
    void shouldShowReadersOnlyWhatWasCommitted() {
        try (IndexReader reader = fixture.index.newReader()) {
            assertThrows(IllegalStateException.class, reader::totals);
            assertEquals(0, reader.renew());
            fixture.take(log.make(1, 2, FILE, "a", ""));
            lookup(writer, 1, "a", 0);
            lookup(reader, 1, "a", Linux.ENOENT);
            reader.renew();
            lookup(reader, 1, "a", Linux.ENOENT);
            fixture.commit();
            lookup(reader, 1, "a", Linux.ENOENT);
            assertEquals(0, reader.appliedSequence());
            reader.renew();
            lookup(reader, 1, "a", 0);
            assertEquals(1, reader.appliedSequence());
            assertEquals(log.taken.getFirst().position(), reader.appliedPosition());
            fixture.take(log.unlink(1, 2, "a", false));
            fixture.commit();
            lookup(reader, 1, "a", 0);
            reader.renew();
            lookup(reader, 1, "a", Linux.ENOENT);
        }
    }

    @Test
    void shouldKeepCookiesWhileEntriesComeAndGo() {
        for (int i = 0; i < 100; i++) {
            fixture.take(log.make(1, 2 + i, FILE, "f" + i, ""));
        }
        List<String> seen = new ArrayList<>();
        long[] cookie = {0};
        int round = 0;
        while (true) {
            int before = seen.size();
            assertEquals(0, writer.readDirectory(1, cookie[0], (name, offset, length, ino, type, at) -> {
                assertTrue(at > cookie[0] && at > 2);
                cookie[0] = at;
                seen.add("f" + (ino - 2));
                return seen.size() % 10 != 0;
            }));
            if (seen.size() == before) {
                break;
            }
            // one that was seen goes, and one that was not
            fixture.take(log.unlink(1, 2 + round, "f" + round, false));
            int last = 99 - round;
            fixture.take(log.unlink(1, 2 + last, "f" + last, false));
            round++;
        }
        long distinct = seen.stream().distinct().count();
        assertEquals(seen.size(), distinct);
        for (int i = 0; i <= 99 - round; i++) {
            assertTrue(seen.contains("f" + i), "f" + i);
        }
    }

    @Test
    void shouldKeepTheCookieOfANameThatRenameReplaces() {
        fixture.take(log.make(1, 2, FILE, "a", ""));
        fixture.take(log.make(1, 3, FILE, "b", ""));
        fixture.take(log.make(1, 4, FILE, "c", ""));
        long cookie = lookup(writer, 1, "b", 0).cookie;
        fixture.take(log.rename(1, 1, 4, 3, "c", "b", false));
        assertEquals(cookie, lookup(writer, 1, "b", 0).cookie);
        assertEquals(4, lookup(writer, 1, "b", 0).ino);
        assertEquals(List.of("a", "b"), IndexFixture.names(writer, 1, 0));
        assertEquals(0, inode(writer, 3).nlink);
    }

    @Test
    void shouldLetADirectoryVisitorAskTheSameView() {
        fixture.take(log.make(1, 2, FILE, "a", ""));
        fixture.take(log.make(1, 3, DIRECTORY, "b", ""));
        List<Integer> modes = new ArrayList<>();
        Inode inode = new Inode();
        assertEquals(0, writer.readDirectory(1, 0, (name, offset, length, ino, type, cookie) -> {
            assertEquals(0, writer.inode(ino, inode));
            modes.add(inode.mode);
            return true;
        }));
        assertEquals(List.of(FILE, DIRECTORY), modes);
    }

    @Test
    void shouldMergeExtentsOfAStreamOfWrites() {
        fixture.take(log.make(1, 2, FILE, "a", ""));
        for (int i = 0; i < 9; i++) {
            fixture.take(log.write(2, i * 128, 10_240 + i * 128, 128, 0));
        }
        ExtentList list = new ExtentList(10);
        assertEquals(0, writer.extents(2, 0, 5000, list));
        assertEquals(3, list.count(), "an extent does not go over the end of a segment");
        assertEquals(1024, list.length(0));
        assertEquals(10_240, list.position(0));
        assertEquals(128, list.length(1));
        assertEquals(11_264, list.position(1));
        assertTrue(list.isHole(2));
        assertEquals(1024, writer.segment(0, 10).liveBytes());
        assertEquals(128, writer.segment(0, 11).liveBytes());
        fixture.refuse(Refusal.CROSSES_SEGMENT, log.write(2, 0, 12_200, 100, 0));
    }

    @Test
    void shouldKeepAnOrphanAndItsContentUntilItIsPurged() {
        fixture.take(log.make(1, 2, FILE, "a", ""));
        fixture.take(log.write(2, 0, 2048, 1000, 0));
        fixture.take(log.unlink(1, 2, "a", false));
        assertEquals(0, inode(writer, 2).nlink);
        assertEquals(1000, inode(writer, 2).allocatedBytes);
        List<Long> orphans = new ArrayList<>();
        writer.forEachOrphan(orphans::add);
        assertEquals(List.of(2L), orphans);
        fixture.take(log.purge(2));
        assertEquals(Linux.ENOENT, writer.inode(2, new Inode()));
        assertEquals(new Totals(1, 0), writer.totals());
        assertEquals(0, writer.segment(0, 2).liveBytes());
        fixture.refuse(Refusal.NO_INODE, log.purge(2));
        fixture.refuse(Refusal.NOT_AN_ORPHAN, log.purge(1));
    }

    @Test
    void shouldPurgeAFileOfManyExtentsInOneRecord() {
        int extents = 50_000;
        fixture.take(log.make(1, 2, FILE, "a", ""));
        for (int i = 0; i < extents; i++) {
            assertEquals(0, log.apply(writer, log.write(2, i * 3L, 10_240 + i * 1024L, 1, 0)));
        }
        fixture.commit();
        assertEquals(new Totals(2, extents), writer.totals());
        fixture.take(log.unlink(1, 2, "a", false));
        fixture.take(log.purge(2));
        fixture.commit();
        assertEquals(new Totals(1, 0), writer.totals());
        long[] live = {0, 0};
        writer.forEachSegment(0, s -> {
            live[0]++;
            live[1] += s.liveBytes();
        });
        assertEquals(extents, live[0]);
        assertEquals(0, live[1]);
    }

    @Test
    void shouldRefuseToMoveADirectoryIntoItself() {
        fixture.take(log.make(1, 2, DIRECTORY, "a", ""));
        fixture.take(log.make(2, 3, DIRECTORY, "b", ""));
        fixture.take(log.make(3, 4, DIRECTORY, "c", ""));
        TreeMap<String, String> before = IndexFixture.dump(writer);
        fixture.refuse(Refusal.LOOP, log.rename(1, 3, 2, 0, "a", "x", false));
        fixture.refuse(Refusal.LOOP, log.rename(1, 3, 2, 4, "a", "c", true));
        fixture.refuse(Refusal.LOOP, log.rename(3, 1, 4, 2, "c", "a", true));
        fixture.refuse(Refusal.NOT_EMPTY, log.rename(2, 1, 3, 2, "b", "a", false));
        assertEquals(before, IndexFixture.dump(writer));
    }

    @Test
    void shouldRefuseNamesThatAreNone() {
        for (String name : List.of(".", "..", "a/b", "a\0b")) {
            fixture.refuse(Refusal.BAD_NAME, log.make(1, 2, FILE, name, ""));
        }
        fixture.take(log.make(1, 2, FILE, "...", ""));
        fixture.take(log.make(1, 3, FILE, "x".repeat(255), ""));
        lookup(writer, 1, "x".repeat(255), 0);
        lookup(writer, 1, "x".repeat(256), Linux.ENOENT);
    }

    @Test
    void shouldFollowASegmentThroughItsLife() {
        fixture.take(log.make(1, 2, FILE, "a", ""));
        fixture.take(log.write(2, 0, 2048, 1000, 0));
        assertEquals(SegmentInfo.State.ACTIVE, writer.segment(0, 2).state());
        fixture.take(log.closed(0, 2, MOUNT, 2048, 3072));
        assertEquals(new SegmentInfo(0, 2, MOUNT, 2048, 3072, SegmentInfo.State.CLOSED, 1000), writer.segment(0, 2));
        assertNull(writer.placement(0, 2));
        fixture.take(log.shard(0, 2, SEAL, 0, MOUNT));
        assertNull(writer.placement(0, 2));
        fixture.take(log.placed(0, 2, MOUNT, SEAL, 2048, 3072, 4, 6, 3));
        assertEquals(SegmentInfo.State.PLACED, writer.segment(0, 2).state());
        Placement placement = writer.placement(0, 2);
        assertEquals(SEAL, placement.sealId());
        assertEquals(3, placement.chunkCount());
        assertTrue(placement.isChunkCompressed(1));
        assertFalse(placement.isChunkCompressed(2));
        assertEquals(102, placement.chunkStoredBytes(2));
        assertEquals(6, placement.placedShards());
        assertEquals(new Id128(9, 5), placement.backend(5));
        fixture.take(log.shard(0, 2, SEAL, 5, Id128.NIL));
        assertEquals(5, writer.placement(0, 2).placedShards());
        fixture.take(log.shard(0, 2, new Id256(9, 9, 9, 9), 4, Id128.NIL));
        assertEquals(5, writer.placement(0, 2).placedShards());
        fixture.refuse(Refusal.BAD_SHARD, log.shard(0, 2, SEAL, 6, MOUNT));
        fixture.take(log.placed(0, 2, MOUNT, new Id256(5, 5, 5, 5), 2048, 3072, 4, 6, 3));
        assertEquals(new Id256(5, 5, 5, 5), writer.placement(0, 2).sealId());
        fixture.refuse(Refusal.BAD_SEGMENT, log.closed(0, 2, MOUNT, 2048, 4096));
        fixture.refuse(Refusal.BAD_STREAM, log.closed(2, 2, MOUNT, 2048, 3072));
        fixture.take(log.closed(1, 7, MOUNT, 7168, 8000));
        fixture.commit();
        try (IndexReader reader = fixture.index.newReader()) {
            reader.renew();
            List<Long> numbers = new ArrayList<>();
            assertEquals(0, reader.forEachSegment(1, s -> numbers.add(s.number())));
            assertEquals(0, reader.forEachSegment(0, s -> numbers.add(s.number())));
            assertEquals(0, reader.forEachPlacement(0, p -> numbers.add(p.number())));
            assertEquals(0, reader.forEachPlacement(1, p -> numbers.add(p.number())));
            assertEquals(List.of(7L, 2L, 2L), numbers);
            assertEquals(1000, reader.segment(0, 2).liveBytes());
        }
    }

    @Test
    void shouldBeWhereItWasCommittedWhenTheTransactionIsGone() {
        fixture.take(log.make(1, 2, FILE, "a", ""));
        fixture.commit();
        long position = writer.appliedPosition();
        fixture.take(log.make(1, 3, FILE, "b", ""));
        assertEquals(1, writer.pendingRecords());
        writer.rollback();
        assertEquals(position, writer.appliedPosition());
        assertEquals(1, writer.appliedSequence());
        assertEquals(new Totals(2, 0), writer.totals());
        lookup(writer, 1, "b", Linux.ENOENT);
        assertEquals(0, RecordLog.replay(writer, log.taken, 1, 2, 1));
        lookup(writer, 1, "b", 0);
    }

    @Test
    void shouldTakeSetAttributesOnlyWhereTheyFit() {
        fixture.take(log.make(1, 2, DIRECTORY, "d", ""));
        fixture.refuse(Refusal.NOT_A_FILE, log.setAttributes(2, SetAttrRecord.SIZE, 0, 10));
        fixture.take(log.setAttributes(2, SetAttrRecord.MODE, 01777, 0));
        assertEquals(0041777, inode(writer, 2).mode);
    }

    @Test
    void shouldMakeACheckpointThatCanBeOpenedAndBeMadeAgain() throws IOException {
        fixture.take(log.make(1, 2, FILE, "a", ""));
        fixture.take(log.write(2, 0, 2048, 1000, 0));
        fixture.commit();
        fixture.take(log.make(1, 3, FILE, "later", ""));
        Path target = fixture.directory.resolve("checkpoint");
        assertEquals(0, fixture.index.checkpointTo(target));
        assertEquals(0, fixture.index.checkpointTo(target));
        CheckpointInfo info = Checkpoint.read(target);
        assertNotNull(info);
        assertEquals(2, info.sequence());
        assertEquals(log.taken.get(1).position(), info.position());
        assertEquals(VOLUME, info.volumeId());

        byte[] before = Files.readAllBytes(target);
        Path other = IndexFixture.temporaryDirectory();
        try (Index copy = Index.open(IndexFixture.context(other).withCheckpoints(List.of(target)))) {
            assertEquals(Index.Origin.CHECKPOINT, copy.origin());
            assertEquals(2, copy.writer().appliedSequence());
            assertEquals(0, RecordLog.replay(copy.writer(), log.taken, 2, 3, 1));
            fixture.commit();
            assertEquals(IndexFixture.dump(writer), IndexFixture.dump(copy.writer()));
        }
        assertArrayEquals(before, Files.readAllBytes(target));
        IndexFixture.delete(other);
    }

    @Test
    void shouldNotUseADamagedCheckpointButTheNext() throws IOException {
        fixture.take(log.make(1, 2, FILE, "a", ""));
        fixture.commit();
        Path good = fixture.directory.resolve("good");
        assertEquals(0, fixture.index.checkpointTo(good));
        byte[] bytes = Files.readAllBytes(good);
        Path flipped = fixture.directory.resolve("flipped");
        bytes[5000] ^= 1;
        Files.write(flipped, bytes);
        Path cut = fixture.directory.resolve("cut");
        Files.write(cut, java.util.Arrays.copyOf(bytes, bytes.length - 1));
        Path none = fixture.directory.resolve("none");
        Path other = IndexFixture.temporaryDirectory();
        IndexContext context = IndexFixture.context(other);
        try (Index index = Index.open(context.withCheckpoints(List.of(none, cut, flipped, good)))) {
            assertEquals(Index.Origin.CHECKPOINT, index.origin());
            assertEquals(1, index.writer().appliedSequence());
        }
        try (Index index = Index.open(context.withCheckpoints(List.of(good))
                .withRecordCheck((position, sequence, length, crc) -> RecordCheck.Answer.DIFFERENT))) {
            assertEquals(Index.Origin.EMPTY, index.origin());
        }
        IndexFixture.delete(other);
    }

    @Test
    void shouldRefuseAThreadThatDidNotBeginTheTransaction() throws InterruptedException {
        fixture.take(log.sync());
        Throwable[] thrown = new Throwable[1];
        Thread thread = new Thread(() -> {
            try {
                writer.commit();
            } catch (IllegalStateException e) {
                thrown[0] = e;
            }
        });
        thread.start();
        thread.join();
        assertNotNull(thrown[0]);
        fixture.commit();
    }
}
