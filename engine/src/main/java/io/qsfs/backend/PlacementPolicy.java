package io.qsfs.backend;

import io.qsfs.memory.Id128;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Chooses backends for the shards of one sealing: one shard each, spread over groups as evenly as there is room, within a group by
 * a draw weighted with free space.
 *
 * <p>Groups mean what they mean in 0-stor: with {@code redundantGroups} and {@code redundantNodes} the loss of that many whole groups,
 * and of that many backends in each of the others, leaves k shards. The even spread loses least with its largest groups, but every
 * group in use costs {@code redundantNodes} shards: of six shards in four groups (2, 2, 1, 1) the loss of one backend in each leaves
 * two, of six in two groups (3, 3) four. So where the even spread of all n does not satisfy the demand, the even spread over fewer
 * groups that does is taken, over as many as possible; where none does, the even spread over all stays. Of a sealing chosen from the
 * beginning this finds a choice whenever there is one; beside holders that were not chosen so it can miss a rare one. The cost
 * is n times the square of the number of groups, and n times the number of backends.
 *
 * <p>Threading: any thread; one choice at a time.
 */
public final class PlacementPolicy {
    /** One whose last operation got no answer is drawn when there is little else. */
    private static final double SUSPECT_WEIGHT = 1.0 / 16;

    private final BackendSet set;
    private final int k;
    private final int n;
    private final int redundantGroups;
    private final int redundantNodes;
    private final RandomGenerator random;

    /**
     * A policy.
     *
     * @param n shards of a sealing when all are placed: a choice of a few of them looks ahead to the rest.
     * @param random of the draws: from the same seed and the same backends come the same choices.
     */
    public PlacementPolicy(
            BackendSet set, int k, int n, int redundantGroups, int redundantNodes, RandomGenerator random) {
        this.set = set;
        this.k = k;
        this.n = n;
        this.redundantGroups = redundantGroups;
        this.redundantNodes = redundantNodes;
        this.random = random;
    }

    /** A backend that could take a shard. */
    record Candidate(Backend backend, Id128 id, String group, double weight) {}

    /**
     * Chooses different backends.
     *
     * @param count how many at most.
     * @param holders backends that hold shards of the sealing already; they count towards groups.
     * @param excluded not to be chosen.
     * @return best first; fewer when no more take anything.
     */
    public synchronized List<Backend> choose(int count, Set<Id128> holders, Set<Id128> excluded) {
        Map<String, Integer> inGroup = new HashMap<>();
        List<Candidate> candidates = new ArrayList<>();
        for (BackendSet.Member member : set.members()) {
            Id128 id = member.backend().id();
            String group = member.spec().group();
            if (holders.contains(id)) {
                inGroup.merge(group, 1, Integer::sum);
            }
            boolean mayTake = member.identifyError() == BackendError.NONE
                    && member.backend().health().isWritable()
                    && !excluded.contains(id)
                    && !id.isNil();
            if (mayTake) {
                candidates.add(new Candidate(member.backend(), id, group, weight(member)));
            }
        }
        return pick(candidates, inGroup, count).stream().map(Candidate::backend).toList();
    }

    /** As {@link #choose}, from these. */
    List<Candidate> pick(List<Candidate> candidates, Map<String, Integer> inGroup, int count) {
        return deal(candidates, inGroup, limits(candidates, inGroup, count), count, random);
    }

    /** How many shards each group is to have in the end at most; empty when the even spread over all will do. */
    private Map<String, Integer> limits(List<Candidate> candidates, Map<String, Integer> inGroup, int count) {
        Map<String, Integer> room = new LinkedHashMap<>();
        Map<String, Double> space = new LinkedHashMap<>();
        int held = 0;
        for (Candidate candidate : candidates) {
            room.merge(candidate.group(), 1, Integer::sum);
            space.merge(candidate.group(), candidate.weight(), Double::sum);
        }
        for (int shards : inGroup.values()) {
            held += shards;
        }
        int wanted = Math.min(candidates.size(), Math.max(count, n - held));
        List<String> groups = new ArrayList<>(room.keySet());
        if (redundantNodes == 0 || isRedundant(spread(groups, groups.size(), room, inGroup, wanted))) {
            return Map.of();
        }
        Map<String, Double> draws = new HashMap<>();
        for (String group : groups) {
            draws.put(group, Math.pow(random.nextDouble(), 1 / space.get(group)));
        }
        Comparator<String> byRoom = Comparator.<String>comparingInt(
                        group -> -room.get(group) - inGroup.getOrDefault(group, 0))
                .thenComparingDouble(group -> -draws.get(group));
        // Beside holders those groups may be better that cost least until one more shard in them counts.
        Comparator<String> byCost = Comparator.<String>comparingInt(
                        group -> Math.max(0, redundantNodes - inGroup.getOrDefault(group, 0)))
                .thenComparing(byRoom);
        for (int first = groups.size() - 1; first > 0; first--) {
            for (Comparator<String> order : List.of(byCost, byRoom)) {
                groups.sort(order);
                Map<String, Integer> shards = spread(groups, first, room, inGroup, wanted);
                if (isRedundant(shards)) {
                    return shards;
                }
            }
        }
        return Map.of();
    }

