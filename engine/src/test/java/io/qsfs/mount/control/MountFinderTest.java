package io.qsfs.mount.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.qsfs.config.Paths;
import io.qsfs.config.QsfsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Finds mounts by their directory: of this process, of dead ones, of nobody. */
class MountFinderTest {
    @TempDir
    Path folder;

    private Paths paths;
    private Path directory;
    private MountRegistry registry;

    @BeforeEach
    void make() throws IOException {
        folder = folder.toRealPath();
        paths = Paths.of(Map.of("XDG_RUNTIME_DIR", folder.resolve("run").toString()), folder, "u");
        directory = Files.createDirectory(folder.resolve("mnt"));
        registry = new MountRegistry(paths);
    }

    private MountRegistry.Entry entry(Path mountPoint) {
        return MountRegistry.Entry.ofThisProcess(mountPoint, "v", folder, folder.resolve("control.sock"));
    }

    /** A pid that no process has: the kernel gives none above four million. */
    private static MountRegistry.Entry dead(MountRegistry.Entry entry) {
        return new MountRegistry.Entry(
                entry.mountPoint(), entry.volume(), entry.stateDir(), entry.socket(), 4_999_999, entry.startedMs());
    }

    @Test
    void shouldFindARunningMount() throws IOException {
        MountRegistry.Entry entry = entry(directory);
        registry.put(entry);
        assertEquals(entry, new MountFinder(paths).running(directory));
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("mnt"));
        assertEquals(entry, new MountFinder(paths).running(link));
        registry.remove(entry);
        assertNull(registry.find(directory));
    }

    @Test
    void shouldTellAPidThatWasGivenToAnother() {
        MountRegistry.Entry entry = entry(directory);
        registry.put(new MountRegistry.Entry(
                entry.mountPoint(), "v", entry.stateDir(), entry.socket(), entry.pid(), entry.startedMs() - 60_000));
        assertEquals(
                MountFinder.Condition.GONE,
                new MountFinder(paths).find(directory).condition());
    }

    @Test
    void shouldSayThatAProcessIsGone() {
        registry.put(dead(entry(directory)));
        QsfsException failure = assertThrows(QsfsException.class, () -> new MountFinder(paths).running(directory));
        assertEquals(
                "the mount process of " + directory
                        + " (pid 4999999) is not running: mount it again, its log is replayed then.",
                failure.getMessage());
        MountFinder finder = new MountFinder(paths);
        finder.detach(finder.find(directory));
        assertEquals(MountFinder.Condition.NONE, finder.find(directory).condition());
    }

    @Test
    void shouldSayThatADirectoryIsNoMount() {
        QsfsException failure = assertThrows(QsfsException.class, () -> new MountFinder(paths).running(directory));
        assertEquals(
                directory + " is not a mount point of qsfs: check the path, or mount it with qsfs mount.",
                failure.getMessage());
        failure = assertThrows(QsfsException.class, () -> new MountFinder(paths).running(folder.resolve("a/b")));
        assertEquals(
                "directory " + folder.resolve("a/b") + " cannot be found (it does not exist): check the path.",
                failure.getMessage());
    }

    @Test
    void shouldNotRemoveTheEntryOfASuccessor() {
        MountRegistry.Entry successor = entry(directory);
        registry.put(successor);
        registry.remove(dead(successor));
        assertEquals(successor, registry.find(directory));
    }

    @Test
    void shouldIgnoreWhatIsNoEntry() throws IOException {
        registry.put(entry(directory));
        try (var files = Files.list(folder.resolve("run/qsfs/mounts"))) {
            for (Path file : files.toList()) {
                Files.writeString(file, "{\"pid\":1}");
            }
        }
        assertNull(registry.find(directory));
    }

    @Test
    void shouldReadMountinfo() {
        List<MountPoints.Mounted> mounts = MountPoints.parse(List.of(
                "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue",
                "40 35 0:50 / /mnt/a\\040b\\134c rw - fuse.qsfs qsfs:local rw,user_id=0",
                "nonsense"));
        assertEquals(2, mounts.size());
        assertEquals("/mnt/a b\\c", mounts.get(1).mountPoint());
        assertEquals("qsfs:local", mounts.get(1).source());
        assertEquals(true, mounts.get(1).isQsfs());
        assertEquals(false, mounts.get(0).isQsfs());
        assertEquals("/proc", MountPoints.find(Path.of("/proc")).mountPoint());
    }
}
