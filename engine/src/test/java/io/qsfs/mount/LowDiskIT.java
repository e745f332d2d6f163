package io.qsfs.mount;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qsfs.bindings.linux.Linux;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a disk or backends smaller than what is written. What is placed makes room, far below the cache limit; where nothing can
 * be placed, writers wait and are refused, nothing acknowledged is lost, and placing goes on when there is room. Method: the state
 * directory, or backends, on small tmpfs. Needs root and /dev/fuse.
 */
@Timeout(300)
class LowDiskIT {
    private static final int FILE_BYTES = 4 << 20;

    @TempDir
    Path root;

    private final List<Path> mounted = new ArrayList<>();
    private MountRig rig;

    @BeforeEach
    void begin() {
        assumeTrue(Linux.geteuid() == 0 && Files.isReadable(Path.of("/dev/fuse")), "needs root and /dev/fuse");
        rig = new MountRig(root);
    }

    @AfterEach
    void end() {
        rig.close();
        for (Path disk : mounted) {
            Linux.umount2(disk.toString(), Linux.MNT_DETACH);
        }
    }

    private void mountSmall(Path directory, String size) throws IOException {
        Files.createDirectories(directory);
        assertEquals(0, Linux.mount("small", directory.toString(), "tmpfs", 0, "size=" + size));
        mounted.add(directory);
    }

    private Path on(int i) {
        return rig.mountPoint().resolve("f" + i);
    }

    private static byte[] content(int i) {
        byte[] content = new byte[FILE_BYTES];
        new Random(i).nextBytes(content);
        return content;
    }

    /** True when content is acknowledged as durable, false for a full disk. */
    private boolean isWritten(int i) throws IOException {
        try (FileChannel file = FileChannel.open(on(i), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(content(i));
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
            file.force(true);
            return true;
        } catch (IOException full) {
            assertTrue(full.getMessage().contains("No space left"), full.getMessage());
            return false;
        }
    }

    private void check(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            assertArrayEquals(content(i), Files.readAllBytes(on(i)), "file " + i);
        }
    }

    @Test
    void shouldTakeMoreThanTheDiskOfTheStateDirectoryHolds() throws Exception {
        mountSmall(rig.state(), "160m");
        rig.init();
        rig.mount();
        int count = 100; // 400 MiB
        for (int i = 0; i < count; i++) {
            assertTrue(isWritten(i), "file " + i);
        }
        check(count);
        assertEquals(UnmountReport.Outcome.PLACED, rig.unmount().outcome());
        rig.mount();
        check(count);
    }

    @Test
    void shouldGoOnWithPlacingWhenThereIsRoomOnFullBackends() throws Exception {
        mountSmall(rig.state(), "128m");
        for (int i = 1; i <= MountRig.BACKENDS; i++) {
            mountSmall(rig.backend(i), "12m");
        }
        rig.init();
        rig.mount();
        int count = 0;
        while (isWritten(count)) {
            count++;
            assertTrue(count < 100, "400 MiB are more than all disks hold");
        }
        Files.delete(on(count));
        assertTrue(count * (long) FILE_BYTES > 48L << 20, "as much as the backends hold, and what fits here: " + count);
        check(count);

        for (Path disk : mounted) {
            assertEquals(0, Linux.mount("small", disk.toString(), "tmpfs", Linux.MS_REMOUNT, "size=256m"));
        }
        while (!isWritten(count)) {
            Thread.sleep(100); // backends are tried again, and the reserves made
        }
        count++;
        check(count);
        assertEquals(UnmountReport.Outcome.PLACED, rig.unmount().outcome());
        rig.mount();
        check(count);
    }
}
