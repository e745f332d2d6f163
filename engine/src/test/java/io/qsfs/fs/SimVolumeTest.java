package io.qsfs.fs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
    private static final int SEEDS = 12;

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
            long least = Long.MAX_VALUE;
            for (int i = 0; i < 10 && least > 1; i++) { // a sync record may come in between
                assertEquals(0, volume.make(Inode.ROOT, "old" + i, 0100644));
                assertEquals(0, volume.make(Inode.ROOT, "new" + i, 0100644));
                volume.look(); // commits
                long before = volume.appliedSequence();
                assertEquals(0, volume.rename(Inode.ROOT, "new" + i, Inode.ROOT, "old" + i));
                volume.look();
                least = Math.min(least, volume.appliedSequence() - before);
            }
            assertEquals(1, least, "two records could be torn apart");
        }
    }

    @Test
    void shouldNotSayThatSomethingIsDoneBeforeItIsWritten() {
        try (SimVolume volume = new SimVolume(directory, disk, Machine.THIS)) {
            assertEquals(0, volume.make(Inode.ROOT, "first", 0100644));
            assertEquals(0, volume.sync()); // so that nobody but the next record asks the disk for anything
            disk.diesAtChange(1);
            assertEquals(Linux.EIO, volume.make(Inode.ROOT, "second", 0100644));
            assertEquals(Linux.EIO, volume.sync());
            assertNotEquals(0, volume.closeSegments(), "who waits for a sync hears of it too");
        }
    }

    /** The sync record reaches the disk and what lies before it does not: that is a torn tail, and no rot. */
    @Test
    void shouldClaimNothingToBeDurableBeforeItIs() throws IOException {
        for (int seed = 1; seed <= SEEDS; seed++) {
            Path root = directory.resolve("seed-" + seed);
            SimDisk first = new SimDisk(Files.createDirectories(root.resolve("log")), seed);
            PowerLossSimTest.SimMachine machine = new PowerLossSimTest.SimMachine();
            try (SimVolume volume = new SimVolume(root, first, machine)) {
                assertEquals(0, volume.make(Inode.ROOT, "durable", 0100644));
                assertEquals(0, volume.sync());
                for (int i = 0; i < 30; i++) {
                    assertEquals(0, volume.make(Inode.ROOT, "a file of which nobody knows yet " + i, 0100644));
                }
                first.diesAtChange(2); // behind the write of the sync record
                assertEquals(Linux.EIO, volume.sync());
            }
            machine.boot++;
            try (SimVolume volume = new SimVolume(root, first.powerCut(), machine)) {
                assertTrue(volume.look().nodes().containsKey("durable"), "seed " + seed);
            }
        }
    }
}
