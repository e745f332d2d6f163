package io.qsfs.bench.jmh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Goal: no benchmark is left out of the table, and the table names none that is not there, nor a parameter that it has not. */
class CatalogueTest {
    private static final String PACKAGE = Suite.class.getPackageName() + ".";

    /** What JMH's processor found, with the values of parameters. */
    private static Map<String, Map<String, Set<String>>> written() {
        Map<String, Map<String, Set<String>>> found = new TreeMap<>();
        for (BenchmarkListEntry entry : BenchmarkList.defaultList()
                .getAll(
                        OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT),
                        java.util.List.of())) {
            Map<String, Set<String>> parameters = new TreeMap<>();
            entry.getParams()
                    .orElse(Map.of())
                    .forEach((name, values) ->
                            parameters.put(name, Arrays.stream(values).collect(Collectors.toCollection(TreeSet::new))));
            found.put(entry.getUsername().substring(PACKAGE.length()), parameters);
        }
        return found;
    }

    @Test
    void shouldListEveryBenchmark() {
        Set<String> listed = Catalogue.stages().stream().map(Stage::benchmark).collect(Collectors.toSet());
        assertEquals(written().keySet(), new TreeSet<>(listed));
        assertEquals(listed.size(), Catalogue.stages().size(), "a benchmark is listed once");
    }

    @Test
    void shouldNameTheParametersOfTheBenchmarks() {
        Map<String, Map<String, Set<String>>> written = written();
        for (Stage stage : Catalogue.stages()) {
            Map<String, Set<String>> listed = new TreeMap<>();
            stage.parameters().forEach((name, values) -> listed.put(name, new TreeSet<>(values)));
            assertEquals(written.get(stage.benchmark()), listed, stage.benchmark());
        }
    }

    @Test
    void shouldMeasureEveryStageAlsoWhenItMustBeQuick() {
        for (Stage stage : Catalogue.stages()) {
            assertFalse(stage.combinations(false).isEmpty(), stage.benchmark());
            assertTrue(stage.combinations(true).containsAll(stage.combinations(false)), stage.benchmark());
        }
    }
}
