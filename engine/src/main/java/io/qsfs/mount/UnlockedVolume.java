package io.qsfs.mount;

import io.qsfs.backend.SuperblockStore;
import io.qsfs.codec.Suite;
import io.qsfs.config.KeySource;
import io.qsfs.config.QsfsException;
import io.qsfs.config.Units;
import io.qsfs.config.VolumeConfig;
import io.qsfs.keys.KeySecret;
import io.qsfs.keys.Superblock;
import io.qsfs.keys.SuperblockObject;
import io.qsfs.keys.VolumeKey;
import io.qsfs.memory.Clock;
import java.util.List;

/**
 * A volume whose superblock was found genuine by its key, and its backends.
 *
 * <p>Threading: one thread. Owns key and backends until {@link #release}.
 */
final class UnlockedVolume implements AutoCloseable {
    private final SuperblockObject object;
    private final VolumeKey key;
    private final VolumeBackends backends;
    private boolean isReleased;

    private UnlockedVolume(SuperblockObject object, VolumeKey key, VolumeBackends backends) {
        this.object = object;
        this.key = key;
        this.backends = backends;
    }

    /** From the copy in the state directory, so that no backend is needed. */
    static UnlockedVolume fromState(StateDirectory state, VolumeConfig config, KeySource source, Clock clock) {
        byte[] copy = state.superblock();
        if (copy == null || !state.isInitialised()) {
            throw new QsfsException("the state directory " + config.stateDir()
                    + " holds no volume: qsfs init makes one, qsfs recover brings one back from its backends.");
        }
        SuperblockObject object = SuperblockObject.parse(copy);
        VolumeKey key = unlock(object, source);
        try {
            return open(
                    object, key, VolumeBackends.open(config, object.contents().volumeId(), clock));
        } catch (RuntimeException e) {
            key.close();
            throw e;
        }
    }

    /** From the newest superblock on the backends that the key opens. */
    static UnlockedVolume fromBackends(VolumeConfig config, KeySource source, Clock clock) {
        VolumeBackends backends = VolumeBackends.openUnknown(config, clock);
        UnlockedVolume volume;
        try {
            volume = find(backends, source);
        } catch (RuntimeException e) {
            backends.close();
            throw e;
        }
        try {
            backends.belongTo(volume.superblock().volumeId());
            return volume;
        } catch (RuntimeException e) {
            volume.close();
            throw e;
        }
    }

    private static UnlockedVolume find(VolumeBackends backends, KeySource source) {
        QsfsException last = null;
        List<SuperblockStore.Candidate> candidates = backends.superblocks();
        for (SuperblockStore.Candidate candidate : candidates) {
            try {
                SuperblockObject object = SuperblockObject.parse(candidate.bytes());
                return open(object, unlock(object, source), backends);
            } catch (QsfsException e) {
                last = e;
            }
        }
        if (last != null) {
            throw last;
        }
        throw new QsfsException("no backend has a superblock (" + backends.describeDown()
                + "): check the configuration, or bring more backends up.");
    }

    private static UnlockedVolume open(SuperblockObject object, VolumeKey key, VolumeBackends backends) {
        if (!Suite.isKnown(object.contents().suite())) {
            throw new QsfsException("volume " + object.contents().volumeId() + " uses the suite "
                    + object.contents().suite() + ", which this qsfs does not know: use a newer qsfs.");
        }
        return new UnlockedVolume(object, key, backends);
    }

    private static VolumeKey unlock(SuperblockObject object, KeySource source) {
        try (KeySecret secret = Secrets.open(source)) {
            return object.unlock(secret);
        }
    }

    /**
     * What the configuration says of the volume's shape is what it was made with: k and n must be, as placing goes by them; of sizes a
     * warning says that they have no effect.
     */
    void requireShape(VolumeConfig config, PrintSink out) {
        Superblock made = object.contents();
        if (config.minimalShards() != made.k() || config.parityShards() != made.m()) {
            throw new QsfsException(config.file() + " says minimal_shards = " + config.minimalShards()
                    + " and expected_shards = " + config.expectedShards() + ", and volume " + made.volumeId()
                    + " was made with " + made.k() + " and " + (made.k() + made.m()) + ": correct the file.");
        }
        warnIfOther(out, "segment_bytes", config.segmentBytes(), made.segmentBytes());
        warnIfOther(out, "chunk_bytes", config.chunkBytes(), made.chunkBytes());
    }

    private static void warnIfOther(PrintSink out, String key, long configured, long made) {
        if (configured != made) {
            out.warning(key + " = " + Units.size(configured) + " has no effect: the volume was made with "
                    + Units.size(made));
        }
    }

    Superblock superblock() {
        return object.contents();
    }

    byte[] superblockBytes() {
        return object.bytes();
    }

    VolumeKey key() {
        return key;
    }

    VolumeBackends backends() {
        return backends;
    }

    /** Key and backends belong to the caller from here on. */
    void release() {
        isReleased = true;
    }

    @Override
    public void close() {
        if (!isReleased) {
            isReleased = true;
            backends.close();
            key.close();
        }
    }
}
