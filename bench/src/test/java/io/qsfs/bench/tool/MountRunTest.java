package io.qsfs.bench.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.config.Paths;
import io.qsfs.memory.Clock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: every workload gives a figure for every directory, and leaves nothing. Method: all of them, in small. */
@Timeout(120)
class MountRunTest {
    @TempDir
    Path folder;

    @Test
    void shouldMeasureDirectoriesSideBySide() throws Exception {
        Files.createDirectory(folder.resolve("a"));
        Files.createDirectory(folder.resolve("b"));
        Output output = new Output(System.out, System.err, false, Clock.SYSTEM);
        output.level(false, true);
        Session session = new Session(Paths.of(Map.of(), folder, "nobody"), output, new Stop(output), Clock.SYSTEM);
        Report.Builder builder = new Report.Builder("mount");
        Map<String, Path> directories =
                MountRun.directories(List.of("a=" + folder.resolve("a"), "b=" + folder.resolve("b")));
        MountScale tiny = new MountScale(4 << 20, 1 << 20, 20_000_000L, 20, 40);
        MountRun run = new MountRun(session, builder, directories, tiny, 2, false);
        run.run();
        Report report = builder.build(2);
        for (String workload : MountWorkloads.UNITS.keySet()) {
            for (String name : directories.keySet()) {
                Metric metric = report.metric("mount/" + name + "/" + workload);
                assertEquals(2, metric.rounds().size(), workload);
                assertTrue(metric.median() > 0, workload);
            }
        }
        assertEquals(15, report.charts().getFirst().series().getFirst().points().size());
        assertTrue(run.table().toString().contains("b/a"));
        assertTrue(report.warnings().stream().anyMatch(w -> w.contains("what is called cold here is warm")));
        assertEquals(1, Tool.snapshot(folder.resolve("a")).size(), "nothing is left");
        assertEquals(1, Tool.snapshot(folder.resolve("b")).size(), "nothing is left");
    }

    /** Where there is no tree to copy, one is made up, the same every time. */
    @Test
    void shouldMakeUpATree() {
        SampleTree one = SampleTree.madeUp(100);
        SampleTree two = SampleTree.madeUp(100);
        assertEquals(103, one.entries().size());
        for (int i = 0; i < 103; i++) {
            assertEquals(one.entries().get(i).name(), two.entries().get(i).name());
        }
    }
}
