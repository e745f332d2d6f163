package io.qsfs.bench.tool;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code qsfs-bench compare}.
 *
 * <p>Threading: one thread.
 */
@Command(
        name = "compare",
        description = {
            "Show what changed between two runs beyond the noise; exit status 1 when something fell.",
            "Beyond the noise: medians differ by more than the ranges of both runs' rounds together, and by 3 %."
        })
final class CompareCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(index = "0", paramLabel = "OLD.json", description = "What --json wrote before.")
    private Path before;

    @Parameters(index = "1", paramLabel = "NEW.json", description = "What --json wrote now.")
    private Path after;

    @Option(names = "--html", paramLabel = "FILE", description = "Write a page with both runs laid over each other.")
    private Path html;

    @Option(names = "--all", description = "Show the figures that did not change too.")
    private boolean isAll;

    CompareCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Report old = Report.read(before);
        Report now = Report.read(after);
        Output output = session.output();
        if (!old.machine().processor().equals(now.machine().processor())
                || old.machine().processors() != now.machine().processors()) {
            output.warning(
                    "the runs are of different machines (" + old.machine().processors() + " x "
                            + old.machine().processor() + ", " + now.machine().processors() + " x "
                            + now.machine().processor() + "): they say nothing about each other's software.");
        }
        List<Comparison.Line> lines = Comparison.of(old, now);
        TextTable table = new TextTable("figure", "unit", "old", "new", "change", "noise", "");
        int shown = 0;
        for (Comparison.Line line : lines) {
            if (isAll || line.verdict() != Comparison.Verdict.SAME) {
                shown++;
                table.row(
                        line.after().label(),
                        line.after().unit(),
                        Format.number(line.before().median()),
                        Format.number(line.after().median()),
                        (line.change() >= 0 ? "+" : "") + Format.percent(line.change()),
                        Format.percent(line.noise()),
                        HtmlReport.verdict(line.verdict()));
            }
        }
        if (shown > 0) {
            output.result(table.toString());
        }
        long fell = lines.stream()
                .filter(l -> l.verdict() == Comparison.Verdict.FELL)
                .count();
        long rose = lines.stream()
                .filter(l -> l.verdict() == Comparison.Verdict.ROSE)
                .count();
        output.result(lines.size() + " figures are in both runs: " + fell + " fell, " + rose + " rose, "
                + (lines.size() - fell - rose) + " are the same within the noise.");
        if (html != null) {
            Report.writeText(html, HtmlReport.of(old, now, lines));
            output.line("wrote " + html);
        }
        if (lines.isEmpty()) {
            output.warning("the runs have no figure in common: compare runs of one command with the same backends.");
        }
        return fell > 0 ? ExitCode.ERROR : ExitCode.OK;
    }
}
