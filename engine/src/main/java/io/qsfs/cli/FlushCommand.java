package io.qsfs.cli;

import io.qsfs.config.Units;
import io.qsfs.mount.FlushReport;
import io.qsfs.mount.control.ControlClient;
import io.qsfs.mount.control.MountFinder;
import io.qsfs.mount.control.MountRegistry;
import io.qsfs.mount.control.Request;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code qsfs flush}.
 *
 * <p>Threading: one thread.
 */
@Command(name = "flush", description = "Wait until everything that the mount received is on the backends.")
final class FlushCommand implements Callable<Integer> {
    private final Context context;
    private final Printer printer;

    @Option(names = "--local", description = "Wait only until it is durable on this machine.")
    private boolean isLocal;

    @Parameters(paramLabel = "DIR", arity = "0..1", description = "Mount point; not needed when only one mount runs.")
    private Path mountPoint;

    FlushCommand(Context context, Printer printer) {
        this.context = context;
        this.printer = printer;
    }

    @Override
    public Integer call() {
        MountRegistry.Entry entry = new MountFinder(context.paths()).running(mountPoint);
        FlushReport report = ControlClient.ask(
                Path.of(entry.socket()), Request.flush(isLocal), FlushReport.class, printer, context.clock());
        if (report.openForWriting() > 0) {
            printer.warning(Printer.count(report.openForWriting(), "file")
                    + " open for writing: what the kernel still holds of them is not part of this, fsync them.");
        }
        if (!report.unplaced().isEmpty()) {
            printer.unplaced(report.unplaced());
            return ExitCode.NOT_ALL_PLACED;
        }
        printer.line(
                report.local()
                        ? "everything received is durable on this machine"
                        : "everything received is on the backends (" + Units.size(report.placedBytes())
                                + " placed now)");
        return ExitCode.OK;
    }
}
