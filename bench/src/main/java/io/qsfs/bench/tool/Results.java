package io.qsfs.bench.tool;

import java.util.List;

/**
 * Prints what every command prints.
 *
 * <p>Threading: one thread.
 */
final class Results {
    private Results() {}

    /** What was found, and what to doubt. */
    static void print(Report report, Output output) {
        if (!report.findings().isEmpty()) {
            output.result("");
        }
        report.findings().forEach(sentence -> output.result("- " + sentence));
        report.warnings().forEach(output::warning);
    }

    /** The table of stages. */
    static TextTable stages(List<StageShare> stages) {
        TextTable table = new TextTable("stage", "busy", "waits for input", "waits for output", "");
        for (StageShare stage : stages) {
            table.row(
                    stage.stage(),
                    Format.percent(stage.busy()),
                    Format.percent(stage.waitingInput()),
                    Format.percent(stage.waitingOutput()),
                    stage.detail());
        }
        return table;
    }
}
