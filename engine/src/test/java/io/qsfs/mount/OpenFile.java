package io.qsfs.mount;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.qsfs.bindings.linux.FileStat;
import io.qsfs.bindings.linux.Linux;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/** A file by its descriptor: what Java's own files cannot do. Negative results are -errno. */
final class OpenFile implements AutoCloseable {
    private static final int HELD_TRIES = 100;
    private static final long HELD_PAUSE_NS = 100_000_000;

    private static final int CREATE_MODE = 0644;

    final int fd;
    private final Path path;

    OpenFile(Path path, int flags) {
        this.path = path;
        fd = Linux.open(path.toString(), flags | Linux.O_CLOEXEC, CREATE_MODE);
        assertEquals(true, fd >= 0, () -> path + ": errno " + -fd);
    }

    static OpenFile create(Path path) {
        return new OpenFile(path, Linux.O_RDWR | Linux.O_CREAT);
    }

    long write(byte[] bytes, long offset) {
        try (Arena arena = Arena.ofConfined()) {
            return Linux.pwrite(fd, arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes), 0, bytes.length, offset);
        }
    }

    /** What is there, up to the end of the file. */
    byte[] read(long offset, int length) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Math.max(1, length));
            long count = Linux.preadFully(fd, buffer, 0, length, offset);
            assertEquals(true, count >= 0, () -> "pread: " + count);
            return buffer.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    byte[] all() {
        return read(0, (int) size());
    }

    int allocate(int mode, long offset, long length) {
        return Linux.fallocate(fd, mode, offset, length);
    }

    long copyTo(OpenFile target, long from, long to, long length) {
        return Linux.copyFileRange(fd, from, target.fd, to, length, 0);
    }

    FileStat stat() {
        FileStat stat = new FileStat();
        assertEquals(0, Linux.fstat(fd, stat));
        return stat;
    }

    long size() {
        return stat().size;
    }

    /**
     * Bytes that the file has, by its blocks, as any program sees them: for a moment the kernel may believe an older figure, so
     * it is asked until it says {@code expected}, or for some seconds.
     */
    long held(long expected) {
        long held = blocks() * 512;
        for (int i = 0; i < HELD_TRIES && held != expected; i++) {
            LockSupport.parkNanos(HELD_PAUSE_NS);
            held = blocks() * 512;
        }
        return held;
    }

    private long blocks() {
        try {
            Process process = new ProcessBuilder("stat", "-c", "%b", path.toString()).start();
            return Long.parseLong(process.inputReader().readLine());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int sync() {
        return Linux.fsync(fd);
    }

    @Override
    public void close() {
        Linux.close(fd);
    }
}
