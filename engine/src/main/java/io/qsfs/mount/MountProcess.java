package io.qsfs.mount;

import io.qsfs.config.BackendConfig;
import io.qsfs.config.KeySource;
import io.qsfs.config.Paths;
import io.qsfs.config.QsfsException;
import io.qsfs.config.VolumeConfig;
import io.qsfs.memory.Clock;
import io.qsfs.mount.control.Control;
import io.qsfs.mount.control.ControlServer;
import io.qsfs.mount.control.MountFinder;
import io.qsfs.mount.control.MountPoints;
import io.qsfs.mount.control.MountRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.ToIntFunction;

/**
 * The life of a process that serves one mount: mount, answer commands, and end by umount or by a signal.
 *
 * <p>Threading: {@link #run} on the main thread; a signal ends it from the thread of the JVM's shutdown.
 */
public final class MountProcess {
    private final VolumeLauncher launcher;
    private final Paths paths;
    private final Clock clock;

    public MountProcess(VolumeLauncher launcher, Paths paths, Clock clock) {
        this.launcher = launcher;
        this.paths = paths;
        this.clock = clock;
    }

    /**
     * Mounts and returns when the mount has ended.
     *
     * @param mountPoint as the user wrote it.
     * @param onUp       called once, when the mount answers.
     * @param exitCode   for a process that a signal ends.
     */
    public UnmountReport run(
            VolumeConfig config,
            KeySource key,
            Path mountPoint,
            MountOptions options,
            PrintSink out,
            Runnable onUp,
            ToIntFunction<UnmountReport> exitCode)
            throws InterruptedException {
        Path canonical = checkMountPoint(config, mountPoint, out);
        config.warnings().forEach(out::warning);
        RunningMount mount = launcher.mount(config, key, canonical, options, out);
        Path socket = Control.socket(config.stateDir(), paths.runtime());
        MountRegistry registry = new MountRegistry(paths);
        MountRegistry.Entry entry =
                MountRegistry.Entry.ofThisProcess(canonical, config.name(), config.stateDir(), socket);
        ControlServer control = null;
        Thread onSignal = null;
        try {
            control = ControlServer.open(socket, mount, clock);
            registry.put(entry);
            ControlServer opened = control;
            onSignal = new Thread(
                    () -> {
                        UnmountReport report = mount.stop(PrintSink.NONE);
                        opened.close();
                        registry.remove(entry);
                        Runtime.getRuntime().halt(exitCode.applyAsInt(report));
                    },
                    "stop");
            Runtime.getRuntime().addShutdownHook(onSignal);
            onUp.run();
            return mount.awaitEnd();
        } catch (RuntimeException e) {
            mount.stop(PrintSink.NONE);
            throw e;
        } finally {
            if (onSignal != null && !forget(onSignal)) {
                Thread.currentThread().join(); // a signal ends the process, and the hook says with which code
            }
            if (control != null) {
                control.close();
            }
            registry.remove(entry);
        }
    }

    /** @return false when the JVM is already shutting down. */
    private static boolean forget(Thread hook) {
        try {
            return Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return false;
        }
    }

    /** Refuses what cannot be a mount point, and detaches what a dead process left there. */
    private Path checkMountPoint(VolumeConfig config, Path mountPoint, PrintSink out) {
        MountFinder finder = new MountFinder(paths);
        MountFinder.Found found = finder.find(mountPoint);
        Path canonical = found.mountPoint();
        MountPoints.Mounted mounted = MountPoints.find(canonical);
        boolean isMounted = mounted != null && mounted.isQsfs();
        boolean isDead = found.condition() == MountFinder.Condition.LEFT_OVER
                || (found.condition() == MountFinder.Condition.FOREIGN && MountPoints.isDead(canonical));
        if (isDead) {
            finder.detach(found);
            out.line("detached " + canonical + ", which a process that is gone left mounted");
        } else if (isMounted) {
            throw new QsfsException("mount point " + mountPoint + " is in use by "
                    + (found.entry() == null
                            ? "another qsfs mount"
                            : "the qsfs mount of pid " + found.entry().pid())
                    + ": qsfs umount it first, or name another directory.");
        }
        if (!Files.exists(canonical)) {
            throw new QsfsException("mount point " + mountPoint + " does not exist: mkdir it.");
        }
        if (!Files.isDirectory(canonical)) {
            throw new QsfsException("mount point " + mountPoint + " is not a directory: name one.");
        }
        refuseOverlap(mountPoint, canonical, "state_dir", config.stateDir());
        for (BackendConfig backend : config.backends()) {
            if (backend.kind() == BackendConfig.Kind.DIR) {
                refuseOverlap(mountPoint, canonical, "backend", backend.path());
            }
        }
        return canonical;
    }

    /** A mount that keeps its own files in itself would wait for itself. */
    private static void refuseOverlap(Path mountPoint, Path canonical, String what, Path directory) {
        Path real;
        try {
            real = directory.toRealPath();
        } catch (IOException e) {
            real = directory; // absent for now: compare as it is written
        }
        if (real.startsWith(canonical) || canonical.startsWith(real)) {
            throw new QsfsException("mount point " + mountPoint + " overlaps " + what + " " + directory
                    + ": name a directory outside of it.");
        }
    }
}
