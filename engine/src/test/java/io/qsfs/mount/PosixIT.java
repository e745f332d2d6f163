package io.qsfs.mount;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qsfs.bindings.linux.FileStat;
import io.qsfs.bindings.linux.Linux;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: what programs take for granted of a file system of the kernel, where other tests do not look. Method: system calls on a
 * mount of this process, other users and processes by setpriv(1). Needs root and /dev/fuse.
 */
@Timeout(180)
class PosixIT {
    private static final int LOCK_EXCLUSIVE_NOW = 2 | 4;
    private static final int PAGE = 4096;

    @TempDir
    Path root;

    private MountRig rig;

    @BeforeEach
    void begin() throws IOException {
        assumeTrue(Linux.geteuid() == 0 && Files.isReadable(Path.of("/dev/fuse")), "needs root and /dev/fuse");
        Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
        rig = new MountRig(root);
    }

    @AfterEach
    void end() {
        if (rig != null) {
            rig.close();
        }
    }

    private void mount() {
        rig.init();
        rig.mount();
    }

    private void remount() {
        rig.unmount();
        rig.mount();
    }

    private String on(String name) {
        return rig.mountPoint().resolve(name).toString();
    }

    private String make(String name, int mode, int uid, int gid) throws IOException {
        String path = on(name);
        Files.writeString(Path.of(path), name);
        assertEquals(0, Libc.lchown(path, uid, gid));
        assertEquals(0, Libc.chmod(path, mode));
        return path;
    }

    private String makeDirectory(String name, int mode, int uid, int gid) {
        String path = on(name);
        assertEquals(0, Linux.mkdir(path, 0755));
        assertEquals(0, Libc.lchown(path, uid, gid));
        assertEquals(0, Libc.chmod(path, mode));
        return path;
    }

    private static FileStat look(String path) {
        FileStat stat = new FileStat();
        assertEquals(0, Linux.lstat(path, stat), path);
        return stat;
    }

    private static Process start(String... command) throws IOException {
        return new ProcessBuilder(command)
                .directory(new File("/"))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private static int end(Process process) throws InterruptedException {
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("a process of the test does not end");
        }
        return process.exitValue();
    }

