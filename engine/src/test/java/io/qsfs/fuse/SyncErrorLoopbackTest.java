package io.qsfs.fuse;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.fs.VolumeRig;
import io.qsfs.log.FailingSyncs;
import io.qsfs.memory.Clock;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: when the disk cannot sync the log once, nobody is told afterwards that something is durable, and what can be read is read.
 * Method: a fake kernel, and a disk whose fdatasync fails once and then succeeds, with its pages marked clean.
 */
@Timeout(60)
class SyncErrorLoopbackTest {
    private static final long ROOT = 1;

    @TempDir
    Path directory;

    private final FailingSyncs disk = new FailingSyncs();
    private KernelPlayer kernel;
    private FuseSession session;
    private VolumeRig rig;
    private Arena arena;

    @BeforeEach
    void begin() {
        arena = Arena.ofShared();
        kernel = new KernelPlayer();
        session = new FuseSession(arena, Clock.SYSTEM);
        rig = new VolumeRig(
                directory, session.replies(), session.interrupts(), new VolumeRig.NothingEvicted(), disk.disk());
        session.connect(kernel.daemonFd());
        session.start(rig.fileSystem(), VolumeRig.WORKERS);
        kernel.init();
    }

    @AfterEach
    void end() throws InterruptedException {
        session.exit();
        kernel.hangUp();
        session.awaitEnd();
        assertTrue(session.awaitAnswers(Long.MAX_VALUE));
        session.close();
        rig.close();
        kernel.close();
        arena.close();
        assertEquals(0, session.failureCount(), "exceptions in upcalls");
    }

    @Test
    void shouldStopReadOnlyWhenASyncFailsOnce() {
        long ino = kernel.create(ROOT, "f", 0644).nodeId();
        byte[] data = {1, 2, 3, 4};
        assertEquals(0, kernel.write(ino, 0, data).errno());
        assertEquals(0, kernel.fsync(ino).errno());
        assertEquals(0, kernel.write(ino, 4, data).errno());
        long late = kernel.create(ROOT, "late", 0644).nodeId();
        disk.fail(1);
        assertEquals(Linux.EIO, kernel.fsync(ino).errno());
        assertEquals(Linux.EROFS, rig.fileSystem().stoppedBy());
        assertEquals(Linux.EIO, kernel.fsync(ino).errno(), "the disk would succeed now, and it would prove nothing");
        assertEquals(Linux.EIO, kernel.fsync(ROOT).errno());
        assertEquals(Linux.EIO, kernel.write(ino, 8, data).errno());
        assertEquals(Linux.EROFS, kernel.mkdir(ROOT, "d", 0755).errno());
        assertEquals(Linux.EROFS, kernel.unlink(ROOT, "f").errno());
        assertEquals(Linux.EROFS, kernel.setSize(ino, 1).errno());
        assertEquals(ino, kernel.lookup(ROOT, "f").nodeId());
        assertEquals(late, kernel.lookup(ROOT, "late").nodeId(), "it is in the log, committed or not");
        assertEquals(0, kernel.getattr(ino).errno());
        assertArrayEquals(data, kernel.read(ino, 0, 4).bytes());
    }
}
