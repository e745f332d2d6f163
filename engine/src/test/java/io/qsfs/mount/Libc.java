package io.qsfs.mount;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.qsfs.bindings.linux.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/**
 * System calls that tests of the mount need and the engine does not. As in {@link Linux}: 0 or more is what the call returned,
 * less is {@code -errno}. Names are text of ASCII.
 */
final class Libc {
    static final int RENAME_NOREPLACE = 1;
    static final int RENAME_EXCHANGE = 2;
    static final int AT_SYMLINK_NOFOLLOW = 0x100;
    static final int AT_SYMLINK_FOLLOW = 0x400;
    static final int FALLOC_KEEP_SIZE = 1;
    static final int FALLOC_PUNCH_HOLE = 2;
    static final int FALLOC_ZERO_RANGE = 0x10;
    static final int VALUE_MAX = 64 * 1024;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO_OF = STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private static final MethodHandle MKNOD = call("mknod", JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG);
    private static final MethodHandle LINK = call("link", JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle LINKAT = call("linkat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle SYMLINK = call("symlink", JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle READLINK = call("readlink", JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle CHMOD = call("chmod", JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle LCHOWN = call("lchown", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    private static final MethodHandle TRUNCATE = call("truncate", JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle UTIMENSAT = call("utimensat", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT);
    private static final MethodHandle LSETXATTR =
            call("lsetxattr", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle LGETXATTR = call("lgetxattr", JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle LLISTXATTR = call("llistxattr", JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle LREMOVEXATTR = call("lremovexattr", JAVA_INT, ADDRESS, ADDRESS);

    private static final MethodHandle OPENDIR = call("opendir", JAVA_LONG, ADDRESS);
    private static final MethodHandle READDIR = call("readdir", ADDRESS, JAVA_LONG);
    private static final MethodHandle TELLDIR = call("telldir", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SEEKDIR = callVoid("seekdir", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle CLOSEDIR = call("closedir", JAVA_INT, JAVA_LONG);
    private static final int NAME_OF_ENTRY = 19;
    private static final int ENTRY_BYTES_MAX = 280;

    private Libc() {}

    @SuppressWarnings("restricted")
    private static MethodHandle callVoid(String name, MemoryLayout... parameters) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().find(name).orElseThrow(), FunctionDescriptor.ofVoid(parameters));
    }

    /** A stream of directory entries, closed by its owner. Threading: one thread at a time. */
    static final class Directory implements AutoCloseable {
        private final Arena arena = Arena.ofConfined();
        private final MemorySegment state = arena.allocate(STATE);
        private final long stream;

        Directory(String path) {
            stream = invoke(arena, OPENDIR, arena.allocateFrom(path));
            if (stream <= 0) {
                arena.close();
                throw new AssertionError("opendir " + path + ": " + stream);
            }
        }

        /** The next name, null at the end. */
        @SuppressWarnings("restricted")
        String next() {
            try {
                MemorySegment entry = (MemorySegment) READDIR.invokeExact(state, stream);
                return entry.address() == 0
                        ? null
                        : entry.reinterpret(ENTRY_BYTES_MAX).getString(NAME_OF_ENTRY);
            } catch (Throwable t) {
                throw new AssertionError(t);
            }
        }

        long tell() {
            return invoke(arena, TELLDIR, stream);
        }

        void seek(long place) {
            try {
                SEEKDIR.invokeExact(stream, place);
            } catch (Throwable t) {
                throw new AssertionError(t);
            }
        }

        @Override
        public void close() {
            invoke(arena, CLOSEDIR, stream);
            arena.close();
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle call(String name, MemoryLayout result, MemoryLayout... parameters) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().find(name).orElseThrow(), FunctionDescriptor.of(result, parameters), ERRNO);
    }

    private static long invoke(Arena arena, MethodHandle call, Object... arguments) {
        MemorySegment state = arena.allocate(STATE);
        Object[] all = new Object[arguments.length + 1];
        all[0] = state;
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        try {
            long result = ((Number) call.invokeWithArguments(all)).longValue();
            return result >= 0 ? result : -(int) ERRNO_OF.get(state, 0L);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    static int mknod(String path, int mode, long device) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) invoke(arena, MKNOD, arena.allocateFrom(path), mode, device);
        }
    }

    static int link(String from, String to) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) invoke(arena, LINK, arena.allocateFrom(from), arena.allocateFrom(to));
        }
    }

    /** Gives an open file a name. */
    static int link(int fd, String to) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) invoke(
                    arena,
                    LINKAT,
                    Linux.AT_FDCWD,
                    arena.allocateFrom("/proc/self/fd/" + fd),
                    Linux.AT_FDCWD,
                    arena.allocateFrom(to),
                    AT_SYMLINK_FOLLOW);
        }
    }

    static int symlink(String target, String path) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) invoke(arena, SYMLINK, arena.allocateFrom(target), arena.allocateFrom(path));
        }
    }

    /** The target, or {@code "-errno"}. */
    static String readlink(String path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment target = arena.allocate(4096);
            long length = invoke(arena, READLINK, arena.allocateFrom(path), target, target.byteSize());
            return length < 0 ? Long.toString(length) : text(target, 0, length);
        }
    }

    static int chmod(String path, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) invoke(arena, CHMOD, arena.allocateFrom(path), mode);
        }
    }

    static int lchown(String path, int uid, int gid) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) invoke(arena, LCHOWN, arena.allocateFrom(path), uid, gid);
        }
    }

    static int truncate(String path, long size) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) invoke(arena, TRUNCATE, arena.allocateFrom(path), size);
        }
    }

    /** Of the name itself, not of what a symbolic link points at. */
    static int utimens(String path, long atimeS, int atimeNs, long mtimeS, int mtimeNs) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment times = arena.allocateFrom(JAVA_LONG, atimeS, atimeNs, mtimeS, mtimeNs);
            return (int) invoke(arena, UTIMENSAT, Linux.AT_FDCWD, arena.allocateFrom(path), times, AT_SYMLINK_NOFOLLOW);
        }
    }

    /** @param flags 0, 1 (must be new), 2 (must exist). */
    static int setxattr(String path, String name, byte[] value, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(Math.max(1, value.length));
            MemorySegment.copy(value, 0, bytes, JAVA_BYTE, 0, value.length);
            return (int) invoke(
                    arena,
                    LSETXATTR,
                    arena.allocateFrom(path),
                    arena.allocateFrom(name),
                    bytes,
                    (long) value.length,
                    flags);
        }
    }

    static int removexattr(String path, String name) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) invoke(arena, LREMOVEXATTR, arena.allocateFrom(path), arena.allocateFrom(name));
        }
    }

    /** Names and values in order of names; {@code {"": -errno}} when there are none to be had. */
    static TreeMap<String, String> xattrs(String path) {
        TreeMap<String, String> all = new TreeMap<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pathC = arena.allocateFrom(path);
            MemorySegment names = arena.allocate(VALUE_MAX);
            long length = invoke(arena, LLISTXATTR, pathC, names, names.byteSize());
            if (length < 0) {
                all.put("", Long.toString(length));
                return all;
            }
            List<String> listed =
                    length == 0 ? List.of() : List.of(text(names, 0, length).split("\0"));
            MemorySegment value = arena.allocate(VALUE_MAX);
            for (String name : listed) {
                long bytes = invoke(arena, LGETXATTR, pathC, arena.allocateFrom(name), value, value.byteSize());
                all.put(
                        name,
                        bytes < 0
                                ? Long.toString(bytes)
                                : Arrays.toString(value.asSlice(0, bytes).toArray(JAVA_BYTE)));
            }
            return all;
        }
    }

    private static String text(MemorySegment bytes, long at, long length) {
        return new String(bytes.asSlice(at, length).toArray(JAVA_BYTE), StandardCharsets.ISO_8859_1);
    }
}
