package io.qsfs.bindings.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.bindings.Allocations;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every call once for its value and once for its error, on real files. */
class LinuxTest {
    @TempDir
    Path directory;

    private Arena arena;

    @BeforeEach
    void open() {
        arena = Arena.ofConfined();
    }

    @AfterEach
    void close() {
        arena.close();
    }

    @Test
    void shouldReadWhatWasWritten() throws IOException {
        Path file = directory.resolve("f");
        int fd = create(file);
        MemorySegment text = ascii("0123456789");
        assertEquals(10, Linux.pwriteFully(fd, text, 0, 10, 0));
        assertEquals(4, Linux.pwrite(fd, text, 6, 4, 10));
        assertArrayEquals("01234567896789".getBytes(StandardCharsets.US_ASCII), Files.readAllBytes(file));

        MemorySegment in = arena.allocate(32);
        assertEquals(3, Linux.pread(fd, in, 1, 3, 2));
        assertEquals("234", in.asSlice(1).getString(0));
        assertEquals(14, Linux.preadFully(fd, in, 0, 32, 0), "short only at the end");
        assertEquals(0, Linux.preadFully(fd, in, 0, 32, 99));
        assertEquals(3, Linux.lseek(fd, 3, Linux.SEEK_SET));
        assertEquals(2, Linux.read(fd, in, 0, 2));
        assertEquals('3', in.get(ValueLayout.JAVA_BYTE, 0));
        assertEquals(1, Linux.write(fd, text, 9, 1));
        assertEquals(0, Linux.fsync(fd));
        assertEquals(0, Linux.fdatasync(fd));
        assertEquals(0, Linux.syncfs(fd));
        assertEquals(0, Linux.syncFileRange(fd, 0, 14, Linux.SYNC_FILE_RANGE_WRITE));
        assertEquals(0, Linux.close(fd));
        assertEquals(-Linux.EBADF, Linux.close(fd));
        assertEquals(Linux.EBADF, Linux.lastErrno());
    }

    @Test
    void shouldGatherAndScatter() {
        int fd = create(directory.resolve("f"));
        MemorySegment text = ascii("abcdef");
        MemorySegment iov = arena.allocate(2 * IoVec.BYTES, 8);
        IoVec.set(iov, 0, text, 4, 2);
        IoVec.set(iov, 1, text, 0, 3);
        assertEquals(5, Linux.writev(fd, iov, 2));
        assertEquals(5, Linux.pwritev(fd, iov, 2, 5));
        MemorySegment in = arena.allocate(16);
        IoVec.set(iov, 0, in, 8, 4);
        IoVec.set(iov, 1, in, 0, 8);
        assertEquals(in.address() + 8, IoVec.address(iov, 0));
        assertEquals(8, IoVec.length(iov, 1));
        assertEquals(10, Linux.preadv(fd, iov, 2, 0));
        assertEquals("efab", in.asSlice(8).getString(0));
        assertEquals("cefabc", in.getString(0));
        assertEquals(0, Linux.lseek(fd, 0, Linux.SEEK_END) - 10);
        assertEquals(0, Linux.readv(fd, iov, 2));
        assertThrows(IndexOutOfBoundsException.class, () -> Linux.writev(fd, iov, 3));
        Linux.close(fd);
    }

    @Test
    void shouldSizeAndCopyFiles() {
        int from = create(directory.resolve("from"));
        int to = create(directory.resolve("to"));
        assertEquals(0, Linux.fallocate(from, 0, 0, 8192));
        FileStat stat = new FileStat();
        assertEquals(0, Linux.fstat(from, stat));
        assertEquals(8192, stat.size);
        assertTrue(stat.blocks512 >= 16);
        assertEquals(0, Linux.ftruncate(from, 100));
        assertEquals(100, Linux.copyFileRange(from, 0, to, 50, 200, 0));
        assertEquals(0, Linux.fstat(to, stat));
        assertEquals(150, stat.size);
        assertEquals(0, Linux.posixFadvise(from, 0, 0, Linux.POSIX_FADV_DONTNEED));
        assertEquals(-Linux.EINVAL, Linux.posixFadvise(from, 0, 0, 99));
        assertEquals(0, Linux.readahead(from, 0, 100));
        assertEquals(-Linux.ENXIO, Linux.lseek(from, 1000, Linux.SEEK_DATA));
        Linux.close(from);
        Linux.close(to);
    }

