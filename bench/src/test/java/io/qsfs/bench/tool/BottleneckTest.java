package io.qsfs.bench.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Goal: what holds a pipeline back is named. Method: results of known shape. */
class BottleneckTest {
    private static PipelineRun.Result result(double sealing, Map<String, MeasuredBackend.Seen> backends) {
        return new PipelineRun.Result(
                100,
                1.5,
                List.of(
                        new StageShare("read the log", 0.02, 0, 0.98, ""),
                        new StageShare("seal and code", sealing, 0.02, 0.98 - sealing, "")),
                backends);
    }

    private static MeasuredBackend.Seen seen(long meanMs) {
        return new MeasuredBackend.Seen(1, 10, 0, meanMs * 10_000_000, 1000, "");
    }

    @Test
    void shouldNameSealing() {
        assertTrue(Bottleneck.name(result(0.9, Map.of("a", seen(10)))).startsWith("the bottleneck is sealing"));
    }

    @Test
    void shouldNameTheSlowBackend() {
        String text =
                Bottleneck.name(result(0.3, Map.of("a", seen(10), "b", seen(12), "c", seen(11), "slow", seen(70))));
        assertTrue(text.startsWith("the bottleneck is backend slow: a shard takes 70.0 ms there and 11.0 ms"), text);
    }

    @Test
    void shouldNameAllBackends() {
        String text = Bottleneck.name(result(0.3, Map.of("a", seen(10), "b", seen(12), "c", seen(21))));
        assertTrue(text.startsWith("the bottleneck is the backends, all of them about alike"), text);
    }

    @Test
    void shouldFindSeveralSlowOnes() {
        assertEquals(List.of("e", "d"), Bottleneck.slow(Map.of("a", 10.0, "b", 11.0, "c", 12.0, "d", 90.0, "e", 95.0)));
        assertEquals(List.of(), Bottleneck.slow(Map.of("a", 10.0, "b", 90.0)), "of two nobody knows which is usual");
    }
}
