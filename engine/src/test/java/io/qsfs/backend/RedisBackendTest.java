package io.qsfs.backend;

import static io.qsfs.backend.BackendConformanceTest.IDENTITY;
import static io.qsfs.backend.BackendError.CLOSED;
import static io.qsfs.backend.BackendError.DENIED;
import static io.qsfs.backend.BackendError.EXISTS;
import static io.qsfs.backend.BackendError.FOREIGN;
import static io.qsfs.backend.BackendError.FULL;
import static io.qsfs.backend.BackendError.NONE;
import static io.qsfs.backend.BackendError.NOT_DURABLE;
import static io.qsfs.backend.BackendError.NOT_FOUND;
import static io.qsfs.backend.BackendError.TIMEOUT;
import static io.qsfs.backend.BackendError.UNREACHABLE;
import static io.qsfs.backend.Calls.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What goes wrong between here and a server: it dies, it stops, it refuses, it lies. Real servers, and a fake one for the lies. */
class RedisBackendTest {
    private static final long SHORT_NS = 400_000_000L;
    private static final long RECONNECT_MS_MAX = 15_000;

    @TempDir
    Path directory;

    private final Arena arena = Arena.ofShared();

    @AfterEach
    void closeArena() {
        arena.close();
    }

    private RedisServer server(String... options) throws Exception {
        return RedisServer.start(directory.resolve("redis"), options);
    }

    private static BackendSpec at(RedisServer server) {
        return BackendSpec.redis("r", "", "127.0.0.1", server.port());
    }

    private static void makeBackend(Backend backend) {
        BlockingCompletion<Void> made = Calls.putIdentity(backend, IDENTITY);
        assertEquals(NONE, made.await(), made.detail());
    }

    /** Asks until it is not UNREACHABLE: connecting again has pauses. */
    private static BackendError whenReachable(Backend backend) throws InterruptedException {
        BackendError error = UNREACHABLE;
        for (long waitedMs = 0; error == UNREACHABLE && waitedMs < RECONNECT_MS_MAX; waitedMs += 50) {
            Thread.sleep(50);
            error = Calls.delete(backend, "nothing");
            error = error == UNREACHABLE
                    ? error
                    : Calls.size(backend, "nothing").await();
        }
        return error;
    }

    @Test
    void shouldLoseNoAcknowledgedPutWhenTheServerIsKilled() throws Exception {
        int count = 48;
        try (RedisServer server = server();
                Backend backend = Backends.open(at(server))) {
            makeBackend(backend);
            List<BlockingCompletion<Void>> puts = new ArrayList<>();
            CountDownLatch some = new CountDownLatch(4);
            for (int i = 0; i < count; i++) {
                BlockingCompletion<Void> done = new BlockingCompletion<>();
                backend.put("kill/" + i, List.of(bytes(arena, 1 << 20, i)), Calls.in(Calls.PLENTY_NS), (x, e, d) -> {
                    done.done(x, e, d);
                    some.countDown();
                });
                puts.add(done);
            }
            assertTrue(some.await(30, TimeUnit.SECONDS));
            server.kill9();
            for (BlockingCompletion<Void> put : puts) {
                assertTrue(EnumSet.of(NONE, UNREACHABLE).contains(put.await()), put.await() + " " + put.detail());
            }
            assertEquals(UNREACHABLE, Calls.put(backend, "down", bytes(arena, 10, 1)));
            server.restart();
            assertEquals(NOT_FOUND, whenReachable(backend));
            for (int i = 0; i < count; i++) {
                MemorySegment target = arena.allocate(1 << 20);
                BackendError error = Calls.get(backend, "kill/" + i, 0, target);
                if (puts.get(i).await() == NONE || error == NONE) {
                    assertEquals(NONE, error, "an acknowledged put is gone: " + i);
                    assertEquals(-1, bytes(arena, 1 << 20, i).mismatch(target));
                } else {
                    assertEquals(NOT_FOUND, error);
                }
            }
            assertEquals(NONE, Calls.put(backend, "up", bytes(arena, 10, 1)));
        }
    }

