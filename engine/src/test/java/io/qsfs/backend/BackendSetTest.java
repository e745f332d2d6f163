package io.qsfs.backend;

import static io.qsfs.backend.BackendConformanceTest.IDENTITY;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A backend that goes away is left out, and one that comes back is reported once and used again. */
class BackendSetTest {
    private static final long RETURN_S_MAX = 20;

    @TempDir
    Path directory;

    private BackendSet open(BackendSpec spec, BlockingQueue<Backend> returned) {
        try (Backend backend = Backends.open(spec)) {
            assertEquals(BackendError.NONE, Calls.putIdentity(backend, IDENTITY).await());
        }
        return open(returned, spec);
    }

    private static BackendSet open(BlockingQueue<Backend> returned, BackendSpec spec) {
        BackendSet set = BackendSet.open(List.of(spec), IDENTITY.volume(), 4, Clock.SYSTEM);
        set.identifyAll(Calls.PLENTY_NS);
        set.onReturn(returned::add);
        return set;
    }

    private static void assertReturnsOnce(BackendSet set, BlockingQueue<Backend> returned) throws Exception {
        Backend back = returned.poll(RETURN_S_MAX, TimeUnit.SECONDS);
        assertNotNull(back, "no return was reported");
        assertEquals(set.all().getFirst(), back);
        assertEquals(List.of(back), set.usable());
        assertEquals("ok", set.members().getFirst().word());
        assertNull(set.members().getFirst().detail());
        assertNull(returned.poll(2500, TimeUnit.MILLISECONDS), "reported twice");
    }

    @Test
    void shouldReportADirectoryThatReturns() throws Exception {
        Path place = directory.resolve("disk");
        BlockingQueue<Backend> returned = new LinkedBlockingQueue<>();
        try (BackendSet set = open(BackendSpec.directory("disk", "", place), returned);
                Arena arena = Arena.ofShared()) {
            Files.move(place, directory.resolve("away"));
            assertEquals(BackendError.ABSENT, Calls.put(set.all().getFirst(), "x", arena.allocate(1)));
            assertEquals(List.of(), set.usable());
            assertEquals("absent", set.members().getFirst().word());
            Thread.sleep(2500); // a probe finds nothing
            assertEquals("absent", set.members().getFirst().word());
            Files.move(directory.resolve("away"), place);
            assertReturnsOnce(set, returned);
        }
    }

    /** It comes back before a probe has seen that it was away. */
    @Test
    void shouldReportADirectoryThatReturnsAtOnce() throws Exception {
        Path place = directory.resolve("disk");
        BlockingQueue<Backend> returned = new LinkedBlockingQueue<>();
        try (BackendSet set = open(BackendSpec.directory("disk", "", place), returned);
                Arena arena = Arena.ofShared()) {
            Files.move(place, directory.resolve("away"));
            assertEquals(BackendError.ABSENT, Calls.put(set.all().getFirst(), "x", arena.allocate(1)));
            Files.move(directory.resolve("away"), place);
            assertReturnsOnce(set, returned);
        }
    }

    @Test
    void shouldReportADirectoryThatWasAwayFromTheBeginning() throws Exception {
        Path place = directory.resolve("disk");
        BlockingQueue<Backend> returned = new LinkedBlockingQueue<>();
        open(BackendSpec.directory("disk", "", place), returned).close();
        Files.move(place, directory.resolve("away"));
        try (BackendSet set = open(returned, BackendSpec.directory("disk", "", place))) {
            assertEquals("absent", set.members().getFirst().word());
            Files.move(directory.resolve("away"), place);
            assertReturnsOnce(set, returned);
        }
    }

    /** A wrong disk was mounted for a while. */
    @Test
    void shouldReportADirectoryThatReturnsAfterAnother() throws Exception {
        Path place = directory.resolve("disk");
        BlockingQueue<Backend> returned = new LinkedBlockingQueue<>();
        try (BackendSet set = open(BackendSpec.directory("disk", "", place), returned)) {
            Files.move(place, directory.resolve("away"));
            try (Backend wrong = Backends.open(BackendSpec.directory("wrong", "", place))) {
                Identity identity = new Identity(new Id128(9, 9), new Id128(9, 8), 1);
                assertEquals(
                        BackendError.NONE, Calls.putIdentity(wrong, identity).await());
            }
            assertEquals(
                    BackendError.FOREIGN, Calls.size(set.all().getFirst(), "x").await());
            assertEquals(List.of(), set.usable());
            Thread.sleep(2500); // a probe finds the other one
            assertEquals("foreign", set.members().getFirst().word());
            assertNull(returned.poll());
            Files.move(place, directory.resolve("wrong"));
            Files.move(directory.resolve("away"), place);
            assertReturnsOnce(set, returned);
        }
    }

    @Test
    void shouldReportAServerThatReturns() throws Exception {
        BlockingQueue<Backend> returned = new LinkedBlockingQueue<>();
        try (RedisServer server = RedisServer.start(directory.resolve("redis"));
                BackendSet set = open(BackendSpec.redis("r", "", "127.0.0.1", server.port()), returned);
                Arena arena = Arena.ofShared()) {
            Backend backend = set.all().getFirst();
            server.kill9();
            for (int i = 0; i < HealthMeter.DOWN_AFTER_FAILURES; i++) {
                assertEquals(BackendError.UNREACHABLE, Calls.put(backend, "x" + i, arena.allocate(1)));
            }
            assertEquals(List.of(), set.usable());
            assertEquals("unreachable", set.members().getFirst().word());
            server.restart();
            assertReturnsOnce(set, returned);
            assertEquals(BackendError.NONE, Calls.put(backend, "again", arena.allocate(1)));
        }
    }
}
