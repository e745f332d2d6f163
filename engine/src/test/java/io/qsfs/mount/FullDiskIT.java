package io.qsfs.mount;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qsfs.bindings.linux.Linux;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: on a disk without a single free block, changes that need room in the index alone go on, nothing acknowledged is lost, and
 * content is taken again when there is room. Method: the state directory on a small tmpfs that somebody else fills. Needs root and
 * /dev/fuse.
 */
@Timeout(180)
class FullDiskIT {
    private static final int FILES = 2_000;

    @TempDir
    Path root;

    private Path small;
    private Path filler;
    private MountRig rig;

    @BeforeEach
    void begin() throws Exception {
        assumeTrue(Linux.geteuid() == 0 && Files.isReadable(Path.of("/dev/fuse")), "needs root and /dev/fuse");
        small = Files.createDirectory(root.resolve("small"));
        assertEquals(0, run("mount", "-t", "tmpfs", "-o", "size=160m", "none", small.toString()));
        filler = small.resolve("filler");
        rig = new MountRig(root);
        rig.init();
        MountRig.copy(rig.state(), small.resolve("state"));
        MountRig.delete(rig.state());
    }

    @AfterEach
    void end() throws Exception {
        if (rig != null) {
            rig.close();
            run("umount", "-l", small.toString());
        }
    }

    private static int run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command).start().waitFor();
    }

    private RunningMount mount() {
        return rig.mountAt("state_dir = \"" + small.resolve("state") + "\"");
    }

    private Path on(String name) {
        return rig.mountPoint().resolve(name);
    }

    private static String longName(int i) {
        return "n".repeat(230) + i;
    }

    /** Somebody else takes every block that is left. */
    private void fillUp() throws IOException {
        ByteBuffer block = ByteBuffer.allocate(4096);
        try (FileChannel file = FileChannel.open(filler, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            while (true) {
                block.clear();
                file.write(block);
            }
        } catch (IOException full) {
            assertTrue(full.getMessage().contains("No space left"), full.getMessage());
        }
    }

    private boolean isWritten(String name, byte[] content) throws IOException {
        try (FileChannel file = FileChannel.open(on(name), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(content), 0);
            file.force(true);
            return true;
        } catch (IOException full) {
            assertTrue(full.getMessage().contains("No space left"), full.getMessage());
            return false;
        }
    }

    @Test
    void shouldGoOnWithNamesAndComeBackToContentWhenSomebodyElseFillsTheDisk() throws Exception {
        mount();
        byte[] content = new byte[100_000];
        new Random(1).nextBytes(content);
        for (int i = 0; i < FILES; i++) {
            Files.createFile(on("f" + i));
        }
        assertTrue(isWritten("kept", content));
        Path reserve = small.resolve("state/reserve");
        long before = Files.size(reserve);
        assertTrue(before > 8 << 20, "an eighth of what was free: " + before);

        fillUp();
        for (int i = 0; i < FILES; i++) {
            Files.move(on("f" + i), on(longName(i)));
        }
        fillUp();
        for (int i = 0; i < FILES; i += 2) {
            Files.delete(on(longName(i)));
        }
        assertTrue(Files.size(reserve) < before, "the index has grown, and from nowhere else");
        for (int i = 0; isWritten("kept-" + i, content); i++) {
            assertTrue(i < 1_000, "a full disk takes no content for ever");
        }
        assertArrayEquals(content, Files.readAllBytes(on("kept")));

        Files.delete(filler);
        while (!isWritten("again", content)) {
            Thread.sleep(100); // the reserves are made first
        }
        assertEquals(before, Files.size(reserve));
        rig.unmount();
        mount();
        assertArrayEquals(content, Files.readAllBytes(on("kept")));
        assertArrayEquals(content, Files.readAllBytes(on("again")));
        for (int i = 0; i < FILES; i++) {
            assertEquals(i % 2 == 1, Files.exists(on(longName(i))), longName(i));
            assertFalse(Files.exists(on("f" + i)));
        }
    }
}
