package io.qsfs.mount;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.QsfsException;
import io.qsfs.log.Disk;
import io.qsfs.log.LogContext;
import io.qsfs.log.RealDisk;
import io.qsfs.memory.Clock;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: whatever a mount acknowledged comes to lie on backends, however the mount before ended, and who unmounts is told the truth
 * about the rest. Method: as {@link MountIT}; the end of a process is a copy of its state directory that was made while it ran.
 */
class PlacingIT {
    @TempDir
    Path root;

    private MountRig rig;

    @BeforeEach
    void begin() {
        assumeTrue(Linux.geteuid() == 0 && Files.isReadable(Path.of("/dev/fuse")), "needs root and /dev/fuse");
        rig = new MountRig(root);
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

    private static byte[] random(int bytes, long seed) {
        byte[] data = new byte[bytes];
        new Random(seed).nextBytes(data);
        return data;
    }

    private static void writeAndSync(Path file, byte[] data) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ByteBuffer left = ByteBuffer.wrap(data);
            while (left.hasRemaining()) {
                channel.write(left);
            }
            channel.force(true);
        }
    }

    /** State and backends as they are at this moment, as a machine finds them whose process was killed. */
    private Path keepImage(String name) throws IOException {
        Path image = Files.createDirectory(root.resolve(name));
        MountRig.copy(rig.state(), image.resolve("state"));
        for (int i = 1; i <= MountRig.BACKENDS; i++) {
            MountRig.copy(rig.backend(i), image.resolve("backend-" + i));
        }
        return image;
    }

    private void goBackTo(Path image) throws IOException {
        MountRig.delete(rig.state());
        Files.move(image.resolve("state"), rig.state());
        for (int i = 1; i <= MountRig.BACKENDS; i++) {
            MountRig.delete(rig.backend(i));
            Files.move(image.resolve("backend-" + i), rig.backend(i));
        }
    }

    /** The second process dies between the range table of the last data segment and the record that the segment is closed. */
    @Test
    void shouldPlaceADataSegmentThatWasClosedWithoutARecordOfIt() throws IOException {
        rig.init();
        rig.mount();
        byte[] data = random(3 << 20, 1);
        writeAndSync(on("file"), data);
        Path image = keepImage("killed");
        rig.unmount();
        goBackTo(image);
        try (StateDirectory state = StateDirectory.lock(rig.state(), PrintSink.NONE)) {
            OpenedVolume.open(state, rig.config(), 8 << 20, number -> null, new LogContext(), Clock.SYSTEM)
                    .close();
        }

        rig.mount();
        assertEquals(List.of(), rig.unmount().unplaced());
        for (int backend = 1; backend <= MountRig.BACKENDS; backend++) {
            assertFalse(rig.shards(backend, "d").isEmpty(), "the data is nowhere but here");
        }
        MountRig.delete(rig.state());
        assertEquals(List.of(), rig.recover().missing());
        rig.mount();
        assertArrayEquals(data, Files.readAllBytes(on("file")));
        assertTrue(rig.unmount().unplaced().isEmpty());
    }

    /** Five of six are taken away while the volume is mounted, and nothing is written that would notice. */
    @Test
    void shouldKeepLocalBytesAndTellTheMarginWhenBackendsVanish() throws Exception {
        rig.init();
        RunningMount mount = rig.mount();
        byte[] data = random(9 << 20, 2);
        writeAndSync(on("file"), data);
        assertEquals(List.of(), mount.flush(false, PrintSink.NONE).unplaced());
        assertEquals(2, mount.status().redundancy().margin());
        for (int i = 1; i <= 5; i++) {
            Files.move(rig.backend(i), root.resolve("away-" + i));
        }
        EvictReport report = mount.evict(true, PrintSink.NONE);
        assertTrue(report.kept().contains("not known to lie on enough durable backends"), report.kept());
        assertEquals(0, report.segments());
        assertEquals(0, mount.status().redundancy().margin());
        assertArrayEquals(data, Files.readAllBytes(on("file")));
    }

    @Test
    void shouldCountWhatIsOpenAsSafeOnlyHere() throws Exception {
        rig.init();
        RunningMount mount = rig.mount();
        assertEquals(0, mount.status().backlog().bytes());
        writeAndSync(on("file"), random(1 << 20, 3));
        StatusReport.Backlog backlog = mount.status().backlog();
        assertEquals(2, backlog.segments(), "one of each stream");
        assertTrue(backlog.bytes() > 1 << 20, backlog.toString());
        assertTrue(backlog.oldestMs() > 0, backlog.toString());
        mount.flush(false, PrintSink.NONE);
        assertEquals(0, mount.status().backlog().segments());
        assertEquals(0, mount.status().backlog().oldestMs());
    }

    /** An error of fdatasync stops the volume with content in segments that were never closed. */
    @Test
    void shouldNameWhatIsSafeOnlyHereWhenAStoppedVolumeIsUnmounted() throws Exception {
        rig.init();
        AtomicBoolean isBroken = new AtomicBoolean();
        RealDisk real = new RealDisk();
        Disk disk = (Disk) Proxy.newProxyInstance(
                Disk.class.getClassLoader(), new Class<?>[] {Disk.class}, (proxy, method, arguments) -> {
                    boolean isSync = method.getName().equals("fdatasync") && isBroken.get();
                    return isSync ? -Linux.EIO : method.invoke(real, arguments);
                });
        RunningMount mount = rig.mount(new LocalLauncher(disk));
        writeAndSync(on("placed"), random(1 << 20, 4));
        assertEquals(List.of(), mount.flush(false, PrintSink.NONE).unplaced());
        isBroken.set(true);
        assertThrows(IOException.class, () -> writeAndSync(on("lost"), random(2 << 20, 5)));
        for (int i = 0; i < 500 && mount.status().state() == StatusReport.State.RUNNING; i++) {
            Thread.sleep(10);
        }
        assertEquals(StatusReport.State.READ_ONLY, mount.status().state());
        UnmountReport report = mount.stop(PrintSink.NONE);
        assertEquals(UnmountReport.Outcome.FAILED, report.outcome(), "what was not synced is not safe here either");
        assertTrue(report.error().contains("synced"), report.error());
        assertTrue(
                report.unplaced().stream()
                        .anyMatch(left -> left.segment().startsWith("data ") && left.bytes() >= 2 << 20),
                report.toString());
        assertTrue(report.unplaced().getFirst().reason().contains("stopped"), report.toString());
    }

    @Test
    void shouldNameWhatIsSafeOnlyHereWhenTooFewBackendsAreThere() throws IOException {
        rig.init();
        rig.mount();
        Files.move(rig.backend(1), root.resolve("away-1"));
        Files.move(rig.backend(2), root.resolve("away-2"));
        byte[] data = random(3 << 20, 6);
        writeAndSync(on("file"), data);
        UnmountReport report = rig.unmount();
        assertEquals(UnmountReport.Outcome.LOCAL_ONLY, report.outcome());
        assertTrue(report.unplaced().getFirst().reason().contains("b1 is absent"), report.toString());
        assertTrue(report.unplaced().stream().anyMatch(left -> left.segment().startsWith("data ")), report.toString());
        Files.move(root.resolve("away-1"), rig.backend(1));
        rig.mount();
        assertEquals(UnmountReport.Outcome.PLACED, rig.unmount().outcome());
    }

    private void copyAll(Path from, Path to) throws Exception {
        assertEquals(
                0,
                new ProcessBuilder("cp", "-a", from.toString(), to.toString())
                        .inheritIO()
                        .start()
                        .waitFor());
    }

    /** The same mount went on in the same metadata segment: its identity is known to the copy, its end is not. */
    @Test
    void shouldRefuseACopyOfAMountedStateDirectoryWhoseOriginalWentOn() throws Exception {
        rig.init();
        RunningMount mount = rig.mount();
        writeAndSync(on("first"), random(100_000, 7));
        copyAll(rig.state(), root.resolve("copy"));
        writeAndSync(on("second"), random(100_000, 8));
        assertEquals(List.of(), mount.flush(false, PrintSink.NONE).unplaced());
        rig.unmount();
        MountRig.delete(rig.state());
        Files.move(root.resolve("copy"), rig.state());
        String message = assertThrows(QsfsException.class, rig::mount).getMessage();
        assertTrue(message.contains("old copy") && message.contains("qsfs recover"), message);
    }

    /** A shard that cannot be read says nothing; the only good one of the segment still tells. */
    @Test
    void shouldRefuseAnOldCopyByTheOnlyShardThatCanBeRead() throws Exception {
        rig.init();
        RunningMount mount = rig.mount();
        writeAndSync(on("first"), random(100_000, 7));
        copyAll(rig.state(), root.resolve("copy"));
        writeAndSync(on("second"), random(100_000, 8));
        assertEquals(List.of(), mount.flush(false, PrintSink.NONE).unplaced());
        rig.unmount();
        for (int backend = 1; backend < 6; backend++) {
            for (Path shard : rig.shards(backend, "m")) {
                Files.write(shard, new byte[100]);
            }
        }
        MountRig.delete(rig.state());
        Files.move(root.resolve("copy"), rig.state());
        String message = assertThrows(QsfsException.class, rig::mount).getMessage();
        assertTrue(message.contains("old copy") && message.contains("qsfs recover"), message);
    }

    /** Inodes and times of the copy are what cp -a makes them; its index is a file that was copied while it changed. */
    @Test
    void shouldNotTrustTheIndexOfACopyOfAMountedStateDirectory() throws Exception {
        rig.init();
        rig.mount();
        byte[] data = random(3 << 20, 9);
        writeAndSync(on("file"), data);
        Path image = keepImage("image");
        MountRig.delete(image.resolve("state"));
        copyAll(rig.state(), image.resolve("state"));
        rig.unmount();
        goBackTo(image);
        rig.lines().said.clear();
        rig.mount();
        assertTrue(
                rig.lines().said.stream().anyMatch(line -> line.contains("index rebuilt from")),
                rig.lines().said.toString());
        assertArrayEquals(data, Files.readAllBytes(on("file")));
        assertEquals(UnmountReport.Outcome.PLACED, rig.unmount().outcome());
    }

    /** The command that a user runs, in a process of its own; what it said, and how it ended. */
    private String qsfs(int expected, String... arguments) throws Exception {
        List<String> line =
                new ArrayList<>(List.of(Path.of("..", "scripts", "qsfs").toString()));
        line.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true);
        builder.environment().put("XDG_CONFIG_HOME", root.toString());
        builder.environment().put("XDG_RUNTIME_DIR", root.toString());
        Path output =
                Files.createTempFile(root, "said", ".txt"); // a pipe would be held open by a mount in the background
        Process process = builder.redirectOutput(output.toFile()).start();
        int code = process.waitFor();
        String said = Files.readString(output);
        assertEquals(expected, code, said);
        return said;
    }

    /** Mounts in the background. */
    private ProcessHandle mountProcess() throws Exception {
        String said = qsfs(
                0,
                "mount",
                "-d",
                "--config",
                rig.config().file().toString(),
                rig.mountPoint().toString());
        Matcher pid = Pattern.compile("\\(pid (\\d+)").matcher(said);
        assertTrue(pid.find(), said);
        return ProcessHandle.of(Long.parseLong(pid.group(1))).orElseThrow();
    }

    /** Kills it and waits until it has ended; where nobody reaps it, it stays behind as a zombie. */
    private static void kill(ProcessHandle process) throws Exception {
        process.destroyForcibly();
        Path stat = Path.of("/proc", Long.toString(process.pid()), "stat");
        for (int i = 0; i < 1000 && process.isAlive(); i++) {
            String line = Files.exists(stat) ? Files.readString(stat) : ") Z";
            if (line.substring(line.lastIndexOf(')')).startsWith(") Z")) {
                return;
            }
            Thread.sleep(10);
        }
    }

    @Test
    void shouldPlaceEverythingAfterItsProcessWasKilledAtAnyMoment() throws Exception {
        long seed = Long.getLong("qsfs.seed", System.nanoTime());
        Random random = new Random(seed);
        rig.init();
        ProcessHandle process = null;
        try {
            for (int round = 0; round < 4; round++) {
                process = mountProcess();
                for (int file = 0; file < 3; file++) {
                    writeAndSync(
                            on("file-" + round + "-" + file),
                            random(1 + random.nextInt(6 << 20), seed + 10 * round + file));
                }
                Thread.sleep(random.nextInt(400)); // somewhere in its placing
                kill(process);
            }
            process = mountProcess();
            qsfs(0, "umount", rig.mountPoint().toString());
        } finally {
            if (process != null) {
                kill(process);
            }
        }
        MountRig.delete(rig.state());
        assertEquals(List.of(), rig.recover().missing(), "seed " + seed);
        rig.mount();
        random.setSeed(seed);
        for (int round = 0; round < 4; round++) {
            for (int file = 0; file < 3; file++) {
                byte[] data = random(1 + random.nextInt(6 << 20), seed + 10 * round + file);
                assertArrayEquals(data, Files.readAllBytes(on("file-" + round + "-" + file)), "seed " + seed);
            }
            random.nextInt(400);
        }
        rig.unmount();
    }

    @Test
    void shouldExitWith3AndNameWhatIsSafeOnlyHere() throws Exception {
        rig.init();
        ProcessHandle process = mountProcess();
        try {
            Files.move(rig.backend(1), root.resolve("away-1"));
            Files.move(rig.backend(2), root.resolve("away-2"));
            writeAndSync(on("file"), random(1 << 20, 10));
            String said = qsfs(3, "umount", rig.mountPoint().toString());
            assertTrue(said.contains("safe only on this machine") && said.contains("  data "), said);
            assertTrue(said.contains("b1 is absent"), said);
        } finally {
            kill(process);
        }
    }
}