    /** Shards of each group when so many more are dealt evenly to the {@code first} of these groups, what is left to the others. */
    private static Map<String, Integer> spread(
            List<String> groups, int first, Map<String, Integer> room, Map<String, Integer> inGroup, int wanted) {
        Map<String, Integer> shards = new HashMap<>(inGroup);
        groups.forEach(group -> shards.putIfAbsent(group, 0));
        int left = wanted;
        while (left > 0) {
            String next = fewest(groups.subList(0, first), room, inGroup, shards);
            if (next == null) {
                next = fewest(groups.subList(first, groups.size()), room, inGroup, shards);
            }
            if (next == null) {
                return shards;
            }
            shards.merge(next, 1, Integer::sum);
            left--;
        }
        return shards;
    }

    /** The group with the fewest shards that has room; null when none has. */
    private static String fewest(
            List<String> groups, Map<String, Integer> room, Map<String, Integer> inGroup, Map<String, Integer> shards) {
        String found = null;
        for (String group : groups) {
            int here = shards.get(group);
            boolean hasRoom = here - inGroup.getOrDefault(group, 0) < room.get(group);
            if (hasRoom && (found == null || here < shards.get(found))) {
                found = group;
            }
        }
        return found;
    }

    /**
     * Deals one by one to the group with the fewest; among equals the draw decides.
     *
     * @param limits shards that a group may have in the end; a group that is not named may have any number.
     */
    static List<Candidate> deal(
            List<Candidate> from,
            Map<String, Integer> inGroup,
            Map<String, Integer> limits,
            int count,
            RandomGenerator random) {
        List<Candidate> left = new ArrayList<>(from);
        Map<String, Integer> dealt = new HashMap<>(inGroup);
        List<Candidate> chosen = new ArrayList<>();
        while (chosen.size() < count) {
            left.removeIf(candidate -> dealt.getOrDefault(candidate.group(), 0)
                    >= limits.getOrDefault(candidate.group(), Integer.MAX_VALUE));
            if (left.isEmpty()) {
                break;
            }
            int fewest = Integer.MAX_VALUE;
            for (Candidate candidate : left) {
                fewest = Math.min(fewest, dealt.getOrDefault(candidate.group(), 0));
            }
            List<Candidate> next = new ArrayList<>();
            double sum = 0;
            for (Candidate candidate : left) {
                if (dealt.getOrDefault(candidate.group(), 0) == fewest) {
                    next.add(candidate);
                    sum += candidate.weight();
                }
            }
            Candidate drawn = draw(next, sum, random);
            left.remove(drawn);
            dealt.merge(drawn.group(), 1, Integer::sum);
            chosen.add(drawn);
        }
        return chosen;
    }

    private static Candidate draw(List<Candidate> from, double sum, RandomGenerator random) {
        double at = random.nextDouble() * sum;
        for (Candidate candidate : from) {
            at -= candidate.weight();
            if (at < 0) {
                return candidate;
            }
        }
        return from.getLast();
    }

    /** Free space counts; one that cannot tell counts as a TiB, and a nearly full one still gets a draw now and then. */
    private static double weight(BackendSet.Member member) {
        Capacity capacity = member.capacity();
        double gib = capacity.isKnown() ? capacity.freeBytes() / (double) (1 << 30) : 1024;
        boolean isSuspect = member.backend().health().state() == Health.State.SUSPECT;
        return (1 + gib) * (isSuspect ? SUSPECT_WEIGHT : 1);
    }

    /** True when shards in these groups survive what the configuration demands. */
    public boolean isRedundant(Map<String, Integer> shardsInGroup) {
        List<Integer> counts = new ArrayList<>(shardsInGroup.values());
        counts.sort((a, b) -> Integer.compare(b, a));
        int left = 0;
        for (int i = redundantGroups; i < counts.size(); i++) {
            left += Math.max(0, counts.get(i) - redundantNodes);
        }
        return left >= k;
    }
}
