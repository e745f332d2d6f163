package io.qsfs.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.qsfs.mount.StatusReport;
import io.qsfs.mount.control.ControlClient;
import io.qsfs.mount.control.Message;
import io.qsfs.mount.control.MountFinder;
import io.qsfs.mount.control.MountRegistry;
import io.qsfs.mount.control.Request;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code qsfs status}.
 *
 * <p>Threading: one thread.
 */
@Command(name = "status", description = "Show how much may still be lost, and how the mount does.")
final class StatusCommand implements Callable<Integer> {
    private final Context context;
    private final Printer printer;

    @Option(names = "--json", description = "As JSON; names are never changed, only added.")
    private boolean isJson;

    @Parameters(paramLabel = "DIR", arity = "0..1", description = "Mount point; not needed when only one mount runs.")
    private Path mountPoint;

    StatusCommand(Context context, Printer printer) {
        this.context = context;
        this.printer = printer;
    }

    @Override
    public Integer call() throws JsonProcessingException {
        MountRegistry.Entry entry = new MountFinder(context.paths()).running(mountPoint);
        StatusReport report = ControlClient.ask(
                Path.of(entry.socket()), Request.status(), StatusReport.class, printer, context.clock());
        printer.result(
                isJson
                        ? Message.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(report)
                        : StatusText.of(report));
        return ExitCode.OK;
    }
}
