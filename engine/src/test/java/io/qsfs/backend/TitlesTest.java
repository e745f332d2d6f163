package io.qsfs.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.memory.Id128;
import io.qsfs.recall.MemoryBackend;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Who may write a volume: never two at once, and nobody without a majority. */
class TitlesTest {
    private static final long SEED = Long.getLong("qsfs.seed", 4_009);
    private static final long TIMEOUT_NS = 10_000_000_000L;
    private static final long FAULTY_TIMEOUT_NS = 30_000_000L;
    private static final Id128 VOLUME = new Id128(1, 1);
    private static final Id128 ALICE = new Id128(0xa, 1);
    private static final Id128 BOB = new Id128(0xb, 1);

    private static List<MemoryBackend> backends(int count) {
        List<MemoryBackend> backends = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            backends.add(new MemoryBackend(i, true));
        }
        return backends;
    }

    private static Titles.ClaimResult claim(List<MemoryBackend> backends, long epoch, Id128 owner) {
        return Titles.claim(backends, backends.size(), VOLUME, epoch, owner, TIMEOUT_NS);
    }

    private static long titles(List<MemoryBackend> backends, Id128 owner) {
        return backends.stream()
                .filter(backend -> backend.objects.keySet().stream().anyMatch(name -> name.endsWith("/" + owner)))
                .count();
    }

    @Test
    void shouldOwnAnEpochThatNobodyClaimed() {
        List<MemoryBackend> backends = backends(5);
        assertEquals(new Titles.Highest(0, Id128.NIL, 5, true, 0), Titles.read(backends, 5, TIMEOUT_NS));
        assertTrue(claim(backends, 1, ALICE).isOwned());
        assertEquals(new Titles.Highest(1, ALICE, 5, true, 1), Titles.read(backends, 5, TIMEOUT_NS));
        assertTrue(claim(backends, 2, BOB).isOwned());
        assertEquals(new Titles.Highest(2, BOB, 5, true, 2), Titles.read(backends, 5, TIMEOUT_NS));
    }

    @Test
    void shouldRefuseAnEpochThatAnotherHasOrPassed() {
        List<MemoryBackend> backends = backends(5);
        assertTrue(claim(backends, 3, ALICE).isOwned());
        for (long epoch = 1; epoch <= 3; epoch++) {
            assertEquals(new Titles.ClaimResult(false, ALICE), claim(backends, epoch, BOB));
            assertEquals(0, titles(backends, BOB), "a claim that failed stands in nobody's way");
        }
        assertTrue(claim(backends, 3, ALICE).isOwned(), "once more the same");
        assertTrue(claim(backends, 4, BOB).isOwned());
    }

    @Test
    void shouldOwnNothingWithoutAMajority() {
        for (int reachable = 0; reachable <= 6; reachable++) {
            List<MemoryBackend> backends = backends(6);
            for (int i = reachable; i < 6; i++) {
                backends.get(i).fault = BackendError.UNREACHABLE;
            }
            Titles.ClaimResult result = claim(backends, 1, ALICE);
            assertEquals(new Titles.ClaimResult(reachable > 3, Id128.NIL), result, "reachable=" + reachable);
            assertEquals(reachable > 3 ? reachable : 0, titles(backends, ALICE));
            assertEquals(reachable > 3, Titles.read(backends, 6, TIMEOUT_NS).isMajority());
        }
    }

    /** Fewer backends are handed in than the superblock names: those of a configuration that lost some. */
    @Test
    void shouldCountAgainstTheSuperblock() {
        List<MemoryBackend> three = backends(3);
        assertFalse(Titles.claim(three, 6, VOLUME, 1, ALICE, TIMEOUT_NS).isOwned());
        assertFalse(Titles.read(three, 6, TIMEOUT_NS).isMajority());
        assertTrue(Titles.claim(three, 5, VOLUME, 1, ALICE, TIMEOUT_NS).isOwned());
    }

    @Test
    void shouldSeeATitleThatIsOnAMinorityOfTheClaimedMajority() {
        List<MemoryBackend> backends = backends(5);
        backends.get(3).fault = BackendError.UNREACHABLE;
        backends.get(4).fault = BackendError.UNREACHABLE;
        assertTrue(claim(backends, 1, ALICE).isOwned());
        backends.get(3).fault = BackendError.NONE;
        backends.get(4).fault = BackendError.NONE;
        backends.get(0).fault = BackendError.UNREACHABLE;
        backends.get(1).fault = BackendError.UNREACHABLE;
        assertEquals(new Titles.ClaimResult(false, ALICE), claim(backends, 1, BOB));
        assertEquals(0, titles(backends, BOB));
    }

    /** Bob died between put and delete, or nobody took his delete. */
    @Test
    void shouldNotCountATitleThatNoMajorityCanHave() {
        for (int left = 0; left <= 5; left++) {
            List<MemoryBackend> backends = backends(5);
            assertTrue(claim(backends, 1, ALICE).isOwned());
            for (int i = 0; i < left; i++) {
                backends.get(i).objects.put(ObjectNames.title(2, BOB), new byte[Titles.BYTES]);
            }
            Titles.Highest highest = Titles.read(backends, 5, TIMEOUT_NS);
            assertEquals(left >= 3 ? BOB : ALICE, highest.owner(), "left=" + left);
            assertEquals(left > 0 ? 2 : 1, highest.seenEpoch());
        }
    }

    @Test
    void shouldCountWhoIsSilentForATitleThatIsSeen() {
        for (int silent = 0; silent <= 4; silent++) {
            List<MemoryBackend> backends = backends(5);
            assertTrue(claim(backends, 1, ALICE).isOwned());
            backends.get(0).objects.put(ObjectNames.title(2, BOB), new byte[Titles.BYTES]);
            for (int i = 0; i < silent; i++) {
                backends.get(4 - i).fault = BackendError.UNREACHABLE;
            }
            Titles.Highest highest = Titles.read(backends, 5, TIMEOUT_NS);
            assertEquals(1 + silent >= 3 ? BOB : ALICE, highest.owner(), "silent=" + silent);
        }
    }

    @Test
    void shouldTryAgainToWithdraw() {
        List<MemoryBackend> places = backends(5);
        assertTrue(claim(places, 2, ALICE).isOwned());
        List<FaultyBackend> backends = new ArrayList<>();
        for (MemoryBackend place : places) {
            backends.add(new FaultyBackend(place, SEED) {
                private boolean hasFailed;

                @Override
                public void delete(String object, long deadlineNs, Completion<Void> completion) {
                    if (hasFailed) {
                        super.delete(object, deadlineNs, completion);
                    } else {
                        hasFailed = true;
                        completion.done(null, BackendError.UNREACHABLE, "told to fail once");
                    }
                }
            });
        }
        assertFalse(Titles.claim(backends, 5, VOLUME, 1, BOB, TIMEOUT_NS).isOwned());
        assertEquals(0, titles(places, BOB));
    }

    @Test
    void shouldIgnoreWhatIsNoTitle() {
        List<MemoryBackend> backends = backends(3);
        backends.getFirst().objects.put("epoch/zz/" + BOB, new byte[1]);
        backends.getFirst().objects.put("epoch/0000000000000009", new byte[1]);
        assertTrue(claim(backends, 1, ALICE).isOwned());
    }

    @Test
    void shouldNeverGiveOneEpochToTwo() throws Exception {
        Random random = new Random(SEED);
        int owned = 0;
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            for (int round = 0; round < 300; round++) {
                List<MemoryBackend> backends = backends(5);
                backends.get(random.nextInt(5)).fault = BackendError.UNREACHABLE;
                CyclicBarrier start = new CyclicBarrier(2);
                List<Future<Titles.ClaimResult>> results = new ArrayList<>();
                for (Id128 owner : List.of(ALICE, BOB)) {
                    results.add(threads.submit(() -> {
                        start.await();
                        return claim(backends, 1, owner);
                    }));
                }
                boolean alice = results.get(0).get().isOwned();
                boolean bob = results.get(1).get().isOwned();
                assertFalse(alice && bob, "seed " + SEED + " round " + round);
                assertEquals(alice ? 4 : 0, titles(backends, ALICE));
                assertEquals(bob ? 4 : 0, titles(backends, BOB));
                owned += alice || bob ? 1 : 0;
            }
        }
        assertTrue(owned > 0, "not all in vain");
    }

    /** Puts that fail, hang, come late or are not acknowledged, listings that fail: still never two, and an owner's title is there. */
    @Test
    void shouldNeverGiveOneEpochToTwoThroughFaults() throws Exception {
        Random random = new Random(SEED);
        int owned = 0;
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            for (int round = 0; round < 150; round++) {
                List<MemoryBackend> places = backends(5);
                List<FaultyBackend> backends = new ArrayList<>();
                for (MemoryBackend place : places) {
                    backends.add(new FaultyBackend(place, random.nextLong())
                            .with(FaultyBackend.Fault.FAIL, 80)
                            .with(FaultyBackend.Fault.DELAY, 300)
                            .with(FaultyBackend.Fault.LOSE_ACK, 50)
                            .with(FaultyBackend.Fault.HANG, 50));
                }
                CyclicBarrier start = new CyclicBarrier(2);
                List<Future<Titles.ClaimResult>> results = new ArrayList<>();
                for (Id128 owner : List.of(ALICE, BOB)) {
                    results.add(threads.submit(() -> {
                        start.await();
                        return Titles.claim(backends, 5, VOLUME, 1, owner, FAULTY_TIMEOUT_NS);
                    }));
                }
                boolean alice = results.get(0).get().isOwned();
                boolean bob = results.get(1).get().isOwned();
                String where = "seed " + SEED + " round " + round;
                assertFalse(alice && bob, where);
                assertTrue(!alice || titles(places, ALICE) >= 3, where);
                assertTrue(!bob || titles(places, BOB) >= 3, where);
                owned += alice || bob ? 1 : 0;
            }
        }
        assertTrue(owned > 0, "not all in vain");
    }
}
