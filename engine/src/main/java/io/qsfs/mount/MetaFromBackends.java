package io.qsfs.mount;

import io.qsfs.config.VolumeConfig;
import io.qsfs.keys.Superblock;
import io.qsfs.log.MetaElsewhere;
import io.qsfs.memory.Clock;
import io.qsfs.recall.FetchSettings;
import io.qsfs.recall.VolumeRecovery;

/**
 * Metadata segments that a replay needs and that are not here, or not whole. Nothing is listed or allocated before the first is
 * asked for.
 *
 * <p>Threading: the thread that mounts.
 */
final class MetaFromBackends implements MetaElsewhere, AutoCloseable {
    private static final long TIMEOUT_NS = 60_000_000_000L;

    private final VolumeConfig config;
    private final UnlockedVolume volume;
    private final Clock clock;
    private VolumeRecovery recovery;
    private MetaElsewhere source;

    MetaFromBackends(VolumeConfig config, UnlockedVolume volume, Clock clock) {
        this.config = config;
        this.volume = volume;
        this.clock = clock;
    }

    @Override
    public Content fetch(long number) {
        if (recovery == null) {
            Superblock superblock = volume.superblock();
            recovery = new VolumeRecovery(
                    superblock.volumeId(),
                    volume.key(),
                    superblock.segmentBytes(),
                    clock,
                    volume.backends().usable(),
                    FetchSettings.defaults(superblock.chunkBytes(), superblock.k() + superblock.m())
                            .withReadTimeoutNs(config.getDeadlineNs()),
                    TIMEOUT_NS);
            recovery.list();
            source = recovery.elsewhere((stream, segment) -> null); // the index that would know is being rebuilt
        }
        return source.fetch(number);
    }

    @Override
    public void close() {
        if (recovery != null) {
            recovery.close();
        }
    }
}
