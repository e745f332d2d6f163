package io.qsfs.bench.tool;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Names what holds a pipeline back.
 *
 * <p>Threading: stateless.
 */
final class Bottleneck {
    /** A thread that works this much of the time has no room. */
    static final double BUSY = 0.85;

    /** A backend is slow when its shards take this many times what they take on the middle one of the others. */
    static final double SLOW_FACTOR = 3;

    private Bottleneck() {}

    /** Names of the backends that are slow beside the others; none of one or two. */
    static List<String> slow(Map<String, Double> millisecondsByName) {
        List<String> slow = new ArrayList<>();
        millisecondsByName.forEach((name, ms) -> {
            List<Double> others = millisecondsByName.entrySet().stream()
                    .filter(entry -> !entry.getKey().equals(name) && entry.getValue() > 0)
                    .map(Map.Entry::getValue)
                    .toList();
            if (others.size() >= 2 && ms >= SLOW_FACTOR * Stats.median(others)) {
                slow.add(name);
            }
        });
        slow.sort(Comparator.comparing(millisecondsByName::get).reversed());
        return slow;
    }

    /** One sentence. */
    static String name(PipelineRun.Result result) {
        StageShare read = result.stages().get(0);
        StageShare seal = result.stages().get(1);
        if (read.busy() + seal.busy() >= BUSY) {
            return "the bottleneck is sealing: the encoder thread works " + Format.percent(read.busy() + seal.busy())
                    + " of the time at " + Format.number(result.megabytesPerSecond())
                    + " MB/s; a faster processor, fewer parity shards or no compression helps, faster backends do not.";
        }
        Map<String, Double> times = new java.util.LinkedHashMap<>();
        result.backends().forEach((name, seen) -> times.put(name, seen.meanMs()));
        List<String> slow = slow(times);
        if (!slow.isEmpty()) {
            String name = slow.getFirst();
            List<Double> others = times.entrySet().stream()
                    .filter(entry -> !slow.contains(entry.getKey()) && entry.getValue() > 0)
                    .map(Map.Entry::getValue)
                    .toList();
            return "the bottleneck is backend " + name + ": a shard takes "
                    + Format.milliseconds(times.get(name)) + " there and " + Format.milliseconds(Stats.median(others))
                    + " on the others, and the encoder waits " + Format.percent(seal.waitingOutput()) + " of the time"
                    + (slow.size() > 1 ? " (slow too: " + String.join(", ", slow.subList(1, slow.size())) + ")" : "")
                    + ".";
        }
        return "the bottleneck is the backends, all of them about alike: the encoder waits for them "
                + Format.percent(seal.waitingOutput())
                + " of the time; faster disks or links help, a faster processor does"
                + " not.";
    }
}
