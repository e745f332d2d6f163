package io.qsfs.fuse;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.bindings.fuse.FuseOps;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.fs.VolumeRig;
import io.qsfs.memory.Clock;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: requests are decoded, done and answered as the kernel expects. Method: the real libfuse over a socket pair, with the test
 * as the kernel; no mount, no root.
 */
class FuseLoopbackTest {
    private static final long ROOT = 1;

    @TempDir
    Path directory;

    private KernelPlayer kernel;
    private int initFlags;
    private FuseSession session;
    private VolumeRig rig;
    private Arena arena;

    @BeforeEach
    void begin() {
        arena = Arena.ofShared();
        kernel = new KernelPlayer();
        session = new FuseSession(arena, Clock.SYSTEM);
        rig = new VolumeRig(directory, session.replies(), session.interrupts());
        session.connect(kernel.daemonFd());
        session.start(rig.fileSystem(), VolumeRig.WORKERS);
        initFlags = kernel.init();
    }

    @AfterEach
    void end() throws InterruptedException {
        stop();
        assertEquals(0, session.failureCount(), "exceptions in upcalls");
    }

    private void stop() throws InterruptedException {
        if (rig == null) {
            return;
        }
        session.exit();
        kernel.hangUp();
        session.awaitEnd();
        session.close();
        rig.stopCleanly();
        rig = null;
        kernel.close();
        arena.close();
    }

    private void restart() throws InterruptedException {
        stop();
        begin();
    }

    @Test
    void shouldAnswerTheAttributesOfTheRoot() {
        KernelPlayer.Attributes root = kernel.getattr(ROOT).attributes();
        assertEquals(0040755, root.mode());
        assertEquals(2, root.nlink());
    }

    @Test
    void shouldPromiseToTakePrivilegesAwayWithEveryLibrary() {
        assertNotEquals(0, initFlags & FuseMessage.INIT_HANDLE_KILLPRIV_V2, Integer.toHexString(initFlags));
    }

    @Test
    void shouldTakePrivilegesAway() {
        long ino = kernel.create(ROOT, "f", 06755).nodeId();
        byte[] value = {1, 2, 3};
        assertEquals(0, kernel.setXattr(ino, "security.capability", value).errno());
        assertEquals(0, kernel.setXattr(ino, "user.kept", value).errno());
        assertEquals(0, kernel.write(ino, 0, value).errno());
        assertEquals(0106755, kernel.getattr(ino).attributes().mode(), "an ordinary write takes nothing");
        assertEquals(0, kernel.writeAndKillPrivileges(ino, 0, value).errno());
        assertEquals(0100755, kernel.getattr(ino).attributes().mode());
        assertEquals(
                Linux.ENODATA, kernel.getXattr(ino, "security.capability", 100).errno());
        assertEquals(0, kernel.getXattr(ino, "user.kept", 100).errno());
        long other = kernel.create(ROOT, "g", 06745).nodeId();
        assertEquals(0, kernel.setXattr(other, "security.capability", value).errno());
        assertEquals(0, kernel.setSizeAndKillPrivileges(other, 1).errno());
        assertEquals(
                0102745, kernel.getattr(other).attributes().mode(), "set-group-id stays where the group executes not");
        assertEquals(
                Linux.ENODATA,
                kernel.getXattr(other, "security.capability", 100).errno());
    }

    @Test
    void shouldLeaveTheTimesOfWhatIsCachedToTheKernel() {
        long ino = kernel.create(ROOT, "f", 0644).nodeId();
        byte[] data = {1, 2, 3};
        assertEquals(0, kernel.setMtime(ino, 1_000_000, 7).errno());
        assertEquals(0, kernel.writeFromCache(ino, 0, data).errno());
        KernelPlayer.Attributes late = kernel.getattr(ino).attributes();
        assertEquals(3, late.size());
        long set = 1_000_000L * 1_000_000_000 + 7;
        assertEquals(set, late.mtimeNs(), "a write of cached pages may come after the times that belong to it");
        assertEquals(0, kernel.write(ino, 0, data).errno());
        assertNotEquals(set, kernel.getattr(ino).attributes().mtimeNs(), "a direct write sets them");
    }