    @Test
    void shouldNotTouchMemoryAfterATimeout() throws Exception {
        try (RedisServer server = server();
                Backend backend = Backends.open(at(server))) {
            makeBackend(backend);
            long length = 8 << 20;
            MemorySegment small = bytes(arena, 1000, 1);
            MemorySegment large = bytes(arena, 32 << 20, 2); // more than the sockets of both sides hold
            assertEquals(NONE, Calls.put(backend, "there", bytes(arena, length, 3)));
            assertEquals(NONE, Calls.get(backend, "there", 0, arena.allocate(1)), "both connections are open");
            server.pause();
            MemorySegment target = arena.allocate(length);
            MemorySegment head = arena.allocate(100);
            List<BlockingCompletion<Void>> first = List.of(
                    Calls.put(backend, "small", Calls.in(SHORT_NS), small),
                    Calls.get(backend, "there", 0, target, Calls.in(SHORT_NS)));
            List<BlockingCompletion<Void>> behind = List.of(
                    Calls.put(backend, "large", Calls.in(2 * SHORT_NS), large),
                    Calls.get(backend, "there", 5, head, Calls.in(2 * SHORT_NS)));
            first.forEach(call -> assertEquals(TIMEOUT, call.await(), call.detail()));
            behind.forEach(call -> assertEquals(UNREACHABLE, call.await(), call.detail()));
            for (MemorySegment lent : List.of(small, large, target, head)) {
                lent.fill((byte) 0x5a); // it is ours again
            }
            server.resume();
            assertEquals(NOT_FOUND, whenReachable(backend));
            Thread.sleep(500);
            assertEquals(-1, target.mismatch(arena.allocate(length).fill((byte) 0x5a)));
            assertEquals(-1, head.mismatch(arena.allocate(100).fill((byte) 0x5a)));
            assertEquals(NOT_FOUND, Calls.size(backend, "large").await(), "half a command was taken for one");
            MemorySegment after = arena.allocate(1000);
            BackendError late = Calls.get(backend, "small", 0, after);
            assertTrue(late == NOT_FOUND || after.mismatch(bytes(arena, 1000, 1)) == -1, "other bytes went out");
            assertEquals(NONE, Calls.get(backend, "there", 0, target));
            assertEquals(-1, target.mismatch(bytes(arena, length, 3)));
        }
    }

    @Test
    void shouldTimeOutAtAConnectionThatNobodyAccepts() throws Exception {
        try (RedisServer server = server();
                Backend backend = Backends.open(at(server))) {
            makeBackend(backend);
            server.pause();
            BlockingCompletion<Long> size = new BlockingCompletion<>();
            backend.size("x", Calls.in(SHORT_NS), size);
            assertEquals(TIMEOUT, size.await(), size.detail());
            Backend second = Backends.open(at(server));
            BlockingCompletion<Identity> identified = new BlockingCompletion<>();
            second.identify(Calls.in(SHORT_NS), identified);
            assertEquals(TIMEOUT, identified.await(), identified.detail());
            BlockingCompletion<Identity> cut = new BlockingCompletion<>();
            second.identify(Calls.in(Calls.PLENTY_NS), cut);
            second.close();
            assertTrue(EnumSet.of(CLOSED, UNREACHABLE).contains(cut.await()), cut.await() + " " + cut.detail());
            server.resume();
            assertEquals(NOT_FOUND, whenReachable(backend));
        }
    }

    @Test
    void shouldBeDeniedWithoutTheRightPassword() throws Exception {
        try (RedisServer server = server("--requirepass", "correct horse")) {
            for (BackendPassword password : List.of(BackendPassword.NONE, BackendPassword.ofText("battery staple"))) {
                try (Backend backend = Backends.open(at(server).password(password))) {
                    BlockingCompletion<Identity> identified = Calls.identify(backend);
                    assertEquals(DENIED, identified.await(), identified.detail());
                    assertFalse(identified.detail().contains("battery staple"), identified.detail());
                }
            }
            try (Backend backend = Backends.open(at(server).password(BackendPassword.ofText("correct horse")))) {
                makeBackend(backend);
                assertEquals(IDENTITY, Calls.identify(backend).value());
            }
        }
    }

    @Test
    void shouldSayDeniedInThePauseAfterARefusal() throws Exception {
        try (RedisServer server = server("--requirepass", "right");
                Backend backend = Backends.open(at(server).password(BackendPassword.ofText("wrong")))) {
            assertEquals(DENIED, Calls.identify(backend).await());
            assertEquals(DENIED, Calls.identify(backend).await(), "the reason is the same, only not asked for again");
        }
    }

