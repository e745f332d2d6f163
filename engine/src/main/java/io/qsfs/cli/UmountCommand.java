package io.qsfs.cli;

import io.qsfs.config.Units;
import io.qsfs.mount.UnmountReport;
import io.qsfs.mount.Unplaced;
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
 * {@code qsfs umount}.
 *
 * <p>Threading: one thread.
 */
@Command(
        name = "umount",
        description = {
            "Unmount, and wait until everything is on the backends.",
            "Exits with 3 and names what is safe only on this machine when that cannot be reached."
        })
final class UmountCommand implements Callable<Integer> {
    private static final long PROCESS_END_NS_MAX = 60_000_000_000L;
    private static final long PROCESS_POLL_MS = 20;

    private final Context context;
    private final Printer printer;

    @Option(names = "--now", description = "Do not wait for the backends: the rest is placed after the next mount.")
    private boolean isNow;

    @Parameters(paramLabel = "DIR", description = "Mount point.")
    private Path mountPoint;

    UmountCommand(Context context, Printer printer) {
        this.context = context;
        this.printer = printer;
    }

    @Override
    public Integer call() throws InterruptedException {
        MountFinder finder = new MountFinder(context.paths());
        MountFinder.Found found = finder.find(mountPoint);
        switch (found.condition()) {
            case RUNNING -> {
                return unmount(found.entry());
            }
            case LEFT_OVER -> {
                finder.detach(found);
                printer.result("detached " + found.mountPoint() + ": its process (pid "
                        + found.entry().pid()
                        + ") was gone; what it had not placed is in its state directory, the next mount replays it");
            }
            case FOREIGN -> {
                finder.detach(found);
                printer.result("detached " + found.mountPoint()
                        + ": its process was not found, so if it lives it places the rest by itself");
            }
            case GONE -> {
                finder.detach(found);
                printer.result(found.mountPoint() + " is not mounted: its process is gone");
            }
            case NONE -> finder.running(mountPoint); // says so
        }
        return ExitCode.OK;
    }

    private int unmount(MountRegistry.Entry entry) throws InterruptedException {
        UnmountReport report = ControlClient.ask(
                Path.of(entry.socket()), Request.unmount(isNow), UnmountReport.class, printer, context.clock());
        if (report.outcome() != UnmountReport.Outcome.BUSY) {
            awaitExit(entry);
        }
        if (isNow && report.outcome() == UnmountReport.Outcome.LOCAL_ONLY) {
            long bytes = report.unplaced().stream().mapToLong(Unplaced::bytes).sum();
            printer.line("unmounted " + mountPoint + ": "
                    + Printer.count(report.unplaced().size(), "segment") + " with " + Units.size(bytes)
                    + " safe only on this machine until the next mount places them");
            return ExitCode.OK; // as it was asked for
        }
        return print(printer, mountPoint, report);
    }

    /** So that whoever unmounts the disk below next finds no open file. */
    private void awaitExit(MountRegistry.Entry entry) throws InterruptedException {
        if (entry.pid() == ProcessHandle.current().pid()) {
            return;
        }
        long deadlineNs = context.clock().nanoTime() + PROCESS_END_NS_MAX;
        while (entry.process() != null) { // one that ended and that nobody reaps is none
            if (context.clock().nanoTime() - deadlineNs >= 0) {
                printer.warning("the mount process (pid " + entry.pid() + ") is still ending: see qsfs.log in "
                        + entry.stateDir() + ".");
                return;
            }
            Thread.sleep(PROCESS_POLL_MS);
        }
    }

    /** Tells how an unmount went. */
    static int print(Printer printer, Path mountPoint, UnmountReport report) {
        switch (report.outcome()) {
            case PLACED -> printer.line("unmounted " + mountPoint + ": everything is on the backends");
            case LOCAL_ONLY -> {
                printer.line("unmounted " + mountPoint);
                printer.unplaced(report.unplaced());
            }
            case BUSY ->
                printer.error(
                        mountPoint + " is in use by " + String.join(", ", report.busy()) + ": end them and try again.");
            case FAILED -> {
                printer.error("the mount ended: " + report.error());
                if (!report.unplaced().isEmpty()) {
                    printer.unplaced(report.unplaced());
                }
            }
        }
        return exitCode(report);
    }

    /** Of a mount process, and of an umount that waits. */
    static int exitCode(UnmountReport report) {
        return switch (report.outcome()) {
            case PLACED -> ExitCode.OK;
            case LOCAL_ONLY -> ExitCode.NOT_ALL_PLACED;
            case BUSY, FAILED -> ExitCode.ERROR;
        };
    }
}
