package io.qsfs.mount;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qsfs.bindings.linux.FsStat;
import io.qsfs.bindings.linux.Linux;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: ranges of files do on the real kernel what they do on other file systems, shared content stays what it was whatever
 * becomes of the others that share it, and quotas hold. Method: as {@code MountIT}; where there is something to compare with,
 * the same operations go to a file of the local file system. Needs root and /dev/fuse.
 */
class RangesIT {
    private static final int PUNCH = Linux.FALLOC_FL_PUNCH_HOLE | Linux.FALLOC_FL_KEEP_SIZE;
    private static final int ZERO = Linux.FALLOC_FL_ZERO_RANGE;
    private static final int KEEP = Linux.FALLOC_FL_KEEP_SIZE;
    private static final long FICLONE = 0x4004_9409L;
    private static final long FICLONERANGE = 0x4020_940dL;
    private static final int MIB = 1 << 20;
    private static final long SEED = Long.getLong("qsfs.seed", 20_261_128L);

    @TempDir
    Path root;

    private MountRig rig;

    @BeforeEach
    void begin() {
        assumeTrue(Linux.geteuid() == 0 && Files.isReadable(Path.of("/dev/fuse")), "needs root and /dev/fuse");
        rig = new MountRig(root);
        rig.init();
    }

    @AfterEach
    void end() {
        if (rig != null) {
            rig.close();
        }
    }

    private Path on(String name) {
        return rig.mountPoint().resolve(name);
    }

    private void unmount() {
        assertEquals(UnmountReport.Outcome.PLACED, rig.unmount().outcome());
    }

    private static byte[] random(int bytes, long seed) {
        byte[] data = new byte[bytes];
        new Random(seed).nextBytes(data);
        return data;
    }

    // fallocate

    @Test
    void shouldAllocatePunchAndZeroAsTheLocalFileSystemDoes() throws Exception {
        rig.mount();
        List<String> done = new ArrayList<>();
        Random random = new Random(SEED);
        try (OpenFile here = OpenFile.create(root.resolve("reference"));
                OpenFile there = OpenFile.create(on("file"))) {
            for (int i = 0; i < 400; i++) {
                done.add(step(random, here, there));
                if (i % 20 == 19) {
                    compare(here.all(), there.all(), done);
                }
                if (random.nextInt(15) == 0) {
                    there.sync();
                }
            }
            compare(here.all(), there.all(), done);
        } catch (AssertionError e) {
            throw new AssertionError(
                    "seed " + SEED + ", the last steps: " + done.subList(Math.max(0, done.size() - 25), done.size()),
                    e);
        }
        byte[] expected = Files.readAllBytes(root.resolve("reference"));
        unmount();
        rig.mount();
        compare(expected, Files.readAllBytes(on("file")), done);
    }

    /** The same change of both files, of one of the ways there are. */
    private String step(Random random, OpenFile here, OpenFile there) throws Exception {
        long offset = random.nextInt(3) == 0 ? random.nextInt(64) * 4096L : random.nextInt(300_000);
        int length = 1 + (random.nextInt(3) == 0 ? random.nextInt(16) * 4096 : random.nextInt(60_000));
        switch (random.nextInt(10)) {
            case 0, 1, 2 -> {
                byte[] bytes = random(length, random.nextLong());
                assertEquals(length, here.write(bytes, offset));
                assertEquals(length, there.write(bytes, offset));
                return "write " + offset + "+" + length;
            }
            case 3 -> {
                assertEquals(0, Linux.ftruncate(here.fd, offset));
                assertEquals(0, Linux.ftruncate(there.fd, offset));
                return "truncate " + offset;
            }
            case 4 -> {
                byte[] bytes = random(Math.min(length / 4, (int) Math.max(0, here.size() - offset)), random.nextLong());
                assertEquals(bytes.length, here.write(bytes, offset));
                storeMapped(on("file"), offset, bytes);
                return "store mapped " + offset + "+" + bytes.length;
            }
            case 5 -> {
                long to = random.nextInt(300_000);
                byte[] copied = here.read(offset, length);
                if (Math.abs(to - offset) < length || copied.length == 0) {
                    return "nothing";
                }
                assertEquals(copied.length, here.write(copied, to));
                assertEquals(copied.length, there.copyTo(there, offset, to, length));
                return "copy " + offset + "+" + length + " to " + to;
            }
            default -> {
                int mode = List.of(0, KEEP, PUNCH, PUNCH, ZERO, ZERO | KEEP).get(random.nextInt(6));
                assertEquals(0, here.allocate(mode, offset, length));
                assertEquals(0, there.allocate(mode, offset, length));
                return "fallocate " + mode + " " + offset + "+" + length;
            }
        }
    }

