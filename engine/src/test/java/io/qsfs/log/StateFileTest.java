package io.qsfs.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.config.QsfsException;
import io.qsfs.memory.Id128;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** State files are replaced as a whole and durably: a power cut leaves the old one or the new one, and after return the new. */
class StateFileTest {
    private static final CleanMarker MARKER =
            new CleanMarker(1, 2, 3, 4, new Id128(5, 6), 7, 8, 9, 10, new Id128(11, 12));

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
    void shouldKeepAndRemoveTheCleanMarker() {
        Path path = directory.resolve("clean");
        Disk disk = new RealDisk();
        assertNull(CleanMarker.read(disk, path));
        MARKER.write(disk, path);
        assertEquals(MARKER, CleanMarker.read(disk, path));
        CleanMarker.remove(disk, path);
        CleanMarker.remove(disk, path);
        assertNull(CleanMarker.read(disk, path));
    }

    @Test
    void shouldBeDurableWhenTheyReturn() {
        for (int seed = 1; seed <= 100; seed++) {
            SimDisk disk = new SimDisk(directory, seed);
            Path counter = directory.resolve("mount");
            Path marker = directory.resolve("clean");
            MARKER.write(disk, marker);
            MountState next = MountState.next(disk, counter, new SecureRandom());
            CleanMarker.remove(disk, marker);
            disk = disk.powerCut();
            assertEquals(next, MountState.read(disk, counter), "seed " + seed);
            assertNull(CleanMarker.read(disk, marker), "seed " + seed);
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
        Path path = directory.resolve("clean");
        MARKER.write(new RealDisk(), path);
        byte[] whole = Files.readAllBytes(path);
        for (int i = 0; i < whole.length; i++) {
            byte[] damaged = whole.clone();
            damaged[i] ^= 1;
            Files.write(path, damaged);
            assertThrows(QsfsException.class, () -> CleanMarker.read(new RealDisk(), path));
            Files.write(path, java.util.Arrays.copyOf(whole, i));
            assertThrows(QsfsException.class, () -> CleanMarker.read(new RealDisk(), path));
        }
    }

    @Test
    void shouldKnowTheBoot() throws IOException {
        assertTrue(BootId.isSame(BootId.read(BootId.DEFAULT_PATH), BootId.read(BootId.DEFAULT_PATH)));
        Path other = directory.resolve("boot_id");
        Files.writeString(other, "1b4e28ba-2fa1-11d2-883f-b9a761bde3fb\n");
        assertEquals(Id128.parse("1b4e28ba2fa111d2883fb9a761bde3fb"), BootId.read(other));
        assertFalse(BootId.isSame(BootId.read(other), BootId.read(BootId.DEFAULT_PATH)));
        assertFalse(BootId.isSame(BootId.read(directory.resolve("none")), BootId.read(directory.resolve("none"))));
    }
}