    @Test
    void shouldTellWhatAFileIs() throws IOException {
        Path file = directory.resolve("ünï \uD83D\uDCBE"); // passes through UTF-8
        Files.writeString(file, "hello");
        FileStat stat = new FileStat();
        assertEquals(0, Linux.stat(file.toString(), stat));
        assertEquals(5, stat.size);
        assertTrue(stat.isRegularFile());
        assertFalse(stat.isDirectory());
        assertEquals(Files.getAttribute(file, "unix:ino"), stat.inode);
        assertEquals(Files.getAttribute(file, "unix:dev"), stat.device);
        assertEquals(Files.getAttribute(file, "unix:mode"), stat.mode);
        assertEquals(Linux.geteuid(), stat.uid);
        assertEquals(Files.getLastModifiedTime(file).to(TimeUnit.NANOSECONDS), stat.mtimeNs);
        Files.createSymbolicLink(directory.resolve("link"), file);
        assertEquals(0, Linux.lstat(directory.resolve("link").toString(), stat));
        assertEquals(Linux.S_IFLNK, stat.mode & Linux.S_IFMT);

        FsStat fs = new FsStat();
        assertEquals(0, Linux.statvfs(directory.toString(), fs));
        assertEquals(Files.getFileStore(directory).getTotalSpace(), fs.bytesTotal());
        assertEquals(255, fs.nameBytesMax);
        int fd = Linux.open(directory.toString(), Linux.O_RDONLY | Linux.O_DIRECTORY, 0);
        assertEquals(0, Linux.fstatvfs(fd, fs));
        assertEquals(0, Linux.close(fd));
        long mount = Linux.mountIdUnique(directory.toString());
        assertTrue(mount > 0 || mount == -Linux.ENOTSUP, "mount: " + mount);
    }

    @Test
    void shouldRefuseWhatCannotBeAPath() {
        FileStat stat = new FileStat();
        assertEquals(-Linux.ENOENT, Linux.stat(directory.resolve("none").toString(), stat));
        assertEquals(-Linux.EINVAL, Linux.stat("a\0b", stat));
        assertEquals(-Linux.ENAMETOOLONG, Linux.stat("x".repeat(4096), stat));
        assertEquals(-Linux.ENAMETOOLONG, Linux.stat("\u20ac".repeat(4095), stat), "12 KiB of UTF-8");
        assertEquals(-Linux.EINVAL, Linux.rename("a", "b\0"));
        assertEquals(-Linux.ENOENT, Linux.open("", Linux.O_RDONLY, 0));
    }

    @Test
    void shouldChangeNames() {
        int dir = Linux.open(directory.toString(), Linux.O_RDONLY | Linux.O_DIRECTORY, 0);
        assertEquals(0, Linux.mkdirat(dir, "d", 0755));
        assertEquals(-Linux.EEXIST, Linux.mkdir(directory.resolve("d").toString(), 0755));
        int fd = Linux.openat(dir, "a", Linux.O_CREAT | Linux.O_EXCL | Linux.O_WRONLY, 0600);
        assertTrue(fd >= 0);
        Linux.close(fd);
        assertEquals(0, Linux.renameat(dir, "a", dir, "b"));
        assertEquals(-Linux.EEXIST, Linux.renameat2(dir, "b", dir, "d", Linux.RENAME_NOREPLACE));
        assertEquals(0, Linux.renameat2(dir, "b", dir, "d", Linux.RENAME_EXCHANGE));
        assertEquals(0, Linux.unlinkat(dir, "d", 0));
        assertEquals(
                0,
                Linux.rename(
                        directory.resolve("b").toString(),
                        directory.resolve("c").toString()));
        assertEquals(-Linux.EISDIR, Linux.unlink(directory.resolve("c").toString()));
        assertEquals(0, Linux.rmdir(directory.resolve("c").toString()));
        assertEquals(-Linux.ENOENT, Linux.unlinkat(dir, "c", Linux.AT_REMOVEDIR));
        Linux.close(dir);
    }

    @Test
    void shouldMapAndUnmap() {
        int fd = create(directory.resolve("f"));
        assertEquals(3, Linux.pwriteFully(fd, ascii("abc"), 0, 3, 0));
        MemorySegment mapping = Linux.mmap(4096, Linux.PROT_READ, Linux.MAP_SHARED, fd, 0);
        assertEquals(4096, mapping.byteSize());
        assertEquals("abc", mapping.getString(0));
        assertEquals(0, Linux.madvise(mapping, 0, 4096, Linux.MADV_RANDOM));
        assertEquals(-Linux.EINVAL, Linux.madvise(mapping, 1, 100, Linux.MADV_RANDOM));
        assertEquals(0, Linux.munmap(mapping));
        Linux.close(fd);
        assertEquals(MemorySegment.NULL, Linux.mmap(4096, Linux.PROT_READ, Linux.MAP_SHARED, fd, 0));
        assertEquals(Linux.EBADF, Linux.lastErrno());
        assertThrows(
                IllegalArgumentException.class,
                () -> Linux.mmap(4096, Linux.PROT_READ, Linux.MAP_FIXED | Linux.MAP_SHARED, fd, 0));
    }

