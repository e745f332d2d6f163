package io.qsfs.cli;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/**
 * The commands of qsfs put together.
 *
 * <p>Threading: one thread.
 */
@Command(
        name = "qsfs",
        description = "A file system whose content outlives the machine.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = false,
        footer = {
            "",
            "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but something is safe only on this machine.",
            "First try: qsfs mount -d --local DIR, then qsfs umount DIR."
        })
final class Commands {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show this help.")
    private boolean isHelp;

    @Option(
            names = {"-v", "--verbose"},
            scope = ScopeType.INHERIT,
            description = "Say more, and show where an error came from.")
    private boolean isVerbose;

    @Option(
            names = {"-q", "--quiet"},
            scope = ScopeType.INHERIT,
            description = "Say results, warnings and errors only.")
    private boolean isQuiet;

    private Commands() {}

    /** Parses and runs; never throws. */
    static int run(Context context, String... arguments) {
        Commands top = new Commands();
        CommandLine line = new CommandLine(top);
        Printer printer = new Printer(context);
        line.addSubcommand(new InitCommand(context, printer));
        line.addSubcommand(new MountCommand(context, printer));
        line.addSubcommand(new UmountCommand(context, printer));
        line.addSubcommand(new StatusCommand(context, printer));
        line.addSubcommand(new FlushCommand(context, printer));
        line.addSubcommand(new EvictCommand(context, printer));
        line.addSubcommand(new RecoverCommand(context, printer));
        line.addSubcommand(new VersionCommand(printer));
        line.setOut(new PrintWriter(context.out(), true));
        line.setErr(new PrintWriter(context.err(), true));
        line.setUsageHelpAutoWidth(false);
        line.setUsageHelpWidth(100);
        line.setExecutionStrategy(result -> {
            printer.level(top.isVerbose, top.isQuiet);
            Integer helped = CommandLine.executeHelpRequest(result);
            if (helped != null) {
                return helped;
            }
            if (!result.hasSubcommand()) {
                line.usage(line.getErr());
                return ExitCode.USAGE;
            }
            return new CommandLine.RunLast().execute(result);
        });
        line.setParameterExceptionHandler((failure, given) -> {
            CommandLine at = failure.getCommandLine();
            context.err()
                    .println("qsfs: " + failure.getMessage() + ": see "
                            + at.getCommandSpec().qualifiedName() + " --help.");
            return ExitCode.USAGE;
        });
        line.setExecutionExceptionHandler((failure, at, result) -> printer.failure(failure));
        int code;
        try {
            code = line.execute(arguments);
        } catch (Throwable e) { // Throwable on purpose: a missing library is an Error, and no user reads stack traces.
            code = printer.failure(e);
        }
        context.out().flush();
        context.err().flush();
        return code;
    }
}