    /**
     * Stores through a shared mapping, in another process: this one is the file system, and a fault that waits for it would hold
     * the lock of mappings that it needs itself.
     */
    private static void storeMapped(Path path, long offset, byte[] bytes) throws Exception {
        if (bytes.length > 0) {
            String script = "import mmap,sys\nf=open(sys.argv[1],'r+b')\nm=mmap.mmap(f.fileno(),0)\n"
                    + "o=int(sys.argv[2]); b=bytes.fromhex(sys.argv[3])\nm[o:o+len(b)]=b\n";
            python(
                    script,
                    path.toString(),
                    Long.toString(offset),
                    HexFormat.of().formatHex(bytes));
        }
    }

    private static void compare(byte[] expected, byte[] found, List<String> done) {
        int at = Arrays.mismatch(expected, found);
        assertEquals(
                -1,
                at,
                () -> "sizes " + expected.length + " and " + found.length + ", after " + done.size() + " steps");
    }

    @Test
    void shouldGiveBlocksBackAndRefuseWhatTheKernelDoesNotPassOn() {
        rig.mount();
        try (OpenFile file = OpenFile.create(on("file"))) {
            assertEquals(4 * MIB, file.write(random(4 * MIB, 1), 0));
            assertEquals(0, file.sync());
            assertEquals(4 * MIB, file.held(4 * MIB));
            assertEquals(0, file.allocate(PUNCH, MIB, MIB));
            assertEquals(3 * MIB, file.held(3 * MIB));
            assertEquals(4 * MIB, file.size());
            assertEquals(0, file.allocate(ZERO, 3 * MIB, 2 * MIB));
            assertEquals(2 * MIB, file.held(2 * MIB));
            assertEquals(5 * MIB, file.size());
            assertEquals(0, file.allocate(KEEP, 5 * MIB, MIB));
            assertEquals(5 * MIB, file.size());
            assertEquals(0, file.allocate(0, 5 * MIB, MIB));
            assertEquals(6 * MIB, file.size());
            assertArrayEquals(new byte[MIB], file.read(MIB, MIB));
            for (int mode : new int[] {
                Linux.FALLOC_FL_COLLAPSE_RANGE, Linux.FALLOC_FL_INSERT_RANGE, Linux.FALLOC_FL_UNSHARE_RANGE
            }) {
                assertEquals(-Linux.EOPNOTSUPP, file.allocate(mode, 0, MIB), "mode " + mode);
            }
            assertEquals(6 * MIB, file.size());
        }
    }

    @Test
    void shouldShowTheBlocksOfAFileThatTheKernelKnewAsEmptyOrOld() throws Exception {
        rig.mount();
        try (OpenFile file = OpenFile.create(on("file"))) {
            assertEquals(MIB, file.write(random(MIB, 18), 0));
            assertEquals(0, file.sync());
            assertEquals(MIB, file.held(MIB));
        }
        unmount();
        rig.mount();
        try (OpenFile file = new OpenFile(on("file"), Linux.O_RDWR);
                OpenFile other = OpenFile.create(on("other"))) {
            assertEquals(MIB, file.held(MIB), "from here on the kernel may keep it");
            assertEquals(MIB, file.write(random(MIB, 19), MIB));
            assertEquals(0, file.sync());
            assertEquals(2 * MIB, file.held(2 * MIB), "after a write");
            assertEquals(2 * MIB, file.copyTo(other, 0, 0, 2 * MIB));
            assertEquals(2 * MIB, other.held(2 * MIB), "of a copy");
            assertEquals(0, Linux.ftruncate(file.fd, 4096));
            assertEquals(4096, file.held(4096), "after a truncation");
        }
    }

    // copy_file_range