    @Test
    void shouldKeepExtendedAttributes() throws InterruptedException {
        long ino = kernel.create(ROOT, "f", 0644).nodeId();
        byte[] value = new byte[65_536];
        new Random(2).nextBytes(value);
        assertEquals(0, kernel.setXattr(ino, "user.long", value).errno());
        assertEquals(0, kernel.setXattr(ino, "trusted.t", new byte[0]).errno());
        assertEquals(
                Linux.EOPNOTSUPP,
                kernel.setXattr(ino, "other.name", new byte[1]).errno());
        assertEquals(
                Linux.ERANGE,
                kernel.setXattr(ino, "user." + "x".repeat(251), new byte[1]).errno());
        assertArrayEquals(value, kernel.getXattr(ino, "user.long", 65_536).bytes());
        assertEquals(65_536, kernel.getXattr(ino, "user.long", 0).body().getInt(0));
        assertEquals(Linux.ERANGE, kernel.getXattr(ino, "user.long", 65_535).errno());
        assertEquals(20, kernel.listXattr(ino, 0).body().getInt(0));
        assertEquals(
                "trusted.t\0user.long\0", new String(kernel.listXattr(ino, 100).bytes(), StandardCharsets.US_ASCII));
        assertEquals(Linux.ENOSPC, kernel.setXattr(ino, "user.more", value).errno());
        restart();
        ino = kernel.lookup(ROOT, "f").nodeId();
        assertArrayEquals(value, kernel.getXattr(ino, "user.long", 65_536).bytes());
        assertEquals(0, kernel.removeXattr(ino, "user.long").errno());
        assertEquals(Linux.ENODATA, kernel.removeXattr(ino, "user.long").errno());
        assertEquals(Linux.ENODATA, kernel.getXattr(ino, "user.long", 0).errno());
    }

    @Test
    void shouldFindWhatWasMade() {
        KernelPlayer.Answer made = kernel.mkdir(ROOT, "d", 0750 | 0040000);
        assertEquals(0, made.errno());
        assertEquals(made.nodeId(), kernel.lookup(ROOT, "d").nodeId());
        assertEquals(0040750, kernel.getattr(made.nodeId()).attributes().mode());
        assertEquals(3, kernel.getattr(ROOT).attributes().nlink());
        assertEquals(Linux.EEXIST, kernel.mkdir(ROOT, "d", 0750).errno());
        assertEquals(0, kernel.lookup(ROOT, "absent").nodeId(), "a name that is not there may be remembered");
    }

    @Test
    void shouldReadWhatWasWritten() {
        long ino = kernel.create(ROOT, "f", 0644).nodeId();
        byte[] data = new byte[100_000];
        new Random(1).nextBytes(data);
        assertEquals(0, kernel.write(ino, 0, data).errno());
        assertEquals(data.length, kernel.getattr(ino).attributes().size());
        assertArrayEquals(data, kernel.read(ino, 0, data.length).bytes());
        assertArrayEquals(
                data, kernel.read(ino, 0, data.length + 10_000).bytes(), "a read ends at the end of the file");
        assertEquals(0, kernel.read(ino, data.length, 4096).bytes().length);
    }

