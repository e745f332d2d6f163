package io.qsfs.mount;

import io.qsfs.backend.Backend;
import io.qsfs.backend.BackendError;
import io.qsfs.backend.BackendSet;
import io.qsfs.backend.BackendSpec;
import io.qsfs.backend.Capacity;
import io.qsfs.backend.PlacementPolicy;
import io.qsfs.backend.SuperblockStore;
import io.qsfs.backend.Titles;
import io.qsfs.config.QsfsException;
import io.qsfs.config.VolumeConfig;
import io.qsfs.keys.Superblock;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import io.qsfs.offload.ShardTargets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * The backends of one volume, as a mount uses them: chosen for shards, asked for titles, described for people.
 *
 * <p>Threading: opened and closed by one thread; {@link #choose} on encoder and keeper threads; the rest from any.
 */
final class VolumeBackends implements ShardTargets, AutoCloseable {
    /** How long a mount waits for backends that do not answer. */
    private static final long IDENTIFY_NS = 5_000_000_000L;

    private static final long TITLE_NS = 10_000_000_000L;
    private static final int TITLE_TRIES_MAX = 5;
    private static final long TITLE_PAUSE_MAX_NS = 1_000_000_000L;

    private final SecureRandom random = new SecureRandom();
    private final VolumeConfig config;
    private final BackendSet set;
    private final PlacementPolicy policy;

    private VolumeBackends(VolumeConfig config, BackendSet set) {
        this.config = config;
        this.set = set;
        this.policy = new PlacementPolicy(
                set,
                config.minimalShards(),
                config.minimalShards() + config.parityShards(),
                config.redundantGroups(),
                config.redundantNodes(),
                random);
    }

    /** Opens the configured backends; one of another volume is an error. */
    static VolumeBackends open(VolumeConfig config, Id128 volumeId, Clock clock) {
        List<BackendSpec> specs =
                config.backends().stream().map(BackendSpec::of).toList();
        BackendSet set = BackendSet.open(specs, volumeId, config.inFlightMax(), clock);
        try {
            set.identifyAll(IDENTIFY_NS);
            VolumeBackends backends = new VolumeBackends(config, set);
            backends.refuseForeign(volumeId);
            return backends;
        } catch (RuntimeException e) {
            set.close();
            throw e;
        }
    }

    /** Opens backends of a volume that only they know. */
    static VolumeBackends openUnknown(VolumeConfig config, Clock clock) {
        return open(config, Id128.NIL, clock);
    }

    /**
     * The volume has become known.
     *
     * @throws QsfsException when one of the backends belongs to another.
     */
    void belongTo(Id128 volumeId) {
        set.belongTo(volumeId);
        refuseForeign(volumeId);
    }

    private void refuseForeign(Id128 volumeId) {
        for (BackendSet.Member member : set.members()) {
            if (member.identifyError() == BackendError.FOREIGN) {
                throw new QsfsException("backend " + member.spec().name() + " belongs to another volume than "
                        + volumeId + " (" + member.identifyDetail() + "): correct its place in " + config.file() + ".");
            }
            if (member.identifyError() == BackendError.NOT_DURABLE) {
                throw new QsfsException(member.identifyDetail() + ".");
            }
        }
    }

    /** Refuses to go on when so many backends are absent that nothing could be read. */
    void requireReadable(Superblock superblock) {
        long absent = set.members().stream()
                .filter(member -> member.identifyError() == BackendError.ABSENT)
                .count();
        long left = set.members().size() - absent;
        if (left < superblock.k()) {
            throw new QsfsException("only " + left + " of " + set.members().size() + " backends are there, and "
                    + superblock.k() + " are needed to read anything (" + describeDown()
                    + "): bring more of them back.");
        }
    }

    /** Remarks of a degraded mount, one sentence each. */
    List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        for (BackendSet.Member member : set.members()) {
            if (!member.word().equals("ok") && !member.word().equals("slow")) {
                warnings.add("backend " + member.spec().name() + " is " + member.word() + ": " + member.detail());
            }
        }
        return warnings;
    }

    /** Which backends do not take anything, in one sentence. */
    String describeDown() {
        List<String> warnings = warnings();
        return warnings.isEmpty() ? "all backends answer" : String.join("; ", warnings);
    }

    List<BackendSet.Member> members() {
        return set.members();
    }

    List<Backend> all() {
        return set.all();
    }

    List<Backend> usable() {
        return set.usable();
    }

    /** Told on a thread of the backends when one that was away answers again. */
    void onReturn(Consumer<Backend> listener) {
        set.onReturn(listener);
    }

    List<SuperblockStore.Candidate> superblocks() {
        return SuperblockStore.newest(set.usable(), TITLE_NS);
    }

    /** Asks again who the backends are, after they were given identities. */
    void identifyAgain() {
        set.identifyAll(IDENTIFY_NS);
    }

    /** Puts a superblock on all; by name, why those failed that did. */
    Map<String, String> putSuperblock(int generation, byte[] bytes, long timeoutNs) {
        return SuperblockStore.put(set.all(), generation, bytes, timeoutNs);
    }

    /** Those that answer and that the superblock names: they alone have a voice in who owns the title. */
    private List<Backend> voters(Superblock superblock) {
        Map<Id128, Backend> voters = new LinkedHashMap<>();
        Set<Id128> named = ids(superblock);
        for (Backend backend : set.usable()) {
            if (named.contains(backend.id())) {
                voters.putIfAbsent(backend.id(), backend);
            }
        }
        return List.copyOf(voters.values());
    }

    private static Set<Id128> ids(Superblock superblock) {
        return superblock.backends().stream().map(Superblock.BackendEntry::id).collect(Collectors.toSet());
    }

    /**
     * Who could not be asked.
     *
     * @param count of the backends that the superblock names.
     * @param names of them, and why, as far as the configuration knows them.
     */
    record Silent(int count, String names) {}

    /** The backends that the superblock names and that are not among those that were asked. */
    Silent silent(Superblock superblock, Collection<String> asked) {
        Set<Id128> missing = new HashSet<>(ids(superblock));
        List<String> names = new ArrayList<>();
        for (BackendSet.Member member : set.members()) {
            String name = member.spec().name();
            if (asked.contains(name)) {
                missing.remove(member.backend().id());
            } else {
                names.add(member.word().equals("ok") ? name : name + " (" + member.word() + ")");
            }
        }
        if (missing.size() > names.size()) {
            names.add((missing.size() - names.size()) + " that the configuration does not name");
        }
        return new Silent(missing.size(), String.join(", ", names));
    }

    /** Refuses when another owner has the right to write: its title is higher than ours, or as high. */
    void requireTitle(Superblock superblock, long epoch, Id128 owner) {
        Titles.Highest highest =
                Titles.read(voters(superblock), superblock.backends().size(), TITLE_NS);
        boolean isOthers = highest.epoch() > epoch
                || highest.epoch() == epoch
                        && !highest.owner().isNil()
                        && !highest.owner().equals(owner);
        if (isOthers) {
            throw new QsfsException("volume " + superblock.volumeId() + " was taken over by another machine: title "
                    + highest.epoch() + " of owner " + highest.owner()
                    + " is on its backends, and this state directory has "
                    + epoch
                    + ": if that machine has written, what is here is an old copy: move it away and run qsfs recover"
                    + " to write here again; if it has not, and is stopped, qsfs mount --take-over goes on from here.");
        }
    }

    /** Puts a title one epoch above the highest; what others did meanwhile is respected. Returns the epoch. */
    long claimNextTitle(Superblock superblock, Id128 owner) {
        int all = superblock.backends().size();
        for (int i = 0; i < TITLE_TRIES_MAX; i++) {
            Titles.Highest highest = Titles.read(voters(superblock), all, TITLE_NS);
            if (!highest.isMajority()) {
                break;
            }
            long epoch = highest.seenEpoch() + 1;
            Titles.ClaimResult result =
                    Titles.claim(voters(superblock), all, superblock.volumeId(), epoch, owner, TITLE_NS);
            if (result.isOwned()) {
                return epoch;
            }
            LockSupport.parkNanos(random.nextLong(TITLE_PAUSE_MAX_NS)); // so that two who collide do not do so again
        }
        throw new QsfsException("the title to write volume " + superblock.volumeId()
                + " cannot be had: a majority of its " + all + " backends must answer (" + describeDown() + ").");
    }

    @Override
    public List<Backend> choose(int count, Set<Id128> holders, Set<Id128> excluded) {
        return policy.choose(count, holders, excluded);
    }

    List<Capacity> capacities(long timeoutNs) {
        return set.capacities(timeoutNs);
    }

    @Override
    public void close() {
        set.close();
    }
}
