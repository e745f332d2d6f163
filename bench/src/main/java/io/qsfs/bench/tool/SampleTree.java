package io.qsfs.bench.tool;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A tree of directories and files that is unpacked into what is measured: a copy in memory of a real one ({@code
 * /usr/include} where it is), or one that is made up with sizes like those of sources.
 *
 * <p>Threading: immutable after it was made.
 */
final class SampleTree {
    private static final Path REAL = Path.of("/usr/include");
    private static final long BYTES_MAX = 192L << 20;
    private static final int ENTRIES_MAX = 40_000;
    private static final int MADE_UP_FILES = 3_000;

    /**
     * An entry, parents first.
     *
     * @param name    relative.
     * @param content null of a directory.
     */
    record Entry(String name, byte[] content) {}

    private final List<Entry> entries = new ArrayList<>();
    private long bytes;

    private SampleTree() {}

    List<Entry> entries() {
        return entries;
    }

    /** The usual one. */
    static SampleTree usual(int entriesMax) {
        return Files.isDirectory(REAL) ? of(REAL, entriesMax) : madeUp(Math.min(entriesMax, MADE_UP_FILES));
    }

    /** A copy of a directory, symbolic links left out. */
    static SampleTree of(Path root, int entriesMax) {
        SampleTree tree = new SampleTree();
        try {
            Files.walkFileTree(root, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                    if (!directory.equals(root)) {
                        tree.entries.add(new Entry(root.relativize(directory).toString(), null));
                    }
                    return tree.isFull(entriesMax) ? FileVisitResult.TERMINATE : FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && Files.isReadable(file)) {
                        byte[] content = Files.readAllBytes(file);
                        tree.bytes += content.length;
                        tree.entries.add(new Entry(root.relativize(file).toString(), content));
                    }
                    return tree.isFull(entriesMax) ? FileVisitResult.TERMINATE : FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException failure) {
                    return FileVisitResult.CONTINUE; // not for everybody to read
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException("walk of " + root, e);
        }
        return tree;
    }

    private boolean isFull(int entriesMax) {
        return entries.size() >= entriesMax || bytes >= BYTES_MAX;
    }

    /** One that is made up, the same every time. */
    static SampleTree madeUp(int files) {
        SampleTree tree = new SampleTree();
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < files; i++) {
            String directory = "d" + i / 40;
            if (i % 40 == 0) {
                tree.entries.add(new Entry(directory, null));
            }
            byte[] content = new byte[(int) Math.min(1 << 20, 200 * Math.exp(random.nextDouble() * 5))];
            random.nextBytes(content);
            tree.entries.add(new Entry(directory + "/f" + i, content));
        }
        return tree;
    }
}
