package io.qsfs.bench.tool;

import io.qsfs.config.Units;
import io.qsfs.memory.Clock;
import java.io.PrintStream;
import java.util.HashSet;
import java.util.Set;

/**
 * Prints: results on standard output, warnings, errors and progress on standard error. Progress is one line that is
 * written over on a terminal, and a plain line now and then elsewhere.
 *
 * <p>Threading: one thread at a time; guarded by the monitor, because the hook that cleans up prints too.
 */
final class Output {
    private static final long TERMINAL_EVERY_NS = 250_000_000L;
    private static final long PLAIN_EVERY_NS = 5_000_000_000L;
    private static final String ERASE_LINE = "\r\u001b[K";

    private final PrintStream out;
    private final PrintStream err;
    private final boolean isTerminal;
    private final Clock clock;
    private final Set<String> warned = new HashSet<>();
    private boolean isQuiet;
    private boolean isVerbose;
    private boolean isShown;
    private long shownNs;
    private boolean hasShown;

    Output(PrintStream out, PrintStream err, boolean isTerminal, Clock clock) {
        this.out = out;
        this.err = err;
        this.isTerminal = isTerminal;
        this.clock = clock;
    }

    synchronized void level(boolean verbose, boolean quiet) {
        isVerbose = verbose;
        isQuiet = quiet;
    }

    /** A result. */
    synchronized void result(String text) {
        erase();
        out.println(text);
        out.flush();
    }

    /** A remark, left out with {@code -q}. */
    synchronized void line(String text) {
        if (!isQuiet) {
            result(text);
        }
    }

    /** A warning, said once however often it is given. */
    synchronized void warning(String sentence) {
        if (warned.add(sentence)) {
            erase();
            err.println("warning: " + sentence);
        }
    }

    synchronized void error(String sentence) {
        erase();
        err.println("qsfs-bench: " + sentence);
    }

    /** The stack trace of an error, with {@code -v} alone. */
    synchronized void trace(Throwable failure) {
        if (isVerbose) {
            failure.printStackTrace(err);
        }
    }

    /** What is done, how fast, and how long the rest will take: -1 where that is not known. */
    synchronized void progress(String step, int done, int total, String rate, long leftNs) {
        long nowNs = clock.nanoTime();
        if (isQuiet || hasShown && nowNs - shownNs < (isTerminal ? TERMINAL_EVERY_NS : PLAIN_EVERY_NS)) {
            return;
        }
        hasShown = true;
        shownNs = nowNs;
        String text = step + ": " + done + " of " + total + (rate.isEmpty() ? "" : ", " + rate)
                + (leftNs >= 0 ? ", left " + Units.duration(leftNs / 1_000_000) : "");
        if (isTerminal) {
            err.print(ERASE_LINE + text);
            err.flush();
            isShown = true;
        } else {
            err.println(text);
        }
    }

    private void erase() {
        if (isShown) {
            err.print(ERASE_LINE);
            err.flush();
            isShown = false;
        }
    }
}