    @Test
    void shouldRefuseAServerThatLosesPutsUnlessBuffered() throws Exception {
        String[][] settings = {
            {"--appendonly", "no"}, {"--appendfsync", "everysec"}, {"--maxmemory-policy", "allkeys-lru"}
        };
        for (int i = 0; i < settings.length; i++) {
            try (RedisServer server = RedisServer.start(directory.resolve("redis-" + i), settings[i])) {
                try (Backend strict = Backends.open(at(server))) {
                    BlockingCompletion<Void> made = Calls.putIdentity(strict, IDENTITY);
                    assertEquals(NOT_DURABLE, made.await());
                    assertTrue(
                            made.detail().contains(settings[i][0].substring(2) + " " + settings[i][1]), made.detail());
                    assertFalse(strict.durable());
                }
                try (Backend buffered = Backends.open(at(server).buffered(true, 5_000))) {
                    makeBackend(buffered);
                    assertFalse(buffered.durable());
                    assertEquals(5_000, buffered.bufferedGraceNs());
                    assertEquals(NONE, Calls.put(buffered, "x", bytes(arena, 10, 1)));
                }
                try (Backend strict = Backends.open(at(server))) {
                    assertEquals(NOT_DURABLE, Calls.identify(strict).await());
                    assertEquals(BackendError.ABSENT, Calls.put(strict, "y", bytes(arena, 10, 1)));
                }
            }
        }
    }

    @Test
    void shouldNoticeThatAServerIsDurableNoMore() throws Exception {
        try (RedisServer server = server();
                Backend backend = Backends.open(at(server))) {
            makeBackend(backend);
            server.command("CONFIG", "SET", "appendfsync", "everysec");
            assertEquals(NOT_DURABLE, Calls.identify(backend).await());
            assertFalse(backend.durable());
            server.command("CLIENT", "KILL", "TYPE", "normal");
            assertEquals(NOT_DURABLE, whenReachable(backend));
            server.command("CONFIG", "SET", "appendfsync", "always");
            Thread.sleep(2500);
            assertEquals(NOT_FOUND, whenReachable(backend));
            assertTrue(backend.durable());
        }
    }

    @Test
    void shouldNotTrustAServerThatDoesNotLetItselfBeAsked() throws Exception {
        try (RedisServer server = server()) {
            server.command("ACL", "SETUSER", "default", "-config");
            try (Backend backend = Backends.open(at(server))) {
                BlockingCompletion<Void> made = Calls.putIdentity(backend, IDENTITY);
                assertEquals(NOT_DURABLE, made.await());
                assertTrue(made.detail().contains("not told"), made.detail());
            }
        }
    }

    @Test
    void shouldSayFullWhenTheServerHasNoMemoryLeft() throws Exception {
        try (RedisServer server = server("--maxmemory", "12mb");
                Backend backend = new TrackedBackend(Backends.open(at(server)), Clock.SYSTEM, 4)) {
            makeBackend(backend);
            MemorySegment value = bytes(arena, 1 << 20, 1);
            BackendError error = NONE;
            int count = 0;
            while (error == NONE && count < 20) {
                error = Calls.put(backend, "full/" + count++, value);
            }
            assertEquals(FULL, error);
            assertTrue(count > 3, "count=" + count);
            assertTrue(backend.health().full());
            assertTrue(backend.health().isReadable());
            MemorySegment target = arena.allocate(1 << 20);
            assertEquals(NONE, Calls.get(backend, "full/0", 0, target));
            assertEquals(-1, target.mismatch(value));
            assertTrue(Calls.capacity(backend).value().freeBytes() < 2 << 20);
            for (int i = 1; i < count - 1; i++) {
                assertEquals(NONE, Calls.delete(backend, "full/" + i));
            }
            assertEquals(NONE, Calls.put(backend, "again", value));
            assertFalse(backend.health().full());
        }
    }

    @Test
    void shouldListMoreThanOnePage() throws Exception {
        try (RedisServer server = server();
                Backend backend = Backends.open(at(server))) {
            makeBackend(backend);
            List<BlockingCompletion<Void>> puts = new ArrayList<>();
            for (int i = 0; i < 2000; i++) {
                puts.add(Calls.put(backend, "page/" + i, Calls.in(Calls.PLENTY_NS), bytes(arena, i % 50, i)));
            }
            puts.forEach(put -> assertEquals(NONE, put.await(), put.detail()));
            server.command("LPUSH", "qsfs:page/list", "a list is no object");
            server.command("SET", "other", "no object of ours");
            Map<String, Long> found = Calls.list(backend, "page/");
            assertEquals(2000, found.size());
            assertEquals(49L, found.get("page/1999"));
            assertEquals(BackendError.CORRUPT, Calls.get(backend, "page/list", 0, arena.allocate(1)));
        }
    }

