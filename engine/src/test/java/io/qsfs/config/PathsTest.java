package io.qsfs.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Looks where things go for given environments. */
class PathsTest {
    private static final Path HOME = Path.of("/home/u");

    @TempDir
    Path folder;

    @Test
    void shouldFollowTheVariables() {
        Paths paths = Paths.of(
                Map.of(
                        "XDG_CONFIG_HOME", "/c",
                        "XDG_DATA_HOME", "/d/../e",
                        "XDG_STATE_HOME", "/s",
                        "XDG_RUNTIME_DIR", "/r"),
                HOME,
                "u");
        assertEquals(Path.of("/c/qsfs"), paths.config());
        assertEquals(Path.of("/e/qsfs"), paths.data());
        assertEquals(Path.of("/s/qsfs"), paths.state());
        assertEquals(Path.of("/r/qsfs"), paths.runtime());
    }

    @Test
    void shouldFallBackToTheHomeDirectory() {
        Paths paths = Paths.of(Map.of("XDG_CONFIG_HOME", "relative/is/ignored"), HOME, "root");
        assertEquals(Path.of("/home/u/.config/qsfs"), paths.config());
        assertEquals(Path.of("/home/u/.local/share/qsfs"), paths.data());
        assertEquals(Path.of("/home/u/.local/state/qsfs"), paths.state());
        assertEquals(Path.of("/run/qsfs"), paths.runtime());
        assertEquals(
                Path.of("/tmp/qsfs-nobody-at-all"),
                Paths.of(Map.of(), HOME, "nobody-at-all").runtime());
    }

    @Test
    void shouldLookForMountsOfRootToo() {
        Paths paths = Paths.of(Map.of("XDG_RUNTIME_DIR", "/r"), HOME, "u");
        assertEquals(Path.of("/r/qsfs"), paths.runtimeCandidates().get(0));
        assertTrue(paths.runtimeCandidates().contains(Path.of("/run/qsfs")));
    }

    @Test
    void shouldMakeDirectoriesPrivate() throws IOException {
        Path made = Paths.makePrivate(folder.resolve("a/b"));
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(made)));
        assertEquals(made, Paths.makePrivate(made));
    }

    @Test
    void shouldSayWhyADirectoryCannotBeMade() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");
        QsfsException failure = assertThrows(QsfsException.class, () -> Paths.makePrivate(file.resolve("d")));
        assertTrue(failure.getMessage().startsWith(file.resolve("d") + " cannot be made ("), failure.getMessage());
        assertTrue(failure.getMessage().endsWith("): check its parent's owner and mode, or set the XDG_* variables."));
    }
}
