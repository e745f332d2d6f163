package io.qsfs.mount;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qsfs.bindings.fuse.Fuse;
import io.qsfs.bindings.fuse.FuseOps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: the mount tests ran on both generations of libfuse, or say that they did not. Method: the second run of them looks at what
 * is mapped into it.
 */
class LibraryIT {
    private static final int SECOND_GENERATION = 317;

    @Test
    void shouldRunOnTheSecondLibraryThatTheTestNames() throws IOException {
        String named = System.getenv("QSFS_TEST_LIBFUSE4");
        assumeTrue(
                named != null,
                () -> "QSFS_TEST_LIBFUSE4 names no libfuse3.so.4: the mount tests run on libfuse "
                        + Fuse.packageVersion() + " alone");
        assumeTrue(Boolean.getBoolean("qsfs.test.libfuse4"), "shown by the run on the second library, after this one");
        assertTrue(Fuse.version() >= SECOND_GENERATION, Fuse.packageVersion());
        assertTrue(FuseOps.has("tmpfile"));
        List<String> libraries = Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.contains("libfuse3"))
                .map(line -> line.substring(line.indexOf('/')))
                .distinct()
                .toList();
        assertEquals(List.of(Path.of(named).toRealPath().toString()), libraries);
    }

    @Test
    void shouldHaveNamelessFilesFromTheSecondGenerationOn() {
        assertEquals(Fuse.version() >= SECOND_GENERATION, FuseOps.has("tmpfile"));
    }
}