    @Test
    void shouldTalkThroughASocketPair() {
        int[] ends = new int[2];
        assertEquals(0, Linux.socketpair(Linux.AF_UNIX, Linux.SOCK_SEQPACKET | Linux.SOCK_CLOEXEC, 0, ends));
        assertEquals(0, Linux.poll(ends[1], Linux.POLLIN, 0));
        assertEquals(2, Linux.write(ends[0], ascii("hi"), 0, 2));
        assertEquals(Linux.POLLIN, Linux.poll(ends[1], Linux.POLLIN, 1000));
        MemorySegment in = arena.allocate(8);
        assertEquals(2, Linux.read(ends[1], in, 0, 8));
        assertEquals(Linux.O_RDWR, Linux.fcntl(ends[0], Linux.F_GETFL, 0) & Linux.O_ACCMODE);
        assertEquals(0, Linux.shutdown(ends[0], Linux.SHUT_RDWR));
        assertEquals(0, Linux.read(ends[1], in, 0, 8));
        assertEquals(0, Linux.close(ends[0]));
        assertEquals(0, Linux.close(ends[1]));
        assertEquals(-Linux.ENOTSOCK, shutdownOfAFile());
    }

    @Test
    void shouldCountEvents() {
        int fd = Linux.eventfd(3, Linux.EFD_CLOEXEC | Linux.EFD_NONBLOCK);
        MemorySegment value = arena.allocate(ValueLayout.JAVA_LONG);
        assertEquals(8, Linux.read(fd, value, 0, 8));
        assertEquals(3, value.get(ValueLayout.JAVA_LONG, 0));
        assertEquals(-Linux.EAGAIN, Linux.read(fd, value, 0, 8));
        Linux.close(fd);
    }

    @Test
    void shouldLockAgainstAnotherDescription() {
        Path file = directory.resolve("lock");
        int first = create(file);
        int second = Linux.open(file.toString(), Linux.O_RDWR, 0);
        assertEquals(0, Linux.flock(first, Linux.LOCK_EX | Linux.LOCK_NB));
        assertEquals(-Linux.EWOULDBLOCK, Linux.flock(second, Linux.LOCK_EX | Linux.LOCK_NB));
        int same = Linux.dup(first);
        assertEquals(0, Linux.flock(same, Linux.LOCK_UN));
        assertEquals(0, Linux.flock(second, Linux.LOCK_EX | Linux.LOCK_NB));
        for (int fd : new int[] {first, second, same}) {
            Linux.close(fd);
        }
    }

    @Test
    void shouldCarryExtendedAttributesWhereTheFileSystemHasThem() {
        String file = directory.resolve("f").toString();
        int fd = create(Path.of(file));
        int set = Linux.setxattr(file, "user.qsfs", ascii("value"), 5, Linux.XATTR_CREATE);
        if (set == -Linux.ENOTSUP) {
            assertEquals(-Linux.ENOTSUP, Linux.fsetxattr(fd, "user.qsfs", ascii("v"), 1, 0));
        } else {
            assertEquals(0, set);
            MemorySegment value = arena.allocate(16);
            assertEquals(5, Linux.getxattr(file, "user.qsfs", value, 16));
            assertEquals("value", value.getString(0));
            assertEquals(5, Linux.getxattr(file, "user.qsfs", MemorySegment.NULL, 0));
            assertEquals(0, Linux.fsetxattr(fd, "user.qsfs", ascii("w"), 1, Linux.XATTR_REPLACE));
            assertEquals(1, Linux.fgetxattr(fd, "user.qsfs", value, 16));
            assertEquals(-Linux.ENODATA, Linux.getxattr(file, "user.none", value, 16));
        }
        Linux.close(fd);
    }

