package io.qsfs.fuse;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.fs.EvictedBytes;
import io.qsfs.fs.VolumeRig;
import io.qsfs.log.Streams;
import io.qsfs.memory.Clock;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: what has changed on the local disk is never served; it comes from the backends, or the read fails and nothing else does.
 * Method: files written over a fake kernel, bytes changed in the segment files between two mounts.
 */
@Timeout(60)
class LocalRotLoopbackTest {
    private static final long ROOT = 1;
    private static final int FILE_BYTES = 100_000;
    private static final int HEADER_BYTES = 4096;

    @TempDir
    Path directory;

    private final Copies copies = new Copies();
    private KernelPlayer kernel;
    private FuseSession session;
    private VolumeRig rig;
    private Arena arena;

    /** Backends that have the data stream, or nothing. */
    private static final class Copies implements EvictedBytes {
        private final List<Integer> asked = new ArrayList<>();
        private byte[] segment;

        @Override
        public int chunkBytes() {
            return 64 << 10;
        }

        @Override
        public int tryPin(long number, int chunk) {
            return -1;
        }

        @Override
        public void unpin(int slot) {}

        @Override
        public long slotAddress(int slot) {
            throw new IllegalStateException("no slot is mapped");
        }

        @Override
        public int read(int slot, int offset, MemorySegment target, long targetOffset, int length) {
            MemorySegment.copy(
                    MemorySegment.ofArray(segment), (long) slot * chunkBytes() + offset, target, targetOffset, length);
            return 0;
        }

        @Override
        public void request(long number, int chunk, Waiter waiter) {
            asked.add(chunk);
            waiter.onChunk(number, chunk, chunk, segment == null ? Linux.EIO : 0);
        }
    }

    @BeforeEach
    void begin() {
        arena = Arena.ofShared();
        kernel = new KernelPlayer();
        session = new FuseSession(arena, Clock.SYSTEM);
        rig = new VolumeRig(directory, session.replies(), session.interrupts(), copies);
        session.connect(kernel.daemonFd());
        session.start(rig.fileSystem(), VolumeRig.WORKERS);
        kernel.init();
    }

    @AfterEach
    void end() throws InterruptedException {
        stop(true);
        assertEquals(0, session.failureCount(), "exceptions in upcalls");
    }

    private void stop(boolean isClean) throws InterruptedException {
        session.exit();
        kernel.hangUp();
        session.awaitEnd();
        session.awaitAnswers(Long.MAX_VALUE);
        session.close();
        if (isClean) {
            rig.stopCleanly();
        } else {
            rig.close();
        }
        kernel.close();
        arena.close();
    }

    private static byte[] content(int seed) {
        byte[] bytes = new byte[FILE_BYTES];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private void write(String name, int seed) {
        assertEquals(
                0,
                kernel.write(kernel.create(ROOT, name, 0644).nodeId(), 0, content(seed))
                        .errno());
        assertEquals(0, kernel.fsync(ROOT).errno());
    }

    private KernelPlayer.Answer read(String name) {
        return kernel.read(kernel.lookup(ROOT, name).nodeId(), 0, FILE_BYTES);
    }

    private Path segment(long number) {
        return directory.resolve("log").resolve(String.format("data-%016x.seg", number));
    }

    private void flip(long number, long offset) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(segment(number).toFile(), "rw")) {
            file.seek(offset);
            int before = file.read();
            file.seek(offset);
            file.write(before ^ 1);
        }
    }

    /** Files a, b, c one behind the other in the first segment; a byte of b is changed while nothing runs. */
    private void rotB(boolean isClean) throws IOException, InterruptedException {
        write("a", 1);
        write("b", 2);
        write("c", 3);
        stop(isClean);
        flip(0, HEADER_BYTES + FILE_BYTES + 1234);
        begin();
    }

    private void expectOnlyBLost() {
        assertEquals(Linux.EIO, read("b").errno());
        assertArrayEquals(content(1), read("a").bytes());
        assertArrayEquals(content(3), read("c").bytes());
        assertEquals(Linux.EIO, read("b").errno(), "once distrusted, always");
        assertEquals(1, rig.fileSystem().rottenRanges());
    }

    @Test
    void shouldRefuseRottenBytesThatAreNowhereElse() throws Exception {
        rotB(true);
        expectOnlyBLost();
    }

    @Test
    void shouldTakeRottenBytesFromTheBackends() throws Exception {
        rotB(true);
        copies.segment = new byte[(int) VolumeRig.SEGMENT_BYTES];
        System.arraycopy(content(2), 0, copies.segment, FILE_BYTES, FILE_BYTES);
        assertArrayEquals(content(2), read("b").bytes());
        assertEquals(List.of(1, 2, 3), copies.asked.stream().distinct().sorted().toList(), "the chunks of b");
        copies.asked.clear();
        assertArrayEquals(content(1), read("a").bytes());
        assertArrayEquals(content(3), read("c").bytes());
        assertEquals(List.of(), copies.asked, "what is sound is served from here");
    }

    @Test
    void shouldCheckTheBytesOfASegmentThatACrashLeftOpen() throws Exception {
        rotB(false);
        expectOnlyBLost();
    }

    @Test
    void shouldFindTheChecksumsInTheRecordsWhenTheRangeTableHasRotted() throws Exception {
        write("a", 1);
        write("b", 2);
        write("c", 3);
        stop(true);
        begin(); // closes the segment
        assertArrayEquals(content(1), read("a").bytes());
        stop(true);
        flip(0, HEADER_BYTES + VolumeRig.SEGMENT_BYTES + 40);
        flip(0, HEADER_BYTES + FILE_BYTES + 1234);
        begin();
        expectOnlyBLost();
    }

    @Test
    void shouldCompareEachRangeOnce() throws Exception {
        write("a", 1);
        stop(true);
        begin();
        assertArrayEquals(content(1), read("a").bytes());
        flip(0, HEADER_BYTES + 7); // the page cache is what is served, and this goes through it
        byte[] now = read("a").bytes();
        assertEquals(content(1)[7] ^ 1, now[7], "was compared before");
        assertEquals(0, rig.fileSystem().rottenRanges());
        assertEquals(0, rig.log().catalog().numbers(Streams.DATA)[0]);
    }

    @Test
    void shouldServeWhatThisMountWroteAsItIs() throws Exception {
        write("a", 1);
        flip(0, HEADER_BYTES + 7);
        assertEquals(content(1)[7] ^ 1, read("a").bytes()[7]);
    }
}
