package io.qsfs.mount;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.log.FailingSyncs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a disk that fails to sync the log once makes the mount read-only, and everybody who asks is told. Method: a mount whose log
 * lies on a disk with that fault. Needs root and /dev/fuse.
 */
class SyncErrorIT {
    @TempDir
    Path root;

    private final FailingSyncs disk = new FailingSyncs();
    private MountRig rig;

    @BeforeEach
    void begin() {
        assumeTrue(Linux.geteuid() == 0 && Files.isReadable(Path.of("/dev/fuse")), "needs root and /dev/fuse");
        rig = new MountRig(root, new LocalLauncher(disk.disk()));
    }

    @AfterEach
    void end() {
        if (rig != null) {
            rig.close();
        }
    }

    @Test
    void shouldGoReadOnlyAndSaySoWhenASyncFailsOnce() throws IOException {
        rig.init();
        RunningMount mount = rig.mount();
        Path kept = rig.mountPoint().resolve("kept");
        byte[] data = {1, 2, 3};
        try (FileChannel file = FileChannel.open(kept, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(data));
            file.force(true);
            file.write(ByteBuffer.wrap(data));
            disk.fail(1);
            assertThrows(IOException.class, () -> file.force(true));
            assertThrows(IOException.class, () -> file.force(true));
        }
        assertEquals(StatusReport.State.READ_ONLY, mount.status().state());
        assertTrue(
                mount.status().warnings().stream().anyMatch(w -> w.contains("read-only")),
                mount.status().warnings().toString());
        FileSystemException refused = assertThrows(
                FileSystemException.class,
                () -> Files.createDirectory(rig.mountPoint().resolve("d")));
        assertTrue(refused.getMessage().contains("Read-only"), refused.getMessage());
        byte[] read = Files.readAllBytes(kept);
        assertArrayEquals(data, java.util.Arrays.copyOf(read, data.length));

        UnmountReport report = rig.unmount();
        assertEquals(UnmountReport.Outcome.FAILED, report.outcome(), report.toString());
        assertTrue(report.error().contains("check that disk"), report.error());

        rig.mount();
        assertArrayEquals(data, java.util.Arrays.copyOf(Files.readAllBytes(kept), data.length));
        assertEquals(UnmountReport.Outcome.PLACED, rig.unmount().outcome());
    }
}
