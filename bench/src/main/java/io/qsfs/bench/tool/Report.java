package io.qsfs.bench.tool;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.qsfs.config.Failures;
import io.qsfs.config.QsfsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a run found. It holds names, paths and addresses of backends, and no secret of any.
 *
 * @param format   of the file: {@link #FORMAT}.
 * @param command  the sub-command.
 * @param version  of qsfs.
 * @param commit   it was built from, or {@code unknown}.
 * @param taken    when, ISO 8601.
 * @param machine  on what.
 * @param rounds   of each figure.
 * @param metrics  the figures.
 * @param charts   to draw.
 * @param stages   of the pipeline; empty elsewhere.
 * @param findings sentences: knees, bottlenecks, reasons.
 * @param warnings sentences: what to doubt.
 * @param advice   a configuration; empty without.
 */
public record Report(
        int format,
        String command,
        String version,
        String commit,
        String taken,
        Machine machine,
        int rounds,
        List<Metric> metrics,
        List<Chart> charts,
        List<StageShare> stages,
        List<String> findings,
        List<String> warnings,
        String advice) {
    /** The format that this program writes and reads. */
    public static final int FORMAT = 1;

    private static final long FILE_BYTES_MAX = 64L << 20;
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    /** Collects what a run finds. Threading: one thread. */
    static final class Builder {
        private final String command;
        private final Machine machine = Machine.here();
        private final List<Metric> metrics = new ArrayList<>();
        private final List<Chart> charts = new ArrayList<>();
        private final List<StageShare> stages = new ArrayList<>();
        private final List<String> findings = new ArrayList<>();
        private final List<String> warnings = new ArrayList<>();
        private String advice = "";

        Builder(String command) {
            this.command = command;
        }

        void metric(Metric metric) {
            metrics.add(metric);
        }

        void chart(Chart chart) {
            charts.add(chart);
        }

        void stages(List<StageShare> shares) {
            stages.addAll(shares);
        }

        void finding(String sentence) {
            findings.add(sentence);
        }

        void warning(String sentence) {
            warnings.add(sentence);
        }

        void advice(String toml) {
            advice = toml;
        }

        List<Metric> metrics() {
            return metrics;
        }

        List<String> findings() {
            return findings;
        }

        List<String> warnings() {
            return warnings;
        }

        /** Adds all that another run found. */
        void add(Report other) {
            metrics.addAll(other.metrics());
            charts.addAll(other.charts());
            stages.addAll(other.stages());
            findings.addAll(other.findings());
            warnings.addAll(other.warnings());
        }

        Report build(int rounds) {
            if (machine.loadBefore() > machine.processors()) {
                warning("before the run the load average was " + Format.number(machine.loadBefore()) + " on "
                        + machine.processors()
                        + " processors: others were working, and the figures have that in them.");
            }
            return new Report(
                    FORMAT,
                    command,
                    Versions.qsfs(),
                    Versions.commit(),
                    java.time.OffsetDateTime.now()
                            .truncatedTo(java.time.temporal.ChronoUnit.SECONDS)
                            .toString(),
                    machine,
                    rounds,
                    List.copyOf(metrics),
                    List.copyOf(charts),
                    List.copyOf(stages),
                    List.copyOf(findings),
                    warnings.stream().distinct().toList(),
                    advice);
        }
    }

    /** As JSON. */
    String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new AssertionError("records of plain values", e);
        }
    }

    /** Writes the JSON. */
    void write(Path file) {
        writeText(file, toJson() + "\n");
    }

    /** Writes a file of results. */
    static void writeText(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new QsfsException(
                    file + " cannot be written (" + Failures.reason(e) + "): name a file in a directory of yours.", e);
        }
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws QsfsException one sentence, for anything else.
     */
    static Report read(Path file) {
        try {
            if (Files.size(file) > FILE_BYTES_MAX) {
                throw notOurs(file, "it is too large", null);
            }
            JsonNode tree = JSON.readTree(Files.readAllBytes(file));
            int format = tree.path("format").asInt(0);
            if (format > FORMAT) {
                throw new QsfsException(file + " has format " + format + " and this qsfs-bench reads " + FORMAT
                        + ": compare with the newer program.");
            }
            if (format != FORMAT) {
                throw notOurs(file, "it has no format number", null);
            }
            Report report = JSON.treeToValue(tree, Report.class);
            if (report.metrics() == null || report.charts() == null || report.machine() == null) {
                throw notOurs(file, "parts are missing", null);
            }
            return report;
        } catch (JsonProcessingException e) {
            throw notOurs(file, "it is not the JSON that is expected", e);
        } catch (IOException e) {
            throw new QsfsException(file + " cannot be read (" + Failures.reason(e) + "): check the path.", e);
        }
    }

    private static QsfsException notOurs(Path file, String why, Throwable cause) {
        return new QsfsException(
                file + " is not a result of qsfs-bench (" + why + "): name a file that --json wrote.", cause);
    }

    /** The metric with this id, or null. */
    Metric metric(String id) {
        return metrics.stream().filter(m -> m.id().equals(id)).findFirst().orElse(null);
    }
}
