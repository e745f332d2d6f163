package io.qsfs.cli;

import io.qsfs.config.KeySource;
import io.qsfs.config.KeySources;
import io.qsfs.config.VolumeConfig;
import io.qsfs.mount.InitReport;
import io.qsfs.mount.LocalVolume;
import io.qsfs.mount.VolumeLauncher;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code qsfs init}.
 *
 * <p>Threading: one thread.
 */
@Command(name = "init", description = "Make a volume on the backends of a configuration.")
final class InitCommand implements Callable<Integer> {
    private final Context context;
    private final Printer printer;

    @Mixin
    private VolumeSelection selection;

    @Option(
            names = "--continue",
            description = "Complete an init that was interrupted: backends that it reached are kept.")
    private boolean isContinued;

    InitCommand(Context context, Printer printer) {
        this.context = context;
        this.printer = printer;
    }

    @Override
    public Integer call() {
        if (selection.isLocal()) {
            VolumeConfig config =
                    LocalVolume.prepare(context.paths(), selection.localName(), context.launcher(), printer);
            printer.result("volume \"" + config.name() + "\" is there: qsfs mount -d --local DIR");
            return ExitCode.OK;
        }
        VolumeConfig config = selection.load(context, false, printer);
        config.warnings().forEach(printer::warning);
        KeySource key = KeySources.resolve(config, context.environment(), context.console());
        VolumeLauncher.InitMode mode = isContinued ? VolumeLauncher.InitMode.CONTINUE : VolumeLauncher.InitMode.NEW;
        InitReport report = context.launcher().init(config, key, mode, printer);
        report.warnings().forEach(printer::warning);
        printer.result((report.created() ? "made" : "found") + " volume \"" + config.name() + "\" ("
                + report.volumeId() + "): " + config.code() + " on "
                + config.backends().size()
                + " backends, epoch " + report.epoch());
        printer.line(
                "its secret is the " + key.origin() + ": keep a copy elsewhere, without it nothing can be read back");
        return ExitCode.OK;
    }
}
