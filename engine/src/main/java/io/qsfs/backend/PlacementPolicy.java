package io.qsfs.backend;

import io.qsfs.memory.Id128;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Chooses backends for the shards of one sealing: one shard each, spread over groups as evenly as there is room, within a group by
 * a draw weighted with free space.
 *
 * <p>Groups mean what they mean in 0-stor: with {@code redundantGroups} and {@code redundantNodes} the loss of that many whole groups,
 * and of that many backends in each of the others, leaves k shards. Dealing the shards out to the group with the fewest so far is the
 * spread that loses least with its largest groups, so where any choice of all n satisfies the demand, this one does; the cost
 * is n times the number of backends.
 *
 * <p>Threading: any thread; one choice at a time.
 */
public final class PlacementPolicy {
    private final BackendSet set;
    private final int k;
    private final int redundantGroups;
    private final int redundantNodes;
    private final RandomGenerator random;

    /** @param random of the draws: from the same seed and the same backends come the same choices. */
    public PlacementPolicy(BackendSet set, int k, int redundantGroups, int redundantNodes, RandomGenerator random) {
        this.set = set;
        this.k = k;
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
                candidates.add(new Candidate(member.backend(), id, group, weight(member.capacity())));
            }
        }
        return deal(candidates, inGroup, count, random).stream()
                .map(Candidate::backend)
                .toList();
    }

    /** Deals one by one to the group with the fewest; among equals the draw decides. */
    static List<Candidate> deal(List<Candidate> from, Map<String, Integer> inGroup, int count, RandomGenerator random) {
        List<Candidate> left = new ArrayList<>(from);
        Map<String, Integer> dealt = new HashMap<>(inGroup);
        List<Candidate> chosen = new ArrayList<>();
        while (chosen.size() < count && !left.isEmpty()) {
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
    private static double weight(Capacity capacity) {
        double gib = capacity.isKnown() ? capacity.freeBytes() / (double) (1 << 30) : 1024;
        return 1 + gib;
    }

    /** True when shards in these groups survive what the configuration demands; for warnings. */
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
