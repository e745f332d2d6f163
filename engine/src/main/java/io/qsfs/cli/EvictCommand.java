package io.qsfs.cli;

import io.qsfs.config.Units;
import io.qsfs.mount.EvictReport;
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
 * {@code qsfs evict}.
 *
 * <p>Threading: one thread.
 */
@Command(name = "evict", description = "Give local space back: drop what is on the backends, down to the cache limit.")
final class EvictCommand implements Callable<Integer> {
    private final Context context;
    private final Printer printer;

    @Option(names = "--all", description = "Place everything first and drop all of it.")
    private boolean isAll;

    @Parameters(paramLabel = "DIR", arity = "0..1", description = "Mount point; not needed when only one mount runs.")
    private Path mountPoint;

    EvictCommand(Context context, Printer printer) {
        this.context = context;
        this.printer = printer;
    }

    @Override
    public Integer call() {
        MountRegistry.Entry entry = new MountFinder(context.paths()).running(mountPoint);
        EvictReport report = ControlClient.ask(
                Path.of(entry.socket()), Request.evict(isAll), EvictReport.class, printer, context.clock());
        printer.result("evicted " + Printer.count(report.segments(), "segment") + ": "
                + Units.size(report.bytesBefore()) + " on disk before, " + Units.size(report.bytesAfter()) + " now");
        if (report.kept() != null) {
            printer.warning(report.kept());
        }
        return ExitCode.OK;
    }
}