    @Test
    void shouldNotTakeAnotherServerForTheOldOne() throws Exception {
        try (RedisServer server = server();
                Backend backend = Backends.open(at(server))) {
            makeBackend(backend);
            server.command("FLUSHALL");
            server.command("CLIENT", "KILL", "TYPE", "normal");
            assertEquals(BackendError.ABSENT, whenReachable(backend));
            try (Backend other = Backends.open(at(server))) {
                Identity identity = new Identity(IDENTITY.volume(), new Id128(8, 9), 1);
                assertEquals(NONE, Calls.putIdentity(other, identity).await());
            }
            Thread.sleep(2500); // longer than any pause between two connections
            assertEquals(FOREIGN, Calls.identify(backend).await());
            assertEquals(FOREIGN, Calls.put(backend, "x", bytes(arena, 1, 1)));
        }
    }

    /** The first half of an answer comes in time, the second after the memory was given back. */
    @Test
    void shouldDropTheSecondHalfOfALateAnswer() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        CountDownLatch sent = new CountDownLatch(1);
        try (FakeRedis fake = new FakeRedis((command, out) -> {
                    if (FakeRedis.greets(command, out, IDENTITY)) {
                        return;
                    }
                    switch (command.get(0)) {
                        case "EXISTS" -> FakeRedis.write(out, ":1\r\n");
                        case "STRLEN" -> FakeRedis.write(out, ":1000\r\n");
                        default -> {
                            FakeRedis.write(out, "$1000\r\n" + "x".repeat(500));
                            goOn.await();
                            try {
                                FakeRedis.write(out, "y".repeat(500) + "\r\n");
                            } finally {
                                sent.countDown();
                            }
                        }
                    }
                });
                Backend backend = Backends.open(fake.spec())) {
            assertEquals(IDENTITY, Calls.identify(backend).value());
            MemorySegment target = arena.allocate(1000);
            BlockingCompletion<Void> get = Calls.get(backend, "x", 0, target, Calls.in(SHORT_NS));
            assertEquals(TIMEOUT, get.await());
            assertEquals('x', target.get(java.lang.foreign.ValueLayout.JAVA_BYTE, 499));
            target.fill((byte) 1);
            goOn.countDown();
            assertTrue(sent.await(10, TimeUnit.SECONDS));
            Thread.sleep(200);
            assertEquals(-1, target.mismatch(arena.allocate(1000).fill((byte) 1)));
        }
    }

    /** What no server should say must not count as success. */
    @Test
    void shouldNotTakeStrangeRepliesForSuccess() throws Exception {
        String[] ranges = {"$0\r\n\r\n", "$4\r\nabcd\r\n", ":5\r\n", "$-1\r\n", "+OK\r\n", "*0\r\n", "$6\r\nabcdef\r\n"
        };
        for (String range : ranges) {
            try (FakeRedis fake = new FakeRedis((command, out) -> {
                        if (!FakeRedis.greets(command, out, IDENTITY)) {
                            FakeRedis.write(
                                    out,
                                    switch (command.get(0)) {
                                        case "EXISTS" -> ":1\r\n";
                                        case "STRLEN" -> ":1000\r\n";
                                        default -> range;
                                    });
                        }
                    });
                    Backend backend = Backends.open(fake.spec())) {
                assertEquals(IDENTITY, Calls.identify(backend).value());
                BackendError got = Calls.get(backend, "x", 0, arena.allocate(5));
                assertTrue(
                        EnumSet.of(UNREACHABLE, BackendError.CORRUPT, NOT_FOUND).contains(got), range + got);
                BackendError put = Calls.put(backend, "x", arena.allocate(5));
                BackendError expected = range.equals("+OK\r\n") ? NONE : range.equals("$-1\r\n") ? EXISTS : UNREACHABLE;
                assertEquals(expected, put, range);
            }
        }
    }

    @Test
    void shouldEndCallsWhenTheServerSpeaksAnotherLanguage() throws Exception {
        try (FakeRedis fake =
                        new FakeRedis((command, out) -> FakeRedis.write(out, "HTTP/1.1 400 Bad Request\r\n\r\n"));
                Backend backend = Backends.open(fake.spec())) {
            BlockingCompletion<Identity> identified = Calls.identify(backend);
            assertEquals(UNREACHABLE, identified.await());
            assertTrue(identified.detail().contains("RESP"), identified.detail());
        }
    }
}
