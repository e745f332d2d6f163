package io.qsfs.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.recall.MemoryBackend;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A superblock goes to every backend or it is said to which it did not; what is there is found whatever some of them do. */
class SuperblockStoreTest {
    private static final long SEED = Long.getLong("qsfs.seed", 4_010);
    private static final long TIMEOUT_NS = 10_000_000_000L;
    private static final long SHORT_NS = 100_000_000L;
    private static final byte[] FIRST = {1, 1, 1};
    private static final byte[] SECOND = {2, 2, 2, 2};

    private final List<MemoryBackend> places =
            List.of(new MemoryBackend(0, true), new MemoryBackend(1, true), new MemoryBackend(2, true));

    private List<FaultyBackend> faulty() {
        List<FaultyBackend> backends = new ArrayList<>();
        for (MemoryBackend place : places) {
            backends.add(new FaultyBackend(place, SEED));
        }
        return backends;
    }

    private static List<Long> generations(List<SuperblockStore.Candidate> candidates) {
        return candidates.stream().map(SuperblockStore.Candidate::generation).toList();
    }

    @Test
    void shouldFindTheNewestFirst() {
        assertEquals(List.of(), SuperblockStore.newest(places, TIMEOUT_NS));
        assertEquals(Map.of(), SuperblockStore.put(places, 1, FIRST, TIMEOUT_NS));
        assertEquals(Map.of(), SuperblockStore.put(places.subList(2, 3), 2, SECOND, TIMEOUT_NS));
        List<SuperblockStore.Candidate> found = SuperblockStore.newest(places, TIMEOUT_NS);
        assertEquals(List.of(2L, 1L), generations(found));
        assertArrayEquals(SECOND, found.getFirst().bytes());
        assertArrayEquals(FIRST, found.getLast().bytes());
        assertEquals("memory-2", found.getFirst().from());
        assertEquals("memory-0", found.getLast().from());
    }

    /** Which of them is genuine only the key tells, so all are handed out. */
    @Test
    void shouldHandOutEveryDifferentContent() {
        assertEquals(Map.of(), SuperblockStore.put(places, 1, FIRST, TIMEOUT_NS));
        places.get(1).flip(ObjectNames.superblock(1), 2);
        assertEquals(List.of(1L, 1L), generations(SuperblockStore.newest(places, TIMEOUT_NS)));
    }

    @Test
    void shouldIgnoreWhatIsNoSuperblock() {
        for (String name : List.of("superblock/1", "superblock/0000000G", "superblock/00000000", "superblock/x/y")) {
            places.getFirst().objects.put(name, FIRST);
        }
        places.getFirst().objects.put(ObjectNames.superblock(3), new byte[0]);
        places.getFirst().objects.put(ObjectNames.superblock(4), new byte[(1 << 20) + 1]);
        assertEquals(List.of(), SuperblockStore.newest(places, TIMEOUT_NS));
    }

    @Test
    void shouldNameThoseThatDoNotTakeIt() {
        List<FaultyBackend> backends = faulty();
        backends.get(0).vanish();
        backends.get(1).with(FaultyBackend.Fault.FULL, 1000);
        Map<String, String> refused = SuperblockStore.put(backends, 1, FIRST, TIMEOUT_NS);
        assertEquals(Set.of("memory-0", "memory-1"), refused.keySet());
        assertTrue(refused.get("memory-1").contains("full"), refused.toString());
        backends.forEach(FaultyBackend::heal);
        assertEquals(Map.of(), SuperblockStore.put(backends, 1, FIRST, TIMEOUT_NS), "again, as init --continue does");
    }

    @Test
    void shouldConfirmAfterALostAnswerAndRefuseAnother() {
        List<FaultyBackend> backends = faulty();
        backends.get(1).with(FaultyBackend.Fault.LOSE_ACK, 1000);
        assertEquals(
                Set.of("memory-1"),
                SuperblockStore.put(backends, 1, FIRST, SHORT_NS).keySet());
        backends.get(1).heal();
        assertEquals(Map.of(), SuperblockStore.put(backends, 1, FIRST, TIMEOUT_NS));
        assertEquals(3, SuperblockStore.put(backends, 1, SECOND, TIMEOUT_NS).size(), "never another under one name");
        assertEquals(1, SuperblockStore.newest(backends, TIMEOUT_NS).size());
    }

    @Test
    void shouldReadAroundThoseThatHang() {
        List<FaultyBackend> backends = faulty();
        assertEquals(Map.of(), SuperblockStore.put(backends, 1, FIRST, TIMEOUT_NS));
        backends.get(0).with(FaultyBackend.Fault.HANG, 1000);
        backends.get(1).with(FaultyBackend.Fault.FAIL, 1000);
        List<SuperblockStore.Candidate> found = SuperblockStore.newest(backends, SHORT_NS);
        assertEquals(
                List.of("memory-2"),
                found.stream().map(SuperblockStore.Candidate::from).toList());
    }
}
