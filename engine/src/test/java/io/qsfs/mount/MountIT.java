package io.qsfs.mount;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.QsfsException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a volume does on the real kernel what it promises, and says in one sentence what it cannot do. Method: the launcher in
 * this process, six directories as backends, the mount used through ordinary files. Needs root and /dev/fuse.
 */
class MountIT {
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

    private static String refusal(Runnable action) {
        return assertThrows(QsfsException.class, action::run).getMessage();
    }

    @Test
    void shouldServeWhatWasWrittenAfterTwoBackendsAndAllLocalBytesAreGone() throws IOException {
        rig.init();
        rig.mount();
        byte[] data = random(20 << 20, 1);
        Files.createDirectories(on("a/b"));
        Files.write(on("a/b/big"), data);
        Files.writeString(on("a/small"), "small");
        Files.createSymbolicLink(on("a/link"), Path.of("small"));
        Files.createLink(on("a/hard"), on("a/small"));
        Files.setLastModifiedTime(on("a/small"), FileTime.fromMillis(1_000_000_123L));
        assertEquals(UnmountReport.Outcome.PLACED, rig.unmount().outcome());

        MountRig.delete(rig.backend(2));
        MountRig.delete(rig.backend(5));
        RunningMount mount = rig.mount();
        assertEquals(2, rig.lines().warned.size(), "a degraded mount says so: " + rig.lines().warned);
        EvictReport evicted = mount.evict(true, PrintSink.NONE);
        assertEquals("1 segment is not placed yet", evicted.kept(), "four backends are fewer than placed_min");
        assertTrue(evicted.bytesAfter() < evicted.bytesBefore(), evicted.toString());
        rig.unmount();

        mount = rig.mount();
        assertArrayEquals(data, Files.readAllBytes(on("a/b/big")));
        assertEquals("small", Files.readString(on("a/link")));
        assertEquals(1_000_000_123L, Files.getLastModifiedTime(on("a/small")).toMillis());
        assertEquals(2, (int) Files.getAttribute(on("a/hard"), "unix:nlink"));
        assertTrue(mount.status().traffic().bytesFetched() > 0);
        assertEquals(0, mount.status().redundancy().margin());
    }

    @Test
    void shouldComeBackFromBackendsAndKeyAlone() throws IOException {
        rig.init();
        rig.mount();
        byte[] data = random(9 << 20, 2);
        Files.write(on("file"), data);
        rig.unmount();
        MountRig.delete(rig.state());
        MountRig.delete(rig.backend(1));
        MountRig.delete(rig.backend(6));

        RecoverReport report = rig.recover();
        assertEquals(2, report.epoch());
        assertEquals(List.of(), report.missing());
        rig.mount();
        assertArrayEquals(data, Files.readAllBytes(on("file")));
        rig.unmount();

        MountRig.delete(rig.state().resolve("index"));
        rig.mount();
        assertArrayEquals(data, Files.readAllBytes(on("file")));
    }

    @Test
    void shouldRefuseTheMachineThatWasTakenOver() throws IOException {
        rig.init();
        rig.mount();
        Files.writeString(on("file"), "x");
        rig.unmount();
        Path old = root.resolve("old-state");
        Files.move(rig.state(), old);
        rig.recover();
        MountRig.delete(rig.state());
        Files.move(old, rig.state());
        String message = refusal(rig::mount);
        assertTrue(message.contains("taken over") && message.contains("qsfs recover"), message);
    }

    @Test
    void shouldRefuseAnOldCopyOfTheStateDirectory() throws IOException {
        rig.init();
        rig.mount();
        Files.writeString(on("first"), "1");
        rig.unmount();
        Path copy = root.resolve("copy");
        MountRig.copy(rig.state(), copy);
        rig.mount();
        Files.writeString(on("second"), "2");
        rig.unmount();
        MountRig.delete(rig.state());
        Files.move(copy, rig.state());
        String message = refusal(rig::mount);
        assertTrue(message.contains("old copy") && message.contains("qsfs recover"), message);
    }

