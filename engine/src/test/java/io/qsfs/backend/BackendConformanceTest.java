package io.qsfs.backend;

import static io.qsfs.backend.BackendError.ABSENT;
import static io.qsfs.backend.BackendError.CLOSED;
import static io.qsfs.backend.BackendError.CORRUPT;
import static io.qsfs.backend.BackendError.EXISTS;
import static io.qsfs.backend.BackendError.FOREIGN;
import static io.qsfs.backend.BackendError.NONE;
import static io.qsfs.backend.BackendError.NOT_FOUND;
import static io.qsfs.backend.BackendError.TIMEOUT;
import static io.qsfs.backend.Calls.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@link Backend} promises, asked of every kind of backend. */
abstract class BackendConformanceTest {
    static final Id128 VOLUME = Id128.parse("11112222333344445555666677778888");
    static final Identity IDENTITY =
            new Identity(VOLUME, Id128.parse("c0000000000000000000000000000001"), 1_700_000_000_000_000_001L);

    private static final String OBJECT = "shard/m/00000000000000ff/0";

    private final Arena arena = Arena.ofShared();
    private BackendSpec location;
    private Backend backend;

    /** A place that is no backend yet. */
    abstract BackendSpec freshLocation() throws Exception;

    @BeforeEach
    void open() throws Exception {
        location = freshLocation();
        backend = Backends.open(location);
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

    private void assertHolds(String object, MemorySegment expected) {
        MemorySegment target = arena.allocate(expected.byteSize(), 64);
        assertEquals(NONE, Calls.get(backend, object, 0, target));
        assertEquals(-1, expected.mismatch(target));
    }

    @Test
    void shouldBeAbsentWhenThereIsNoIdentity() {
        BlockingCompletion<Identity> identified = Calls.identify(backend);
        assertEquals(ABSENT, identified.await());
        assertFalse(identified.detail().isEmpty());
        assertTrue(backend.id().isNil());
        assertFalse(backend.durable());
        assertEquals(ABSENT, Calls.put(backend, OBJECT, bytes(arena, 10, 1)));
        assertEquals(ABSENT, Calls.get(backend, OBJECT, 0, arena.allocate(1)));
        assertEquals(ABSENT, Calls.size(backend, OBJECT).await());
        assertEquals(ABSENT, Calls.exists(backend, OBJECT, 10, arena.allocate(1)));
        assertEquals(ABSENT, Calls.delete(backend, OBJECT));
        assertEquals(ABSENT, Calls.capacity(backend).await());
        assertEquals(ABSENT, Calls.list(backend, "", new java.util.HashMap<>()));
    }

    @Test
    void shouldBeTheBackendThatItWasMade() {
        makeBackend();
        assertEquals(IDENTITY.backend(), backend.id());
        assertTrue(backend.durable());
        assertEquals(0, backend.bufferedGraceNs());
        try (Backend again = Backends.open(location)) {
            assertTrue(again.id().isNil());
            assertEquals(IDENTITY, Calls.identify(again).value());
            assertEquals(IDENTITY.backend(), again.id());
            assertTrue(again.durable());
        }
    }

    @Test
    void shouldNotTakeASecondIdentity() {
        makeBackend();
        assertEquals(EXISTS, Calls.putIdentity(backend, IDENTITY).await());
        Identity other = new Identity(VOLUME, new Id128(5, 6), 7);
        try (Backend again = Backends.open(location)) {
            assertEquals(EXISTS, Calls.putIdentity(again, other).await());
            assertEquals(IDENTITY, Calls.identify(again).value());
        }
        assertEquals(IDENTITY, Calls.identify(backend).value());
    }

    @Test
    void shouldGiveBackWhatWasPut() {
        makeBackend();
        MemorySegment value = bytes(arena, 100_001, 2);
        assertEquals(NONE, Calls.put(backend, OBJECT, value));
        assertHolds(OBJECT, value);
        assertEquals(100_001L, Calls.size(backend, OBJECT).value());
        assertEquals(Map.of(OBJECT, 100_001L), Calls.list(backend, ""));
        assertEquals(NONE, Calls.exists(backend, OBJECT, 100_001, value.asSlice(0, 4096)));
        assertEquals(NONE, Calls.delete(backend, OBJECT));
        assertEquals(NOT_FOUND, Calls.delete(backend, OBJECT));
        assertEquals(NOT_FOUND, Calls.size(backend, OBJECT).await());
        assertEquals(Map.of(), Calls.list(backend, ""));
        assertEquals(NONE, Calls.put(backend, OBJECT, value), "a deleted name is free again");
    }

    @Test
    void shouldKeepTheFirstOfTwoPuts() {
        makeBackend();
        MemorySegment first = bytes(arena, 5000, 3);
        assertEquals(NONE, Calls.put(backend, OBJECT, first));
        assertEquals(EXISTS, Calls.put(backend, OBJECT, bytes(arena, 5000, 4)));
        assertEquals(EXISTS, Calls.put(backend, OBJECT, first));
        assertHolds(OBJECT, first);
    }

    @Test
    void shouldReadRanges() {
        makeBackend();
        int length = 1_300_000; // more than two of the pieces that a directory is read in
        MemorySegment value = bytes(arena, length, 5);
        assertEquals(NONE, Calls.put(backend, OBJECT, value));
        long[][] ranges = {{0, 1}, {0, length}, {length - 1, 1}, {4096, 65_552}, {1, length - 1}, {524_287, 524_290}};
        for (long[] range : ranges) {
            MemorySegment around = bytes(arena, range[1] + 16, 6);
            MemorySegment before = bytes(arena, range[1] + 16, 6);
            MemorySegment target = around.asSlice(8, range[1]);
            assertEquals(NONE, Calls.get(backend, OBJECT, range[0], target));
            assertEquals(-1, value.asSlice(range[0], range[1]).mismatch(target));
            assertEquals(-1, before.asSlice(0, 8).mismatch(around.asSlice(0, 8)));
            assertEquals(-1, before.asSlice(range[1] + 8, 8).mismatch(around.asSlice(range[1] + 8, 8)));
        }
    }

    @Test
    void shouldSayCorruptWhenARangeGoesPastTheEnd() {
        makeBackend();
        assertEquals(NONE, Calls.put(backend, OBJECT, bytes(arena, 1000, 7)));
        for (long[] range : new long[][] {{0, 1001}, {999, 2}, {1000, 1}, {1001, 1}, {1L << 40, 10}, {1001, 0}}) {
            MemorySegment target = arena.allocate(range[1]);
            assertEquals(CORRUPT, Calls.get(backend, OBJECT, range[0], target), range[0] + "+" + range[1]);
        }
    }

    @Test
    void shouldAnswerForEmptyRangesAndObjects() {
        makeBackend();
        assertEquals(NONE, Calls.put(backend, "empty/1"));
        assertEquals(NONE, Calls.put(backend, "empty/2", arena.allocate(0), arena.allocate(0)));
        assertEquals(NONE, Calls.put(backend, OBJECT, bytes(arena, 100, 8)));
        assertEquals(NONE, Calls.get(backend, "empty/1", 0, arena.allocate(0)));
        assertEquals(CORRUPT, Calls.get(backend, "empty/1", 0, arena.allocate(1)));
        assertEquals(0L, Calls.size(backend, "empty/2").value());
        assertEquals(NONE, Calls.exists(backend, "empty/1", 0, arena.allocate(0)));
        assertEquals(EXISTS, Calls.put(backend, "empty/1", bytes(arena, 1, 1)));
        assertEquals(NONE, Calls.get(backend, OBJECT, 0, arena.allocate(0)));
        assertEquals(NONE, Calls.get(backend, OBJECT, 100, arena.allocate(0)));
        assertEquals(NOT_FOUND, Calls.get(backend, "empty/3", 0, arena.allocate(0)));
        assertEquals(Map.of("empty/1", 0L, "empty/2", 0L), Calls.list(backend, "empty/"));
    }

    @Test
    void shouldSayNotFoundWhenThereIsNoObject() {
        makeBackend();
        assertEquals(NOT_FOUND, Calls.get(backend, OBJECT, 0, arena.allocate(10)));
        assertEquals(NOT_FOUND, Calls.size(backend, OBJECT).await());
        assertEquals(NOT_FOUND, Calls.exists(backend, OBJECT, 10, arena.allocate(5)));
        assertEquals(NOT_FOUND, Calls.delete(backend, OBJECT));
        assertEquals(Map.of(), Calls.list(backend, "shard/"));
    }

    @Test
    void shouldTakeLargeValuesInSeveralBuffers() {
        makeBackend();
        long length = 16 << 20;
        MemorySegment value = bytes(arena, length, 9);
        long[] cuts = {0, 1, 4096, 4096, 1_000_003, 9_999_999, length};
        List<MemorySegment> buffers = new ArrayList<>();
        for (int i = 1; i < cuts.length; i++) {
            buffers.add(value.asSlice(cuts[i - 1], cuts[i] - cuts[i - 1]));
        }
        assertEquals(NONE, Calls.put(backend, OBJECT, buffers.toArray(MemorySegment[]::new)));
        assertHolds(OBJECT, value);
    }

    @Test
    void shouldTakeManyPutsAtOnce() {
        makeBackend();
        List<BlockingCompletion<Void>> puts = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            puts.add(Calls.put(
                    backend, "many/" + i, Calls.in(Calls.PLENTY_NS), bytes(arena, 1000 + i, i), bytes(arena, 9, i)));
        }
        for (BlockingCompletion<Void> put : puts) {
            assertEquals(NONE, put.await(), put.detail());
        }
        List<MemorySegment> targets = new ArrayList<>();
        List<BlockingCompletion<Void>> gets = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            targets.add(arena.allocate(1000 + i));
            gets.add(Calls.get(backend, "many/" + i, 0, targets.get(i), Calls.in(Calls.PLENTY_NS)));
        }
        for (int i = 0; i < 64; i++) {
            assertEquals(NONE, gets.get(i).await(), gets.get(i).detail());
            assertEquals(-1, bytes(arena, 1000 + i, i).mismatch(targets.get(i)));
        }
        assertEquals(64, Calls.list(backend, "many/").size());
    }

    @Test
    void shouldLetOneOfManyPutsOfOneNameWin() {
        makeBackend();
        List<BlockingCompletion<Void>> puts = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            puts.add(Calls.put(backend, OBJECT, Calls.in(Calls.PLENTY_NS), bytes(arena, 2000, i)));
        }
        int winner = -1;
        for (int i = 0; i < 16; i++) {
            if (puts.get(i).await() == NONE) {
                assertEquals(-1, winner, "two puts of one name were acknowledged");
                winner = i;
            } else {
                assertEquals(EXISTS, puts.get(i).await(), puts.get(i).detail());
            }
        }
        assertHolds(OBJECT, bytes(arena, 2000, winner));
    }

    @Test
    void shouldListByPrefix() {
        makeBackend();
        List<String> names = List.of("a/1", "a/2/3", "ab/1", "b", "superblock/00000001", "a_-.x");
        for (String name : names) {
            assertEquals(NONE, Calls.put(backend, name, bytes(arena, name.length(), 1)));
        }
        for (String prefix : List.of("", "a", "a/", "a/2", "a/2/", "ab/", "b", "b/", "superblock/", "c/", "a_", "i")) {
            Map<String, Long> expected = new java.util.TreeMap<>();
            for (String name : names) {
                if (name.startsWith(prefix)) {
                    expected.put(name, (long) name.length());
                }
            }
            assertEquals(expected, Calls.list(backend, prefix), "prefix \"" + prefix + "\"");
        }
    }

    @Test
    void shouldSettleAPutWhoseAnswerWasLost() {
        makeBackend();
        MemorySegment value = bytes(arena, 70_000, 10);
        assertEquals(NONE, Calls.put(backend, OBJECT, value));
        assertEquals(NONE, Calls.exists(backend, OBJECT, 70_000, value.asSlice(0, Backend.HEAD_BYTES_MAX)));
        assertEquals(NONE, Calls.exists(backend, OBJECT, 70_000, value.asSlice(0, 0)));
        assertEquals(CORRUPT, Calls.exists(backend, OBJECT, 69_999, value.asSlice(0, 100)));
        assertEquals(CORRUPT, Calls.exists(backend, OBJECT, 70_001, value.asSlice(0, 100)));
        assertEquals(CORRUPT, Calls.exists(backend, OBJECT, 70_000, value.asSlice(1, 100)));
        assertThrows(
                IllegalArgumentException.class,
                () -> Calls.exists(backend, OBJECT, 70_000, value.asSlice(0, Backend.HEAD_BYTES_MAX + 1)));
        assertEquals(NONE, putOrConfirm(value));
        assertEquals(EXISTS, putOrConfirm(value.asSlice(1, 69_999)));
        assertEquals(EXISTS, putOrConfirm(bytes(arena, 70_000, 11)));
    }

    private BackendError putOrConfirm(MemorySegment value) {
        BlockingCompletion<Void> done = new BlockingCompletion<>();
        backend.putOrConfirm(OBJECT, List.of(value), Calls.in(Calls.PLENTY_NS), done);
        return done.await();
    }

    @Test
    void shouldPutNothingWhenTheDeadlineHasPassed() {
        makeBackend();
        assertEquals(
                TIMEOUT,
                Calls.put(backend, OBJECT, Calls.in(-1), bytes(arena, 10, 1)).await());
        assertEquals(NOT_FOUND, Calls.size(backend, OBJECT).await());
        assertEquals(NONE, Calls.put(backend, OBJECT, bytes(arena, 10, 1)));
    }

    @Test
    void shouldRefuseWhatIsNoName() {
        makeBackend();
        for (String name : List.of("", "/a", "a/", "a//b", "..", "a/../b", ".tmp/x", "a b", "a\r\nb", "\u00e4")) {
            assertThrows(IllegalArgumentException.class, () -> Calls.put(backend, name, arena.allocate(1)), name);
            assertThrows(IllegalArgumentException.class, () -> Calls.get(backend, name, 0, arena.allocate(1)), name);
            assertThrows(IllegalArgumentException.class, () -> Calls.size(backend, name), name);
            assertThrows(IllegalArgumentException.class, () -> Calls.delete(backend, name), name);
            assertThrows(IllegalArgumentException.class, () -> Calls.exists(backend, name, 0, arena.allocate(0)), name);
        }
        assertThrows(IllegalArgumentException.class, () -> Calls.list(backend, "../"));
    }

    @Test
    void shouldTellTheSpaceOrThatItCannot() {
        makeBackend();
        Capacity capacity = Calls.capacity(backend).value();
        assertTrue(!capacity.isKnown() || capacity.freeBytes() <= capacity.totalBytes(), capacity.toString());
    }

    @Test
    void shouldEndEverythingWithClosedAfterClose() throws Exception {
        makeBackend();
        MemorySegment value = bytes(arena, 1 << 20, 12);
        List<BlockingCompletion<Void>> puts = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            puts.add(Calls.put(backend, "close/" + i, Calls.in(Calls.PLENTY_NS), value));
        }
        backend.close();
        for (BlockingCompletion<Void> put : puts) {
            assertTrue(put.isDone(), "close returned before the end of an operation");
            assertTrue(put.await() == NONE || put.await() == CLOSED, put.await() + " " + put.detail());
        }
        for (int i = 0; i < 2; i++) {
            assertEquals(CLOSED, Calls.put(backend, OBJECT, value));
            assertEquals(CLOSED, Calls.get(backend, OBJECT, 0, value));
            assertEquals(CLOSED, Calls.size(backend, OBJECT).await());
            assertEquals(CLOSED, Calls.delete(backend, OBJECT));
            assertEquals(CLOSED, Calls.identify(backend).await());
            assertEquals(CLOSED, Calls.putIdentity(backend, IDENTITY).await());
            Thread.sleep(1500); // the threads of all backends have ended by now
        }
        backend.close();
    }

    @Test
    void shouldLeaveOutABackendOfAnotherVolume() {
        makeBackend();
        try (BackendSet set = BackendSet.open(List.of(location), new Id128(1, 2), 4, Clock.SYSTEM)) {
            set.identifyAll(Calls.PLENTY_NS);
            BackendSet.Member member = set.members().getFirst();
            assertEquals(FOREIGN, member.identifyError());
            assertTrue(member.identifyDetail().contains(VOLUME.toString()), member.identifyDetail());
            assertEquals("foreign", member.word());
            assertEquals(List.of(), set.usable());
        }
        try (BackendSet set = BackendSet.open(List.of(location), VOLUME, 4, Clock.SYSTEM)) {
            set.identifyAll(Calls.PLENTY_NS);
            assertEquals("ok", set.members().getFirst().word());
            assertEquals(set.all(), set.usable());
        }
    }
}
