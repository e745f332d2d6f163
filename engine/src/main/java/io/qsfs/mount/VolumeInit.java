package io.qsfs.mount;

import io.qsfs.backend.BackendError;
import io.qsfs.backend.BackendSet;
import io.qsfs.backend.BlockingCompletion;
import io.qsfs.backend.Identity;
import io.qsfs.backend.SuperblockStore;
import io.qsfs.codec.Suite;
import io.qsfs.config.Compression;
import io.qsfs.config.KeySource;
import io.qsfs.config.QsfsException;
import io.qsfs.config.VolumeConfig;
import io.qsfs.keys.KeySecret;
import io.qsfs.keys.KeySlot;
import io.qsfs.keys.Superblock;
import io.qsfs.keys.SuperblockObject;
import io.qsfs.keys.VolumeKey;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes a volume. In this order, so that an init that was interrupted can be continued: key file, identities, superblock on every
 * backend, title, state directory.
 *
 * <p>Threading: the thread of the command.
 */
final class VolumeInit {
    private static final long PUT_NS = 20_000_000_000L;

    private final VolumeConfig config;
    private final Clock clock;
    private final SecureRandom random;

    VolumeInit(VolumeConfig config, Clock clock, SecureRandom random) {
        this.config = config;
        this.clock = clock;
        this.random = random;
    }

    InitReport run(KeySource key, VolumeLauncher.InitMode mode, PrintSink out) {
        try (StateDirectory state = StateDirectory.lock(config.stateDir(), out)) {
            if (state.isInitialised()) {
                if (mode == VolumeLauncher.InitMode.CONTINUE) {
                    StateDirectory.Volume volume = state.volume();
                    return new InitReport(volume.volumeId().toString(), false, volume.epoch(), List.of());
                }
                throw new QsfsException("the state directory " + config.stateDir()
                        + " holds a volume already: mount it, or name another state_dir for a new one.");
            }
            state.removeUnfinished();
            try (VolumeBackends backends = VolumeBackends.openUnknown(config, clock)) {
                return init(state, backends, key, mode);
            }
        }
    }

    private InitReport init(
            StateDirectory state, VolumeBackends backends, KeySource key, VolumeLauncher.InitMode mode) {
        List<BackendSet.Member> taken = new ArrayList<>();
        for (BackendSet.Member member : backends.members()) {
            switch (member.identifyError()) {
                case NONE -> taken.add(member);
                case ABSENT -> { // as it should be
                }
                default ->
                    throw new QsfsException("backend " + member.spec().name() + " cannot be used (" + member.word()
                            + ": " + member.detail() + "): mend it, or leave it out of " + config.file() + ".");
            }
        }
        if (!taken.isEmpty() && mode == VolumeLauncher.InitMode.NEW) {
            throw new QsfsException("backend " + taken.getFirst().spec().name() + " ("
                    + taken.getFirst().spec().location()
                    + ") belongs to a volume already: nothing is written over; take another place, or qsfs recover the"
                    + " volume that is there, or qsfs init --continue an init that was interrupted.");
        }
        SuperblockObject object = null;
        if (!taken.isEmpty()) {
            backends.belongTo(taken.getFirst().identity().volume());
            object = superblockThere(backends, key);
        }
        return object == null ? makeNew(state, backends, taken, key) : finish(state, backends, object);
    }

    /** The superblock of an init that was interrupted behind it; null when it did not come that far. */
    private SuperblockObject superblockThere(VolumeBackends backends, KeySource key) {
        List<SuperblockStore.Candidate> candidates = backends.superblocks();
        if (candidates.isEmpty()) {
            return null;
        }
        SuperblockObject object = SuperblockObject.parse(candidates.getFirst().bytes());
        try (KeySecret secret = Secrets.open(key);
                VolumeKey opened = object.unlock(secret)) {
            if (!object.isGenuine(opened)) {
                throw new QsfsException("the superblock on the backends is not genuine: recover from other backends.");
            }
        }
        return object;
    }

    private InitReport makeNew(
            StateDirectory state, VolumeBackends backends, List<BackendSet.Member> taken, KeySource key) {
        Map<String, Id128> ids = new HashMap<>();
        Id128 volume = Id128.random(random);
        for (BackendSet.Member member : taken) {
            volume = member.identity().volume();
            ids.put(member.spec().name(), member.identity().backend());
        }
        SuperblockObject object;
        try (KeySecret secret = Secrets.openOrCreate(key, random);
                VolumeKey volumeKey = VolumeKey.random(random)) {
            List<Superblock.BackendEntry> entries = new ArrayList<>();
            for (BackendSet.Member member : backends.members()) {
                Id128 id = ids.get(member.spec().name());
                if (id == null) {
                    id = Id128.random(random);
                    putIdentity(member, new Identity(volume, id, clock.realtimeNs()));
                }
                entries.add(new Superblock.BackendEntry(
                        id, member.spec().group(), !member.spec().buffered()));
            }
            Superblock superblock = new Superblock(
                    volume,
                    1,
                    clock.realtimeNs(),
                    config.minimalShards(),
                    config.parityShards(),
                    config.segmentBytes(),
                    config.chunkBytes(),
                    Suite.AES256_GCM_LZ4,
                    config.compression() == Compression.NONE ? Suite.COMPRESSION_NONE : Suite.COMPRESSION_LZ4,
                    entries,
                    List.of(KeySlot.create(volumeKey, secret, volume, random)));
            object = SuperblockObject.seal(superblock, volumeKey);
        }
        backends.identifyAgain();
        return finish(state, backends, object);
    }

    private void putIdentity(BackendSet.Member member, Identity identity) {
        BlockingCompletion<Void> done = new BlockingCompletion<>();
        member.backend().putIdentity(identity, clock.nanoTime() + PUT_NS, done);
        BackendError error = done.await();
        if (error != BackendError.NONE) {
            throw new QsfsException(
                    "backend " + member.spec().name() + " (" + member.spec().location()
                            + ") does not take its identity (" + done.detail() + "): check its permissions and space.");
        }
    }

    private InitReport finish(StateDirectory state, VolumeBackends backends, SuperblockObject object) {
        Superblock superblock = object.contents();
        Map<String, String> refused = backends.putSuperblock(superblock.generation(), object.bytes(), PUT_NS);
        if (!refused.isEmpty()) {
            throw new QsfsException("the superblock cannot be put on " + refused
                    + ": check those backends and run qsfs init --continue.");
        }
        Id128 owner = Id128.random(random);
        long epoch = backends.claimNextTitle(superblock, owner);
        state.writeSuperblock(object.bytes());
        state.write(new StateDirectory.Volume(superblock.volumeId(), owner, epoch, 0, 0, 0, 0, 0));
        return new InitReport(superblock.volumeId().toString(), true, epoch, config.warnings());
    }
}
