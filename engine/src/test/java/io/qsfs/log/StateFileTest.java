package io.qsfs.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.config.QsfsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** State files are replaced as a whole and durably: a power cut leaves the old one or the new one, and after return the new. */
class StateFileTest {
    @TempDir
    Path directory;

    @Test
    void shouldCountMountsAndDrawANewIdentityForEach() {
        Path path = directory.resolve("mount");
        Disk disk = new RealDisk();
        assertEquals(MountState.NONE, MountState.read(disk, path));
        MountState first = MountState.next(disk, path, new SecureRandom());
        MountState second = MountState.next(disk, path, new SecureRandom());
        assertEquals(1, first.counter());
        assertEquals(2, second.counter());
        assertNotEquals(first.mountId(), second.mountId());
        assertEquals(second, MountState.read(disk, path));
    }

    @Test
    void shouldBeDurableWhenTheyReturn() {
        for (int seed = 1; seed <= 100; seed++) {
            SimDisk disk = new SimDisk(directory, seed);
            Path counter = directory.resolve("mount");
            MountState next = MountState.next(disk, counter, new SecureRandom());
            disk = disk.powerCut();
            assertEquals(next, MountState.read(disk, counter), "seed " + seed);
        }
    }

    @Test
    void shouldTurnRedWhenSyncsDoNothing() {
        boolean noticed = false;
        for (int seed = 1; seed <= 100 && !noticed; seed++) {
            SimDisk disk = new SimDisk(directory, seed);
            disk.syncsDoNothing();
            Path path = directory.resolve("mount");
            MountState next = MountState.next(disk, path, new SecureRandom());
            try {
                noticed = !next.equals(MountState.read(disk.powerCut(), path));
            } catch (QsfsException expected) {
                noticed = true;
            }
        }
        assertTrue(noticed);
    }

    @Test
    void shouldRefuseADamagedFile() throws IOException {
        Path path = directory.resolve("mount");
        MountState.next(new RealDisk(), path, new SecureRandom());
        byte[] whole = Files.readAllBytes(path);
        for (int i = 0; i < whole.length; i++) {
            byte[] damaged = whole.clone();
            damaged[i] ^= 1;
            Files.write(path, damaged);
            assertThrows(QsfsException.class, () -> MountState.read(new RealDisk(), path));
            Files.write(path, java.util.Arrays.copyOf(whole, i));
            assertThrows(QsfsException.class, () -> MountState.read(new RealDisk(), path));
        }
    }
}
