package io.qsfs.mount;

import io.qsfs.bindings.fuse.Fuse;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.KeySource;
import io.qsfs.config.QsfsException;
import io.qsfs.config.VolumeConfig;
import io.qsfs.keys.KeySecret;
import io.qsfs.keys.Superblock;
import io.qsfs.keys.SuperblockObject;
import io.qsfs.keys.VolumeKey;
import io.qsfs.log.LogContext;
import io.qsfs.log.MetaElsewhere;
import io.qsfs.memory.Clock;
import java.nio.file.Path;
import java.security.SecureRandom;

/**
 * Volumes on this machine.
 *
 * <p>Threading: as {@link VolumeLauncher}.
 */
public final class LocalLauncher implements VolumeLauncher {
    private final Clock clock = Clock.SYSTEM;
    private final SecureRandom random = new SecureRandom();

    @Override
    public InitReport init(VolumeConfig config, KeySource key, InitMode mode, PrintSink out) {
        return new VolumeInit(config, clock, random).run(key, mode, out);
    }

    @Override
    public RunningMount mount(
            VolumeConfig config, KeySource key, Path mountPoint, MountOptions options, PrintSink out) {
        requireLibraries();
        StateDirectory state = StateDirectory.lock(config.stateDir(), out);
        VolumeBackends backends = null;
        VolumeKey volumeKey = null;
        try {
            byte[] copy = state.superblock();
            if (copy == null || !state.isInitialised()) {
                throw new QsfsException("the state directory " + config.stateDir()
                        + " holds no volume: qsfs init makes one, qsfs recover brings one back from its backends.");
            }
            SuperblockObject object = SuperblockObject.parse(copy);
            try (KeySecret secret = Secrets.open(key)) {
                volumeKey = object.unlock(secret);
            }
            backends = new VolumeBackends(config, clock);
            return begin(config, state, object.contents(), volumeKey, backends, mountPoint, options, out);
        } catch (RuntimeException e) {
            if (backends != null) {
                backends.close();
            }
            if (volumeKey != null) {
                volumeKey.close();
            }
            state.close();
            throw e;
        }
    }

    private RunningMount begin(
            VolumeConfig config,
            StateDirectory state,
            Superblock superblock,
            VolumeKey key,
            VolumeBackends backends,
            Path mountPoint,
            MountOptions options,
            PrintSink out) {
        VolumeParts[] late = new VolumeParts[1]; // the log begins before those that it tells
        LogContext logContext = new LogContext()
                .clock(clock)
                .syncDue(() -> {
                    if (late[0] != null) {
                        late[0].fileSystem().syncDue();
                    }
                })
                .listener((stream, number, from, to) -> late[0].segmentClosed(stream, number, from, to));
        OpenedVolume opened =
                OpenedVolume.open(state, config, superblock.segmentBytes(), MetaElsewhere.NOWHERE, logContext, clock);
        out.line(opened.said());
        VolumeParts parts;
        try {
            opened.begin(random);
            parts = new VolumeParts(state, config, superblock, key, backends, opened, random, clock);
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
        late[0] = parts;
        parts.start();
        boolean isRoot = Linux.geteuid() == 0;
        try {
            parts.session().mount(mountPoint, config.name(), isRoot || options.allowOther());
        } catch (RuntimeException e) {
            parts.session().close();
            parts.close(true);
            throw e;
        }
        parts.session().start(parts.fileSystem(), config.workers());
        KernelTuning.apply(mountPoint);
        return new LocalMount(config, mountPoint, parts.session(), parts, clock);
    }

    private static void requireLibraries() {
        String cause = Fuse.unavailabilityCause();
        if (cause != null) {
            throw new QsfsException(cause);
        }
    }

    @Override
    public RecoverReport recover(VolumeConfig config, KeySource key, PrintSink out) {
        throw new QsfsException("not yet");
    }
}
