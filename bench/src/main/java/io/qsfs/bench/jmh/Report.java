package io.qsfs.bench.jmh;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The table and the JSON file of a run. */
final class Report {
    private static final int FORMAT = 1;
    private static final double NS_PER_S = 1e9;
    private static final double MEGA = 1e6;
    private static final int KI = 1024;
    private static final String[] HEADINGS = {
        "stage", "parameters", "figure", "roof", "ratio", "±", "wanted", "B/op", "measured beside"
    };

    private Report() {}

    /** One line for a row that was just measured. */
    static String line(Row row) {
        String parameters = parameters(row);
        return row.stage().name() + (parameters.isEmpty() ? "" : " " + parameters) + ": " + figure(row, row.ns()) + ", "
                + decimals(row.ratio()) + " of " + row.stage().roof();
    }

    static String table(List<Row> rows) {
        List<String[]> cells = new ArrayList<>();
        cells.add(HEADINGS);
        for (Row row : rows) {
            cells.add(new String[] {
                row.stage().name(),
                parameters(row),
                figure(row, row.ns()),
                figure(row, row.roofNs()),
                decimals(row.ratio()),
                decimals(row.spread()),
                row.goal() == 0 ? "" : decimals(row.goal()) + (row.ratio() < row.goal() ? " missed" : ""),
                String.format(Locale.ROOT, "%.0f", row.allocatedBytes()),
                row.stage().roof()
            });
        }
        int[] widths = new int[HEADINGS.length];
        for (String[] line : cells) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], line[i].length());
            }
        }
        StringBuilder table = new StringBuilder();
        for (String[] line : cells) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                boolean isNumber = i >= 2 && i != widths.length - 1;
                String pad = " ".repeat(widths[i] - line[i].length());
                text.append(isNumber ? pad + line[i] : line[i] + pad).append("  ");
            }
            table.append(text.toString().stripTrailing()).append('\n');
        }
        return table.toString();
    }

    /** The table of docs/benchmarks.md; where the rest goes is for a person with a profile to write. */
    static String markdown(List<Row> rows) {
        StringBuilder table =
                new StringBuilder("| stage | figure | roof | ratio | B/op | measured beside | where the rest goes |\n"
                        + "|---|---|---|---|---|---|---|\n");
        for (Row row : rows) {
            String name = row.stage().name() + " " + parameters(row);
            table.append("| ")
                    .append(String.join(
                            " | ",
                            name.strip(),
                            figure(row, row.ns()),
                            figure(row, row.roofNs()),
                            decimals(row.ratio()) + " ± " + decimals(row.spread()),
                            String.format(Locale.ROOT, "%.0f", row.allocatedBytes()),
                            row.stage().roof()))
                    .append(" | |\n");
        }
        return table.toString();
    }

    static void write(Path file, Map<String, Object> machine, String kind, String taken, List<Row> rows)
            throws IOException {
        Map<String, Object> whole = new LinkedHashMap<>();
        whole.put("format", FORMAT);
        whole.put("kind", kind);
        whole.put("taken", taken);
        whole.put("machine", machine);
        whole.put("rows", rows.stream().map(Report::json).toList());
        new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(file.toFile(), whole);
    }

    private static Map<String, Object> json(Row row) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("stage", row.stage().name());
        fields.put("benchmark", row.stage().benchmark());
        fields.put("parameters", row.parameters());
        fields.put("mode", row.mode());
        fields.put("roof", row.stage().roof());
        fields.put("nsPerOp", row.ns());
        fields.put("roofNsPerOp", row.roofNs());
        fields.put("ratio", row.ratio());
        fields.put("spread", row.spread());
        fields.put("wanted", row.goal());
        fields.put("payloadBytesPerOp", row.bytes());
        fields.put("allocatedBytesPerOp", row.allocatedBytes());
        fields.put("samples", row.samples());
        return fields;
    }

    /** Bytes in a second where there is a payload, else operations in a second. */
    private static String figure(Row row, double ns) {
        return row.bytes() > 0
                ? String.format(Locale.ROOT, "%,.0f MB/s", row.bytes() / ns * NS_PER_S / MEGA)
                : String.format(Locale.ROOT, "%,.0f /s", NS_PER_S / ns);
    }

    private static String parameters(Row row) {
        List<String> words = new ArrayList<>();
        row.parameters()
                .forEach((name, value) ->
                        words.add(name.toLowerCase(Locale.ROOT).endsWith("bytes") ? size(value) : value));
        return String.join(" ", words) + (row.mode().equals("thrpt") ? " (thrpt)" : "");
    }

    private static String size(String bytes) {
        long count = Long.parseLong(bytes);
        if (count >= KI * KI && count % (KI * KI) == 0) {
            return count / KI / KI + " MiB";
        }
        return count >= KI && count % KI == 0 ? count / KI + " KiB" : count + " B";
    }

    private static String decimals(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }
}
