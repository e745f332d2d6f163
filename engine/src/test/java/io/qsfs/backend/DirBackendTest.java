package io.qsfs.backend;

import static io.qsfs.backend.BackendConformanceTest.IDENTITY;
import static io.qsfs.backend.BackendError.ABSENT;
import static io.qsfs.backend.BackendError.CORRUPT;
import static io.qsfs.backend.BackendError.FULL;
import static io.qsfs.backend.BackendError.NONE;
import static io.qsfs.backend.BackendError.NOT_FOUND;
import static io.qsfs.backend.Calls.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A directory that is not as it was left: emptied, gone, another, full, damaged. */
class DirBackendTest {
    @TempDir
    Path directory;

    private final Arena arena = Arena.ofShared();
    private Path place;
    private Backend backend;

    @BeforeEach
    void open() {
        place = directory.resolve("a/b/backend");
        backend = Backends.open(BackendSpec.directory("disk", "", place));
    }

    @AfterEach
    void close() {
        backend.close();
        arena.close();
    }

    private void makeBackend() {
        BlockingCompletion<Void> made = Calls.putIdentity(backend, IDENTITY);
        assertEquals(NONE, made.await(), made.detail());
    }

    private List<String> files(Path below) throws IOException {
        try (Stream<Path> files = Files.walk(below)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> below.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void shouldIgnoreLeftoversOfACrash() throws IOException {
        makeBackend();
        assertEquals(NONE, Calls.put(backend, "shard/x", bytes(arena, 10, 1)));
        Path temporaries = place.resolve(".tmp");
        Path old = temporaries.resolve("put-0123456789abcdef-7");
        Path young = temporaries.resolve("put-0123456789abcdef-8");
        Path foreign = temporaries.resolve("somebody's");
        for (Path leftover : List.of(old, young, foreign)) {
            Files.write(leftover, new byte[100]);
        }
        FileTime longAgo = FileTime.from(Instant.now().minusSeconds(2 * 3600));
        Files.setLastModifiedTime(old, longAgo);
        Files.setLastModifiedTime(foreign, longAgo);
        assertEquals(Map.of("shard/x", 10L), Calls.list(backend, ""));
        assertEquals(NONE, Calls.put(backend, "shard/y", bytes(arena, 10, 1)));
        try (Backend again = Backends.open(BackendSpec.directory("disk", "", place))) {
            assertEquals(NONE, Calls.identify(again).await());
        }
        assertFalse(Files.exists(old), "what a crash left long ago is removed");
        assertTrue(Files.exists(young), "a put of another process may be under way");
        assertTrue(Files.exists(foreign), "not ours");
    }

    @Test
    void shouldLeaveNoTemporaries() throws IOException {
        makeBackend();
        assertEquals(NONE, Calls.put(backend, "shard/x", bytes(arena, 10, 1)));
        assertEquals(BackendError.EXISTS, Calls.put(backend, "shard/x", bytes(arena, 10, 1)));
        assertEquals(List.of("identity", "shard/x"), files(place));
    }

    @Test
    void shouldNeverCreateAnAbsentDirectory() throws IOException {
        makeBackend();
        MemorySegment value = bytes(arena, 10, 1);
        assertEquals(NONE, Calls.put(backend, "shard/x", value));
        Path away = directory.resolve("away");
        Files.move(place, away);
        assertEquals(ABSENT, Calls.put(backend, "shard/y", value));
        assertEquals(ABSENT, Calls.get(backend, "shard/x", 0, value));
        assertEquals(ABSENT, Calls.delete(backend, "shard/x"));
        assertEquals(ABSENT, Calls.identify(backend).await());
        assertEquals(ABSENT, Calls.list(backend, "", new java.util.HashMap<>()));
        assertFalse(Files.exists(place));
        Files.createDirectory(place); // the mount point of a disk that is not there
        assertEquals(ABSENT, Calls.put(backend, "shard/y", value));
        assertEquals(ABSENT, Calls.get(backend, "shard/x", 0, value));
        assertEquals(ABSENT, Calls.identify(backend).await());
        assertEquals(List.of(), files(place));
        Files.delete(place);
        Files.move(away, place);
        assertEquals(NONE, Calls.get(backend, "shard/x", 0, value));
        assertEquals(NONE, Calls.put(backend, "shard/y", value));
    }

    @Test
    void shouldBeAbsentWhenEmptied() throws IOException {
        makeBackend();
        assertEquals(NONE, Calls.put(backend, "shard/x", bytes(arena, 10, 1)));
        Files.delete(place.resolve("identity"));
        Files.delete(place.resolve("shard/x"));
        assertEquals(ABSENT, Calls.get(backend, "shard/x", 0, arena.allocate(10)), "not NOT_FOUND: nothing is known");
        assertEquals(ABSENT, Calls.size(backend, "shard/x").await());
        assertEquals(ABSENT, Calls.put(backend, "shard/y", bytes(arena, 10, 1)));
    }

    @Test
    void shouldSayForeignWhenAnotherBackendIsThere() throws IOException {
        makeBackend();
        Files.move(place, directory.resolve("away"));
        try (Backend other = Backends.open(BackendSpec.directory("other", "", place))) {
            Identity identity = new Identity(IDENTITY.volume(), new Id128(3, 4), 1);
            assertEquals(NONE, Calls.putIdentity(other, identity).await());
        }
        assertEquals(BackendError.FOREIGN, Calls.put(backend, "shard/x", bytes(arena, 10, 1)));
        assertEquals(BackendError.FOREIGN, Calls.identify(backend).await());
        assertEquals(List.of("identity"), files(place));
    }

    @Test
    void shouldSayCorruptWhenTheIdentityIsDamaged() throws IOException {
        makeBackend();
        byte[] bytes = Files.readAllBytes(place.resolve("identity"));
        bytes[20] ^= 1;
        Files.write(place.resolve("identity"), bytes);
        try (Backend again = Backends.open(BackendSpec.directory("disk", "", place))) {
            BlockingCompletion<Identity> identified = Calls.identify(again);
            assertEquals(CORRUPT, identified.await());
            assertTrue(identified.detail().contains("crc"), identified.detail());
        }
    }

    @Test
    void shouldNotTakeADirectoryForAnObject() {
        makeBackend();
        assertEquals(NONE, Calls.put(backend, "shard/x/y", bytes(arena, 10, 1)));
        assertFalse(Calls.size(backend, "shard/x").await() == NONE, "it has no size");
        assertFalse(Calls.get(backend, "shard/x", 0, arena.allocate(0)) == NONE);
        assertEquals(NOT_FOUND, Calls.size(backend, "shard/z").await());
    }

    /** On a tmpfs of 1 MiB, which only root can mount. */
    @Test
    void shouldSayFullWhenThereIsNoSpace() throws Exception {
        Path disk = Files.createDirectory(directory.resolve("tiny"));
        assumeTrue(run("mount", "-t", "tmpfs", "-o", "size=1m", "qsfs-test", disk.toString()) == 0, "mount needs root");
        try (Backend tiny = new TrackedBackend(
                Backends.open(BackendSpec.directory("tiny", "", disk.resolve("backend"))), Clock.SYSTEM, 2)) {
            assertEquals(NONE, Calls.putIdentity(tiny, IDENTITY).await());
            MemorySegment value = bytes(arena, 300_000, 1);
            BackendError error = NONE;
            int count = 0;
            while (error == NONE && count < 10) {
                error = Calls.put(tiny, "shard/" + count++, value);
            }
            assertEquals(FULL, error);
            assertEquals(4, count);
            assertTrue(tiny.health().full());
            assertEquals(FULL, Calls.put(tiny, "shard/more", bytes(arena, 2 << 20, 1)));
            assertEquals(4, files(disk.resolve("backend")).size(), "identity, three objects, no temporary");
            assertEquals(NONE, Calls.get(tiny, "shard/0", 0, arena.allocate(300_000)));
            // Not the one just read: its reader answers before it closes the file, which holds the space that long.
            assertEquals(NONE, Calls.delete(tiny, "shard/1"));
            assertEquals(NONE, Calls.put(tiny, "shard/again", value));
            assertFalse(tiny.health().full());
            Capacity capacity = Calls.capacity(tiny).value();
            assertEquals(1 << 20, capacity.totalBytes());
            assertTrue(capacity.freeBytes() < 200_000, capacity.toString());
        } finally {
            run("umount", disk.toString());
        }
    }

    private static int run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }
}
