package io.qsfs.cli;

import io.qsfs.config.KeySource;
import io.qsfs.config.KeySources;
import io.qsfs.config.VolumeConfig;
import io.qsfs.mount.DetachedMount;
import io.qsfs.mount.MountOptions;
import io.qsfs.mount.MountProcess;
import io.qsfs.mount.UnmountReport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import picocli.CommandLine.Option;

/**
 * The options of a command that mounts, and the three ways to do it: here, in a child, and as that child.
 *
 * <p>Threading: one thread.
 */
final class Mounting {
    @Option(
            names = {"-d", "--detach"},
            description = "Serve in the background: return when the mount is up, or say why it is not.")
    private boolean isDetached;

    @Option(
            names = "--allow-other",
            description = "Let other users in (user_allow_other in /etc/fuse.conf permits it); always so for root.")
    private boolean isOpenToOthers;

    @Option(names = "--noatime", description = "Reads move no access times, as with access_times = \"none\".")
    private boolean isWithoutAccessTimes;

    @Option(names = "--debug-fuse", description = "Print every request of the kernel.", hidden = true)
    private boolean isFuseDebugged;

    /** The program was started by {@link DetachedMount}; its value says whether a passphrase comes on standard input. */
    @Option(names = "--detached-child", hidden = true)
    private String child;

    /** Set by the command that has the option. */
    private boolean isTakenOver;

    /** Whether to claim a higher title. */
    void takeOver(boolean isWanted) {
        isTakenOver = isWanted;
    }

    boolean isChild() {
        return child != null;
    }

    int run(Context context, Printer printer, VolumeConfig config, KeySource key, Path mountPoint)
            throws InterruptedException {
        return isDetached
                ? detach(context, printer, config, key, mountPoint)
                : serve(context, printer, config, key, mountPoint);
    }

    private int serve(Context context, Printer printer, VolumeConfig config, KeySource key, Path mountPoint)
            throws InterruptedException {
        UnmountReport report = new MountProcess(context.launcher(), context.paths(), context.clock())
                .run(
                        config,
                        key,
                        mountPoint,
                        options(),
                        printer,
                        () -> printer.line("mounted \"" + config.name() + "\" on " + mountPoint
                                + "; end it with Ctrl-C or: qsfs umount " + mountPoint),
                        UmountCommand::exitCode);
        return UmountCommand.print(printer, mountPoint, report);
    }

    private int detach(Context context, Printer printer, VolumeConfig config, KeySource key, Path mountPoint) {
        List<String> arguments =
                new ArrayList<>(List.of("mount", "--config", config.file().toString()));
        char[] passphrase = null;
        if (key instanceof KeySource.Passphrase source) {
            passphrase = source.read(false);
            arguments.add("--detached-child=passphrase");
        } else {
            arguments.add("--detached-child=key-file");
        }
        if (isOpenToOthers) {
            arguments.add("--allow-other");
        }
        if (isWithoutAccessTimes) {
            arguments.add("--noatime");
        }
        if (isFuseDebugged) {
            arguments.add("--debug-fuse");
        }
        if (isTakenOver) {
            arguments.add("--take-over");
        }
        if (printer.isVerbose()) {
            arguments.add("-v");
        }
        if (printer.isQuiet()) {
            arguments.add("-q");
        }
        arguments.add("--");
        arguments.add(mountPoint.toAbsolutePath().toString());
        try {
            long pid = DetachedMount.start(context.main().getName(), arguments, passphrase, config.stateDir(), printer);
            printer.line("mounted \"" + config.name() + "\" on " + mountPoint + " (pid " + pid + ", log "
                    + config.stateDir().resolve(DetachedMount.LOG_NAME) + "); end it with: qsfs umount " + mountPoint);
            return ExitCode.OK;
        } finally {
            if (passphrase != null) {
                Arrays.fill(passphrase, '\0');
            }
        }
    }

    /** Serves in the background and tells the parent how it went. */
    int runChild(Context context, Printer printer, Supplier<VolumeConfig> load, Path mountPoint)
            throws InterruptedException {
        DetachedMount.Child parent = new DetachedMount.Child(context.out());
        try {
            VolumeConfig config = load.get();
            KeySource key = child.equals("passphrase")
                    ? KeySources.fromStream(context.in())
                    : KeySources.resolve(config, context.environment(), null);
            UnmountReport report = new MountProcess(context.launcher(), context.paths(), context.clock())
                    .run(config, key, mountPoint, options(), parent, parent::up, UmountCommand::exitCode);
            return UmountCommand.exitCode(report);
        } catch (Exception | LinkageError e) {
            parent.failed(Printer.sentence(e), Printer.exitCode(e));
            throw e; // and into the log
        }
    }

    private MountOptions options() {
        return new MountOptions(isOpenToOthers, isFuseDebugged, isTakenOver, isWithoutAccessTimes);
    }
}