    @Test
    void shouldMoveAccessTimesOnceAfterEachChange() throws InterruptedException {
        long ino = kernel.create(ROOT, "f", 0644).nodeId();
        kernel.write(ino, 0, new byte[100]);
        KernelPlayer.Attributes made = kernel.getattr(ino).attributes();
        kernel.readThrough(Linux.O_NOATIME, ino, 0, 100);
        kernel.readThrough(Linux.O_WRONLY, ino, 0, 100); // as the kernel fills up a page before it writes
        assertEquals(made, kernel.getattr(ino).attributes());
        kernel.read(ino, 0, 100);
        KernelPlayer.Attributes read = kernel.getattr(ino).attributes();
        assertTrue(read.atimeNs() > made.ctimeNs(), made + " " + read);
        assertEquals(made.mtimeNs(), read.mtimeNs());
        assertEquals(made.ctimeNs(), read.ctimeNs(), "a read is no change");
        for (int i = 0; i < 100; i++) {
            kernel.read(ino, i, 10);
        }
        assertEquals(read, kernel.getattr(ino).attributes());
        restart();
        ino = kernel.lookup(ROOT, "f").nodeId();
        assertEquals(read, kernel.getattr(ino).attributes());
        assertEquals(0, kernel.setMode(ino, 0600).errno());
        kernel.read(ino, 0, 100);
        assertTrue(kernel.getattr(ino).attributes().atimeNs() > read.atimeNs());
    }

    @Test
    void shouldMakeNoSegmentDueByAccessTimes() {
        long ino = kernel.create(ROOT, "f", 0644).nodeId();
        kernel.write(ino, 0, new byte[100]);
        CompletableFuture<Long> closed = new CompletableFuture<>();
        rig.fileSystem().closeSegments((data, meta, errno) -> closed.complete(meta));
        long nextMeta = closed.join();
        long before = kernel.getattr(ino).attributes().atimeNs();
        kernel.read(ino, 0, 100);
        assertTrue(kernel.getattr(ino).attributes().atimeNs() > before);
        assertEquals(-1, rig.fileSystem().changeAgeNs());
        CompletableFuture<Long> again = new CompletableFuture<>();
        rig.fileSystem().closeSegments((data, meta, errno) -> again.complete(meta));
        assertEquals(nextMeta, again.join());
    }

    @Test
    void shouldReadHolesAsZeros() {
        long ino = kernel.create(ROOT, "sparse", 0644).nodeId();
        byte[] data = "behind the hole".getBytes(StandardCharsets.UTF_8);
        assertEquals(0, kernel.write(ino, 50_000, data).errno());
        byte[] read = kernel.read(ino, 0, 60_000).bytes();
        byte[] expected = new byte[50_000 + data.length];
        System.arraycopy(data, 0, expected, 50_000, data.length);
        assertArrayEquals(expected, read);
        assertEquals(0, kernel.setSize(ino, 10).errno());
        assertEquals(0, kernel.setSize(ino, 60_000).errno());
        assertArrayEquals(new byte[60_000], kernel.read(ino, 0, 60_000).bytes(), "what was cut off does not come back");
    }

    @Test
    void shouldReadAFileInManyPieces() {
        long ino = kernel.create(ROOT, "pieces", 0644).nodeId();
        byte[] expected = new byte[1500 * 20];
        Random random = new Random(7);
        for (int i = 1499; i >= 0; i--) {
            byte[] piece = new byte[11];
            random.nextBytes(piece);
            System.arraycopy(piece, 0, expected, i * 20, piece.length);
            assertEquals(0, kernel.write(ino, i * 20L, piece).errno());
        }
        byte[] read = kernel.read(ino, 0, 65_536).bytes();
        byte[] content = java.util.Arrays.copyOf(expected, 1499 * 20 + 11);
        assertArrayEquals(content, read);
    }

    @Test
    void shouldListADirectoryInParts() {
        Set<String> names = new HashSet<>();
        for (int i = 0; i < 300; i++) {
            String name = "entry-" + i;
            names.add(name);
            assertEquals(0, kernel.mknod(ROOT, name, 0100644, 0).errno());
        }
        assertEquals(names, listed(false));
        assertEquals(names, listed(true));
    }