    @Test
    void shouldAskAboutTheProcess() {
        assertEquals(ProcessHandle.current().pid(), Linux.getpid());
        assertEquals(0, Linux.kill(Linux.getpid(), 0));
        assertEquals(-Linux.EINVAL, Linux.kill(Linux.getpid(), 999));
        assertTrue(Linux.getuid() >= 0 && Linux.getgid() >= 0 && Linux.getegid() >= 0);
        assertTrue(Linux.prctl(Linux.PR_GET_DUMPABLE, 0) >= 0);
        assertEquals(-Linux.EINVAL, Linux.prctl(-1, 0));
        long[] limit = new long[2];
        assertEquals(0, Linux.getrlimit(Linux.RLIMIT_NOFILE, limit));
        assertTrue(limit[0] > 0 && Long.compareUnsigned(limit[0], limit[1]) <= 0);
        assertEquals(0, Linux.setrlimit(Linux.RLIMIT_NOFILE, limit[0], limit[1]));
        assertEquals(-Linux.EINVAL, Linux.schedSetaffinity(0, new long[] {0}));
    }

    @Test
    void shouldHaveAFileInMemory() {
        int fd = Linux.memfdCreate("qsfs-test", Linux.MFD_CLOEXEC);
        assertEquals(3, Linux.pwriteFully(fd, ascii("abc"), 0, 3, 0));
        MemorySegment pending = arena.allocate(ValueLayout.JAVA_INT);
        assertEquals(-Linux.ENOTTY, Linux.ioctl(fd, 0x5401, pending), "TCGETS");
        Linux.close(fd);
    }

    @Test
    void shouldRefuseToUnmountWhatIsNotMounted() {
        int outcome = Linux.umount2(directory.toString(), Linux.UMOUNT_NOFOLLOW);
        assertTrue(outcome == -Linux.EINVAL || outcome == -Linux.EPERM, Errno.name(outcome));
        outcome = Linux.mount("none", directory.toString(), "no-such-type", 0, null);
        assertTrue(outcome == -Linux.ENODEV || outcome == -Linux.EPERM, Errno.name(outcome));
    }

    @Test
    void shouldStopAtTheMistakesOfTheCaller() {
        MemorySegment heap = MemorySegment.ofArray(new byte[8]);
        assertThrows(IllegalArgumentException.class, () -> Linux.read(0, heap, 0, 8));
        assertThrows(IllegalArgumentException.class, () -> Linux.memcpy(heap, 0, arena.allocate(8), 0, 8));
        assertThrows(IndexOutOfBoundsException.class, () -> Linux.pread(0, arena.allocate(8), 4, 8, 0));
        Arena other = Arena.ofConfined();
        MemorySegment closed = other.allocate(8);
        other.close();
        assertThrows(IllegalStateException.class, () -> Linux.pread(0, closed, 0, 8, 0));
    }

    @Test
    void shouldCopyMemory() {
        MemorySegment dst = arena.allocate(8);
        Linux.memcpy(dst, 1, ascii("abcdef"), 2, 3);
        assertEquals("cde", dst.asSlice(1).getString(0));
    }

    @Test
    void shouldKeepErrnoPerThread() throws InterruptedException {
        assertEquals(-Linux.EBADF, Linux.close(-1));
        Thread other = Thread.ofPlatform()
                .start(() -> Linux.stat(directory.resolve("none").toString(), new FileStat()));
        other.join();
        assertEquals(Linux.EBADF, Linux.lastErrno());
    }

    @Test
    void shouldAllocateNothing() {
        int fd = create(directory.resolve("f"));
        MemorySegment data = arena.allocate(4096);
        FileStat stat = new FileStat();
        Allocations.assertNone(() -> {
            Linux.pwriteFully(fd, data, 64, 512, 0);
            Linux.pread(fd, data, 128, 256, 0);
            Linux.fstat(fd, stat);
            Linux.close(-1);
        });
        Linux.close(fd);
    }

    @Test
    void shouldNameErrors() {
        assertEquals("ENOSPC", Errno.name(Linux.ENOSPC));
        assertEquals("ENOSPC", Errno.name(-Linux.ENOSPC));
        assertEquals("EAGAIN", Errno.name(Linux.EWOULDBLOCK));
        assertEquals("EOPNOTSUPP", Errno.name(Linux.ENOTSUP));
        assertEquals("0", Errno.name(0));
        assertEquals("1000", Errno.name(1000));
        assertEquals("No space left on device", Errno.message(-Linux.ENOSPC));
        assertTrue(Errno.message(1000).contains("1000"));
    }

    private int shutdownOfAFile() {
        int fd = create(directory.resolve("file"));
        int outcome = Linux.shutdown(fd, Linux.SHUT_WR);
        Linux.close(fd);
        return outcome;
    }

    private static int create(Path file) {
        int fd = Linux.open(file.toString(), Linux.O_RDWR | Linux.O_CREAT | Linux.O_CLOEXEC, 0600);
        assertTrue(fd >= 0, Errno.name(fd));
        return fd;
    }

    private MemorySegment ascii(String text) {
        return arena.allocateFrom(text);
    }
}
