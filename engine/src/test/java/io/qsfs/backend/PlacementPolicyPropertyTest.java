package io.qsfs.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Shards go to different backends, spread over groups as evenly as there is room; the same seed gives the same choice. */
class PlacementPolicyPropertyTest {
    private static List<PlacementPolicy.Candidate> candidates(Random random, int count, int groups) {
        List<PlacementPolicy.Candidate> candidates = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            double weight = 1 + random.nextInt(1000);
            candidates.add(
                    new PlacementPolicy.Candidate(null, new Id128(1, i + 1), "g" + random.nextInt(groups), weight));
        }
        return candidates;
    }

    @Property(tries = 500)
    void shouldDealEvenlyOverGroups(
            @ForAll @IntRange(min = 0, max = 30) int backends,
            @ForAll @IntRange(min = 1, max = 8) int groups,
            @ForAll @IntRange(min = 0, max = 35) int count,
            @ForAll long seed) {
        List<PlacementPolicy.Candidate> from = candidates(new Random(seed), backends, groups);
        Map<String, Integer> before = new HashMap<>();
        Random random = new Random(seed + 1);
        for (int i = 0; i < groups; i++) {
            if (random.nextInt(3) == 0) {
                before.put("g" + i, random.nextInt(3));
            }
        }
        List<PlacementPolicy.Candidate> chosen = PlacementPolicy.deal(from, before, Map.of(), count, new Random(seed));
        assertEquals(Math.min(count, backends), chosen.size());
        assertEquals(chosen.size(), new HashSet<>(chosen).size(), "a backend twice");
        assertTrue(from.containsAll(chosen));
        assertEquals(chosen, PlacementPolicy.deal(from, before, Map.of(), count, new Random(seed)), "another choice");
        Map<String, Integer> shards = new HashMap<>(before);
        Map<String, Integer> left = new HashMap<>();
        from.forEach(candidate -> left.merge(candidate.group(), 1, Integer::sum));
        for (PlacementPolicy.Candidate candidate : chosen) {
            shards.merge(candidate.group(), 1, Integer::sum);
            left.merge(candidate.group(), -1, Integer::sum);
        }
        for (PlacementPolicy.Candidate candidate : chosen) { // nobody could have been better off elsewhere
            int here = shards.get(candidate.group());
            left.forEach((group, free) -> assertTrue(
                    free == 0 || shards.getOrDefault(group, 0) >= here - 1, shards + " with " + left + " left"));
        }
    }

    @Example
    void shouldPreferFreeSpace() {
        List<PlacementPolicy.Candidate> from = List.of(
                new PlacementPolicy.Candidate(null, new Id128(1, 1), "", 1),
                new PlacementPolicy.Candidate(null, new Id128(1, 2), "", 9));
        Random random = new Random(4);
        int large = 0;
        for (int i = 0; i < 10_000; i++) {
            large += PlacementPolicy.deal(from, Map.of(), Map.of(), 1, random)
                                    .getFirst()
                                    .id()
                                    .lo()
                            == 2
                    ? 1
                    : 0;
        }
        assertTrue(large > 8_800 && large < 9_200, "of 10000 draws " + large);
    }

    @Property(tries = 300)
    void shouldFindAChoiceRedundantAsLoserByLoserCountingDoes(
            @ForAll @IntRange(min = 1, max = 5) int k,
            @ForAll @IntRange(min = 0, max = 3) int lostGroups,
            @ForAll @IntRange(min = 0, max = 3) int lostNodes,
            @ForAll long seed) {
        Random random = new Random(seed);
        int[] shards = new int[1 + random.nextInt(5)];
        Map<String, Integer> inGroup = new HashMap<>();
        for (int i = 0; i < shards.length; i++) {
            shards[i] = random.nextInt(5);
            inGroup.put("g" + i, shards[i]);
        }
        int worst = Integer.MAX_VALUE;
        for (int lost = 0; lost < 1 << shards.length; lost++) {
            if (Integer.bitCount(lost) <= lostGroups) {
                int left = 0;
                for (int i = 0; i < shards.length; i++) {
                    left += (lost >> i & 1) != 0 ? 0 : Math.max(0, shards[i] - lostNodes);
                }
                worst = Math.min(worst, left);
            }
        }
        PlacementPolicy policy = new PlacementPolicy(null, k, k, lostGroups, lostNodes, random);
        assertEquals(worst >= k, policy.isRedundant(inGroup));
    }

    /** Every way to deal the shards to the groups is tried: where one survives the demanded losses, so does the choice. */
    @Property(tries = 3_000)
    void shouldSurviveTheDemandedLossesWhereAnyChoiceDoes(
            @ForAll @IntRange(min = 1, max = 6) int k,
            @ForAll @IntRange(min = 0, max = 5) int m,
            @ForAll @IntRange(min = 0, max = 2) int lostGroups,
            @ForAll @IntRange(min = 0, max = 3) int lostNodes,
            @ForAll long seed) {
        Random random = new Random(seed);
        int[] sizes = new int[1 + random.nextInt(5)];
        List<PlacementPolicy.Candidate> from = new ArrayList<>();
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = 1 + random.nextInt(4);
            for (int j = 0; j < sizes[i]; j++) {
                from.add(new PlacementPolicy.Candidate(null, new Id128(i, j + 1), "g" + i, 1 + random.nextInt(9)));
            }
        }
        int n = k + m;
        PlacementPolicy policy = new PlacementPolicy(null, k, n, lostGroups, lostNodes, new Random(seed));
        List<PlacementPolicy.Candidate> chosen = policy.pick(from, Map.of(), n);
        assertEquals(Math.min(n, from.size()), chosen.size());
        assertEquals(chosen.size(), new HashSet<>(chosen).size(), "a backend twice");
        boolean isPossible = isPossible(policy, sizes, 0, Math.min(n, from.size()), new HashMap<>());
        assertEquals(
                isPossible,
                policy.isRedundant(count(Map.of(), chosen)),
                count(Map.of(), chosen).toString());
        assertEquals(
                chosen,
                new PlacementPolicy(null, k, n, lostGroups, lostNodes, new Random(seed)).pick(from, Map.of(), n));
        // Some are lost again and chosen anew, one by one, as repair does.
        Map<String, Integer> held = new HashMap<>();
        List<PlacementPolicy.Candidate> left = new ArrayList<>(from);
        for (PlacementPolicy.Candidate candidate : chosen.subList(0, random.nextInt(chosen.size()))) {
            held.merge(candidate.group(), 1, Integer::sum);
            left.remove(candidate);
        }
        for (int i = chosen.size() - (from.size() - left.size()); i > 0; i--) {
            PlacementPolicy.Candidate next = policy.pick(left, held, 1).getFirst();
            held.merge(next.group(), 1, Integer::sum);
            left.remove(next);
        }
        assertEquals(isPossible, policy.isRedundant(held), "one by one: " + held);
    }

    private static boolean isPossible(
            PlacementPolicy policy, int[] sizes, int at, int left, Map<String, Integer> shards) {
        if (at == sizes.length) {
            return left == 0 && policy.isRedundant(shards);
        }
        for (int here = 0; here <= Math.min(sizes[at], left); here++) {
            shards.put("g" + at, here);
            if (isPossible(policy, sizes, at + 1, left - here, shards)) {
                return true;
            }
        }
        shards.remove("g" + at);
        return false;
    }

    private static Map<String, Integer> count(Map<String, Integer> before, List<PlacementPolicy.Candidate> chosen) {
        Map<String, Integer> shards = new HashMap<>(before);
        chosen.forEach(candidate -> shards.merge(candidate.group(), 1, Integer::sum));
        return shards;
    }

    @Example
    void shouldUseFewerGroupsWhereNodesOfEachMayBeLost() {
        List<PlacementPolicy.Candidate> from = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            from.add(new PlacementPolicy.Candidate(null, new Id128(1, i + 1), "g" + i % 4, 1));
        }
        for (int seed = 0; seed < 20; seed++) {
            PlacementPolicy policy = new PlacementPolicy(null, 4, 6, 0, 1, new Random(seed));
            List<Integer> shards = new ArrayList<>(
                    count(Map.of(), policy.pick(from, Map.of(), 6)).values());
            assertEquals(List.of(3, 3), shards);
        }
        PlacementPolicy modest = new PlacementPolicy(null, 2, 6, 0, 1, new Random(1));
        assertEquals(4, count(Map.of(), modest.pick(from, Map.of(), 6)).size(), "no fewer groups than needed");
    }

    @Example
    void shouldChooseOnlyFromThoseThatAnswer() throws Exception {
        Path directory = Files.createTempDirectory("qsfs-placement");
        try {
            List<BackendSpec> specs = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                specs.add(BackendSpec.directory("d" + i, "g" + i % 2, directory.resolve("d" + i)));
                if (i != 5) { // the last is absent
                    try (Backend backend = Backends.open(specs.get(i))) {
                        Identity identity = new Identity(new Id128(7, 7), new Id128(1, i + 1), 1);
                        assertEquals(
                                BackendError.NONE,
                                Calls.putIdentity(backend, identity).await());
                    }
                }
            }
            try (BackendSet set = BackendSet.open(specs, new Id128(7, 7), 4, Clock.SYSTEM)) {
                set.identifyAll(Calls.PLENTY_NS);
                choose(set);
            }
        } finally {
            try (Stream<Path> files = Files.walk(directory)) {
                files.sorted(java.util.Comparator.reverseOrder())
                        .forEach(file -> file.toFile().delete());
            }
        }
    }

    private static void choose(BackendSet set) {
        Set<Id128> excluded = Set.of(new Id128(1, 1), new Id128(1, 3)); // of group g0 only d4 is left
        List<Backend> chosen = new PlacementPolicy(set, 1, 1, 0, 0, new Random(5)).choose(6, Set.of(), excluded);
        assertEquals(3, chosen.size());
        assertEquals(chosen.size(), new HashSet<>(chosen).size());
        for (Backend backend : chosen) {
            assertFalse(excluded.contains(backend.id()) || backend.name().equals("d5"));
        }
        assertEquals(chosen, new PlacementPolicy(set, 1, 1, 0, 0, new Random(5)).choose(6, Set.of(), excluded));
        Set<Id128> holders = Set.of(new Id128(1, 1), new Id128(1, 3)); // two in g0 already: the next go to g1
        for (int seed = 0; seed < 20; seed++) {
            List<Backend> next = new PlacementPolicy(set, 1, 1, 0, 0, new Random(seed)).choose(2, holders, excluded);
            next.forEach(backend ->
                    assertTrue(backend.name().equals("d1") || backend.name().equals("d3")));
        }
    }
}
