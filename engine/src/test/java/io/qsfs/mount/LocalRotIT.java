package io.qsfs.mount;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qsfs.bindings.linux.Linux;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a byte that rots in the state directory is never read as content; it is fetched from the backends, or costs its own file
 * alone. Method: a mount, a byte flipped in a segment file while nothing runs, a second mount. Needs root and /dev/fuse.
 */
class LocalRotIT {
    private static final int FILE_BYTES = 300_000;

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

    private static byte[] content(int seed) {
        byte[] data = new byte[FILE_BYTES];
        new Random(seed).nextBytes(data);
        return data;
    }

    private void writeFiles() throws IOException {
        for (int i = 0; i < 5; i++) {
            try (FileChannel file =
                    FileChannel.open(on("f" + i), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                file.write(java.nio.ByteBuffer.wrap(content(i)));
                file.force(true);
            }
        }
    }

    /** Flips a byte of file 2 in the data segment that holds it. */
    private void rotFile2() throws IOException {
        byte[] wanted = content(2);
        try (Stream<Path> files = Files.list(rig.state().resolve("log"))) {
            for (Path segment : files.filter(f -> f.getFileName().toString().startsWith("data-"))
                    .toList()) {
                int at = indexOf(Files.readAllBytes(segment), wanted);
                if (at >= 0) {
                    try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
                        file.seek(at + 1000);
                        file.write(wanted[1000] ^ 0x20);
                    }
                    return;
                }
            }
        }
        throw new AssertionError("no segment holds the file");
    }

    private static int indexOf(byte[] all, byte[] part) {
        for (int at = 0; at + 4096 <= all.length; at++) {
            if (java.util.Arrays.equals(all, at, at + 4096, part, 0, 4096)) {
                return at;
            }
        }
        return -1;
    }

    private void expectOthersIntact() throws IOException {
        for (int i : List.of(0, 1, 3, 4)) {
            assertArrayEquals(content(i), Files.readAllBytes(on("f" + i)), "file " + i);
        }
    }

    @Test
    void shouldFetchRottenBytesOfAPlacedSegment() throws IOException {
        rig.init();
        rig.mount();
        writeFiles();
        assertEquals(UnmountReport.Outcome.PLACED, rig.unmount().outcome());
        rotFile2();
        RunningMount mount = rig.mount();
        assertArrayEquals(content(2), Files.readAllBytes(on("f2")));
        expectOthersIntact();
        assertTrue(mount.status().traffic().rangesRotten() >= 1);
        assertTrue(mount.status().traffic().bytesFetched() > 0);
        assertEquals(0, mount.status().traffic().readErrors());
    }

    @Test
    void shouldFailOnlyTheReadsOfRottenBytesThatAreNowhereElse() throws IOException {
        rig.init();
        RunningMount mount = rig.mount();
        for (int i = 1; i <= MountRig.BACKENDS; i++) {
            Files.move(rig.backend(i), rig.backend(i).resolveSibling("off-" + i));
        }
        writeFiles();
        assertEquals(
                UnmountReport.Outcome.LOCAL_ONLY,
                mount.unmount(true, PrintSink.NONE).outcome());
        rotFile2();
        for (int i = 1; i <= MountRig.BACKENDS; i++) {
            Files.move(rig.backend(i).resolveSibling("off-" + i), rig.backend(i));
        }
        mount = rig.mount();
        IOException failure = assertThrows(IOException.class, () -> Files.readAllBytes(on("f2")));
        assertTrue(failure.getMessage().contains("Input/output error"), failure.getMessage());
        expectOthersIntact();
        assertTrue(mount.status().traffic().rangesRotten() >= 1);
        expectOthersIntact();
    }
}
