package io.qsfs.bindings;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where the sources are, from whatever directory the tests run in. */
public final class Project {
    private Project() {}

    /** The directory that holds {@code native-headers}. */
    public static Path root() {
        Path start = Path.of(System.getProperty("basedir", "")).toAbsolutePath();
        for (Path at = start; at != null; at = at.getParent()) {
            if (Files.isDirectory(at.resolve("native-headers"))) {
                return at;
            }
        }
        throw new IllegalStateException("no native-headers above " + start);
    }
}
