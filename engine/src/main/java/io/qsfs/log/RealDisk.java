package io.qsfs.log;

import io.qsfs.bindings.linux.FileStat;
import io.qsfs.bindings.linux.Linux;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * The machine's disk, by system calls.
 *
 * <p>Threading: stateless.
 */
public final class RealDisk implements Disk {
    @Override
    public int open(Path path, int flags, int mode) {
        return Linux.open(path.toString(), flags | Linux.O_CLOEXEC, mode);
    }

    @Override
    public int close(int fd) {
        return Linux.close(fd);
    }

    @Override
    public long pread(int fd, MemorySegment target, long offset, long length, long fileOffset) {
        return Linux.preadFully(fd, target, offset, length, fileOffset);
    }

    @Override
    public int pwrite(int fd, MemorySegment source, long offset, long length, long fileOffset) {
        return (int) Math.min(0, Linux.pwriteFully(fd, source, offset, length, fileOffset));
    }

    @Override
    public int fdatasync(int fd) {
        return Linux.fdatasync(fd);
    }

    @Override
    public int fsync(int fd) {
        return Linux.fsync(fd);
    }

    @Override
    public int fallocate(int fd, int mode, long offset, long length) {
        int outcome;
        do {
            outcome = Linux.fallocate(fd, mode, offset, length); // starting again goes on where the signal came
        } while (outcome == -Linux.EINTR);
        return outcome;
    }

    @Override
    public int ftruncate(int fd, long length) {
        return Linux.ftruncate(fd, length);
    }

    @Override
    public int fstat(int fd, FileStat out) {
        return Linux.fstat(fd, out);
    }

    @Override
    public int dropPages(int fd, long offset, long length) {
        return Linux.posixFadvise(fd, offset, length, Linux.POSIX_FADV_DONTNEED);
    }

    @Override
    public void readAhead(int fd, long offset, long length) {
        Linux.posixFadvise(fd, offset, length, Linux.POSIX_FADV_WILLNEED); // advice: what it says changes nothing here
    }

    @Override
    public MemorySegment map(int fd, long length) {
        MemorySegment mapping = Linux.mmap(length, Linux.PROT_READ, Linux.MAP_SHARED, fd, 0);
        return mapping.address() == 0 ? null : mapping;
    }

    @Override
    public int unmap(MemorySegment mapping) {
        return Linux.munmap(mapping);
    }

    @Override
    public int rename(Path from, Path to) {
        return Linux.rename(from.toString(), to.toString());
    }

    @Override
    public int unlink(Path path) {
        return Linux.unlink(path.toString());
    }

    @Override
    public int makeDirectory(Path path, int mode) {
        return Linux.mkdir(path.toString(), mode);
    }

    @Override
    public int syncDirectory(Path directory) {
        int fd = open(directory, Linux.O_RDONLY | Linux.O_DIRECTORY, 0);
        if (fd < 0) {
            return fd;
        }
        int outcome = Linux.fsync(fd);
        Linux.close(fd);
        return outcome;
    }

    @Override
    public int list(Path directory, List<String> names) {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                names.add(entry.getFileName().toString());
            }
            return 0;
        } catch (NoSuchFileException e) {
            return -Linux.ENOENT;
        } catch (IOException | DirectoryIteratorException e) {
            return -Linux.EIO;
        }
    }
}