    @Test
    void shouldRefuseAWrongKey() throws IOException {
        rig.init();
        Files.delete(rig.keyFile());
        io.qsfs.keys.KeyFile.create(rig.keyFile(), new java.security.SecureRandom())
                .close();
        String message = refusal(rig::mount);
        assertFalse(message.isBlank());
        assertTrue(message.toLowerCase(java.util.Locale.ROOT).contains("key"), message);
    }

    @Test
    void shouldRefuseToMountWithFewerBackendsThanItNeeds() {
        rig.init();
        for (int i = 1; i <= 3; i++) {
            MountRig.delete(rig.backend(i));
        }
        String message = refusal(rig::mount);
        assertTrue(message.contains("only 3 of 6 backends") && message.contains("4 are needed"), message);
        assertFalse(Files.exists(rig.backend(1)), "a backend that is absent is never made");
    }

    @Test
    void shouldRefuseABackendOfAnotherVolume() throws IOException {
        rig.init();
        try (MountRig other = new MountRig(Files.createDirectory(root.resolve("other")))) {
            other.init();
            MountRig.delete(rig.backend(3));
            MountRig.copy(other.backend(3), rig.backend(3));
        }
        String message = refusal(rig::mount);
        assertTrue(message.contains("b3") && message.contains("another volume"), message);
    }

    @Test
    void shouldRefuseToInitialiseOverAVolume() {
        rig.init();
        MountRig.delete(rig.state());
        String message = refusal(rig::init);
        assertTrue(message.contains("belongs to a volume already"), message);
    }

    @Test
    void shouldRefuseASecondMountOfTheVolume() {
        rig.init();
        rig.mount();
        String message = refusal(() -> new LocalLauncher()
                .mount(rig.config(), rig.key(), rig.mountPoint(), MountOptions.DEFAULT, PrintSink.NONE));
        assertTrue(message.contains("mounted already"), message);
    }

    @Test
    void shouldReadAroundTwoRottenShardsAndFailWithThree() throws IOException {
        rig.init();
        RunningMount mount = rig.mount();
        byte[] data = random(6 << 20, 3);
        Files.write(on("file"), data);
        Files.writeString(on("other"), "is in the metadata and the same segment");
        assertNull(mount.evict(true, PrintSink.NONE).kept());
        rig.unmount();
        flip(0);
        flip(1);
        mount = rig.mount();
        assertArrayEquals(data, Files.readAllBytes(on("file")));
        assertTrue(mount.status().traffic().shardsRotten() >= 2, "what is rotten is counted");
        rig.unmount();
        flip(2);
        rig.mount();
        IOException failure = assertThrows(IOException.class, () -> Files.readAllBytes(on("file")));
        assertTrue(failure.getMessage().contains("Input/output error"), failure.getMessage());
        int bad = 0;
        try (FileChannel channel = FileChannel.open(on("file"), StandardOpenOption.READ)) {
            ByteBuffer page = ByteBuffer.allocate(4096);
            for (int at = 0; at < data.length; at += 4096) {
                page.clear();
                try {
                    channel.read(page, at);
                    assertArrayEquals(java.util.Arrays.copyOfRange(data, at, at + 4096), page.array(), "at " + at);
                } catch (IOException e) {
                    bad++;
                }
            }
        }
        assertTrue(bad > 0 && bad < data.length / 4096, "pages that cannot be read: " + bad);
    }

    /** One byte of the shard with that index of every data segment, all at the same place. */
    private void flip(int shardIndex) throws IOException {
        int count = 0;
        for (int backend = 1; backend <= MountRig.BACKENDS; backend++) {
            for (Path shard : rig.shards(backend, "d")) {
                if (shard.getFileName().toString().equals(Integer.toString(shardIndex))) {
                    flipAt(shard, 4096 + 1000);
                    count++;
                }
            }
        }
        assertTrue(count > 0, "no shard with index " + shardIndex);
    }

