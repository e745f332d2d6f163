package io.qsfs.bench.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.config.Paths;
import io.qsfs.config.VolumeConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: slow backends are found, named and advised around. Method: proxies that delay and limit, in front of one
 * redis-server.
 */
@Timeout(300)
class PipelineCommandTest {
    @TempDir
    Path folder;

    private List<String> servers(String command, Redis redis, SlowProxy proxy, int database) {
        List<String> arguments = new ArrayList<>(List.of(command));
        for (int i = 0; i < 4; i++) {
            arguments.addAll(List.of("--redis", "127.0.0.1:" + redis.port + "/" + i));
        }
        arguments.addAll(List.of("--redis", "127.0.0.1:" + proxy.port() + "/" + database, "--space", "32MiB"));
        return arguments;
    }

    private Tool.Ended run(List<String> arguments, String... more) {
        arguments.addAll(List.of(more));
        return Tool.run(folder, arguments.toArray(String[]::new));
    }

    @Test
    void shouldNameAServerThatAnswersLate() throws Exception {
        try (Redis redis = new Redis(folder, "");
                SlowProxy late = new SlowProxy(redis.port, 600, 0)) {
            Path json = folder.resolve("p.json");
            Tool.Ended ended = run(
                    servers("pipeline", redis, late, 4),
                    "--code",
                    "3+2",
                    "--segment",
                    "2MiB",
                    "--step",
                    "500ms",
                    "--rounds",
                    "1",
                    "--json",
                    json.toString());
            assertEquals(0, ended.code(), ended.toString());
            Report report = Report.read(json);
            assertTrue(
                    report.findings().stream().anyMatch(f -> f.startsWith("the bottleneck is backend redis-5")),
                    report.findings() + " " + report.stages());
            for (StageShare stage : report.stages()) {
                assertEquals(1, stage.busy() + stage.waitingInput() + stage.waitingOutput(), 0.01, stage.toString());
            }
            assertTrue(report.stages().stream().anyMatch(s -> s.stage().equals("to redis-5")));
            assertEquals(-1, redis.ask("DBSIZE").indexOf(":1"), "nothing is left");
        }
    }

    @Test
    void shouldAdviseAroundAServerThatIsLimited() throws Exception {
        try (Redis redis = new Redis(folder, "");
                SlowProxy limited = new SlowProxy(redis.port, 0, 10_000_000)) {
            Tool.Ended ended = run(
                    servers("advise", redis, limited, 4),
                    "--code",
                    "2+1",
                    "--step",
                    "60ms",
                    "--rounds",
                    "2",
                    "--force");
            assertEquals(0, ended.code(), ended.toString());
            Path file = Files.writeString(folder.resolve("advised.toml"), ended.out());
            VolumeConfig config = VolumeConfig.load(file, Paths.of(Map.of(), folder, "nobody"));
            assertEquals(2, config.minimalShards());
            assertEquals(3, config.expectedShards());
            boolean isLeftOut = ended.out().contains("# left out: a shard takes")
                    && config.backends().stream().noneMatch(b -> b.port() == limited.port());
            assertTrue(isLeftOut || ended.out().contains("the default is right"), ended.out());
        }
    }

    @Test
    void shouldWantEnoughBackends() throws Exception {
        Path one = Files.createDirectories(folder.resolve("one"));
        Tool.Ended ended = Tool.run(folder, "pipeline", "--dir", one.toString(), "--code", "4+2");
        assertEquals(1, ended.code());
        assertTrue(ended.err().contains("the code 4+2 needs 6 backends and 1 can be measured"), ended.err());
        assertEquals(1, Tool.snapshot(one).size());
    }
}
