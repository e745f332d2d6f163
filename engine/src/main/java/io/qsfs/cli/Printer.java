package io.qsfs.cli;

import io.qsfs.config.QsfsException;
import io.qsfs.config.Units;
import io.qsfs.mount.DetachedMount;
import io.qsfs.mount.PrintSink;
import io.qsfs.mount.Progress;
import io.qsfs.mount.Unplaced;
import java.util.List;

/**
 * Prints for people: results on standard output, warnings and errors on standard error. Progress is one line that is
 * written over on a terminal, and a plain line now and then elsewhere.
 *
 * <p>Threading: one thread at a time.
 */
final class Printer implements PrintSink {
    private static final long TERMINAL_EVERY_NS = 250_000_000L;
    private static final long PLAIN_EVERY_NS = 5_000_000_000L;
    private static final int UNPLACED_SHOWN_MAX = 20;
    private static final String ERASE_LINE = "\r\u001b[K";

    private final Context context;
    private boolean isVerbose;
    private boolean isQuiet;
    private boolean isProgressShown;
    private boolean hasProgress;
    private long progressAtNs;

    Printer(Context context) {
        this.context = context;
    }

    void level(boolean verbose, boolean quiet) {
        isVerbose = verbose;
        isQuiet = quiet;
    }

    boolean isVerbose() {
        return isVerbose;
    }

    boolean isQuiet() {
        return isQuiet;
    }

    /** The result of the command: printed also with {@code -q}. */
    void result(String text) {
        eraseProgress();
        context.out().println(text);
    }

    @Override
    public void line(String text) {
        if (!isQuiet) {
            result(text);
        }
    }

    @Override
    public void warning(String text) {
        eraseProgress();
        context.err().println("warning: " + text);
    }

    void error(String sentence) {
        eraseProgress();
        context.err().println("qsfs: " + sentence);
    }

    @Override
    public void progress(Progress progress) {
        if (isQuiet) {
            return;
        }
        long nowNs = context.clock().nanoTime();
        long everyNs = context.isTerminal() ? TERMINAL_EVERY_NS : PLAIN_EVERY_NS;
        if (hasProgress && nowNs - progressAtNs < everyNs) {
            return;
        }
        hasProgress = true;
        progressAtNs = nowNs;
        if (context.isTerminal()) {
            context.out().print(ERASE_LINE + text(progress));
            context.out().flush();
            isProgressShown = true;
        } else {
            context.out().println(text(progress));
        }
    }

    static String text(Progress progress) {
        StringBuilder text = new StringBuilder(progress.step());
        text.append(": ").append(Units.size(progress.doneBytes()));
        text.append(" of ").append(Units.size(progress.totalBytes()));
        if (progress.bytesPerSecond() >= 0) {
            text.append(", ").append(Units.size(progress.bytesPerSecond())).append("/s");
        }
        if (progress.segmentsLeft() >= 0) {
            text.append(", ").append(count(progress.segmentsLeft(), "segment")).append(" to go");
        }
        if (progress.remainingMs() >= 0) {
            text.append(", left ").append(Units.duration(progress.remainingMs()));
        }
        return text.toString();
    }

    private void eraseProgress() {
        if (isProgressShown) {
            context.out().print(ERASE_LINE);
            context.out().flush();
            isProgressShown = false;
        }
    }

    /** Names what is safe only here. */
    void unplaced(List<Unplaced> unplaced) {
        long bytes = unplaced.stream().mapToLong(Unplaced::bytes).sum();
        error(count(unplaced.size(), "segment") + " with " + Units.size(bytes)
                + " safe only on this machine: keep its state directory and mount again.");
        for (Unplaced segment : unplaced.subList(0, Math.min(UNPLACED_SHOWN_MAX, unplaced.size()))) {
            context.err()
                    .println("  " + segment.segment() + ", " + Units.size(segment.bytes()) + ", " + segment.shards()
                            + " of " + segment.shardsMin() + " shards placed: " + segment.reason());
        }
        if (unplaced.size() > UNPLACED_SHOWN_MAX) {
            context.err().println("  and " + (unplaced.size() - UNPLACED_SHOWN_MAX) + " more");
        }
    }

    static String count(long count, String noun) {
        return String.format(java.util.Locale.ROOT, "%,d %s%s", count, noun, count == 1 ? "" : "s");
    }

    /** One sentence, and the stack trace with {@code -v} alone. */
    int failure(Throwable failure) {
        error(sentence(failure));
        if (isVerbose) {
            failure.printStackTrace(context.err());
        }
        return exitCode(failure);
    }

    static int exitCode(Throwable failure) {
        return failure instanceof DetachedMount.StartFailedException e ? e.exit() : ExitCode.ERROR;
    }

    /** What a user reads about a failure. */
    static String sentence(Throwable failure) {
        if (failure instanceof QsfsException || failure instanceof DetachedMount.StartFailedException) {
            return failure.getMessage();
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnsatisfiedLinkError || cause instanceof QsfsException) {
                return cause.getMessage(); // says which library to install
            }
        }
        if (failure instanceof OutOfMemoryError) {
            return "out of memory (" + failure.getMessage() + "): lower workers or in_flight_max in the configuration.";
        }
        return "this is a bug (" + failure + "): run the command again with -v and report what it prints.";
    }
}