    /** Runs a line of shell as a user; {@code groups} are the supplementary ones, empty for none. */
    private static boolean may(int uid, int gid, String groups, String line, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("setpriv", "--reuid=" + uid, "--regid=" + gid));
        command.add(groups.isEmpty() ? "--clear-groups" : "--groups=" + groups);
        command.addAll(List.of("--", "sh", "-c", line, "sh"));
        command.addAll(List.of(arguments));
        return end(start(command.toArray(String[]::new))) == 0;
    }

    @Test
    void shouldKeepOthersFromDeletingInAStickyDirectory() throws Exception {
        mount();
        String directory = makeDirectory("sticky", 01777, 0, 0);
        String file = make("sticky/theirs", 0666, 1001, 1001);
        assertTrue(!may(1002, 1002, "", "rm -f \"$1\"", file));
        assertTrue(!may(1002, 1002, "", "mv \"$1\" \"$1-moved\"", file));
        assertTrue(may(1002, 1002, "", ": > \"$1/mine\" && rm \"$1/mine\"", directory));
        assertTrue(may(1001, 1001, "", "mv \"$1\" \"$1-moved\" && rm \"$1-moved\"", file));
    }

    @Test
    void shouldGiveTheGroupOfASetgidDirectory() throws Exception {
        mount();
        String directory = makeDirectory("shared", 02777, 0, 3001);
        assertTrue(may(1001, 1001, "", "umask 0; : > \"$1/f\" && mkdir \"$1/d\"", directory));
        FileStat file = look(directory + "/f");
        assertEquals(1001, file.uid);
        assertEquals(3001, file.gid);
        FileStat below = look(directory + "/d");
        assertEquals(3001, below.gid);
        assertEquals(Linux.S_IFDIR | 02777, below.mode);
    }

    @Test
    void shouldKnowSupplementaryGroups() throws Exception {
        mount();
        String file = make("grouped", 0640, 0, 3001);
        assertTrue(may(1001, 1001, "3000,3001", "cat \"$1\"", file));
        assertTrue(!may(1001, 1001, "3000", "cat \"$1\"", file));
        assertTrue(!may(1001, 1001, "", "cat \"$1\"", file));
        String own = make("own", 0600, 1001, 1001);
        assertTrue(may(1001, 1001, "3001", "chgrp 3001 \"$1\"", own), "the owner may give it to a group of his");
        assertTrue(!may(1001, 1001, "3001", "chgrp 3002 \"$1\"", own));
    }

    @Test
    void shouldRenameByFlags() throws Exception {
        mount();
        String file = make("file", 0644, 0, 0);
        String directory = makeDirectory("directory", 0755, 0, 0);
        make("directory/inside", 0644, 0, 0);
        assertEquals(-Linux.EEXIST, rename(file, directory, Libc.RENAME_NOREPLACE));
        assertEquals(0, rename(file, on("new"), Libc.RENAME_NOREPLACE));
        assertEquals(-Linux.ENOENT, rename(on("new"), on("absent"), Libc.RENAME_EXCHANGE));
        assertEquals(0, rename(on("new"), directory, Libc.RENAME_EXCHANGE));
        assertEquals("file", Files.readString(Path.of(directory)));
        assertEquals("directory/inside", Files.readString(Path.of(on("new/inside"))));
        assertEquals(-Linux.EINVAL, rename(on("new"), on("new/inside"), Libc.RENAME_EXCHANGE));
        assertEquals(-Linux.EINVAL, rename(on("new"), on("other"), Libc.RENAME_EXCHANGE | Libc.RENAME_NOREPLACE));
        assertEquals(-Linux.EINVAL, rename(on("new"), on("other"), 4), "RENAME_WHITEOUT");
        makeDirectory("new/below", 0755, 0, 0);
        make("outside", 0644, 0, 0);
        assertEquals(3, look(on("new")).nlink);
        assertEquals(0, rename(on("new/below"), on("outside"), Libc.RENAME_EXCHANGE));
        assertEquals(2, look(on("new")).nlink);
        assertEquals(4, look(on("")).nlink);
        remount();
        assertEquals("file", Files.readString(Path.of(directory)));
        assertEquals("directory/inside", Files.readString(Path.of(on("new/inside"))));
    }

    private static int rename(String from, String to, int flags) {
        return Linux.renameat2(Linux.AT_FDCWD, from, Linux.AT_FDCWD, to, flags);
    }

    @Test
    void shouldAppendWholeLinesOfTwoProcesses() throws Exception {
        mount();
        String file = on("lines");
        String line = "i=0; while [ $i -lt 1500 ]; do echo \"$2 $i\" >> \"$1\"; i=$((i + 1)); done";
        Process first = start("sh", "-c", line, "sh", file, "first");
        Process second = start("sh", "-c", line, "sh", file, "second");
        assertEquals(0, end(first));
        assertEquals(0, end(second));
        List<String> lines = Files.readAllLines(Path.of(file));
        assertEquals(3000, lines.size());
        for (String who : List.of("first", "second")) {
            List<String> mine = lines.stream().filter(l -> l.startsWith(who)).toList();
            assertEquals(1500, mine.size());
            for (int i = 0; i < mine.size(); i++) {
                assertEquals(who + " " + i, mine.get(i));
            }
        }
    }

    @Test
    void shouldLockBetweenProcesses() throws Exception {
        mount();
        String file = make("locked", 0644, 0, 0);
        int fd = Linux.open(file, Linux.O_RDWR, 0);
        assertEquals(0, Linux.flock(fd, LOCK_EXCLUSIVE_NOW));
        assertNotEquals(0, end(start("flock", "-n", file, "true")));
        assertEquals(0, Linux.close(fd));
        assertEquals(0, end(start("flock", "-n", file, "true")));
    }

    @Test
    void shouldReadAndWriteDirectly() throws Exception {
        mount();
        String file = on("direct");
        byte[] content = new byte[8 * PAGE];
        new Random(1).nextBytes(content);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(content.length, PAGE);
            MemorySegment.copy(content, 0, buffer, JAVA_BYTE, 0, content.length);
            int fd = Linux.open(file, Linux.O_CREAT | Linux.O_RDWR | Linux.O_DIRECT, 0644);
            assertTrue(fd >= 0, "open: " + fd);
            assertEquals(content.length, Linux.pwrite(fd, buffer, 0, content.length, PAGE));
            buffer.fill((byte) 0);
            assertEquals(content.length, Linux.pread(fd, buffer, 0, content.length, PAGE));
            assertArrayEquals(content, buffer.toArray(JAVA_BYTE));
            assertEquals(0, Linux.close(fd));
        }
        byte[] whole = Files.readAllBytes(Path.of(file));
        assertArrayEquals(new byte[PAGE], Arrays.copyOf(whole, PAGE));
        assertArrayEquals(content, Arrays.copyOfRange(whole, PAGE, whole.length));
    }

    @Test
    void shouldShareMappingsAndKeepPrivateOnesPrivate() throws Exception {
        mount();
        Path file = Path.of(on("mapped"));
        Files.write(file, new byte[3 * PAGE + 100]);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
                Arena arena = Arena.ofConfined()) {
            MemorySegment shared = channel.map(FileChannel.MapMode.READ_WRITE, 0, channel.size(), arena);
            MemorySegment own = channel.map(FileChannel.MapMode.PRIVATE, 0, channel.size(), arena);
            shared.set(JAVA_BYTE, PAGE, (byte) 7);
            shared.set(JAVA_BYTE, 3 * PAGE + 99, (byte) 8);
            own.set(JAVA_BYTE, 0, (byte) 9);
            assertEquals(7, Files.readAllBytes(file)[PAGE]);
            shared.force();
        }
        remount();
        byte[] whole = Files.readAllBytes(file);
        assertEquals(0, whole[0]);
        assertEquals(7, whole[PAGE]);
        assertEquals(8, whole[3 * PAGE + 99]);
    }

    @Test
    void shouldKeepSpecialFiles() throws Exception {
        mount();
        long device = 259L << 8 | 3 | 1L << 20; // major 259, minor 0x103
        assertEquals(0, Libc.mknod(on("fifo"), Linux.S_IFIFO | 0600, 0));
        assertEquals(0, Libc.mknod(on("socket"), Linux.S_IFSOCK | 0600, 0));
        assertEquals(0, Libc.mknod(on("character"), Linux.S_IFCHR | 0600, 1 << 8 | 3));
        assertEquals(0, Libc.mknod(on("block"), Linux.S_IFBLK | 0600, device));
        Process writer = start("sh", "-c", "echo through > \"$1\"", "sh", on("fifo"));
        assertEquals("through\n", Files.readString(Path.of(on("fifo"))));
        assertEquals(0, end(writer));
        for (int round = 0; round < 2; round++) {
            assertEquals(Linux.S_IFIFO | 0600, look(on("fifo")).mode);
            assertEquals(Linux.S_IFSOCK | 0600, look(on("socket")).mode);
            assertEquals(Linux.S_IFCHR | 0600, look(on("character")).mode);
            assertEquals(1 << 8 | 3, look(on("character")).rdev);
            assertEquals(Linux.S_IFBLK | 0600, look(on("block")).mode);
            assertEquals(device, look(on("block")).rdev);
            remount();
        }
        assertTrue(!may(1001, 1001, "", "mknod \"$1\" c 1 3", makeDirectory("open", 0777, 0, 0) + "/null"));
    }

    @Test
    void shouldTakeNamesOf255Bytes() throws Exception {
        mount();
        String longest = "n".repeat(255);
        String umlauts = "ü".repeat(127) + "n";
        Files.writeString(Path.of(on(longest)), "1");
        Files.writeString(Path.of(on(umlauts)), "2");
        assertEquals(-Linux.ENAMETOOLONG, Linux.mkdir(on(longest + "n"), 0755));
        assertEquals(-Linux.ENAMETOOLONG, Libc.symlink("x", on("n".repeat(256))));
        remount();
        assertEquals("1", Files.readString(Path.of(on(longest))));
        assertEquals("2", Files.readString(Path.of(on(umlauts))));
        try (Libc.Directory directory = new Libc.Directory(on("."))) {
            Set<String> names = new HashSet<>();
            for (String name = directory.next(); name != null; name = directory.next()) {
                names.add(name);
            }
            assertEquals(Set.of(".", "..", longest, umlauts), names);
        }
    }

    @Test
    void shouldReachPathsOf4095Bytes() {
        mount();
        StringBuilder path = new StringBuilder(on("p"));
        assertEquals(0, Linux.mkdir(path.toString(), 0755));
        while (path.length() + 201 < 4095 - 2) {
            path.append('/').append("d".repeat(200));
            assertEquals(0, Linux.mkdir(path.toString(), 0755));
        }
        path.append('/').append("e".repeat(4095 - path.length()));
        assertEquals(4095, path.length());
        assertEquals(0, Linux.mkdir(path.toString(), 0755));
        assertEquals(0, Libc.chmod(path.toString(), 0700));
        assertEquals(-Linux.ENAMETOOLONG, Libc.chmod(path + "e", 0700));
        remount();
        assertEquals(Linux.S_IFDIR | 0700, look(path.toString()).mode);
        String target = "t".repeat(4095);
        assertEquals(0, Libc.symlink(target, on("link")));
        assertEquals(target, Libc.readlink(on("link")));
    }

    @Test
    void shouldKeepNanosecondsOfAnyCentury() throws Exception {
        mount();
        long[] seconds = {0, 1, 1L << 31, 1L << 32, 7_000_000_000L, -1, -2_000_000_000L};
        for (int i = 0; i < seconds.length; i++) {
            make("t" + i, 0644, 0, 0);
            assertEquals(0, Libc.utimens(on("t" + i), seconds[i], 999_999_999, seconds[i], 1));
        }
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < seconds.length; i++) {
                FileStat stat = look(on("t" + i));
                assertEquals(seconds[i] * 1_000_000_000 + 999_999_999, stat.atimeNs, "atime " + seconds[i]);
                assertEquals(seconds[i] * 1_000_000_000 + 1, stat.mtimeNs, "mtime " + seconds[i]);
            }
            remount();
        }
    }

    @Test
    void shouldHoldAFileOfTheLargestSize() throws Exception {
        mount();
        String file = on("sparse");
        long last = Long.MAX_VALUE - 1;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(16);
            bytes.fill((byte) 5);
            int fd = Linux.open(file, Linux.O_CREAT | Linux.O_RDWR, 0644);
            assertEquals(1, Linux.pwrite(fd, bytes, 0, 1, last));
            assertEquals(-Linux.EINVAL, Linux.pwrite(fd, bytes, 0, 1, Long.MAX_VALUE)); // the kernel: the end overflows
            assertEquals(0, Linux.fsync(fd));
            assertEquals(0, Linux.close(fd));
            remount();
            assertEquals(Long.MAX_VALUE, look(file).size);
            assertTrue(look(file).blocks512 < 1 << 20, "it is sparse");
            fd = Linux.open(file, Linux.O_RDWR, 0);
            bytes.fill((byte) 1);
            assertEquals(11, Linux.pread(fd, bytes, 0, 11, last - 10));
            assertEquals(0, bytes.get(JAVA_BYTE, 0));
            assertEquals(5, bytes.get(JAVA_BYTE, 10));
            assertEquals(0, Linux.ftruncate(fd, 0));
            assertEquals(0, Linux.ftruncate(fd, Long.MAX_VALUE));
            assertEquals(1, Linux.pread(fd, bytes, 0, 1, last));
            assertEquals(0, bytes.get(JAVA_BYTE, 0));
            assertEquals(0, Linux.close(fd));
        }
    }

    /** What was there all the time is seen once; offsets stay valid. */
    @Test
    void shouldListWhileEntriesComeAndGo() throws Exception {
        mount();
        String path = makeDirectory("many", 0755, 0, 0);
        int count = 3000;
        for (int i = 0; i < count; i++) {
            make("many/f" + i, 0644, 0, 0);
        }
        Random random = new Random(5);
        Map<String, Integer> seen = new HashMap<>();
        Set<String> gone = new HashSet<>();
        Map<Long, String> places = new TreeMap<>();
        try (Libc.Directory directory = new Libc.Directory(path)) {
            int made = 0;
            while (true) {
                long place = directory.tell();
                String name = directory.next();
                if (name == null) {
                    break;
                }
                seen.merge(name, 1, Integer::sum);
                places.put(place, name);
                if (seen.size() % 7 == 0) {
                    String victim = "f" + random.nextInt(count);
                    if (Linux.unlink(path + "/" + victim) == 0) {
                        gone.add(victim);
                    }
                    make("many/new" + made++, 0644, 0, 0);
                }
                assertTrue(seen.size() < 10 * count, "the listing ends");
            }
            for (int i = 0; i < count; i++) {
                if (!gone.contains("f" + i)) {
                    assertEquals(1, seen.get("f" + i), "f" + i);
                }
            }
            seen.forEach((name, times) -> assertEquals(1, times, name));
            for (Map.Entry<Long, String> place : places.entrySet()) {
                if (random.nextInt(50) == 0 && !gone.contains(place.getValue())) {
                    directory.seek(place.getKey());
                    assertEquals(place.getValue(), directory.next());
                }
            }
        }
    }

    /** A file that was closed and not synced outlives the process when it is a little more than a second old. */
    @Test
    void shouldLoseNoMoreThanASecond() throws Exception {
        Path point = rig.mountPoint();
        byte[] content = new byte[300_000];
        new Random(2).nextBytes(content);
        Process first = serve(point);
        try {
            Files.write(point.resolve("f"), content);
            Files.createDirectory(point.resolve("d"));
            TimeUnit.MILLISECONDS.sleep(1500);
        } finally {
            first.destroyForcibly().waitFor();
            Linux.umount2(point.toString(), Linux.MNT_DETACH);
        }
        Process second = serve(point);
        try {
            assertArrayEquals(content, Files.readAllBytes(point.resolve("f")));
            assertTrue(Files.isDirectory(point.resolve("d")));
        } finally {
            second.destroyForcibly().waitFor();
            Linux.umount2(point.toString(), Linux.MNT_DETACH);
        }
    }

    /** The command in a process of its own; returns when it serves the mount point. */
    private Process serve(Path point) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                "io.qsfs.cli.Main",
                "mount",
                "--local",
                point.toString());
        for (String name : List.of("CONFIG", "DATA", "STATE", "RUNTIME")) {
            Path directory = Files.createDirectories(root.resolve("xdg-" + name));
            builder.environment()
                    .put(name.equals("RUNTIME") ? "XDG_RUNTIME_DIR" : "XDG_" + name + "_HOME", directory.toString());
        }
        Path said = root.resolve("said");
        Process process = builder.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(said.toFile()))
                .start();
        long device = look(root.toString()).device;
        FileStat stat = new FileStat();
        while (Linux.stat(point.toString(), stat) != 0 || stat.device == device) {
            assertTrue(process.isAlive(), () -> "the mount ended: " + said(said));
            TimeUnit.MILLISECONDS.sleep(20);
        }
        return process;
    }

    private static String said(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