    private Set<String> listed(boolean withAttributes) {
        Set<String> names = new HashSet<>();
        long offset = 0;
        while (true) {
            List<KernelPlayer.Entry> part =
                    withAttributes ? kernel.readdirplus(ROOT, offset, 4096) : kernel.readdir(ROOT, offset, 4096);
            if (part.isEmpty()) {
                assertTrue(names.remove("."));
                assertTrue(names.remove(".."));
                return names;
            }
            for (KernelPlayer.Entry entry : part) {
                assertTrue(names.add(entry.name()), "twice: " + entry.name());
                offset = entry.offset();
            }
        }
    }

    @Test
    void shouldKeepAnUnlinkedFileUntilTheKernelForgetsIt() throws InterruptedException {
        long ino = kernel.create(ROOT, "open", 0644).nodeId();
        byte[] data = {1, 2, 3};
        kernel.write(ino, 0, data);
        assertEquals(0, kernel.unlink(ROOT, "open").errno());
        assertEquals(0, kernel.getattr(ino).attributes().nlink());
        assertArrayEquals(data, kernel.read(ino, 0, 10).bytes());
        kernel.forget(ino, 1);
        assertEquals(0, kernel.fsync(ROOT).errno());
        for (int i = 0; i < 100 && kernel.getattr(ino).errno() == 0; i++) {
            Thread.sleep(10); // forget has no answer to wait for
        }
        assertEquals(Linux.ENOENT, kernel.getattr(ino).errno());
    }

    @Test
    void shouldMakeFilesWithoutNamesWhereTheLibraryCan() throws InterruptedException {
        KernelPlayer.Answer made = kernel.tmpfile(ROOT, 0100640);
        if (!FuseOps.has("tmpfile")) {
            assertEquals(Linux.ENOSYS, made.errno(), "which the kernel makes EOPNOTSUPP");
            return;
        }
        long ino = made.nodeId();
        long lost = kernel.tmpfile(ROOT, 0100640).nodeId();
        long open = kernel.tmpfile(ROOT, 0100640).nodeId();
        assertEquals(0, made.entryAttributes().nlink());
        assertEquals(0100640, made.entryAttributes().mode());
        byte[] data = {1, 2, 3};
        assertEquals(0, kernel.write(ino, 0, data).errno());
        assertEquals(0, kernel.link(ino, ROOT, "named").errno());
        assertEquals(ino, kernel.lookup(ROOT, "named").nodeId());
        assertEquals(1, kernel.getattr(ino).attributes().nlink());
        assertEquals(2, rig.fileSystem().orphanCount());
        kernel.forget(lost, 1);
        kernel.forget(ino, 3);
        assertEquals(0, kernel.fsync(ROOT).errno());
        for (int i = 0; i < 100 && kernel.getattr(lost).errno() == 0; i++) {
            Thread.sleep(10); // forget has no answer to wait for
        }
        assertEquals(Linux.ENOENT, kernel.getattr(lost).errno());
        assertEquals(0, kernel.getattr(open).errno());
        restart();
        assertEquals(ino, kernel.lookup(ROOT, "named").nodeId());
        assertArrayEquals(data, kernel.read(ino, 0, 10).bytes());
        assertEquals(Linux.ENOENT, kernel.getattr(open).errno(), "nobody has it open any more");
    }

    @Test
    void shouldRenameAndLink() {
        long ino = kernel.create(ROOT, "a", 0644).nodeId();
        long other = kernel.create(ROOT, "b", 0644).nodeId();
        long directory = kernel.mkdir(ROOT, "d", 0755).nodeId();
        assertEquals(Linux.EEXIST, kernel.rename(ROOT, "a", ROOT, "b", 1).errno(), "RENAME_NOREPLACE");
        assertEquals(0, kernel.rename(ROOT, "a", ROOT, "b", 2).errno(), "RENAME_EXCHANGE");
        assertEquals(ino, kernel.lookup(ROOT, "b").nodeId());
        assertEquals(other, kernel.lookup(ROOT, "a").nodeId());
        assertEquals(0, kernel.rename(ROOT, "b", directory, "c", 0).errno());
        assertEquals(0, kernel.lookup(ROOT, "b").nodeId());
        assertEquals(0, kernel.link(ino, ROOT, "again").errno());
        assertEquals(2, kernel.getattr(ino).attributes().nlink());
        assertEquals(Linux.ENOTEMPTY, kernel.rmdir(ROOT, "d").errno());
        assertEquals(Linux.EISDIR, kernel.unlink(ROOT, "d").errno());
        assertEquals(Linux.EPERM, kernel.link(directory, ROOT, "no").errno());
    }

