package io.qsfs.index;

import io.qsfs.bindings.isal.Isal;
import io.qsfs.bindings.linux.FileStat;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.memory.Id128;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * Checkpoint files: a copy of the index, and a trailer that says of what and with which checksum.
 *
 * <p>Threading: stateless; nobody else touches the files meanwhile.
 */
public final class Checkpoint {
    private static final int BUFFER_BYTES = 1 << 20;
    private static final int MODE = 0600;

    private Checkpoint() {}

    /** What a checkpoint file says of itself; null when it is none. Its content is not looked at. */
    public static CheckpointInfo read(Path file) {
        int fd = Linux.open(file.toString(), Linux.O_RDONLY | Linux.O_CLOEXEC, 0);
        if (fd < 0) {
            return null;
        }
        try (Arena arena = Arena.ofConfined()) {
            return readTrailer(fd, arena.allocate(CheckpointTrailer.BYTES, Long.BYTES));
        } finally {
            Linux.close(fd);
        }
    }

    private static CheckpointInfo readTrailer(int fd, MemorySegment buffer) {
        FileStat stat = new FileStat();
        if (Linux.fstat(fd, stat) < 0 || stat.size < CheckpointTrailer.BYTES) {
            return null;
        }
        long at = stat.size - CheckpointTrailer.BYTES;
        long bytes = Linux.preadFully(fd, buffer, 0, CheckpointTrailer.BYTES, at);
        return bytes == CheckpointTrailer.BYTES ? CheckpointTrailer.decode(buffer, stat.size) : null;
    }

    /** Adds the trailer to a copy of the index and makes the whole file durable, but not its name. 0 or errno. */
    static int complete(Path copy, Id128 volumeId, IndexState state) {
        int fd = Linux.open(copy.toString(), Linux.O_RDWR | Linux.O_CLOEXEC, 0);
        if (fd < 0) {
            return -fd;
        }
        try (Arena arena = Arena.ofConfined()) {
            FileStat stat = new FileStat();
            int rc = Linux.fstat(fd, stat);
            if (rc < 0) {
                return -rc;
            }
            MemorySegment buffer = arena.allocate(BUFFER_BYTES, Long.BYTES);
            int crc = 0;
            for (long at = 0; at < stat.size; at += BUFFER_BYTES) {
                long length = Math.min(BUFFER_BYTES, stat.size - at);
                long bytes = Linux.preadFully(fd, buffer, 0, length, at);
                if (bytes != length) {
                    return bytes < 0 ? (int) -bytes : Linux.EIO;
                }
                crc = Isal.crc32c(buffer, 0, length, crc);
            }
            CheckpointTrailer.encode(
                    buffer,
                    new CheckpointInfo(
                            volumeId, state.position, state.sequence, state.length, state.crc, stat.size, crc));
            long bytes = Linux.pwriteFully(fd, buffer, 0, CheckpointTrailer.BYTES, stat.size);
            return bytes < 0 ? (int) -bytes : -Linux.fsync(fd);
        } finally {
            Linux.close(fd);
        }
    }

    /**
     * Makes a new index file of a checkpoint. Null when that worked, else why not. A failure leaves any file behind.
     */
    static String copyTo(Path checkpoint, Path index) {
        int from = Linux.open(checkpoint.toString(), Linux.O_RDONLY | Linux.O_CLOEXEC, 0);
        if (from < 0) {
            return "it cannot be opened (errno " + -from + ")";
        }
        int to = Linux.open(index.toString(), Linux.O_WRONLY | Linux.O_CREAT | Linux.O_EXCL | Linux.O_CLOEXEC, MODE);
        if (to < 0) {
            Linux.close(from);
            return index + " cannot be made (errno " + -to + ")";
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(BUFFER_BYTES, Long.BYTES);
            CheckpointInfo info = readTrailer(from, buffer);
            return info == null ? "it is no whole checkpoint" : copyContent(from, to, buffer, info);
        } finally {
            Linux.close(from);
            Linux.close(to);
        }
    }

    private static String copyContent(int from, int to, MemorySegment buffer, CheckpointInfo info) {
        int crc = 0;
        for (long at = 0; at < info.contentBytes(); at += BUFFER_BYTES) {
            long length = Math.min(BUFFER_BYTES, info.contentBytes() - at);
            if (Linux.preadFully(from, buffer, 0, length, at) != length) {
                return "it cannot be read at byte " + at;
            }
            crc = Isal.crc32c(buffer, 0, length, crc);
            long written = Linux.pwriteFully(to, buffer, 0, length, at);
            if (written < 0) {
                return "the index cannot be written (errno " + -written + ")";
            }
        }
        return crc == info.contentCrc() ? null : "its checksum does not match";
    }
}
