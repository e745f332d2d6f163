package io.qsfs.mount;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.qsfs.bindings.linux.FileStat;
import io.qsfs.bindings.linux.Linux;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.opentest4j.TestAbortedException;

/**
 * Goal: the mount does what a file system of the kernel does. Method: random operations on few names, so that they meet, are done
 * on the mount and on a tmpfs; each must return the same and say the same error, and the trees must look the same afterwards and
 * after a remount. Needs root, /dev/fuse and tmpfs.
 */
class ModelIT {
    private static final List<String> NAMES =
            List.of("a", "b", "c", "d", "d/a", "d/b", "d/e", "d/e/a", "e", "e/a", "e/d", "f");
    private static final List<String> ATTRIBUTES = List.of("user.a", "user.b", "trusted.c", "user.", "none.x");
    private static final int HANDLES = 3;
    private static final int MODES = 07777;
    /** Far from now on both sides, so that a time that was set is known by its value. */
    private static final long OLD_S = 1_000_000;

    private static final long FUTURE_S = 5_000_000_000L;

    enum Kind {
        CREATE(6),
        MAKE_DIRECTORY(5),
        MAKE_NODE(2),
        WRITE(8),
        APPEND(4),
        TRUNCATE(4),
        READ(5),
        RENAME(6),
        RENAME_NO_REPLACE(2),
        EXCHANGE(3),
        LINK(5),
        SYMLINK(3),
        READ_LINK(1),
        UNLINK(5),
        REMOVE_DIRECTORY(3),
        CHANGE_MODE(3),
        CHANGE_OWNER(3),
        SET_TIMES(5),
        SET_XATTR(4),
        REMOVE_XATTR(2),
        ALLOCATE(2),
        ALLOCATE_KEEP(2),
        PUNCH(4),
        ZERO(3),
        COPY_RANGE(4),
        OPEN_HANDLE(3),
        WRITE_HANDLE(4),
        READ_HANDLE(3),
        TRUNCATE_HANDLE(2),
        SYNC_HANDLE(2),
        CLOSE_HANDLE(2),
        LIST(2),
        COMPARE(1),
        EVICT(1),
        REMOUNT(1);

        final int weight;

        Kind(int weight) {
            this.weight = weight;
        }
    }

    /** What is done; each kind reads of the numbers what it needs. */
    record Operation(Kind kind, int first, int second, int at, int length) {
        String name() {
            return NAMES.get(first % NAMES.size());
        }

        String otherName() {
            return NAMES.get(second % NAMES.size());
        }
    }

    private static Path root;
    private static MountRig rig;
    private static Path model;
    private static int tried;

    @BeforeContainer
    static void mount() throws IOException {
        if (Linux.geteuid() != 0 || !Files.isReadable(Path.of("/dev/fuse"))) {
            throw new TestAbortedException("needs root and /dev/fuse");
        }
        root = Files.createTempDirectory("qsfs-model");
        model = Files.createDirectory(root.resolve("tmpfs"));
        assertEquals(0, Linux.mount("model", model.toString(), "tmpfs", 0, "size=256m"));
        rig = new MountRig(Files.createDirectory(root.resolve("rig")));
        rig.init();
        rig.mount();
    }

    @AfterContainer
    static void unmount() throws IOException {
        if (rig != null) {
            rig.close();
        }
        if (model != null) {
            Linux.umount2(model.toString(), Linux.MNT_DETACH);
        }
        if (root != null) {
            MountRig.delete(root);
        }
    }

    @Property(tries = 120)
    void shouldDoWhatTmpfsDoes(@ForAll("operations") List<Operation> operations) {
        String name = "try-" + tried++;
        try (Side mounted = new Side(rig.mountPoint().resolve(name));
                Side expected = new Side(model.resolve(name))) {
            for (int i = 0; i < operations.size(); i++) {
                Operation operation = operations.get(i);
                if (operation.kind == Kind.REMOUNT) {
                    mounted.closeHandles();
                    expected.closeHandles();
                    rig.unmount();
                    rig.mount();
                } else if (operation.kind == Kind.EVICT) {
                    rig.evict();
                } else {
                    assertEquals(expected.run(operation), mounted.run(operation), "operation " + i + ", " + operation);
                }
            }
            assertEquals(expected.tree(), mounted.tree(), "the trees at the end");
        }
    }