    @Test
    void shouldRefuseMoreThan65000Links() {
        long ino = kernel.create(ROOT, "f", 0644).nodeId();
        long directory = kernel.mkdir(ROOT, "d", 0755).nodeId();
        for (int i = 1; i < 65_000; i++) {
            assertEquals(0, kernel.link(ino, directory, "l" + i).errno());
        }
        assertEquals(Linux.EMLINK, kernel.link(ino, directory, "more").errno());
        assertEquals(65_000, kernel.getattr(ino).attributes().nlink());
        assertEquals(0, kernel.unlink(directory, "l1").errno());
        assertEquals(0, kernel.link(ino, directory, "more").errno());
        for (int i = 2; i < 65_000; i++) {
            assertEquals(0, kernel.mkdir(directory, "d" + i, 0755).errno());
        }
        assertEquals(Linux.EMLINK, kernel.mkdir(directory, "more d", 0755).errno());
        assertEquals(0, kernel.mkdir(ROOT, "e", 0755).errno());
        assertEquals(Linux.EMLINK, kernel.rename(ROOT, "e", directory, "e", 0).errno());
        assertEquals(0, kernel.rename(ROOT, "e", directory, "d2", 0).errno(), "in the place of another one");
        assertEquals(65_000, kernel.getattr(directory).attributes().nlink());
    }

    @Test
    void shouldReadALink() {
        long ino = kernel.symlink(ROOT, "link", "/some/where").nodeId();
        assertEquals("/some/where", new String(kernel.readlink(ino).bytes(), StandardCharsets.UTF_8));
        assertEquals(11, kernel.getattr(ino).attributes().size());
    }

    @Test
    void shouldSayTheTruthAboutSpaceInSixtyFourBits() {
        KernelPlayer.Answer answer = kernel.statfs();
        assertEquals(1L << 28, answer.body().getLong(0));
        assertEquals(1L << 27, answer.body().getLong(8));
    }

    @Test
    void shouldRefuseNamesThatAreTooLong() {
        assertEquals(
                Linux.ENAMETOOLONG, kernel.mkdir(ROOT, "n".repeat(256), 0755).errno());
        assertEquals(0, kernel.mkdir(ROOT, "n".repeat(255), 0755).errno());
    }

    @Test
    void shouldShowTheSameAfterACleanStop() throws InterruptedException {
        List<String> names = new ArrayList<>();
        byte[] data = new byte[70_000];
        new Random(3).nextBytes(data);
        for (int i = 0; i < 50; i++) {
            long ino = kernel.create(ROOT, "f" + i, 0600).nodeId();
            assertEquals(0, kernel.write(ino, i, data).errno());
            assertEquals(0, kernel.setMtime(ino, 1_000_000_000L + i, i).errno());
            names.add("f" + i);
        }
        restart();
        for (int i = 0; i < 50; i++) {
            KernelPlayer.Answer found = kernel.lookup(ROOT, names.get(i));
            assertNotEquals(0, found.nodeId(), names.get(i));
            assertEquals(
                    (1_000_000_000L + i) * 1_000_000_000L + i,
                    found.entryAttributes().mtimeNs());
            byte[] read = kernel.read(found.nodeId(), i, data.length).bytes();
            assertArrayEquals(data, read, names.get(i));
        }
    }
}