    @Test
    void shouldShareWhatIsCopied() throws Exception {
        RunningMount mount = rig.mount();
        byte[] data = random(6 * MIB, 2);
        byte[] tail = random(100, 3);
        try (OpenFile source = OpenFile.create(on("source"));
                OpenFile copy = OpenFile.create(on("copy"))) {
            source.write(data, 0);
            long written = mount.status().traffic().bytesWritten();
            assertEquals(data.length, source.copyTo(copy, 0, 0, data.length), "dirty pages of the source are seen");
            assertEquals(data.length, copy.held(data.length));
            assertTrue(
                    mount.status().traffic().bytesWritten() <= Math.max(written, data.length),
                    "the copy wrote nothing but the source's dirty pages");
            assertEquals(
                    100, source.copyTo(copy, data.length - 100, data.length + 50, 4096), "up to the end of the source");
            assertEquals(data.length + 150, copy.size());
            source.write(tail, 1000);
            assertEquals(0, source.copyTo(copy, data.length, 0, 100), "nothing behind the end");
            assertEquals(-Linux.EINVAL, source.copyTo(source, 0, 4096, 8192), "onto itself");
            assertEquals(4096, source.copyTo(source, 0, 2 * MIB, 4096));
        }
        byte[] expected = Arrays.copyOf(data, data.length + 150);
        System.arraycopy(data, data.length - 100, expected, data.length + 50, 100);
        Files.delete(on("source"));
        assertArrayEquals(expected, Files.readAllBytes(on("copy")));
        assertNull(mount.evict(true, PrintSink.NONE).kept());
        unmount();
        rig.mount();
        assertArrayEquals(expected, Files.readAllBytes(on("copy")), "after its bytes were fetched back");
        unmount();
        MountRig.delete(rig.state());
        MountRig.delete(rig.backend(2));
        assertEquals(List.of(), rig.recover().missing());
        rig.mount();
        assertArrayEquals(expected, Files.readAllBytes(on("copy")), "after recovery from backends");
    }

    @Test
    void shouldCopyHolesAsHolesAndWhatOtherProgramsCopy() throws Exception {
        rig.mount();
        byte[] block = random(4096, 4);
        try (OpenFile source = OpenFile.create(on("source"));
                OpenFile copy = OpenFile.create(on("copy"))) {
            copy.write(random(MIB, 5), 0);
            source.write(block, 8L * MIB);
            assertEquals(8L * MIB + 4096, source.copyTo(copy, 0, 0, 1L << 40));
            assertEquals(4096, copy.held(4096));
            assertArrayEquals(new byte[MIB], copy.read(0, MIB));
            assertArrayEquals(block, copy.read(8L * MIB, 8192));
        }
        run("cp", "--sparse=never", on("copy").toString(), on("third").toString());
        assertArrayEquals(Files.readAllBytes(on("copy")), Files.readAllBytes(on("third")));
    }

    @Test
    void shouldShareInStepsWhatIsInManyPieces() {
        rig.mount();
        byte[] block = random(4096, 17);
        byte[] expected = new byte[1200 * 8192];
        try (OpenFile source = OpenFile.create(on("source"));
                OpenFile copy = OpenFile.create(on("copy"))) {
            for (int at = 0; at < expected.length; at += 8192) {
                assertEquals(block.length, source.write(block, at));
                System.arraycopy(block, 0, expected, at, block.length);
            }
            assertEquals(0, Linux.ftruncate(source.fd, expected.length));
            long first = source.copyTo(copy, 0, 0, expected.length);
            assertTrue(first > 0 && first < expected.length, "at once: " + first);
            long at = first;
            while (at < expected.length) {
                long count = source.copyTo(copy, at, at, expected.length - at);
                assertTrue(count > 0, "at " + at + ": " + count);
                at += count;
            }
            assertEquals(expected.length / 2, copy.held(expected.length / 2));
            assertArrayEquals(expected, copy.all());
        }
    }

