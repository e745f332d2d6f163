package io.qsfs.backend;

import io.qsfs.bindings.linux.Linux;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Walks a directory backend. Paths go through the open root ({@code /proc/self/fd}), so that the walk stays on the disk on
 * which it began.
 *
 * <p>Threading: a {@code dir-io} thread, for one listing.
 */
final class DirLister {
    /** Names have at most seven parts; more is not ours. */
    private static final int DEPTH_MAX = 16;

    private final Path root;
    private final String prefix;
    private final ObjectVisitor visitor;
    private final DirTask<Void> task;

    DirLister(int rootFd, String prefix, ObjectVisitor visitor, DirTask<Void> task) {
        this.root = Path.of("/proc/self/fd/" + rootFd);
        this.prefix = prefix;
        this.visitor = visitor;
        this.task = task;
    }

    /** Walks and ends the task. */
    void run() {
        int slash = prefix.lastIndexOf('/');
        String start = slash < 0 ? "" : prefix.substring(0, slash);
        try {
            walk(start, 0);
        } catch (AccessDeniedException e) {
            task.fail(BackendError.DENIED, "access denied: " + below(e.getFile()));
            return;
        } catch (IOException e) {
            task.fail(BackendError.UNREACHABLE, e.getClass().getSimpleName() + ": " + e.getMessage());
            return;
        }
        if (task.isLate()) {
            task.fail(BackendError.TIMEOUT, "no answer before the deadline");
        } else {
            task.succeed(null);
        }
    }

    private void walk(String directory, int depth) throws IOException {
        Path path = directory.isEmpty() ? root.resolve(".") : root.resolve(directory);
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
            for (Path entry : entries) {
                if (task.isLate()) {
                    return;
                }
                String leaf = entry.getFileName().toString();
                visit(directory.isEmpty() ? leaf : directory + "/" + leaf, entry, depth);
            }
        } catch (NoSuchFileException | NotDirectoryException e) {
            return; // nothing has that prefix, or it went while we looked
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
    }

    private void visit(String name, Path entry, int depth) throws IOException {
        boolean leadsToPrefix = prefix.startsWith(name + "/");
        if (!ObjectNames.isValid(name) || !name.startsWith(prefix) && !leadsToPrefix) {
            return;
        }
        BasicFileAttributes attributes;
        try {
            attributes = Files.readAttributes(entry, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return;
        }
        if (attributes.isDirectory() && depth < DEPTH_MAX) {
            walk(name, depth + 1);
        } else if (attributes.isRegularFile() && name.startsWith(prefix) && !name.equals(ObjectNames.IDENTITY)) {
            visitor.onObject(name, attributes.size());
        }
    }

    private String below(String file) {
        return file == null ? "" : file.replaceFirst("^/proc/self/fd/[0-9]+/", "");
    }

    /** Removes temporaries that a crash left more than {@code ageNs} ago; of errors nobody needs to know. */
    static void removeTemporaries(int rootFd, long nowNs, long ageNs) {
        Path temporaries = Path.of("/proc/self/fd/" + rootFd, DirRoot.TEMPORARIES);
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(temporaries)) {
            for (Path entry : entries) {
                String name = entry.getFileName().toString();
                long changedMs = Files.getLastModifiedTime(entry, LinkOption.NOFOLLOW_LINKS)
                        .toMillis();
                if (DirWriter.isTemporary(name) && nowNs / 1_000_000 - changedMs > ageNs / 1_000_000) {
                    Linux.unlinkat(rootFd, DirRoot.TEMPORARIES + "/" + name, 0);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            return; // harmless where they are
        }
    }
}
