package io.qsfs.bench.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.backend.BackendPassword;
import io.qsfs.backend.BackendSpec;
import io.qsfs.codec.Code;
import io.qsfs.config.Compression;
import io.qsfs.config.Paths;
import io.qsfs.config.VolumeConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Goal: advice follows from figures, and qsfs loads it. Method: figures of known machines, the engine's own reader. */
class AdvisorTest {
    private static final String PASSWORD = "a secret nobody may see";

    @TempDir
    Path folder;

    private final Map<Integer, List<Double>> packed = new LinkedHashMap<>(Map.of(
            64 << 10, List.of(380.0, 390.0, 385.0),
            256 << 10, List.of(495.0, 500.0, 505.0),
            1 << 20, List.of(505.0, 510.0, 515.0)));
    private final Map<Integer, List<Double>> plain =
            new LinkedHashMap<>(Map.of(64 << 10, List.of(600.0), 256 << 10, List.of(700.0), 1 << 20, List.of(710.0)));
    private final Map<String, Double> shardMs = new LinkedHashMap<>();
    private final Map<String, Integer> knees = new LinkedHashMap<>();
    private final Map<String, Double> getMs = new LinkedHashMap<>();
    private final List<BackendSpec> targets = new ArrayList<>();
    private double placed = 120;
    private long free = 900L << 30;

    private void backend(String name, double ms, int knee) {
        shardMs.put(name, ms);
        knees.put(name, knee);
        getMs.put(name, ms / 4);
        targets.add(BackendSpec.directory(name, "here", folder.resolve(name)));
    }

    private void six() {
        for (int i = 1; i <= 6; i++) {
            backend("disk-" + i, 20 + i, i == 3 ? 4 : 2);
        }
    }

    private Advisor.Figures figures(Code code, boolean isGiven) {
        return new Advisor.Figures(
                PipelinePlan.defaults(code),
                isGiven,
                packed,
                plain,
                0.6,
                shardMs,
                knees,
                getMs,
                List.of(placed, placed),
                free);
    }

    private VolumeConfig load(Advisor.Advice advice) throws Exception {
        String toml = Advisor.toml(List.of("made by a test"), advice, targets);
        assertFalse(toml.contains(PASSWORD));
        Path file = Files.writeString(folder.resolve("advised.toml"), toml);
        return VolumeConfig.load(file, Paths.of(Map.of(), folder, "nobody"));
    }

    @Test
    void shouldMakeAConfigurationThatQsfsLoads() throws Exception {
        six();
        Advisor.Advice advice = Advisor.advise(figures(new Code(4, 2), false));
        VolumeConfig config = load(advice);
        assertEquals(4, config.minimalShards());
        assertEquals(6, config.expectedShards());
        assertEquals(5, config.placedMin());
        assertEquals(256 << 10, config.chunkBytes(), "64KiB is slower, 1MiB hardly faster");
        assertEquals(Compression.LZ4, config.compression(), "the backends hold it back, not sealing");
        assertEquals(4, config.inFlightMax());
        assertEquals(67L << 30, config.cacheLimitBytes(), "ten minutes at 120 MB/s");
        assertEquals(List.of(), config.warnings());
        assertEquals(6, config.backends().size());
        advice.lines().forEach(line -> assertTrue(line.reason().length() > 10, line.toString()));
    }

    @Test
    void shouldAdviseAroundASlowBackend() throws Exception {
        six();
        backend("far", 400, 8);
        Advisor.Advice advice = Advisor.advise(figures(new Code(5, 2), false));
        assertEquals(List.of("far"), List.copyOf(advice.leftOut().keySet()));
        VolumeConfig config = load(advice);
        assertEquals(6, config.expectedShards());
        assertEquals(4, config.minimalShards());
        assertEquals(6, config.backends().size(), "far is a comment");
        assertTrue(Files.readString(folder.resolve("advised.toml"))
                .contains("# left out: a shard takes 400 ms there and"));
        assertEquals(4, config.inFlightMax(), "the knee of one that is left out does not count");
    }

    /** Of three backends of which two may be lost none can be left out. */
    @Test
    void shouldKeepASlowBackendThatIsNeeded() {
        backend("a", 10, 2);
        backend("b", 10, 2);
        backend("c", 100, 2);
        assertEquals(Map.of(), Advisor.advise(figures(new Code(1, 2), true)).leftOut());
    }

    @Test
    void shouldDropCompressionWhereSealingHoldsBack() throws Exception {
        six();
        placed = 480;
        VolumeConfig config = load(Advisor.advise(figures(new Code(4, 2), true)));
        assertEquals(Compression.NONE, config.compression());
    }

    @Test
    void shouldFitTheDisk() throws Exception {
        six();
        free = 9L << 30;
        assertEquals(
                4L << 30, load(Advisor.advise(figures(new Code(4, 2), true))).cacheLimitBytes());
    }

    @Test
    void shouldNotAdviseInNoise() {
        six();
        assertEquals("", Advisor.tooNoisy(figures(new Code(4, 2), true)));
        packed.put(256 << 10, List.of(300.0, 500.0, 520.0));
        assertTrue(Advisor.tooNoisy(figures(new Code(4, 2), true)).startsWith("this machine is too noisy to advise"));
    }

    @Test
    void shouldWriteNoSecret() throws Exception {
        six();
        shardMs.put("r", 22.0);
        knees.put("r", 2);
        getMs.put("r", 1.0);
        targets.add(BackendSpec.redis("r", "there", "::1", 6380)
                .password(BackendPassword.ofText(PASSWORD))
                .buffered(true, 1));
        VolumeConfig config = load(Advisor.advise(figures(new Code(5, 2), true)));
        assertEquals("[::1]:6380", config.backends().getLast().location());
        assertTrue(config.backends().getLast().buffered());
    }
}
