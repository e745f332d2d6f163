package io.qsfs.index;

import io.qsfs.bindings.linux.Linux;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Small files that appear whole or not at all, and go for good. Methods return 0 or a positive errno.
 *
 * <p>Threading: stateless.
 */
final class DurableFile {
    private static final int MODE = 0600;

    private DurableFile() {}

    /** Writes a new file beside, renames it into place. Durable on return only when {@code durable}. */
    static int write(Path target, byte[] content, boolean durable) {
        String beside = target + ".new";
        int fd = Linux.open(beside, Linux.O_WRONLY | Linux.O_CREAT | Linux.O_TRUNC | Linux.O_CLOEXEC, MODE);
        if (fd < 0) {
            return -fd;
        }
        long outcome;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, content);
            outcome = Linux.pwriteFully(fd, bytes, 0, content.length, 0);
        }
        if (outcome >= 0 && durable) {
            outcome = Linux.fsync(fd);
        }
        int closed = Linux.close(fd);
        if (outcome >= 0) {
            outcome = closed;
        }
        if (outcome >= 0) {
            outcome = Linux.rename(beside, target.toString());
        }
        if (outcome < 0) {
            Linux.unlink(beside);
            return (int) -outcome;
        }
        return durable ? syncDirectory(target.getParent()) : 0;
    }

    /** Removes a file, which may not be there, and makes that durable. */
    static int remove(Path target) {
        int outcome = Linux.unlink(target.toString());
        if (outcome < 0 && outcome != -Linux.ENOENT) {
            return -outcome;
        }
        return syncDirectory(target.getParent());
    }

    static int syncDirectory(Path directory) {
        int fd = Linux.open(directory.toString(), Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_CLOEXEC, 0);
        if (fd < 0) {
            return -fd;
        }
        int outcome = Linux.fsync(fd);
        Linux.close(fd);
        return -outcome;
    }

    /** The content, or null when there is no such file. */
    static byte[] read(Path file) throws IOException {
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            return null;
        }
    }
}
