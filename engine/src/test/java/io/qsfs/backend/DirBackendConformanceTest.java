package io.qsfs.backend;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** A directory, as every backend must be. */
class DirBackendConformanceTest extends BackendConformanceTest {
    @TempDir
    Path directory;

    @Override
    BackendSpec freshLocation() {
        return BackendSpec.directory("disk", "", directory.resolve("backend"));
    }
}
