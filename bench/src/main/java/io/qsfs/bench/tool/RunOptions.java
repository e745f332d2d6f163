package io.qsfs.bench.tool;

import io.qsfs.config.QsfsException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/**
 * How thoroughly to measure, and where the results go.
 *
 * <p>Threading: one thread.
 */
final class RunOptions {
    private static final int ROUNDS_MAX = 100;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "3",
            description = "Rounds; their spread tells noise from change. Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(names = "--quick", description = "Shorter steps and fewer of them.")
    private boolean isQuick;

    @Option(names = "--json", paramLabel = "FILE", description = "Write every round's figures, for compare.")
    private Path json;

    @Option(names = "--html", paramLabel = "FILE", description = "Write a page with charts; it needs no network.")
    private Path html;

    boolean isQuick() {
        return isQuick;
    }

    int rounds() {
        return rounds;
    }

    /** Looks before a long run whether its results can be written. */
    RunOptions check() {
        if (rounds < 1 || rounds > ROUNDS_MAX) {
            throw new QsfsException("--rounds is " + rounds + ": give 1 to " + ROUNDS_MAX + ".");
        }
        checkFolder(json);
        checkFolder(html);
        return this;
    }

    private static void checkFolder(Path file) {
        Path folder = file == null ? null : file.toAbsolutePath().getParent();
        if (folder != null && !Files.isWritable(folder)) {
            throw new QsfsException(
                    file + " cannot be written: its directory does not exist, or is not yours to write to.");
        }
    }

    /** Writes the files that were asked for and says so. */
    void write(Report report, Output output) {
        if (json != null) {
            report.write(json);
            output.line("wrote " + json);
        }
        if (html != null) {
            Report.writeText(html, HtmlReport.of(report));
            output.line("wrote " + html);
        }
    }

    /** Where the page goes; null for nowhere. */
    Path html() {
        return html;
    }
}
