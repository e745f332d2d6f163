package io.qsfs.mount;

import io.qsfs.backend.Backend;
import io.qsfs.bindings.fuse.Fuse;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.AccessTimes;
import io.qsfs.config.KeySource;
import io.qsfs.config.QsfsException;
import io.qsfs.config.VolumeConfig;
import io.qsfs.log.Disk;
import io.qsfs.log.LogContext;
import io.qsfs.log.RealDisk;
import io.qsfs.memory.Clock;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;

/**
 * Volumes on this machine.
 *
 * <p>Threading: as {@link VolumeLauncher}.
 */
public final class LocalLauncher implements VolumeLauncher {
    private final Clock clock = Clock.SYSTEM;
    private final SecureRandom random = new SecureRandom();
    private final Disk disk;

    /** On the disks of this machine. */
    public LocalLauncher() {
        this(new RealDisk());
    }

    /** @param disk what the log of a mount is written to; another than the real one is for tests. */
    LocalLauncher(Disk disk) {
        this.disk = disk;
    }

    @Override
    public InitReport init(VolumeConfig config, KeySource key, InitMode mode, PrintSink out) {
        return new VolumeInit(config, clock, random).run(key, mode, out);
    }

    @Override
    public RunningMount mount(
            VolumeConfig config, KeySource key, Path mountPoint, MountOptions options, PrintSink out) {
        requireLibraries();
        StateDirectory state = StateDirectory.lock(config.stateDir(), out);
        try (UnlockedVolume volume = UnlockedVolume.fromState(state, config, key, clock)) {
            volume.requireShape(config, out);
            volume.backends().requireReadable(volume.superblock());
            StateDirectory.Volume us = state.volume();
            if (!options.takeOver()) {
                volume.backends().requireTitle(volume.superblock(), us.epoch(), us.ownerId());
            }
            volume.backends().warnings().forEach(out::warning);
            return begin(config, state, volume, mountPoint, options, out);
        } catch (RuntimeException e) {
            state.close();
            throw e;
        }
    }

    private RunningMount begin(
            VolumeConfig config,
            StateDirectory state,
            UnlockedVolume volume,
            Path mountPoint,
            MountOptions options,
            PrintSink out) {
        VolumeParts[] late = new VolumeParts[1]; // the log begins before those that it tells
        LogContext logContext = new LogContext()
                .clock(clock)
                .disk(disk)
                .syncDue(() -> {
                    if (late[0] != null) {
                        late[0].fileSystem().syncDue();
                    }
                })
                .listener((stream, number, from, to) -> late[0].segmentClosed(stream, number, from, to));
        IndexReserve reserve = IndexReserve.open(state.reserve(), clock);
        OpenedVolume opened;
        try (MetaFromBackends elsewhere = new MetaFromBackends(config, volume, clock)) {
            opened = OpenedVolume.open(state, config, volume.superblock().segmentBytes(), elsewhere, logContext, clock);
        }
        out.line(opened.said());
        VolumeParts parts;
        try {
            requireOriginal(opened, volume);
            if (options.takeOver()) {
                takeOver(config, opened, volume, out);
            }
            opened.begin(random);
            parts = new VolumeParts(
                    mountPoint,
                    state,
                    config,
                    volume.superblock(),
                    volume.key(),
                    volume.backends(),
                    opened,
                    reserve,
                    config.accessTimes() == AccessTimes.RELATIME && !options.noAccessTimes(),
                    random,
                    clock);
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
        volume.release();
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

    private void requireOriginal(OpenedVolume opened, UnlockedVolume volume) {
        new OldCopyCheck(opened, clock).requireOriginal(volume.backends().usable());
    }

    /** Looks, claims, and looks again: what another machine has written is never passed over. */
    private void takeOver(VolumeConfig config, OpenedVolume opened, UnlockedVolume volume, PrintSink out) {
        VolumeBackends backends = volume.backends();
        List<String> asked = backends.usable().stream().map(Backend::name).toList();
        VolumeBackends.Silent silent = backends.silent(volume.superblock(), asked);
        if (silent.count() >= config.placedMin()) {
            throw new QsfsException(
                    "volume " + volume.superblock().volumeId() + " cannot be taken over while " + silent.names()
                            + " do not answer: what another machine has written can lie on them alone; bring them back.");
        }
        long epoch =
                backends.claimNextTitle(volume.superblock(), opened.volume().ownerId());
        requireOriginal(opened, volume);
        opened.takeOver(epoch);
        out.line("took epoch " + epoch + " of volume " + volume.superblock().volumeId());
    }

    private static void requireLibraries() {
        String cause = Fuse.unavailabilityCause();
        if (cause != null) {
            throw new QsfsException(cause);
        }
    }

    @Override
    public RecoverReport recover(VolumeConfig config, KeySource key, boolean isLossAccepted, PrintSink out) {
        try (VolumeRecover recovery = new VolumeRecover(config, isLossAccepted, clock, random)) {
            return recovery.run(key, out);
        }
    }
}
