package io.qsfs.bindings.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.qsfs.bindings.Downcall;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;

/**
 * System calls through libc. Each method makes one call (the two {@code ...Fully} loop) and returns what it returns
 * when that is 0 or more, else {@code -errno}, read before anything else can change it. An error of the operating
 * system is never an exception. EINTR comes back as any other error.
 *
 * <p>What is thrown is the caller's mistake: {@link IllegalArgumentException} for a segment on the heap,
 * {@link IndexOutOfBoundsException} for a range outside of a segment, {@link IllegalStateException} for a closed one,
 * {@link WrongThreadException} for another thread's. A path with a zero character is EINVAL, one of 4096 characters or
 * more is ENAMETOOLONG; paths are passed as UTF-8 and kept by nobody.
 *
 * <p>Segments are borrowed until return; a shared arena must not be closed under a call (see {@link Downcall#address}).
 * Lengths and offsets are bytes. In steady state no method allocates but {@link #mount}.
 *
 * <p>Threading: any thread; errno and strings live in memory of the calling thread.
 */
public final class Linux extends LinuxConstants {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup LIBC = LINKER.defaultLookup();
    private static final Linker.Option CAPTURE_ERRNO = Linker.Option.captureCallState("errno");

    private Linux() {}

    // Files

    /** @param mode permissions of a new file; looked at only with O_CREAT or O_TMPFILE. */
    public static int open(String path, int flags, int mode) {
        return openat(AT_FDCWD, path, flags, mode);
    }

    /** @param dirFd an open directory, or AT_FDCWD. */
    public static int openat(int dirFd, String name, int flags, int mode) {
        Scratch scratch = Scratch.get();
        long nameC = scratch.first(name);
        if (nameC == 0) {
            return Scratch.refusal(name);
        }
        try {
            return outcome((int) Openat.CALL.invokeExact(scratch.capture(), dirFd, nameC, flags, mode), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("openat", t);
        }
    }

    private static final class Openat {
        static final MethodHandle CALL =
                variadic("openat", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT), 3);
    }

