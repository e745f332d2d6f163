package io.qsfs.index;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.bindings.linux.Linux;
import java.nio.file.Path;
import java.util.TreeMap;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * Goal: a full map or a full disk loses nothing that was committed, and the writer goes on. Method: a small map, a
 * small tmpfs.
 */
class IndexFailureTest {
    private static final int FILE = 0100644;

    @Test
    void shouldGoBackToTheCommittedStateWhenTheMapIsFull() {
        try (IndexFixture fixture = new IndexFixture(256 * 1024);
                IndexReader reader = fixture.index.newReader()) {
            RecordLog log = fixture.log;
            long committed = 0;
            int rc = 0;
            for (int i = 0; i < 100_000 && rc == 0; i++) {
                rc = log.apply(fixture.writer, log.make(1, 2 + i, FILE, "some name " + i, ""));
                if (rc == 0 && i % 50 == 49) {
                    rc = fixture.writer.commit();
                    committed = rc == 0 ? log.sequence : committed;
                }
            }
            assertEquals(Linux.ENOSPC, rc);
            checkIsAt(fixture, reader, committed);
            // the last committed file and its entries go again, which needs no new pages for long
            log.sequence = committed;
            log.position = fixture.writer.appliedEnd();
            long last = committed + 1;
            assertEquals(0, log.apply(fixture.writer, log.unlink(1, last, "some name " + (last - 2), false)));
            assertEquals(0, log.apply(fixture.writer, log.purge(last)));
            assertEquals(0, fixture.writer.commit());
            assertEquals(Linux.ENOENT, fixture.writer.inode(last, new Inode()));
        }
    }

    @Test
    void shouldGoBackToTheCommittedStateWhenTheDiskIsFull() {
        Path mountPoint = IndexFixture.temporaryDirectory();
        int mounted = Linux.mount("tmpfs", mountPoint.toString(), "tmpfs", 0, "size=2m");
        Assumptions.assumeTrue(mounted == 0, "only root may mount a small tmpfs");
        try {
            fillDisk(mountPoint);
        } finally {
            assertEquals(0, Linux.umount2(mountPoint.toString(), Linux.MNT_DETACH));
        }
        IndexFixture.delete(mountPoint);
    }

    private static void fillDisk(Path mountPoint) {
        Path directory = mountPoint.resolve("index");
        RecordLog log = new RecordLog();
        try (Index index = Index.open(IndexFixture.context(directory));
                IndexReader reader = index.newReader()) {
            IndexWriter writer = index.writer();
            long committed = 0;
            long position = -1;
            int rc = 0;
            for (int i = 0; i < 100_000 && rc == 0; i++) {
                rc = log.apply(writer, log.make(1, 2 + i, FILE, "some name " + i, ""));
                if (rc == 0 && i % 50 == 49) {
                    rc = writer.commit();
                    committed = rc == 0 ? log.sequence : committed;
                    position = rc == 0 ? writer.appliedPosition() : position;
                }
            }
            assertEquals(Linux.ENOSPC, rc);
            assertEquals(committed, writer.appliedSequence());
            assertEquals(position, writer.appliedPosition());
            reader.renew();
            assertEquals(committed, reader.appliedSequence());
            reader.release();
            assertNotEquals(0, index.checkpointTo(mountPoint.resolve("checkpoint")));
            assertEquals(
                    -Linux.ENOENT, Linux.unlink(mountPoint.resolve("checkpoint").toString()));
            int again = RecordLog.replay(writer, log.taken, (int) committed, log.taken.size(), 50);
            assertEquals(Linux.ENOSPC, again);
            assertEquals(committed, writer.appliedSequence());
            // Room again: the same records are taken.
            assertEquals(0, Linux.mount("tmpfs", mountPoint.toString(), "tmpfs", Linux.MS_REMOUNT, "size=64m"));
            assertTrue(committed < log.taken.size());
            assertEquals(0, RecordLog.replay(writer, log.taken, (int) committed, log.taken.size(), 50));
            assertEquals(log.taken.size(), writer.appliedSequence());
        }
    }

    private static void checkIsAt(IndexFixture fixture, IndexReader reader, long committed) {
        IndexWriter writer = fixture.writer;
        assertTrue(committed > 0);
        assertEquals(committed, writer.appliedSequence());
        assertEquals(fixture.log.taken.get((int) committed - 1).position(), writer.appliedPosition());
        assertEquals(committed + 2, writer.nextInode());
        assertEquals(new Totals(committed + 1, 0), writer.totals());
        assertEquals(0, reader.renew());
        assertEquals(committed, reader.appliedSequence());
        assertEquals(Linux.ENOENT, reader.inode(committed + 2, new Inode()));
        reader.release();
        TreeMap<String, String> dump = IndexFixture.dump(writer);
        writer.rollback();
        try (IndexFixture other = new IndexFixture()) {
            assertEquals(0, RecordLog.replay(other.writer, fixture.log.taken, 0, (int) committed, 50));
            assertEquals(IndexFixture.dump(other.writer), dump);
        }
    }
}