    private static void flipAt(Path shard, long at) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(shard.toFile(), "rw")) {
            file.seek(at);
            int before = file.read();
            file.seek(at);
            file.write(before ^ 0x40);
        }
    }

    @Test
    void shouldReadAroundATruncatedShard() throws IOException {
        rig.init();
        RunningMount mount = rig.mount();
        byte[] data = random(5 << 20, 4);
        Files.write(on("file"), data);
        assertNull(mount.evict(true, PrintSink.NONE).kept());
        rig.unmount();
        for (Path shard : rig.shards(1, "d")) {
            try (RandomAccessFile file = new RandomAccessFile(shard.toFile(), "rw")) {
                file.setLength(5000);
            }
        }
        rig.mount();
        assertArrayEquals(data, Files.readAllBytes(on("file")));
    }

    @Test
    void shouldPlaceAgainWhatABackendLackedWhenItReturns() throws Exception {
        rig.init();
        Path away = root.resolve("away");
        RunningMount mount = rig.mount();
        Files.move(rig.backend(4), away);
        Files.write(on("file"), random(9 << 20, 5));
        mount.flush(false, PrintSink.NONE);
        assertTrue(mount.status().backlog().shardsOwed() > 0);
        Files.move(away, rig.backend(4));
        long owed = 1;
        for (int i = 0; i < 300 && owed > 0; i++) {
            Thread.sleep(100);
            owed = mount.status().backlog().shardsOwed();
        }
        assertEquals(0, owed);
    }

    @Test
    void shouldKeepReadingAndDeletingWhenTheDiskIsFull() throws Exception {
        Path small = Files.createDirectory(root.resolve("small"));
        assertEquals(
                0,
                new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=160m", "none", small.toString())
                        .start()
                        .waitFor());
        try {
            rig.init();
            String where = "state_dir = \"" + small.resolve("state") + "\"";
            Files.move(rig.state(), root.resolve("ignored"));
            MountRig.copy(root.resolve("ignored"), small.resolve("state"));
            fillUp(where);
        } finally {
            rig.close();
            new ProcessBuilder("umount", "-l", small.toString()).start().waitFor();
        }
    }

    private void fillUp(String where) throws IOException {
        rig.mountAt(where);
        Files.writeString(on("kept"), "kept");
        for (int i = 1; i <= MountRig.BACKENDS; i++) {
            Files.move(rig.backend(i), rig.backend(i).resolveSibling("off-" + i));
        }
        byte[] block = random(1 << 20, 6);
        IOException full = assertThrows(IOException.class, () -> {
            for (int i = 0; i < 400; i++) {
                try (FileChannel channel =
                        FileChannel.open(on("fill-" + i), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                    channel.write(ByteBuffer.wrap(block));
                    channel.force(true);
                }
            }
        });
        assertTrue(full.getMessage().contains("No space left"), full.getMessage());
        assertEquals("kept", Files.readString(on("kept")));
        assertArrayEquals(block, Files.readAllBytes(on("fill-0")));
        Files.delete(on("fill-1"));
        assertFalse(Files.exists(on("fill-1")));
        Files.writeString(root.resolve("note"), "the test itself is alive", StandardCharsets.UTF_8);
    }

    @Test
    void shouldTruncateAppendAndKeepUnlinkedFilesReadable() throws IOException {
        rig.init();
        rig.mount();
        byte[] data = random(300_000, 7);
        Files.write(on("f"), data);
        try (FileChannel open = FileChannel.open(on("f"), StandardOpenOption.READ)) {
            Files.delete(on("f"));
            ByteBuffer all = ByteBuffer.allocate(data.length);
            while (all.hasRemaining()) {
                open.read(all);
            }
            assertArrayEquals(data, all.array());
        }
        Files.write(on("g"), data);
        Files.write(on("g"), new byte[] {1, 2, 3}, StandardOpenOption.APPEND);
        assertEquals(data.length + 3, Files.size(on("g")));
        Files.write(on("g"), new byte[] {9}, StandardOpenOption.TRUNCATE_EXISTING);
        assertArrayEquals(new byte[] {9}, Files.readAllBytes(on("g")));
        rig.unmount();
        rig.mount();
        assertArrayEquals(new byte[] {9}, Files.readAllBytes(on("g")));
    }
}
