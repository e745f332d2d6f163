package io.qsfs.mount;

import io.qsfs.backend.BlockingCompletion;
import io.qsfs.backend.Identity;
import io.qsfs.codec.Suite;
import io.qsfs.config.Compression;
import io.qsfs.config.KeySource;
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
import java.util.List;

/** Makes a volume. */
final class VolumeInit {
    private final VolumeConfig config;
    private final Clock clock;
    private final SecureRandom random;

    VolumeInit(VolumeConfig config, Clock clock, SecureRandom random) {
        this.config = config;
        this.clock = clock;
        this.random = random;
    }

    InitReport run(KeySource key, VolumeLauncher.InitMode mode, PrintSink out) {
        Id128 volume = Id128.random(random);
        Id128 owner = Id128.random(random);
        try (StateDirectory state = StateDirectory.lock(config.stateDir(), out);
                KeySecret secret = Secrets.openOrCreate(key, random);
                VolumeKey volumeKey = VolumeKey.random(random);
                VolumeBackends backends = new VolumeBackends(config, clock)) {
            List<Superblock.BackendEntry> entries = new ArrayList<>();
            for (VolumeBackends.Member member : backends.members()) {
                Id128 id = Id128.random(random);
                BlockingCompletion<Void> done = new BlockingCompletion<>();
                member.backend()
                        .putIdentity(
                                new Identity(volume, id, clock.realtimeNs()), clock.nanoTime() + 5_000_000_000L, done);
                done.await();
                entries.add(new Superblock.BackendEntry(
                        id, member.group(), !member.spec().buffered()));
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
            SuperblockObject object = SuperblockObject.seal(superblock, volumeKey);
            state.writeSuperblock(object.bytes());
            state.write(new StateDirectory.Volume(volume, owner, 1, 0, 0, 0, 0, 0));
        }
        return new InitReport(volume.toString(), true, 1, List.of());
    }
}