    @Provide
    Arbitrary<List<Operation>> operations() {
        List<Kind> kinds = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            boolean isSlow = kind == Kind.EVICT || kind == Kind.REMOUNT;
            kinds.addAll(Collections.nCopies(isSlow ? kind.weight : 6 * kind.weight, kind));
        }
        Arbitrary<Integer> any = Arbitraries.integers().between(0, 1000).withoutEdgeCases();
        Arbitrary<Integer> at = Arbitraries.integers().between(0, 200_000);
        Arbitrary<Integer> length = Arbitraries.integers().between(0, 70_000);
        return Combinators.combine(Arbitraries.of(kinds), any, any, at, length)
                .as(Operation::new)
                .list()
                .ofMinSize(20)
                .ofMaxSize(250);
    }

    /** One of the two: a directory, and files that are open in it. */
    private static final class Side implements AutoCloseable {
        private final Path top;
        private final int[] handles = new int[HANDLES];
        private final Arena arena = Arena.ofConfined();
        private final MemorySegment buffer = arena.allocate(1 << 20);

        Side(Path top) {
            this.top = top;
            Arrays.fill(handles, -1);
            assertEquals(0, Linux.mkdir(top.toString(), 0755));
        }

        /** Does it, and says what came of it: what it returned, and what was read. */
        String run(Operation o) {
            String path = top.resolve(o.name()).toString();
            String other = top.resolve(o.otherName()).toString();
            return switch (o.kind) {
                case CREATE ->
                    said(closing(Linux.open(
                            path,
                            Linux.O_CREAT | Linux.O_WRONLY | (o.at % 2 == 0 ? Linux.O_EXCL : 0),
                            o.length & 0777)));
                case MAKE_DIRECTORY -> said(Linux.mkdir(path, o.length & MODES));
                case MAKE_NODE -> said(Libc.mknod(path, nodeType(o.at) | (o.length & 0777), o.second));
                case WRITE -> onFile(path, Linux.O_WRONLY, fd -> write(fd, o.at, o.length, o.second));
                case APPEND -> onFile(path, Linux.O_WRONLY | Linux.O_APPEND, fd -> write(fd, 0, o.length, o.second));
                case TRUNCATE -> said(Libc.truncate(path, size(o)));
                case READ -> onFile(path, Linux.O_RDONLY, fd -> read(fd, o.at, o.length));
                case RENAME -> said(Linux.rename(path, other));
                case RENAME_NO_REPLACE -> said(renameBy(path, other, Libc.RENAME_NOREPLACE));
                case EXCHANGE -> said(renameBy(path, other, Libc.RENAME_EXCHANGE));
                case LINK -> said(Libc.link(path, other));
                case SYMLINK -> said(Libc.symlink(NAMES.get(o.second % NAMES.size()), path));
                case READ_LINK -> Libc.readlink(path);
                case UNLINK -> said(Linux.unlink(path));
                case REMOVE_DIRECTORY -> said(Linux.rmdir(path));
                case CHANGE_MODE -> said(Libc.chmod(path, o.at & MODES));
                case CHANGE_OWNER -> said(Libc.lchown(path, owner(o.at), owner(o.length)));
                case SET_TIMES -> setTimes(path, o);
                case SET_XATTR -> said(Libc.setxattr(path, attribute(o.second), value(o), o.at % 4 == 0 ? 1 : 0));
                case REMOVE_XATTR -> said(Libc.removexattr(path, attribute(o.second)));
                case ALLOCATE -> onFile(path, Linux.O_RDWR, fd -> Linux.fallocate(fd, 0, o.at, o.length));
                case ALLOCATE_KEEP ->
                    onFile(path, Linux.O_RDWR, fd -> Linux.fallocate(fd, Libc.FALLOC_KEEP_SIZE, o.at, o.length));
                case PUNCH ->
                    onFile(
                            path,
                            Linux.O_RDWR,
                            fd -> Linux.fallocate(fd, Libc.FALLOC_PUNCH_HOLE | Libc.FALLOC_KEEP_SIZE, o.at, o.length));
                case ZERO -> onFile(path, Linux.O_RDWR, fd -> zero(fd, o.at, o.length));
                case COPY_RANGE -> copy(path, other, o);
                case OPEN_HANDLE -> openHandle(o);
                case WRITE_HANDLE -> said(write(handles[o.second % HANDLES], o.at, o.length, o.first));
                case READ_HANDLE -> said(read(handles[o.second % HANDLES], o.at, o.length));
                case TRUNCATE_HANDLE -> said(Linux.ftruncate(handles[o.second % HANDLES], size(o)));
                case SYNC_HANDLE -> said(Linux.fsync(handles[o.second % HANDLES]));
                case CLOSE_HANDLE -> closeHandle(o.second % HANDLES);
                case LIST -> list(Path.of(path));
                case COMPARE -> tree().toString();
                case EVICT, REMOUNT -> throw new AssertionError(o);
            };
        }

        private interface OnFile {
            long apply(int fd);
        }

        private static String said(long outcome) {
            return Long.toString(outcome);
        }

        private static int closing(int fd) {
            return fd < 0 ? fd : Linux.close(fd);
        }

        private static int renameBy(String from, String to, int flags) {
            return Linux.renameat2(Linux.AT_FDCWD, from, Linux.AT_FDCWD, to, flags);
        }

        private static String onFile(String path, int flags, OnFile what) {
            if (isOther(path)) {
                return "not a file";
            }
            int fd = Linux.open(path, flags, 0);
            if (fd < 0) {
                return "open " + fd;
            }
            try {
                return said(what.apply(fd));
            } finally {
                Linux.close(fd);
            }
        }

        /** A FIFO would block, and a device is somebody else's. */
        private static boolean isOther(String path) {
            FileStat stat = new FileStat();
            return Linux.stat(path, stat) == 0 && (stat.mode & Linux.S_IFMT) != Linux.S_IFREG;
        }

        /** Sizes around zero, blocks and the largest. */
        private static long size(Operation o) {
            return switch (o.second % 12) {
                case 0 -> 0;
                case 1 -> -1;
                case 2 -> o.at & ~4095L;
                default -> o.at;
            };
        }

        private static int owner(int number) {
            return number % 5 == 0 ? -1 : number % 7;
        }

        private static int nodeType(int number) {
            return switch (number % 5) {
                case 0 -> Linux.S_IFIFO;
                case 1 -> Linux.S_IFSOCK;
                case 2 -> Linux.S_IFCHR;
                case 3 -> Linux.S_IFBLK;
                default -> Linux.S_IFREG;
            };
        }

        private static String attribute(int number) {
            return ATTRIBUTES.get(number % ATTRIBUTES.size());
        }

        private static byte[] value(Operation o) {
            byte[] bytes = new byte[o.length % 600];
            new Random(o.at).nextBytes(bytes);
            return bytes;
        }

        private long write(int fd, long at, int length, int seed) {
            byte[] bytes = new byte[length];
            new Random(seed).nextBytes(bytes);
            MemorySegment.copy(bytes, 0, buffer, JAVA_BYTE, 0, length);
            return Linux.pwrite(fd, buffer, 0, length, at);
        }

        /** The count, or from 1000 on a checksum of what was read: both sides have the same. */
        private long read(int fd, long at, int length) {
            long count = Linux.pread(fd, buffer, 0, length, at);
            return count <= 0 ? count : count << 32 | checksum(count);
        }

        private long checksum(long count) {
            CRC32C sum = new CRC32C();
            sum.update(buffer.asSlice(0, count).asByteBuffer());
            return sum.getValue();
        }

        /** tmpfs has no zero range: there zeros are written. */
        private long zero(int fd, long at, int length) {
            int outcome = Linux.fallocate(fd, Libc.FALLOC_ZERO_RANGE, at, length);
            if (outcome != -Linux.EOPNOTSUPP || !top.startsWith(model) || length == 0) {
                return outcome;
            }
            buffer.asSlice(0, length).fill((byte) 0);
            return Linux.pwrite(fd, buffer, 0, length, at) == length ? 0 : -Linux.EIO;
        }

        private String copy(String path, String other, Operation o) {
            return onFile(path, Linux.O_RDONLY, from -> {
                String outcome = onFile(other, Linux.O_RDWR, to -> {
                    long done = 0;
                    while (done < o.length) {
                        long count = Linux.copyFileRange(
                                from, o.at / 2 + done, to, o.second * 100L + done, o.length - done, 0);
                        if (count <= 0) {
                            return count < 0 && done == 0 ? count : done;
                        }
                        done += count;
                    }
                    return done;
                });
                return outcome.startsWith("open")
                        ? -1000
                        : outcome.equals("not a file") ? -1001 : Long.parseLong(outcome);
            });
        }

        private String setTimes(String path, Operation o) {
            long atimeS = OLD_S + o.length;
            long mtimeS = (o.second % 2 == 0 ? OLD_S : FUTURE_S) + o.at;
            int outcome = Libc.utimens(path, atimeS, o.at * 1000 + 1, mtimeS, o.length * 1000 + 999);
            FileStat stat = new FileStat();
            int rc = Linux.lstat(path, stat);
            return outcome + (rc < 0 ? "" : " " + (outcome < 0 ? 0 : stat.atimeNs) + " " + known(stat.mtimeNs));
        }

        /** A time that was set, or 0 for one that the clock gave. */
        private static long known(long timeNs) {
            long seconds = timeNs / 1_000_000_000;
            boolean isSet = seconds < 2 * OLD_S || seconds >= FUTURE_S;
            return isSet ? timeNs : 0;
        }

        private String openHandle(Operation o) {
            int slot = o.second % HANDLES;
            closeHandle(slot);
            String path = top.resolve(o.name()).toString();
            if (isOther(path)) {
                return "not a file";
            }
            int flags = Linux.O_RDWR | Linux.O_CREAT | (o.at % 4 == 0 ? Linux.O_TRUNC : 0);
            int fd = Linux.open(path, flags, 0640);
            handles[slot] = Math.max(-1, fd);
            return fd < 0 ? said(fd) : "open";
        }

        private String closeHandle(int slot) {
            int outcome = handles[slot] < 0 ? 0 : Linux.close(handles[slot]);
            handles[slot] = -1;
            return said(outcome);
        }

        void closeHandles() {
            for (int slot = 0; slot < HANDLES; slot++) {
                closeHandle(slot);
            }
        }

        private static String list(Path directory) {
            if (!Files.isDirectory(directory)) {
                return "not a directory";
            }
            try (Stream<Path> names = Files.list(directory)) {
                return names.map(name -> name.getFileName().toString())
                        .sorted()
                        .toList()
                        .toString();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Every name with all that can be seen of it, but for times that the clock gave and sizes of directories. */
        Map<String, String> tree() {
            Map<String, String> seen = new TreeMap<>();
            try (Stream<Path> files = Files.walk(top)) {
                for (Path file : (Iterable<Path>) files::iterator) {
                    seen.put(top.relativize(file).toString(), look(file.toString()));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            for (int slot = 0; slot < HANDLES; slot++) {
                FileStat stat = new FileStat();
                if (handles[slot] >= 0) {
                    assertEquals(0, Linux.fstat(handles[slot], stat));
                    seen.put(
                            "open " + slot, stat.size + " links " + stat.nlink + " " + read(handles[slot], 0, 1 << 20));
                }
            }
            return seen;
        }

        private String look(String path) {
            FileStat stat = new FileStat();
            assertEquals(0, Linux.lstat(path, stat), path);
            int type = stat.mode & Linux.S_IFMT;
            String content =
                    switch (type) {
                        case Linux.S_IFREG -> onFile(path, Linux.O_RDONLY, fd -> read(fd, 0, 1 << 20));
                        case Linux.S_IFLNK -> Libc.readlink(path);
                        case Linux.S_IFCHR, Linux.S_IFBLK -> Long.toString(stat.rdev);
                        default -> "";
                    };
            return Integer.toOctalString(stat.mode) + " " + stat.uid + ":" + stat.gid + " links " + stat.nlink
                    + " size "
                    + (type == Linux.S_IFDIR ? "-" : stat.size) + " mtime " + known(stat.mtimeNs) + " " + content + " "
                    + Libc.xattrs(path);
        }

        @Override
        public void close() {
            closeHandles();
            arena.close();
            MountRig.delete(top);
        }
    }
}
