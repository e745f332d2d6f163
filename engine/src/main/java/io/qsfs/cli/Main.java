package io.qsfs.cli;

import io.qsfs.config.Paths;
import io.qsfs.memory.Clock;
import io.qsfs.mount.LocalLauncher;
import java.io.Console;
import java.util.Arrays;

/**
 * The program.
 *
 * <p>Threading: the main thread.
 */
public final class Main {
    private Main() {}

    /** Runs a command and exits with its code. */
    public static void main(String[] arguments) {
        System.setProperty("jdk.console", "java.base"); // the JDK's other console loads a line editor that nobody needs
        configureLog(arguments);
        Console console = System.console();
        boolean isTerminal = console != null && console.isTerminal();
        Context context = new Context(
                Main.class,
                new LocalLauncher(),
                Paths.ofUser(),
                System.getenv(),
                isTerminal ? console : null,
                System.in,
                System.out,
                System.err,
                isTerminal,
                Clock.SYSTEM);
        System.exit(Commands.run(context, arguments));
    }

    /** Before the first logger is made, which reads these. A detached mount was given a log file by its parent. */
    static void configureLog(String[] arguments) {
        if (System.getProperty("qsfs.log.level") == null) {
            System.setProperty("qsfs.log.level", logLevel(arguments));
        }
        if (System.getProperty("qsfs.log.file") != null) {
            System.setProperty("logback.configurationFile", "logback-detached.xml");
        }
    }

    static String logLevel(String[] arguments) {
        boolean isVerbose = Arrays.stream(arguments).anyMatch(a -> a.equals("-v") || a.equals("--verbose"));
        boolean isQuiet = Arrays.stream(arguments).anyMatch(a -> a.equals("-q") || a.equals("--quiet"));
        return isVerbose ? "DEBUG" : isQuiet ? "ERROR" : "INFO";
    }
}
