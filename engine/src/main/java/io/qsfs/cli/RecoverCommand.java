package io.qsfs.cli;

import io.qsfs.config.KeySource;
import io.qsfs.config.KeySources;
import io.qsfs.config.Units;
import io.qsfs.config.VolumeConfig;
import io.qsfs.mount.RecoverReport;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code qsfs recover}.
 *
 * <p>Threading: one thread.
 */
@Command(
        name = "recover",
        description = {
            "Build a volume's state directory again from its backends and key.",
            "With DIR it is mounted then. Content stays on the backends and is fetched when it is read."
        })
final class RecoverCommand implements Callable<Integer> {
    private final Context context;
    private final Printer printer;

    @Mixin
    private VolumeSelection selection;

    @Mixin
    private Mounting mounting;

    @Option(
            names = "--accept-loss",
            description = "Go on though backends that do not answer can hold newer metadata, which is lost then.")
    private boolean isLossAccepted;

    @Parameters(paramLabel = "DIR", arity = "0..1", description = "Mount point, an existing directory.")
    private Path mountPoint;

    RecoverCommand(Context context, Printer printer) {
        this.context = context;
        this.printer = printer;
    }

    @Override
    public Integer call() throws InterruptedException {
        VolumeConfig config = selection.load(context, false, printer);
        if (mountPoint == null) {
            config.warnings().forEach(printer::warning); // else mounting shows them
        }
        KeySource key = KeySources.resolve(config, context.environment(), context.console());
        RecoverReport report = context.launcher().recover(config, key, isLossAccepted, printer);
        print(config, report);
        return mountPoint == null ? ExitCode.OK : mounting.run(context, printer, config, key, mountPoint);
    }

    private void print(VolumeConfig config, RecoverReport report) {
        String moment = report.momentMs() == 0
                ? "empty"
                : "as it was at " + Instant.ofEpochMilli(report.momentMs()).truncatedTo(ChronoUnit.SECONDS);
        printer.result("recovered volume \"" + config.name() + "\" " + moment + ": "
                + Printer.count(report.inodes(), "inode") + ", " + Units.size(report.bytes()) + ", from "
                + Printer.count(report.metaSegments(), "metadata segment") + ", epoch " + report.epoch());
        for (String missing : report.missing()) {
            printer.warning("not found: " + missing);
        }
        if (mountPoint == null) {
            String which = selection.isLocal() ? "--local --volume " + config.name() : "--config " + config.file();
            printer.line("mount it with: qsfs mount " + which + " DIR");
        }
    }
}
