package io.qsfs.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.memory.Clock;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A backend that was full is used again as soon as it has more space than it had then. */
class TrackedBackendTest {
    @TempDir
    Path directory;

    private long freeBytes;
    private FaultyBackend faulty;
    private Backend backend;

    @BeforeEach
    void open() {
        faulty = new FaultyBackend(Backends.open(BackendSpec.directory("disk", "", directory.resolve("disk"))), 1) {
            @Override
            public void capacity(long deadlineNs, Completion<Capacity> completion) {
                completion.done(new Capacity(1L << 30, freeBytes, Capacity.UNKNOWN), BackendError.NONE, "");
            }
        };
        backend = new TrackedBackend(faulty, Clock.SYSTEM, 4);
        assertEquals(
                BackendError.NONE,
                Calls.putIdentity(backend, BackendConformanceTest.IDENTITY).await());
    }

    @AfterEach
    void close() {
        backend.close();
    }

    private void refuseAPut() {
        faulty.with(FaultyBackend.Fault.FULL, 1000);
        try (Arena arena = Arena.ofShared()) {
            assertEquals(BackendError.FULL, Calls.put(backend, "shard/x", arena.allocate(100)));
        }
        faulty.heal();
        assertTrue(backend.health().full());
    }

    private boolean isFullWith(long free) {
        freeBytes = free;
        assertEquals(free, Calls.capacity(backend).value().freeBytes());
        return backend.health().full();
    }

    @Test
    void shouldBeFullUntilMoreIsFreeThanWas() {
        assertFalse(isFullWith(9 << 20));
        refuseAPut();
        assertTrue(isFullWith(1 << 20), "the first that is told says nothing of growth");
        assertTrue(isFullWith(1 << 20));
        assertTrue(isFullWith(Capacity.UNKNOWN));
        assertTrue(isFullWith(1 << 19));
        assertFalse(isFullWith((1 << 19) + 4096));
        refuseAPut();
        assertTrue(isFullWith(2 << 20), "what was free when it was full before does not count");
        assertFalse(isFullWith(3 << 20));
    }

    @Test
    void shouldNotBeFullWithPlentyOfSpace() {
        refuseAPut();
        assertFalse(isFullWith(32 << 20));
    }
}
