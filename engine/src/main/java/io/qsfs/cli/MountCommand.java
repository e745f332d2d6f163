package io.qsfs.cli;

import io.qsfs.config.KeySource;
import io.qsfs.config.KeySources;
import io.qsfs.config.VolumeConfig;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code qsfs mount}.
 *
 * <p>Threading: one thread.
 */
@Command(name = "mount", description = "Mount a volume and serve it until it is unmounted.")
final class MountCommand implements Callable<Integer> {
    private final Context context;
    private final Printer printer;

    @Mixin
    private VolumeSelection selection;

    @Mixin
    private Mounting mounting;

    @Option(
            names = "--take-over",
            description = {
                "Go on from this state directory though another owner's title is on the backends: claim a higher one.",
                "Refused when another machine has written since; stop that machine first."
            })
    private boolean isTakenOver;

    @Parameters(paramLabel = "DIR", description = "Mount point, an existing directory.")
    private Path mountPoint;

    MountCommand(Context context, Printer printer) {
        this.context = context;
        this.printer = printer;
    }

    @Override
    public Integer call() throws InterruptedException {
        mounting.takeOver(isTakenOver);
        if (mounting.isChild()) {
            return mounting.runChild(context, printer, () -> selection.load(context, false, printer), mountPoint);
        }
        VolumeConfig config = selection.load(context, true, printer);
        KeySource key = KeySources.resolve(config, context.environment(), context.console());
        return mounting.run(context, printer, config, key, mountPoint);
    }
}
