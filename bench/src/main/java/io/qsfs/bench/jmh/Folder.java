package io.qsfs.bench.jmh;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** A folder of a benchmark's own, gone with {@link #close}. The system property {@code qsfs.bench.dir} says on which disk. */
final class Folder implements AutoCloseable {
    private static final Path MEMORY = Path.of("/dev/shm");

    private final Path path;

    private Folder(Path parent) {
        try {
            path = Files.createTempDirectory(parent, "qsfs-jmh");
        } catch (IOException e) {
            throw new UncheckedIOException("no folder can be made in " + parent, e);
        }
        // Whoever interrupts a run leaves nothing behind either.
        Runtime.getRuntime().addShutdownHook(new Thread(this::close, "remove " + path));
    }

    /** On the disk that is measured. */
    static Folder onDisk() {
        return new Folder(Path.of(System.getProperty("qsfs.bench.dir", System.getProperty("java.io.tmpdir"))));
    }

    /** In memory where there is such a file system: what is measured is then the code, and not a disk. */
    static Folder inMemory() {
        return Files.isWritable(MEMORY) ? new Folder(MEMORY) : onDisk();
    }

    Path path() {
        return path;
    }

    /** Removes it; does nothing when that is done. */
    @Override
    public void close() {
        if (!Files.exists(path)) {
            return;
        }
        try (Stream<Path> files = Files.walk(path)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the folder " + path + " cannot be removed", e);
        }
    }
}
