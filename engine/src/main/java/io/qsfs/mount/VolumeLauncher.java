package io.qsfs.mount;

import io.qsfs.config.KeySource;
import io.qsfs.config.VolumeConfig;
import java.nio.file.Path;

/**
 * Makes, mounts and recovers volumes: all that the command line asks of the engine.
 *
 * <p>What a user can cause or repair is thrown as {@link io.qsfs.config.QsfsException}; its message is printed as it is.
 *
 * <p>Threading: one call at a time, on the thread of the command.
 */
public interface VolumeLauncher {
    /** What {@link #init} does where it finds a volume. */
    enum InitMode {
        /** A backend that bears an identity is an error: nothing is written over. */
        NEW,
        /**
         * Completes an init that was interrupted: backends that bear an identity are kept when the key opens their
         * superblock, the others are initialised. A whole volume is left as it is.
         */
        CONTINUE
    }

    /**
     * Makes a volume: volume key and key slot, superblock and identity on every backend, the first title, an empty state
     * directory.
     */
    InitReport init(VolumeConfig config, KeySource key, InitMode mode, PrintSink out);

    /**
     * Mounts and returns when the mount answers; from then on it runs on threads of its own. It mounts with the source
     * {@code qsfs:<name>} and the type {@code fuse.qsfs}, and waits for a predecessor that still drains (saying so).
     *
     * @param mountPoint canonical, an existing directory outside of the state directory and the backends; what a killed process
     *                   left mounted there is detached already.
     * @param out        gets what replay did and the remarks of a degraded mount; used until return. The configuration's
     *                   warnings were printed already.
     */
    RunningMount mount(VolumeConfig config, KeySource key, Path mountPoint, MountOptions options, PrintSink out);

    /**
     * Builds the state directory again from the backends and the key alone. Content stays where it is: a later mount
     * fetches it when it is read. It looks before it claims: while backends that do not answer can hold newer metadata than those
     * that do, it is refused and nothing is changed.
     *
     * @param isLossAccepted go on from what answers all the same.
     */
    RecoverReport recover(VolumeConfig config, KeySource key, boolean isLossAccepted, PrintSink out);
}