    /** Never again after EINTR: on Linux the number is free by then, and may be another file already. */
    public static int close(int fd) {
        Scratch scratch = Scratch.get();
        try {
            return outcome((int) Close.CALL.invokeExact(scratch.capture(), fd), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("close", t);
        }
    }

    private static final class Close {
        static final MethodHandle CALL = handle("close", linux_h.close$descriptor());
    }

    public static int dup(int fd) {
        Scratch scratch = Scratch.get();
        try {
            return outcome((int) Dup.CALL.invokeExact(scratch.capture(), fd), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("dup", t);
        }
    }

    private static final class Dup {
        static final MethodHandle CALL = handle("dup", linux_h.dup$descriptor());
    }

    /**
     * Makes a descriptor refer to what another one does; what it was is closed.
     *
     * @param flags O_CLOEXEC or 0.
     * @return {@code newFd}.
     */
    public static int dup3(int fd, int newFd, int flags) {
        Scratch scratch = Scratch.get();
        try {
            return outcome((int) Dup3.CALL.invokeExact(scratch.capture(), fd, newFd, flags), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("dup3", t);
        }
    }

    private static final class Dup3 {
        static final MethodHandle CALL = handle("dup3", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    }

    public static long read(int fd, MemorySegment dst, long dstOffset, long length) {
        Scratch scratch = Scratch.get();
        try {
            long result = (long)
                    Read.CALL.invokeExact(scratch.capture(), fd, Downcall.address(dst, dstOffset, length), length);
            Reference.reachabilityFence(dst);
            return outcome(result, scratch);
        } catch (Throwable t) {
            throw Downcall.failure("read", t);
        }
    }

    private static final class Read {
        static final MethodHandle CALL = handle("read", linux_h.read$descriptor());
    }

    public static long write(int fd, MemorySegment src, long srcOffset, long length) {
        Scratch scratch = Scratch.get();
        try {
            long result = (long)
                    Write.CALL.invokeExact(scratch.capture(), fd, Downcall.address(src, srcOffset, length), length);
            Reference.reachabilityFence(src);
            return outcome(result, scratch);
        } catch (Throwable t) {
            throw Downcall.failure("write", t);
        }
    }

    private static final class Write {
        static final MethodHandle CALL = handle("write", linux_h.write$descriptor());
    }

    /** One call: the result may be short. */
    public static long pread(int fd, MemorySegment dst, long dstOffset, long length, long fileOffset) {
        Scratch scratch = Scratch.get();
        try {
            long result = (long) Pread.CALL.invokeExact(
                    scratch.capture(), fd, Downcall.address(dst, dstOffset, length), length, fileOffset);
            Reference.reachabilityFence(dst);
            return outcome(result, scratch);
        } catch (Throwable t) {
            throw Downcall.failure("pread", t);
        }
    }

    private static final class Pread {
        static final MethodHandle CALL = handle("pread", linux_h.pread$descriptor());
    }

    /** One call: the result may be short. */
    public static long pwrite(int fd, MemorySegment src, long srcOffset, long length, long fileOffset) {
        Scratch scratch = Scratch.get();
        try {
            long result = (long) Pwrite.CALL.invokeExact(
                    scratch.capture(), fd, Downcall.address(src, srcOffset, length), length, fileOffset);
            Reference.reachabilityFence(src);
            return outcome(result, scratch);
        } catch (Throwable t) {
            throw Downcall.failure("pwrite", t);
        }
    }

    private static final class Pwrite {
        static final MethodHandle CALL = handle("pwrite", linux_h.pwrite$descriptor());
    }

    /**
     * Goes on after short reads and EINTR.
     *
     * @return the bytes read, fewer than {@code length} only at the end of the file.
     */
    public static long preadFully(int fd, MemorySegment dst, long dstOffset, long length, long fileOffset) {
        long done = 0;
        while (done < length) {
            long outcome = pread(fd, dst, dstOffset + done, length - done, fileOffset + done);
            if (outcome == 0) {
                break;
            }
            if (outcome > 0) {
                done += outcome;
            } else if (outcome != -EINTR) {
                return outcome;
            }
        }
        return done;
    }

    /**
     * Goes on after short writes and EINTR.
     *
     * @return {@code length}, or the error, after which any part of the range may have been written. A write that takes
     *     nothing and gives no reason is EIO.
     */
    public static long pwriteFully(int fd, MemorySegment src, long srcOffset, long length, long fileOffset) {
        long done = 0;
        while (done < length) {
            long outcome = pwrite(fd, src, srcOffset + done, length - done, fileOffset + done);
            if (outcome == 0) {
                return -EIO;
            }
            if (outcome > 0) {
                done += outcome;
            } else if (outcome != -EINTR) {
                return outcome;
            }
        }
        return done;
    }

    /** @param iov {@code count} structs iovec; what they point at is borrowed too. */
    public static long readv(int fd, MemorySegment iov, int count) {
        Scratch scratch = Scratch.get();
        try {
            long result = (long)
                    Readv.CALL.invokeExact(scratch.capture(), fd, Downcall.address(iov, 0, count * IoVec.BYTES), count);
            Reference.reachabilityFence(iov);
            return outcome(result, scratch);
        } catch (Throwable t) {
            throw Downcall.failure("readv", t);
        }
    }

    private static final class Readv {
        static final MethodHandle CALL = handle("readv", linux_h.readv$descriptor());
    }

    /** See {@link #readv}. */
    public static long writev(int fd, MemorySegment iov, int count) {
        Scratch scratch = Scratch.get();
        try {
            long result = (long) Writev.CALL.invokeExact(
                    scratch.capture(), fd, Downcall.address(iov, 0, count * IoVec.BYTES), count);
            Reference.reachabilityFence(iov);
            return outcome(result, scratch);
        } catch (Throwable t) {
            throw Downcall.failure("writev", t);
        }
    }

    private static final class Writev {
        static final MethodHandle CALL = handle("writev", linux_h.writev$descriptor());
    }

    /** See {@link #readv}. */
    public static long preadv(int fd, MemorySegment iov, int count, long fileOffset) {
        Scratch scratch = Scratch.get();
        try {
            long result = (long) Preadv.CALL.invokeExact(
                    scratch.capture(), fd, Downcall.address(iov, 0, count * IoVec.BYTES), count, fileOffset);
            Reference.reachabilityFence(iov);
            return outcome(result, scratch);
        } catch (Throwable t) {
            throw Downcall.failure("preadv", t);
        }
    }

    private static final class Preadv {
        static final MethodHandle CALL = handle("preadv", linux_h.preadv$descriptor());
    }

    /** See {@link #readv}. */
    public static long pwritev(int fd, MemorySegment iov, int count, long fileOffset) {
        Scratch scratch = Scratch.get();
        try {
            long result = (long) Pwritev.CALL.invokeExact(
                    scratch.capture(), fd, Downcall.address(iov, 0, count * IoVec.BYTES), count, fileOffset);
            Reference.reachabilityFence(iov);
            return outcome(result, scratch);
        } catch (Throwable t) {
            throw Downcall.failure("pwritev", t);
        }
    }

    private static final class Pwritev {
        static final MethodHandle CALL = handle("pwritev", linux_h.pwritev$descriptor());
    }

    /** @param whence SEEK_SET and its sisters; SEEK_DATA and SEEK_HOLE answer ENXIO behind the end. */
    public static long lseek(int fd, long offset, int whence) {
        Scratch scratch = Scratch.get();
        try {
            return outcome((long) Lseek.CALL.invokeExact(scratch.capture(), fd, offset, whence), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("lseek", t);
        }
    }

    private static final class Lseek {
        static final MethodHandle CALL = handle("lseek", linux_h.lseek$descriptor());
    }

    /** @param fdIn read at {@code offsetIn}, which like {@code offsetOut} is not moved. */
    public static long copyFileRange(int fdIn, long offsetIn, int fdOut, long offsetOut, long length, int flags) {
        Scratch scratch = Scratch.get();
        scratch.struct.setAtIndex(JAVA_LONG, 0, offsetIn);
        scratch.struct.setAtIndex(JAVA_LONG, 1, offsetOut);
        try {
            return outcome(
                    (long) CopyFileRange.CALL.invokeExact(
                            scratch.capture(),
                            fdIn,
                            scratch.structAddress,
                            fdOut,
                            scratch.structAddress + JAVA_LONG.byteSize(),
                            length,
                            flags),
                    scratch);
        } catch (Throwable t) {
            throw Downcall.failure("copy_file_range", t);
        }
    }

    private static final class CopyFileRange {
        static final MethodHandle CALL = handle("copy_file_range", linux_h.copy_file_range$descriptor());
    }

    public static int ftruncate(int fd, long length) {
        Scratch scratch = Scratch.get();
        try {
            return outcome((int) Ftruncate.CALL.invokeExact(scratch.capture(), fd, length), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("ftruncate", t);
        }
    }

    private static final class Ftruncate {
        static final MethodHandle CALL = handle("ftruncate", linux_h.ftruncate$descriptor());
    }

    /** {@code fallocate(2)}: EOPNOTSUPP where the file system cannot, never zeros written instead. */
    public static int fallocate(int fd, int mode, long offset, long length) {
        Scratch scratch = Scratch.get();
        try {
            return outcome((int) Fallocate.CALL.invokeExact(scratch.capture(), fd, mode, offset, length), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("fallocate", t);
        }
    }

    private static final class Fallocate {
        static final MethodHandle CALL = handle("fallocate", linux_h.fallocate$descriptor());
    }

    public static int flock(int fd, int operation) {
        Scratch scratch = Scratch.get();
        try {
            return outcome((int) Flock.CALL.invokeExact(scratch.capture(), fd, operation), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("flock", t);
        }
    }

    private static final class Flock {
        static final MethodHandle CALL = handle("flock", linux_h.flock$descriptor());
    }

    /** The commands that take a number or nothing. */
    public static int fcntl(int fd, int command, long argument) {
        Scratch scratch = Scratch.get();
        try {
            return outcome((int) Fcntl.CALL.invokeExact(scratch.capture(), fd, command, argument), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("fcntl", t);
        }
    }

    private static final class Fcntl {
        static final MethodHandle CALL =
                variadic("fcntl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG), 2);
    }

    /** @param argument what the request says; {@link MemorySegment#NULL} for none. */
    public static int ioctl(int fd, long request, MemorySegment argument) {
        Scratch scratch = Scratch.get();
        try {
            int result = (int) Ioctl.CALL.invokeExact(
                    scratch.capture(), fd, request, Downcall.address(argument, 0, argument.byteSize()));
            Reference.reachabilityFence(argument);
            return outcome(result, scratch);
        } catch (Throwable t) {
            throw Downcall.failure("ioctl", t);
        }
    }

    private static final class Ioctl {
        static final MethodHandle CALL =
                variadic("ioctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG), 2);
    }

    public static int eventfd(int initial, int flags) {
        Scratch scratch = Scratch.get();
        try {
            return outcome((int) Eventfd.CALL.invokeExact(scratch.capture(), initial, flags), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("eventfd", t);
        }
    }

    private static final class Eventfd {
        static final MethodHandle CALL = handle("eventfd", linux_h.eventfd$descriptor());
    }

    /** @param name only a label in /proc. */
    public static int memfdCreate(String name, int flags) {
        Scratch scratch = Scratch.get();
        long nameC = scratch.first(name);
        if (nameC == 0) {
            return Scratch.refusal(name);
        }
        try {
            return outcome((int) MemfdCreate.CALL.invokeExact(scratch.capture(), nameC, flags), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("memfd_create", t);
        }
    }

    private static final class MemfdCreate {
        static final MethodHandle CALL = handle("memfd_create", linux_h.memfd_create$descriptor());
    }

    // To the disk, and the page cache

    /** After an error nothing is known of the pages: Linux marks them clean. */
    public static int fsync(int fd) {
        Scratch scratch = Scratch.get();
        try {
            return outcome((int) Fsync.CALL.invokeExact(scratch.capture(), fd), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("fsync", t);
        }
    }

    private static final class Fsync {
        static final MethodHandle CALL = handle("fsync", linux_h.fsync$descriptor());
    }

    /** See {@link #fsync}. */
    public static int fdatasync(int fd) {
        Scratch scratch = Scratch.get();
        try {
            return outcome((int) Fdatasync.CALL.invokeExact(scratch.capture(), fd), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("fdatasync", t);
        }
    }

    private static final class Fdatasync {
        static final MethodHandle CALL = handle("fdatasync", linux_h.fdatasync$descriptor());
    }

    public static int syncfs(int fd) {
        Scratch scratch = Scratch.get();
        try {
            return outcome((int) Syncfs.CALL.invokeExact(scratch.capture(), fd), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("syncfs", t);
        }
    }

    private static final class Syncfs {
        static final MethodHandle CALL = handle("syncfs", linux_h.syncfs$descriptor());
    }

    /** Starts or awaits write-back. Proves nothing about durability. */
    public static int syncFileRange(int fd, long offset, long length, int flags) {
        Scratch scratch = Scratch.get();
        try {
            return outcome((int) SyncFileRange.CALL.invokeExact(scratch.capture(), fd, offset, length, flags), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("sync_file_range", t);
        }
    }

    private static final class SyncFileRange {
        static final MethodHandle CALL = handle("sync_file_range", linux_h.sync_file_range$descriptor());
    }

    public static int posixFadvise(int fd, long offset, long length, int advice) {
        try {
            // The one call here that returns its error instead of setting errno.
            return -(int) PosixFadvise.CALL.invokeExact(fd, offset, length, advice);
        } catch (Throwable t) {
            throw Downcall.failure("posix_fadvise", t);
        }
    }

    private static final class PosixFadvise {
        static final MethodHandle CALL = handleWithoutErrno("posix_fadvise", linux_h.posix_fadvise$descriptor());
    }

    public static long readahead(int fd, long offset, long count) {
        Scratch scratch = Scratch.get();
        try {
            return outcome((long) Readahead.CALL.invokeExact(scratch.capture(), fd, offset, count), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("readahead", t);
        }
    }

    private static final class Readahead {
        static final MethodHandle CALL = handle("readahead", linux_h.readahead$descriptor());
    }

    // Memory

    /**
     * Maps anew, never at a place of the caller's choice.
     *
     * @return {@code length} bytes that live until {@link #munmap}, or {@link MemorySegment#NULL}: then {@link
     *     #lastErrno}.
     */
    public static MemorySegment mmap(long length, int protection, int flags, int fd, long offset) {
        if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0) {
            throw new IllegalArgumentException("MAP_FIXED could replace memory of the JVM");
        }
        try {
            long mapping =
                    (long) Mmap.CALL.invokeExact(Scratch.get().capture(), 0L, length, protection, flags, fd, offset);
            return mapping == -1
                    ? MemorySegment.NULL
                    : MemorySegment.ofAddress(mapping).reinterpret(length);
        } catch (Throwable t) {
            throw Downcall.failure("mmap", t);
        }
    }

    private static final class Mmap {
        static final MethodHandle CALL = handle("mmap", linux_h.mmap$descriptor());
    }

    /**
     * @param mapping as {@link #mmap} returned it. Java does not know that it is gone: whoever touches it afterwards
     *     ends the process.
     */
    public static int munmap(MemorySegment mapping) {
        Scratch scratch = Scratch.get();
        try {
            int result = (int) Munmap.CALL.invokeExact(
                    scratch.capture(), Downcall.address(mapping, 0, mapping.byteSize()), mapping.byteSize());
            Reference.reachabilityFence(mapping);
            return outcome(result, scratch);
        } catch (Throwable t) {
            throw Downcall.failure("munmap", t);
        }
    }

    private static final class Munmap {
        static final MethodHandle CALL = handle("munmap", linux_h.munmap$descriptor());
    }

    public static int madvise(MemorySegment mapping, long offset, long length, int advice) {
        Scratch scratch = Scratch.get();
        try {
            int result = (int) Madvise.CALL.invokeExact(
                    scratch.capture(), Downcall.address(mapping, offset, length), length, advice);
            Reference.reachabilityFence(mapping);
            return outcome(result, scratch);
        } catch (Throwable t) {
            throw Downcall.failure("madvise", t);
        }
    }

    private static final class Madvise {
        static final MethodHandle CALL = handle("madvise", linux_h.madvise$descriptor());
    }

    /** errno of this thread's last call in this class that failed; before the first, 0. */
    public static int lastErrno() {
        return Scratch.get().errno();
    }

    // Names

    public static int fstat(int fd, FileStat out) {
        Scratch scratch = Scratch.get();
        try {
            return filled((int) Fstat.CALL.invokeExact(scratch.capture(), fd, scratch.structAddress), scratch, out);
        } catch (Throwable t) {
            throw Downcall.failure("fstat", t);
        }
    }

    private static final class Fstat {
        static final MethodHandle CALL = handle("fstat", linux_h.fstat$descriptor());
    }

    public static int stat(String path, FileStat out) {
        Scratch scratch = Scratch.get();
        long pathC = scratch.first(path);
        if (pathC == 0) {
            return Scratch.refusal(path);
        }
        try {
            return filled((int) Stat.CALL.invokeExact(scratch.capture(), pathC, scratch.structAddress), scratch, out);
        } catch (Throwable t) {
            throw Downcall.failure("stat", t);
        }
    }

    private static final class Stat {
        static final MethodHandle CALL = handle("stat", linux_h.stat$descriptor());
    }

    /** Of a symbolic link itself. */
    public static int lstat(String path, FileStat out) {
        Scratch scratch = Scratch.get();
        long pathC = scratch.first(path);
        if (pathC == 0) {
            return Scratch.refusal(path);
        }
        try {
            return filled((int) Lstat.CALL.invokeExact(scratch.capture(), pathC, scratch.structAddress), scratch, out);
        } catch (Throwable t) {
            throw Downcall.failure("lstat", t);
        }
    }

    private static final class Lstat {
        static final MethodHandle CALL = handle("lstat", linux_h.lstat$descriptor());
    }

    public static int statvfs(String path, FsStat out) {
        Scratch scratch = Scratch.get();
        long pathC = scratch.first(path);
        if (pathC == 0) {
            return Scratch.refusal(path);
        }
        try {
            return filled(
                    (int) Statvfs.CALL.invokeExact(scratch.capture(), pathC, scratch.structAddress), scratch, out);
        } catch (Throwable t) {
            throw Downcall.failure("statvfs", t);
        }
    }

    private static final class Statvfs {
        static final MethodHandle CALL = handle("statvfs", linux_h.statvfs$descriptor());
    }

    public static int fstatvfs(int fd, FsStat out) {
        Scratch scratch = Scratch.get();
        try {
            return filled((int) Fstatvfs.CALL.invokeExact(scratch.capture(), fd, scratch.structAddress), scratch, out);
        } catch (Throwable t) {
            throw Downcall.failure("fstatvfs", t);
        }
    }

    private static final class Fstatvfs {
        static final MethodHandle CALL = handle("fstatvfs", linux_h.fstatvfs$descriptor());
    }

    /**
     * The id of the mount that a path lies on, which no other mount gets as long as the machine runs.
     *
     * @return the id; ENOTSUP where the kernel (before 6.8) does not know it.
     */
    public static long mountIdUnique(String path) {
        Scratch scratch = Scratch.get();
        long pathC = scratch.first(path);
        if (pathC == 0) {
            return Scratch.refusal(path);
        }
        try {
            int outcome = outcome(
                    (int) Statx.CALL.invokeExact(
                            scratch.capture(), AT_FDCWD, pathC, 0, STATX_MNT_ID_UNIQUE, scratch.structAddress),
                    scratch);
            if (outcome < 0) {
                return outcome;
            }
            boolean known = (statx.stx_mask(scratch.struct) & STATX_MNT_ID_UNIQUE) != 0;
            return known ? statx.stx_mnt_id(scratch.struct) : -ENOTSUP;
        } catch (Throwable t) {
            throw Downcall.failure("statx", t);
        }
    }

    private static final class Statx {
        static final MethodHandle CALL = handle("statx", linux_h.statx$descriptor());
    }

    public static int rename(String from, String to) {
        Scratch scratch = Scratch.get();
        long fromC = scratch.first(from);
        long toC = scratch.second(to);
        if (fromC == 0 || toC == 0) {
            return Scratch.refusal(fromC == 0 ? from : to);
        }
        try {
            return outcome((int) Rename.CALL.invokeExact(scratch.capture(), fromC, toC), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("rename", t);
        }
    }

    private static final class Rename {
        static final MethodHandle CALL = handle("rename", linux_h.rename$descriptor());
    }

    public static int renameat(int fromDirFd, String from, int toDirFd, String to) {
        Scratch scratch = Scratch.get();
        long fromC = scratch.first(from);
        long toC = scratch.second(to);
        if (fromC == 0 || toC == 0) {
            return Scratch.refusal(fromC == 0 ? from : to);
        }
        try {
            return outcome((int) Renameat.CALL.invokeExact(scratch.capture(), fromDirFd, fromC, toDirFd, toC), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("renameat", t);
        }
    }

    private static final class Renameat {
        static final MethodHandle CALL = handle("renameat", linux_h.renameat$descriptor());
    }

    /** @param flags RENAME_NOREPLACE or RENAME_EXCHANGE; EINVAL where the file system cannot. */
    public static int renameat2(int fromDirFd, String from, int toDirFd, String to, int flags) {
        Scratch scratch = Scratch.get();
        long fromC = scratch.first(from);
        long toC = scratch.second(to);
        if (fromC == 0 || toC == 0) {
            return Scratch.refusal(fromC == 0 ? from : to);
        }
        try {
            return outcome(
                    (int) Renameat2.CALL.invokeExact(scratch.capture(), fromDirFd, fromC, toDirFd, toC, flags),
                    scratch);
        } catch (Throwable t) {
            throw Downcall.failure("renameat2", t);
        }
    }

    private static final class Renameat2 {
        static final MethodHandle CALL = handle("renameat2", linux_h.renameat2$descriptor());
    }

    public static int unlink(String path) {
        Scratch scratch = Scratch.get();
        long pathC = scratch.first(path);
        if (pathC == 0) {
            return Scratch.refusal(path);
        }
        try {
            return outcome((int) Unlink.CALL.invokeExact(scratch.capture(), pathC), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("unlink", t);
        }
    }

    private static final class Unlink {
        static final MethodHandle CALL = handle("unlink", linux_h.unlink$descriptor());
    }

    /** @param flags AT_REMOVEDIR, or 0. */
    public static int unlinkat(int dirFd, String name, int flags) {
        Scratch scratch = Scratch.get();
        long nameC = scratch.first(name);
        if (nameC == 0) {
            return Scratch.refusal(name);
        }
        try {
            return outcome((int) Unlinkat.CALL.invokeExact(scratch.capture(), dirFd, nameC, flags), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("unlinkat", t);
        }
    }

    private static final class Unlinkat {
        static final MethodHandle CALL = handle("unlinkat", linux_h.unlinkat$descriptor());
    }

    public static int mkdir(String path, int mode) {
        Scratch scratch = Scratch.get();
        long pathC = scratch.first(path);
        if (pathC == 0) {
            return Scratch.refusal(path);
        }
        try {
            return outcome((int) Mkdir.CALL.invokeExact(scratch.capture(), pathC, mode), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("mkdir", t);
        }
    }

    private static final class Mkdir {
        static final MethodHandle CALL = handle("mkdir", linux_h.mkdir$descriptor());
    }

    public static int mkdirat(int dirFd, String name, int mode) {
        Scratch scratch = Scratch.get();
        long nameC = scratch.first(name);
        if (nameC == 0) {
            return Scratch.refusal(name);
        }
        try {
            return outcome((int) Mkdirat.CALL.invokeExact(scratch.capture(), dirFd, nameC, mode), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("mkdirat", t);
        }
    }

    private static final class Mkdirat {
        static final MethodHandle CALL = handle("mkdirat", linux_h.mkdirat$descriptor());
    }

    public static int rmdir(String path) {
        Scratch scratch = Scratch.get();
        long pathC = scratch.first(path);
        if (pathC == 0) {
            return Scratch.refusal(path);
        }
        try {
            return outcome((int) Rmdir.CALL.invokeExact(scratch.capture(), pathC), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("rmdir", t);
        }
    }

    private static final class Rmdir {
        static final MethodHandle CALL = handle("rmdir", linux_h.rmdir$descriptor());
    }

    /** @return the length of the value; with {@code length} 0 nothing is copied. */
    public static long getxattr(String path, String name, MemorySegment value, long length) {
        Scratch scratch = Scratch.get();
        long pathC = scratch.first(path);
        long nameC = scratch.second(name);
        if (pathC == 0 || nameC == 0) {
            return Scratch.refusal(pathC == 0 ? path : name);
        }
        try {
            long result = (long) Getxattr.CALL.invokeExact(
                    scratch.capture(), pathC, nameC, Downcall.address(value, 0, length), length);
            Reference.reachabilityFence(value);
            return outcome(result, scratch);
        } catch (Throwable t) {
            throw Downcall.failure("getxattr", t);
        }
    }

    private static final class Getxattr {
        static final MethodHandle CALL = handle("getxattr", linux_h.getxattr$descriptor());
    }

    public static int setxattr(String path, String name, MemorySegment value, long length, int flags) {
        Scratch scratch = Scratch.get();
        long pathC = scratch.first(path);
        long nameC = scratch.second(name);
        if (pathC == 0 || nameC == 0) {
            return Scratch.refusal(pathC == 0 ? path : name);
        }
        try {
            int result = (int) Setxattr.CALL.invokeExact(
                    scratch.capture(), pathC, nameC, Downcall.address(value, 0, length), length, flags);
            Reference.reachabilityFence(value);
            return outcome(result, scratch);
        } catch (Throwable t) {
            throw Downcall.failure("setxattr", t);
        }
    }

    private static final class Setxattr {
        static final MethodHandle CALL = handle("setxattr", linux_h.setxattr$descriptor());
    }

    /** See {@link #getxattr}. */
    public static long fgetxattr(int fd, String name, MemorySegment value, long length) {
        Scratch scratch = Scratch.get();
        long nameC = scratch.first(name);
        if (nameC == 0) {
            return Scratch.refusal(name);
        }
        try {
            long result = (long) Fgetxattr.CALL.invokeExact(
                    scratch.capture(), fd, nameC, Downcall.address(value, 0, length), length);
            Reference.reachabilityFence(value);
            return outcome(result, scratch);
        } catch (Throwable t) {
            throw Downcall.failure("fgetxattr", t);
        }
    }

    private static final class Fgetxattr {
        static final MethodHandle CALL = handle("fgetxattr", linux_h.fgetxattr$descriptor());
    }

    public static int fsetxattr(int fd, String name, MemorySegment value, long length, int flags) {
        Scratch scratch = Scratch.get();
        long nameC = scratch.first(name);
        if (nameC == 0) {
            return Scratch.refusal(name);
        }
        try {
            int result = (int) Fsetxattr.CALL.invokeExact(
                    scratch.capture(), fd, nameC, Downcall.address(value, 0, length), length, flags);
            Reference.reachabilityFence(value);
            return outcome(result, scratch);
        } catch (Throwable t) {
            throw Downcall.failure("fsetxattr", t);
        }
    }

    private static final class Fsetxattr {
        static final MethodHandle CALL = handle("fsetxattr", linux_h.fsetxattr$descriptor());
    }

    // Mounts

    /**
     * @param type    null where the flags say what to do (MS_BIND, MS_REMOUNT).
     * @param options what the file system reads; null for none. This call allocates.
     */
    public static int mount(String source, String target, String type, long flags, String options) {
        Scratch scratch = Scratch.get();
        long sourceC = scratch.first(source);
        long targetC = scratch.second(target);
        if (sourceC == 0 || targetC == 0) {
            return Scratch.refusal(sourceC == 0 ? source : target);
        }
        try (Arena arena = Arena.ofConfined()) {
            long typeC = type == null ? 0 : arena.allocateFrom(type).address();
            long optionsC = options == null ? 0 : arena.allocateFrom(options).address();
            return outcome(
                    (int) Mount.CALL.invokeExact(scratch.capture(), sourceC, targetC, typeC, flags, optionsC), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("mount", t);
        }
    }

    private static final class Mount {
        static final MethodHandle CALL = handle("mount", linux_h.mount$descriptor());
    }

    /** @param flags MNT_DETACH, MNT_FORCE, MNT_EXPIRE, UMOUNT_NOFOLLOW. */
    public static int umount2(String target, int flags) {
        Scratch scratch = Scratch.get();
        long targetC = scratch.first(target);
        if (targetC == 0) {
            return Scratch.refusal(target);
        }
        try {
            return outcome((int) Umount2.CALL.invokeExact(scratch.capture(), targetC, flags), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("umount2", t);
        }
    }

    private static final class Umount2 {
        static final MethodHandle CALL = handle("umount2", linux_h.umount2$descriptor());
    }

    // Sockets and waiting

    /** @param out gets the two ends; at least two elements. */
    public static int socketpair(int domain, int type, int protocol, int[] out) {
        Scratch scratch = Scratch.get();
        try {
            int outcome = outcome(
                    (int) Socketpair.CALL.invokeExact(scratch.capture(), domain, type, protocol, scratch.structAddress),
                    scratch);
            if (outcome == 0) {
                out[0] = scratch.struct.getAtIndex(JAVA_INT, 0);
                out[1] = scratch.struct.getAtIndex(JAVA_INT, 1);
            }
            return outcome;
        } catch (Throwable t) {
            throw Downcall.failure("socketpair", t);
        }
    }

    private static final class Socketpair {
        static final MethodHandle CALL = handle("socketpair", linux_h.socketpair$descriptor());
    }

    public static int shutdown(int fd, int how) {
        Scratch scratch = Scratch.get();
        try {
            return outcome((int) Shutdown.CALL.invokeExact(scratch.capture(), fd, how), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("shutdown", t);
        }
    }

    private static final class Shutdown {
        static final MethodHandle CALL = handle("shutdown", linux_h.shutdown$descriptor());
    }

    /** @param fds {@code count} structs pollfd. @param timeoutMs negative waits for ever. */
    public static int poll(MemorySegment fds, int count, int timeoutMs) {
        Scratch scratch = Scratch.get();
        try {
            int result = (int) Poll.CALL.invokeExact(
                    scratch.capture(), Downcall.address(fds, 0, count * pollfd.sizeof()), (long) count, timeoutMs);
            Reference.reachabilityFence(fds);
            return outcome(result, scratch);
        } catch (Throwable t) {
            throw Downcall.failure("poll", t);
        }
    }

    private static final class Poll {
        static final MethodHandle CALL = handle("poll", linux_h.poll$descriptor());
    }

    /**
     * Waits for one file.
     *
     * @return which of {@code events} (or POLLERR, POLLHUP, POLLNVAL) happened, 0 after the time.
     */
    public static int poll(int fd, int events, int timeoutMs) {
        MemorySegment one = Scratch.get().struct;
        pollfd.fd(one, fd);
        pollfd.events(one, (short) events);
        pollfd.revents(one, (short) 0);
        int outcome = poll(one, 1, timeoutMs);
        return outcome <= 0 ? outcome : Short.toUnsignedInt(pollfd.revents(one));
    }

    // The process

    public static int getpid() {
        try {
            return (int) Getpid.CALL.invokeExact();
        } catch (Throwable t) {
            throw Downcall.failure("getpid", t);
        }
    }

    private static final class Getpid {
        static final MethodHandle CALL = handleWithoutErrno("getpid", linux_h.getpid$descriptor());
    }

    public static int geteuid() {
        try {
            return (int) Geteuid.CALL.invokeExact();
        } catch (Throwable t) {
            throw Downcall.failure("geteuid", t);
        }
    }

    private static final class Geteuid {
        static final MethodHandle CALL = handleWithoutErrno("geteuid", linux_h.geteuid$descriptor());
    }

    public static int getegid() {
        try {
            return (int) Getegid.CALL.invokeExact();
        } catch (Throwable t) {
            throw Downcall.failure("getegid", t);
        }
    }

    private static final class Getegid {
        static final MethodHandle CALL = handleWithoutErrno("getegid", linux_h.getegid$descriptor());
    }

    public static int getuid() {
        try {
            return (int) Getuid.CALL.invokeExact();
        } catch (Throwable t) {
            throw Downcall.failure("getuid", t);
        }
    }

    private static final class Getuid {
        static final MethodHandle CALL = handleWithoutErrno("getuid", linux_h.getuid$descriptor());
    }

    public static int getgid() {
        try {
            return (int) Getgid.CALL.invokeExact();
        } catch (Throwable t) {
            throw Downcall.failure("getgid", t);
        }
    }

    private static final class Getgid {
        static final MethodHandle CALL = handleWithoutErrno("getgid", linux_h.getgid$descriptor());
    }

    public static int kill(int pid, int signal) {
        Scratch scratch = Scratch.get();
        try {
            return outcome((int) Kill.CALL.invokeExact(scratch.capture(), pid, signal), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("kill", t);
        }
    }

    private static final class Kill {
        static final MethodHandle CALL = handle("kill", linux_h.kill$descriptor());
    }

    /** The options that take one number. */
    public static int prctl(int option, long argument) {
        Scratch scratch = Scratch.get();
        try {
            return outcome((int) Prctl.CALL.invokeExact(scratch.capture(), option, argument, 0L, 0L, 0L), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("prctl", t);
        }
    }

    private static final class Prctl {
        static final MethodHandle CALL = variadic(
                "prctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG), 1);
    }

    /** @param out gets the soft and the hard limit; RLIM_INFINITY is -1. */
    public static int getrlimit(int resource, long[] out) {
        Scratch scratch = Scratch.get();
        try {
            int outcome = outcome(
                    (int) Getrlimit.CALL.invokeExact(scratch.capture(), resource, scratch.structAddress), scratch);
            if (outcome == 0) {
                out[0] = rlimit.rlim_cur(scratch.struct);
                out[1] = rlimit.rlim_max(scratch.struct);
            }
            return outcome;
        } catch (Throwable t) {
            throw Downcall.failure("getrlimit", t);
        }
    }

    private static final class Getrlimit {
        static final MethodHandle CALL = handle("getrlimit", linux_h.getrlimit$descriptor());
    }

    public static int setrlimit(int resource, long soft, long hard) {
        Scratch scratch = Scratch.get();
        rlimit.rlim_cur(scratch.struct, soft);
        rlimit.rlim_max(scratch.struct, hard);
        try {
            return outcome(
                    (int) Setrlimit.CALL.invokeExact(scratch.capture(), resource, scratch.structAddress), scratch);
        } catch (Throwable t) {
            throw Downcall.failure("setrlimit", t);
        }
    }

    private static final class Setrlimit {
        static final MethodHandle CALL = handle("setrlimit", linux_h.setrlimit$descriptor());
    }

    /**
     * Binds a thread to processors.
     *
     * @param thread a kernel thread id, 0 for the calling thread.
     * @param mask   64 processors an element, at most 64 elements.
     */
    public static int schedSetaffinity(int thread, long[] mask) {
        Scratch scratch = Scratch.get();
        MemorySegment.copy(mask, 0, scratch.struct, JAVA_LONG, 0, mask.length);
        try {
            return outcome(
                    (int) SchedSetaffinity.CALL.invokeExact(
                            scratch.capture(), thread, mask.length * JAVA_LONG.byteSize(), scratch.structAddress),
                    scratch);
        } catch (Throwable t) {
            throw Downcall.failure("sched_setaffinity", t);
        }
    }

    private static final class SchedSetaffinity {
        static final MethodHandle CALL = handle("sched_setaffinity", linux_h.sched_setaffinity$descriptor());
    }

    /**
     * Copies by libc's own loop, so that a fault on the way happens in native code, where no collection waits for it.
     *
     * @param src borrowed; may be a mapped file.
     */
    public static void memcpy(MemorySegment dst, long dstOffset, MemorySegment src, long srcOffset, long length) {
        try {
            long ignored = (long) Memcpy.CALL.invokeExact(
                    Downcall.address(dst, dstOffset, length), Downcall.address(src, srcOffset, length), length);
            Reference.reachabilityFence(dst);
            Reference.reachabilityFence(src);
        } catch (Throwable t) {
            throw Downcall.failure("memcpy", t);
        }
    }

    private static final class Memcpy {
        static final MethodHandle CALL = handleWithoutErrno("memcpy", linux_h.memcpy$descriptor());
    }

    // How a call is made

    /** A libc function with errno captured. */
    private static MethodHandle handle(String function, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(address(function), Downcall.numbers(descriptor), CAPTURE_ERRNO);
    }

    static MethodHandle handleWithoutErrno(String function, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(address(function), Downcall.numbers(descriptor));
    }

    private static MethodHandle variadic(String function, FunctionDescriptor descriptor, int fixedArguments) {
        return LINKER.downcallHandle(
                address(function), descriptor, CAPTURE_ERRNO, Linker.Option.firstVariadicArg(fixedArguments));
    }

    private static MemorySegment address(String function) {
        return LIBC.find(function).orElseThrow(() -> new UnsatisfiedLinkError("libc has no " + function));
    }

    private static int outcome(int result, Scratch scratch) {
        return result >= 0 ? result : -scratch.errno();
    }

    private static long outcome(long result, Scratch scratch) {
        return result >= 0 ? result : -scratch.errno();
    }

    private static int filled(int result, Scratch scratch, FileStat out) {
        if (result < 0) {
            return -scratch.errno();
        }
        out.read(scratch.struct);
        return 0;
    }

    private static int filled(int result, Scratch scratch, FsStat out) {
        if (result < 0) {
            return -scratch.errno();
        }
        out.read(scratch.struct);
        return 0;
    }
}
