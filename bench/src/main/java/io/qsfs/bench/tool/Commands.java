package io.qsfs.bench.tool;

import io.qsfs.config.QsfsException;
import java.io.PrintStream;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/**
 * The commands of qsfs-bench put together.
 *
 * <p>Threading: one thread.
 */
@Command(
        name = "qsfs-bench",
        description = {
            "Measures what a volume will run on: backends, codec, pipeline and mounts, and advises from that.",
            "Without a command: a tour of about two minutes on directories of its own."
        },
        synopsisSubcommandLabel = "[COMMAND]",
        footer = {
            "",
            "It writes only into scratch places of its own and removes them, also after Ctrl-C.",
            "Exit codes: 0 done, 1 failed or something fell (compare), 2 wrong usage, 130 stopped."
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
            description = "Show where an error came from.")
    private boolean isVerbose;

    @Option(
            names = {"-q", "--quiet"},
            scope = ScopeType.INHERIT,
            description = "Say results, warnings and errors only.")
    private boolean isQuiet;

    @Mixin
    private RunOptions options = new RunOptions();

    private Commands() {}

    /** Parses and runs; never throws. */
    static int run(Session session, PrintStream out, PrintStream err, String... arguments) {
        Commands top = new Commands();
        CommandLine line = new CommandLine(top);
        Output output = session.output();
        line.addSubcommand(new BackendsCommand(session));
        line.addSubcommand(new CodecCommand(session));
        line.addSubcommand(new PipelineCommand(session));
        line.addSubcommand(new MountCommand(session));
        line.addSubcommand(new AdviseCommand(session));
        line.addSubcommand(new CompareCommand(session));
        line.setOut(new PrintWriter(out, true));
        line.setErr(new PrintWriter(err, true));
        line.setUsageHelpAutoWidth(false);
        line.setUsageHelpWidth(100);
        line.setExecutionStrategy(result -> {
            output.level(top.isVerbose, top.isQuiet);
            Integer helped = CommandLine.executeHelpRequest(result);
            if (helped != null) {
                return helped;
            }
            return result.hasSubcommand()
                    ? new CommandLine.RunLast().execute(result)
                    : new Tour(session, top.options.check()).run();
        });
        line.setParameterExceptionHandler((failure, given) -> {
            output.error(failure.getMessage() + ": see "
                    + failure.getCommandLine().getCommandSpec().qualifiedName() + " --help.");
            return ExitCode.USAGE;
        });
        line.setExecutionExceptionHandler((failure, at, result) -> failed(session, failure));
        try {
            return line.execute(arguments);
        } catch (Throwable e) { // Throwable on purpose: a missing library is an Error, and no user reads stack traces.
            return failed(session, e);
        }
    }

    private static int failed(Session session, Throwable failure) {
        if (failure instanceof Stop.Stopped) {
            boolean isClean = session.stop().removeLeft();
            session.output().error(isClean ? "stopped; nothing of it is left behind." : "stopped.");
            return ExitCode.STOPPED;
        }
        session.output().error(sentence(failure));
        session.output().trace(failure);
        return ExitCode.ERROR;
    }

    private static String sentence(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof QsfsException || cause instanceof UnsatisfiedLinkError) {
                return cause.getMessage();
            }
        }
        if (failure instanceof OutOfMemoryError) {
            return "out of memory (" + failure.getMessage() + "): lower --space, or the size of segments.";
        }
        return "this is a bug (" + failure + "): run the command again with -v and report what it prints.";
    }
}
