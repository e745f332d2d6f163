package io.qsfs.bench.jmh;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Goal: the table and the file say what the samples say. */
class ReportTest {
    private static final Stage STAGE = Stage.of("sealing", "SealBenchmark.seal", "C")
            .with("bytes", "4096")
            .bytes(p -> Long.parseLong(p.get("bytes")))
            .goal(p -> 0.75);

    /** The machine was twice as slow in the second iteration, for both. */
    private static final Row ROW = new Row(
            STAGE,
            Map.of("bytes", "4096"),
            "avgt",
            List.of(new Row.Sample(1000, 500), new Row.Sample(2000, 1000), new Row.Sample(1000, 600)),
            4096,
            3.4);

    @TempDir
    Path folder;

    @Test
    void shouldTakeTheMedianOfEachIterationsRatio() {
        assertEquals(1000, ROW.ns());
        assertEquals(600, ROW.roofNs());
        assertEquals(0.5, ROW.ratio());
        assertEquals(0.025, ROW.spread(), 1e-9);
    }

    @Test
    void shouldShowFigureRoofAndRatioInOneLine() {
        String[] lines = Report.table(List.of(ROW)).split("\n");
        assertEquals(2, lines.length);
        assertEquals("sealing 4 KiB 4,096 MB/s 6,827 MB/s 0.50 0.03 0.75 missed 3 C", lines[1].replaceAll(" +", " "));
        assertEquals("sealing 4 KiB: 4,096 MB/s, 0.50 of C", Report.line(ROW));
    }

    @Test
    void shouldLeaveAColumnForTheProfile() {
        String[] lines = Report.markdown(List.of(ROW)).split("\n");
        assertEquals("| sealing 4 KiB | 4,096 MB/s | 6,827 MB/s | 0.50 ± 0.03 | 3 | C | |", lines[2]);
        assertEquals(
                lines[0].chars().filter(c -> c == '|').count(),
                lines[2].chars().filter(c -> c == '|').count());
    }

    @Test
    void shouldWriteMachineAndSamples() throws IOException {
        Path file = folder.resolve("figures.json");
        Report.write(file, Map.of("kernel", "6.18"), "quick", "2026-11-28T00:00:00Z", List.of(ROW));
        JsonNode json = new ObjectMapper().readTree(file.toFile());
        assertEquals("6.18", json.at("/machine/kernel").asText());
        assertEquals("quick", json.at("/kind").asText());
        assertEquals("4096", json.at("/rows/0/parameters/bytes").asText());
        assertEquals(0.5, json.at("/rows/0/ratio").asDouble());
        assertEquals(2000, json.at("/rows/0/samples/1/ns").asDouble());
        assertEquals(1000, json.at("/rows/0/samples/1/roofNs").asDouble());
    }
}
