package io.qsfs.fs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.index.Inode;
import io.qsfs.index.Machine;
import io.qsfs.log.SimDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: what an answer says is so. Method: a volume on a disk that fails at a chosen change, used without a kernel. */
@Timeout(60)
class SimVolumeTest {
    @TempDir
    Path directory;

    private SimDisk disk;

    @BeforeEach
    void begin() throws IOException {
        disk = new SimDisk(Files.createDirectories(directory.resolve("log")), 1);
    }

    @Test
    void shouldReplaceANameByOneRecord() {
        try (SimVolume volume = new SimVolume(directory, disk, Machine.THIS)) {
            assertEquals(0, volume.make(Inode.ROOT, "old", 0100644));
            assertEquals(0, volume.make(Inode.ROOT, "new", 0100644));
            volume.look(); // commits
            long before = volume.appliedSequence();
            assertEquals(0, volume.rename(Inode.ROOT, "new", Inode.ROOT, "old"));
            volume.look();
            assertEquals(before + 1, volume.appliedSequence(), "two records could be torn apart");
        }
    }

    @Test
    void shouldNotSayThatSomethingIsDoneBeforeItIsWritten() {
        try (SimVolume volume = new SimVolume(directory, disk, Machine.THIS)) {
            assertEquals(0, volume.make(Inode.ROOT, "first", 0100644));
            disk.diesAtChange(1);
            assertEquals(Linux.EIO, volume.make(Inode.ROOT, "second", 0100644));
            assertEquals(Linux.EIO, volume.sync());
            assertNotEquals(0, volume.closeSegments(), "who waits for a sync hears of it too");
        }
    }
}
