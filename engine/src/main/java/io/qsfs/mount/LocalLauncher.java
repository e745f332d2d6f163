package io.qsfs.mount;

import io.qsfs.config.KeySource;
import io.qsfs.config.QsfsException;
import io.qsfs.config.VolumeConfig;
import java.nio.file.Path;

/**
 * Volumes on this machine.
 *
 * <p>Threading: as {@link VolumeLauncher}.
 */
public final class LocalLauncher implements VolumeLauncher {
    @Override
    public InitReport init(VolumeConfig config, KeySource key, InitMode mode, PrintSink out) {
        throw notBuilt();
    }

    @Override
    public RunningMount mount(
            VolumeConfig config, KeySource key, Path mountPoint, MountOptions options, PrintSink out) {
        throw notBuilt();
    }

    @Override
    public RecoverReport recover(VolumeConfig config, KeySource key, PrintSink out) {
        throw notBuilt();
    }

    private static QsfsException notBuilt() {
        return new QsfsException("this build of qsfs has no engine: use a later one.");
    }
}
