package io.qsfs.bench.tool;

import io.qsfs.config.Paths;
import io.qsfs.memory.Clock;

/**
 * The program.
 *
 * <p>Threading: the main thread.
 */
public final class Main {
    private Main() {}

    /** Runs a command and exits with its code. */
    public static void main(String[] arguments) {
        if (System.getProperty("qsfs.log.level") == null) {
            System.setProperty("qsfs.log.level", "ERROR"); // what matters is said by the commands themselves
        }
        System.setProperty("jdk.console", "java.base");
        boolean isTerminal = System.console() != null && System.console().isTerminal();
        Output output = new Output(System.out, System.err, isTerminal, Clock.SYSTEM);
        Stop stop = new Stop(output);
        stop.install();
        int code;
        try {
            code = Commands.run(
                    new Session(Paths.ofUser(), output, stop, Clock.SYSTEM), System.out, System.err, arguments);
        } finally {
            stop.unwound();
        }
        System.exit(code);
    }
}