    @Test
    void shouldKeepSharedContentWhenTheProcessDies() throws Exception {
        Process process = mountInAnotherProcess();
        byte[] data = random(3 * MIB, 6);
        byte[] patch = random(5000, 7);
        try (OpenFile source = OpenFile.create(on("source"));
                OpenFile copy = OpenFile.create(on("copy"))) {
            source.write(data, 0);
            assertEquals(data.length, source.copyTo(copy, 0, 0, data.length));
            copy.write(patch, 10_000);
            assertEquals(0, copy.allocate(PUNCH, 100_001, 50_000));
            assertEquals(0, Linux.unlink(on("source").toString()));
            assertEquals(0, copy.sync());
        } finally {
            process.destroyForcibly().waitFor();
            Linux.umount2(rig.mountPoint().toString(), Linux.MNT_DETACH);
        }
        System.arraycopy(patch, 0, data, 10_000, patch.length);
        Arrays.fill(data, 100_001, 150_001, (byte) 0);
        rig.mount();
        assertArrayEquals(data, Files.readAllBytes(on("copy")));
        unmount();
        MountRig.delete(rig.state().resolve("index"));
        rig.mount();
        assertArrayEquals(data, Files.readAllBytes(on("copy")), "after the index was made again");
    }

    /** A mount that can be killed. */
    private Process mountInAnotherProcess() throws Exception {
        Path config = rig.config().file();
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> !flag.startsWith("-javaagent:") && !flag.startsWith("-agentlib:"))
                .forEach(command::add);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "io.qsfs.cli.Main"));
        command.addAll(
                List.of("mount", "--config", config.toString(), rig.mountPoint().toString()));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(root.resolve("mount.log").toFile())
                .start();
        String line = " " + rig.mountPoint() + " fuse";
        while (!Files.readString(Path.of("/proc/self/mounts")).contains(line)) {
            assertTrue(process.isAlive(), () -> "the mount ended: " + read(root.resolve("mount.log")));
            TimeUnit.MILLISECONDS.sleep(20);
        }
        return process;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void shouldNotPassOnCloneRequests() {
        rig.mount();
        try (OpenFile source = OpenFile.create(on("source"));
                OpenFile copy = OpenFile.create(on("copy"));
                Arena arena = Arena.ofConfined()) {
            source.write(random(4096, 8), 0);
            assertEquals(-Linux.EOPNOTSUPP, Linux.ioctl(copy.fd, FICLONE, MemorySegment.ofAddress(source.fd)));
            MemorySegment range = arena.allocate(32, 8);
            range.set(ValueLayout.JAVA_LONG, 0, source.fd);
            range.set(ValueLayout.JAVA_LONG, 16, 4096);
            assertEquals(-Linux.EOPNOTSUPP, Linux.ioctl(copy.fd, FICLONERANGE, range));
            assertEquals(0, copy.size());
        }
    }

    @Test
    void shouldSeekAsInAFileWithoutHoles() {
        rig.mount();
        try (OpenFile file = OpenFile.create(on("file"))) {
            file.write(new byte[] {1}, MIB);
            assertEquals(5, Linux.lseek(file.fd, 5, Linux.SEEK_DATA));
            assertEquals(MIB + 1, Linux.lseek(file.fd, 5, Linux.SEEK_HOLE));
            assertEquals(-Linux.ENXIO, Linux.lseek(file.fd, MIB + 1, Linux.SEEK_DATA));
            assertEquals(0, file.allocate(PUNCH, 0, MIB));
            assertEquals(0, Linux.lseek(file.fd, 0, Linux.SEEK_DATA), "a hole is never told, so none is told wrongly");
        }
    }

    // Limits

    @Test
    void shouldHaveFilesUpToTheLastByteThatLinuxCanName() {
        rig.mount();
        long last = Long.MAX_VALUE - 1;
        try (OpenFile file = OpenFile.create(on("file"))) {
            assertEquals(1, file.write(new byte[] {42}, last));
            assertEquals(0, file.sync());
            assertEquals(Long.MAX_VALUE, file.size());
            long held = file.held(4096);
            assertTrue(held <= 4096, "held: " + held);
            assertEquals(-Linux.EINVAL, file.write(new byte[] {1}, Long.MAX_VALUE), "the kernel's answer");
            assertEquals(-Linux.EFBIG, file.allocate(0, last, 2));
            assertEquals(0, file.allocate(PUNCH, 1, last - 1));
        }
        unmount();
        rig.mount();
        try (OpenFile file = new OpenFile(on("file"), Linux.O_RDWR)) {
            assertEquals(Long.MAX_VALUE, file.size());
            assertArrayEquals(new byte[] {0, 0, 42}, file.read(last - 2, 3));
            assertEquals(0, Linux.ftruncate(file.fd, 3));
            assertArrayEquals(new byte[3], file.all());
        }
    }

    @Test
    void shouldTakeNamesAndPathsOfFullLength() {
        rig.mount();
        assertEquals(0, Linux.mkdir(on("n".repeat(255)).toString(), 0755));
        assertEquals(-Linux.ENAMETOOLONG, Linux.mkdir(on("n".repeat(256)).toString(), 0755));
        assertEquals(
                -Linux.ENAMETOOLONG,
                Linux.rename(on("n".repeat(255)).toString(), on("m".repeat(256)).toString()));
        StringBuilder path = new StringBuilder(rig.mountPoint().toString());
        while (4095 - path.length() - 1 > 255) {
            path.append('/').append("d".repeat(200));
            assertEquals(0, Linux.mkdir(path.toString(), 0755), () -> "at " + path.length());
        }
        path.append('/');
        path.append("f".repeat(4095 - path.length()));
        int fd = Linux.open(path.toString(), Linux.O_RDWR | Linux.O_CREAT, 0644);
        assertTrue(fd >= 0, () -> "a path of " + path.length() + " bytes: errno " + -fd);
        Linux.close(fd);
        assertEquals(-Linux.ENAMETOOLONG, Linux.unlink(path + "x"));
        assertEquals(0, Linux.unlink(path.toString()));
    }

    // Quotas

    @Test
    void shouldHoldTheQuotaOfBytes() {
        rig.mount("quota_bytes = \"16MiB\"");
        FsStat stat = new FsStat();
        assertEquals(0, Linux.statvfs(rig.mountPoint().toString(), stat));
        assertEquals(16L * MIB, stat.blocks * stat.fragmentBytes);
        try (OpenFile first = OpenFile.create(on("first"));
                OpenFile second = OpenFile.create(on("second"))) {
            assertEquals(10 * MIB, first.write(random(10 * MIB, 9), 0));
            assertEquals(0, first.sync());
            second.write(random(10 * MIB, 10), 0);
            assertEquals(-Linux.EDQUOT, second.sync(), "as on NFS, write-back says it");
            assertTrue(first.held(10L * MIB) + second.held(6L * MIB) <= 16L * MIB);
            assertEquals(0, Linux.ftruncate(second.fd, 6L * MIB));
            second.write(random(6 * MIB, 11), 0);
            assertEquals(0, second.sync(), "up to the limit");
            assertEquals(0, Linux.statvfs(rig.mountPoint().toString(), stat));
            assertEquals(-Linux.EDQUOT, second.allocate(0, 6L * MIB, 7L * MIB));
            assertEquals(0, first.allocate(0, 0, 10L * MIB), "what is there already");
            first.write(random(10 * MIB, 12), 0);
            assertEquals(0, first.sync(), "in place of what is there");
            assertEquals(0, Linux.rename(on("first").toString(), on("third").toString()));
            assertEquals(-Linux.EDQUOT, first.copyTo(second, 0, 6L * MIB, MIB));
            assertEquals(MIB, first.copyTo(second, 0, 0, MIB), "in place of what is there");
            assertEquals(0, first.allocate(PUNCH, 0, MIB));
            assertEquals(MIB, second.copyTo(second, 0, 6L * MIB, MIB));
            assertEquals(0, Linux.unlink(on("second").toString()));
        }
        unmount();
        rig.mount("quota_bytes = \"4MiB\"");
        try (OpenFile third = new OpenFile(on("third"), Linux.O_RDWR)) {
            third.write(random(MIB, 13), 2 * MIB);
            assertEquals(0, third.sync(), "above a limit that was lowered, what does not grow goes on");
            third.write(random(MIB, 13), 0);
            assertEquals(-Linux.EDQUOT, third.sync());
        }
        unmount();
        rig.mount();
        try (OpenFile third = new OpenFile(on("third"), Linux.O_RDWR)) {
            third.write(random(MIB, 13), 0);
            assertEquals(0, third.sync());
        }
    }

    @Test
    void shouldHoldTheQuotaOfInodes() throws IOException {
        rig.mount("quota_inodes = 4");
        FsStat stat = new FsStat();
        Files.createDirectory(on("directory"));
        Files.writeString(on("file"), "x");
        Files.createSymbolicLink(on("link"), Path.of("file"));
        assertEquals(0, Linux.statvfs(rig.mountPoint().toString(), stat));
        assertEquals(4, stat.files);
        assertEquals(-Linux.EDQUOT, Linux.mkdir(on("more").toString(), 0755));
        assertEquals(-Linux.EDQUOT, Linux.open(on("more").toString(), Linux.O_RDWR | Linux.O_CREAT, 0644));
        Files.createLink(on("name"), on("file"));
        Files.move(on("name"), on("other name"));
        Files.delete(on("directory"));
        Files.createDirectory(on("more"));
    }

    // Ways of access

    @Test
    void shouldReadAndWritePastThePageCache() {
        rig.mount();
        byte[] data = random(64 << 10, 14);
        try (OpenFile cached = OpenFile.create(on("file"));
                OpenFile direct = new OpenFile(on("file"), Linux.O_RDWR | Linux.O_DIRECT);
                Arena arena = Arena.ofConfined()) {
            cached.write(data, 0);
            MemorySegment buffer = arena.allocate(data.length, 4096);
            assertEquals(data.length, Linux.pread(direct.fd, buffer, 0, data.length, 0));
            assertArrayEquals(data, buffer.toArray(ValueLayout.JAVA_BYTE), "dirty pages are written back before");
            MemorySegment.copy(random(4096, 15), 0, buffer, ValueLayout.JAVA_BYTE, 0, 4096);
            assertEquals(4096, Linux.pwrite(direct.fd, buffer, 0, 4096, 8192));
            System.arraycopy(random(4096, 15), 0, data, 8192, 4096);
            assertArrayEquals(data, cached.all(), "cached pages are dropped");
            assertEquals(4096, Linux.pwrite(direct.fd, buffer, 0, 4096, 1L * MIB));
            assertEquals(MIB + 4096, cached.size());
        }
    }

    @Test
    void shouldMapSharedAndPrivate() throws Exception {
        rig.mount();
        byte[] data = random(20_000, 16);
        Files.write(on("file"), data);
        String script = "import mmap,sys\nf=open(sys.argv[1],'r+b')\n"
                + "ours=mmap.mmap(f.fileno(),0,mmap.MAP_PRIVATE)\nours[5000]=1\n"
                + "everyones=mmap.mmap(f.fileno(),0)\neveryones[10000]=2\neveryones[5000]=3\neveryones.flush()\n"
                + "print(ours[5000],everyones[5000],open(sys.argv[1],'rb').read()[10000])\n";
        assertEquals("1 3 2", python(script, on("file").toString()));
        data[5000] = 3;
        data[10_000] = 2;
        assertArrayEquals(data, Files.readAllBytes(on("file")), "private changes stay private");
        unmount();
        rig.mount();
        assertArrayEquals(data, Files.readAllBytes(on("file")));
    }

    @Test
    void shouldLockBetweenProcessesAndUnlockWhenOneDies() throws Exception {
        rig.mount();
        Files.writeString(on("file"), "0123456789");
        String holder = "import fcntl,sys\nf=open(sys.argv[1],'r+')\n"
                + "fcntl.flock(f,fcntl.LOCK_EX)\nfcntl.lockf(f,fcntl.LOCK_EX,4,2)\nprint('held',flush=True)\n"
                + "sys.stdin.read()\n";
        String prober = "import fcntl,sys\nf=open(sys.argv[1],'r+')\ndef t(g):\n"
                + "  try: g(); return 'free'\n  except OSError as e: return str(e.errno)\n"
                + "print(t(lambda:fcntl.flock(f,fcntl.LOCK_EX|fcntl.LOCK_NB)),"
                + "t(lambda:fcntl.lockf(f,fcntl.LOCK_EX|fcntl.LOCK_NB,4,2)),"
                + "t(lambda:fcntl.lockf(f,fcntl.LOCK_EX|fcntl.LOCK_NB,2,6)))\n";
        Process held = new ProcessBuilder("python3", "-c", holder, on("file").toString()).start();
        try {
            assertEquals("held", held.inputReader().readLine());
            assertEquals("11 11 free", python(prober, on("file").toString()));
        } finally {
            held.destroyForcibly().waitFor();
        }
        assertEquals("free free free", python(prober, on("file").toString()));
    }

    private static String python(String script, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("python3", "-c", script));
        command.addAll(List.of(arguments));
        return run(command.toArray(String[]::new));
    }

    private static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertEquals(0, process.waitFor(), said);
        return said;
    }
}
