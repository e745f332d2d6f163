package io.qsfs.bench.tool;

import io.qsfs.backend.BackendPassword;
import io.qsfs.backend.BackendSpec;
import io.qsfs.codec.Code;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Makes a configuration out of figures, each line with its reason.
 *
 * <p>Threading: stateless.
 */
final class Advisor {
    /** A spread of sealing beyond which nothing is advised: it is pure computing, and should hardly vary. */
    static final double SEALING_SPREAD_MAX = 0.25;

    /** A chunk size or compression that is this close to the fastest is as fast. */
    static final double AS_FAST = 0.95;

    private static final long MIB = 1 << 20;
    private static final long GIB = 1 << 30;
    private static final int SHARDS_MAX = 20;
    private static final int PARITY_MAX = 4;
    private static final int IN_FLIGHT_MAX = 64;
    private static final long OUTAGE_S = 600;

    private Advisor() {}

    /**
     * What was measured.
     *
     * @param base          the plan that the advice is to beat.
     * @param isCodeGiven   its code is the user's, and stays unless a backend has to go.
     * @param sealByChunk   MB/s of sealing, all rounds, by chunk bytes, with lz4, on mixed data.
     * @param plainByChunk  the same without compression.
     * @param storedLz4     bytes stored for each byte, with lz4.
     * @param shardMs       time of one shard's put in the pipeline, by backend.
     * @param inFlightKnee  operations at once that are enough for large puts, by backend.
     * @param getMsByName   median time of a ranged read of a chunk, by backend.
     * @param pipeline      MB/s placed with the base plan, all rounds.
     * @param stateFreeBytes space where the state directory would be; -1 when not known.
     */
    record Figures(
            PipelinePlan base,
            boolean isCodeGiven,
            Map<Integer, List<Double>> sealByChunk,
            Map<Integer, List<Double>> plainByChunk,
            double storedLz4,
            Map<String, Double> shardMs,
            Map<String, Integer> inFlightKnee,
            Map<String, Double> getMsByName,
            List<Double> pipeline,
            long stateFreeBytes) {}

    /**
     * One key of the configuration.
     *
     * @param value  as TOML.
     * @param reason a sentence with the figure behind it.
     */
    record Line(String key, String value, String reason) {}

    /**
     * What is proposed.
     *
     * @param plan     for the pipeline.
     * @param lines    keys, in the order of the example configuration.
     * @param remarks  sentences without a key.
     * @param leftOut  names of backends that hold the others back, with the reason.
     */
    record Advice(PipelinePlan plan, List<Line> lines, List<String> remarks, Map<String, String> leftOut) {}

    /** Why nothing should be advised; empty when something can be. */
    static String tooNoisy(Figures figures) {
        List<Double> sealing = figures.sealByChunk().get(figures.base().chunkBytes());
        double spread = Stats.spread(sealing);
        if (spread > SEALING_SPREAD_MAX) {
            return "this machine is too noisy to advise: the same sealing took " + Format.percent(spread)
                    + " more or less from round to round (at most " + Format.percent(SEALING_SPREAD_MAX)
                    + " is fit for a choice); stop what else runs here, or give --rounds 9 --force.";
        }
        return "";
    }

    /** Proposes. */
    static Advice advise(Figures figures) {
        Map<String, String> leftOut = leftOut(figures);
        int backends = figures.shardMs().size() - leftOut.size();
        Code code = code(figures, backends);
        List<Line> lines = new ArrayList<>();
        List<String> remarks = new ArrayList<>();
        codeLines(figures, code, backends, lines);
        int placedMin = Math.min(code.n(), code.k() + 1);
        lines.add(new Line(
                "placed_min",
                Integer.toString(placedMin),
                placedMin == code.k()
                        ? "there is no shard to spare"
                        : "one more than is needed to read: a backend that is late does not hold a segment back"));
        long segmentBytes = PipelinePlan.segmentBytesMax(code.k());
        lines.add(new Line(
                "segment_bytes",
                text(Format.bytes(segmentBytes)),
                "the largest default: a shard of " + Format.bytes(segmentBytes / code.k() / MIB * MIB) + " takes "
                        + Format.milliseconds(worst(figures.shardMs(), leftOut.keySet()))
                        + " on the slowest backend here"));
        int chunk = chunk(figures, lines);
        boolean isCompressed = compression(figures, chunk, lines);
        int inFlight = inFlight(figures, leftOut.keySet(), lines);
        encoderThreads(figures, chunk, isCompressed, remarks);
        cache(figures, lines);
        recallCache(figures, chunk, lines);
        PipelinePlan plan = new PipelinePlan(code, segmentBytes, chunk, isCompressed, placedMin, inFlight);
        return new Advice(plan, lines, remarks, leftOut);
    }

    /** Backends that are much slower than the others, as long as enough are left for the same parity. */
    private static Map<String, String> leftOut(Figures figures) {
        Map<String, String> leftOut = new LinkedHashMap<>();
        Map<String, Double> others = new TreeMap<>(figures.shardMs());
        List<String> slow = Bottleneck.slow(figures.shardMs());
        slow.forEach(others::remove);
        int parity = figures.base().code().m();
        for (String name : slow) {
            if (figures.shardMs().size() - leftOut.size() - 1 > parity) {
                leftOut.put(
                        name,
                        "a shard takes " + Format.milliseconds(figures.shardMs().get(name)) + " there and "
                                + Format.milliseconds(Stats.median(List.copyOf(others.values())))
                                + " on the others, and every segment would wait for it");
            }
        }
        return leftOut;
    }

    private static Code code(Figures figures, int backends) {
        Code base = figures.base().code();
        if (figures.isCodeGiven() && base.n() <= backends) {
            return base;
        }
        int n = Math.min(backends, SHARDS_MAX);
        int m = figures.isCodeGiven() || base.n() > n
                ? Math.min(base.m(), n - 1)
                : PipelinePlan.usualCode(n).m();
        return new Code(n - m, Math.min(m, PARITY_MAX));
    }

    private static void codeLines(Figures figures, Code code, int backends, List<Line> lines) {
        String why = figures.isCodeGiven() && code.equals(figures.base().code())
                ? "the code that was given: any " + code.m() + " of " + code.n() + " backends may be lost"
                : "of " + backends + " backends any " + code.m() + " may be lost";
        lines.add(new Line(
                "minimal_shards",
                Integer.toString(code.k()),
                why + ", for " + Format.fixed((double) code.n() / code.k(), 2) + " bytes stored for each byte"));
        lines.add(new Line(
                "expected_shards",
                Integer.toString(code.n()),
                "a shard for " + (code.n() == backends ? "each" : code.n() + " of " + backends) + " of them"));
    }

    private static double worst(Map<String, Double> byName, Set<String> without) {
        return byName.entrySet().stream()
                .filter(entry -> !without.contains(entry.getKey()))
                .mapToDouble(Map.Entry::getValue)
                .max()
                .orElse(0);
    }

    /** The smallest that is as fast as the fastest: a cold read fetches a whole chunk. */
    private static int chunk(Figures figures, List<Line> lines) {
        TreeMap<Integer, Double> medians = new TreeMap<>();
        figures.sealByChunk().forEach((chunk, rates) -> medians.put(chunk, Stats.median(rates)));
        double best =
                medians.values().stream().mapToDouble(Double::doubleValue).max().orElseThrow();
        Map.Entry<Integer, Double> chosen = medians.entrySet().stream()
                .filter(entry -> entry.getValue() >= AS_FAST * best)
                .findFirst()
                .orElseThrow();
        lines.add(new Line(
                "chunk_bytes",
                text(Format.bytes(chosen.getKey())),
                "the smallest that seals as fast as any (" + Format.number(chosen.getValue()) + " MB/s, the best "
                        + Format.number(best) + "): a cold read fetches a whole chunk"));
        return chosen.getKey();
    }

    private static boolean compression(Figures figures, int chunk, List<Line> lines) {
        double packed = Stats.median(figures.sealByChunk().get(chunk));
        double plain = Stats.median(figures.plainByChunk().get(chunk));
        double placed = Stats.median(figures.pipeline());
        // Sealing is what holds the base plan back when it places nearly what one core seals.
        boolean isBound = placed >= Bottleneck.BUSY * packed;
        boolean isCompressed = !isBound || packed >= AS_FAST * plain;
        String figure = Format.number(packed) + " MB/s with and " + Format.number(plain) + " without on data like a"
                + " file server's";
        lines.add(new Line(
                "compression",
                text(isCompressed ? "lz4" : "none"),
                isCompressed
                        ? "sealing does " + figure + ", and the backends get " + Format.fixed(figures.storedLz4(), 2)
                                + " bytes for a byte instead of more"
                        : "sealing is what holds the pipeline back, and does " + figure));
        return isCompressed;
    }

    private static int inFlight(Figures figures, Set<String> without, List<Line> lines) {
        Map.Entry<String, Integer> most = figures.inFlightKnee().entrySet().stream()
                .filter(entry -> !without.contains(entry.getKey()))
                .max(Map.Entry.comparingByValue())
                .orElse(Map.entry("no backend", figures.base().inFlightMax()));
        int count = Math.clamp(most.getValue(), 2, IN_FLIGHT_MAX);
        lines.add(new Line(
                "in_flight_max",
                Integer.toString(count),
                most.getValue() + " large puts at once give " + most.getKey()
                        + " nine tenths of its throughput, more hardly more"
                        + (count > most.getValue() ? "; two, so that one is on its way while one is written" : "")));
        return count;
    }

    private static void encoderThreads(Figures figures, int chunk, boolean isCompressed, List<String> remarks) {
        double sealing = Stats.median((isCompressed ? figures.sealByChunk() : figures.plainByChunk()).get(chunk));
        double placed = Stats.median(figures.pipeline());
        remarks.add("encoder threads: this version has one and no key for it; it seals " + Format.number(sealing)
                + " MB/s, and " + Format.number(placed) + " MB/s are placed, so "
                + (placed >= Bottleneck.BUSY * sealing
                        ? "it is what holds the pipeline back."
                        : "one is enough for these backends."));
    }

    /** So that writers go on while backends are away for ten minutes, in at most half of what is free. */
    private static void cache(Figures figures, List<Line> lines) {
        double placed = Stats.median(figures.pipeline());
        long wanted = Math.max(10 * GIB, (long) (placed * 1e6 * OUTAGE_S) / GIB * GIB);
        long half = figures.stateFreeBytes() / 2 / GIB * GIB;
        boolean isLimited = figures.stateFreeBytes() >= 0 && half < wanted;
        long chosen = isLimited ? Math.max(GIB, half) : wanted;
        lines.add(new Line(
                "cache_limit",
                text(Format.bytes(chosen)),
                isLimited
                        ? "half of what is free where the state directory lies by default ("
                                + Format.bytes(figures.stateFreeBytes() / GIB * GIB) + ")"
                        : "what is written in ten minutes at the " + Format.number(placed)
                                + " MB/s that are placed, 10GiB at least: writers go on while backends are away"));
    }

    /** Two seconds of cold reads, sixteen of them at once. */
    private static void recallCache(Figures figures, int chunk, List<Line> lines) {
        double ms = Math.max(0.1, worst(figures.getMsByName(), Set.of()));
        long bytes = (long) (16 * chunk * 2000 / ms);
        long chosen = Math.clamp(Long.highestOneBit(Math.max(1, bytes)), 256 * MIB, 2 * GIB);
        lines.add(new Line(
                "recall_cache",
                text(Format.bytes(chosen)),
                "a read of " + Format.bytes(chunk) + " takes " + Format.milliseconds(ms)
                        + " on the slowest backend: two seconds of sixteen such reads at once, from 256MiB to 2GiB"));
    }

    static String text(String value) {
        return "\"" + value.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }

    /**
     * A whole configuration that {@code qsfs} loads.
     *
     * @param intro sentences at its head.
     */
    static String toml(List<String> intro, Advice advice, List<BackendSpec> targets) {
        StringBuilder toml = new StringBuilder();
        intro.forEach(sentence -> comment(toml, sentence));
        toml.append('\n');
        for (Line line : advice.lines()) {
            comment(toml, line.reason() + ".");
            toml.append(line.key()).append(" = ").append(line.value()).append("\n\n");
        }
        advice.remarks().forEach(remark -> comment(toml, remark));
        Map<String, List<BackendSpec>> groups = new LinkedHashMap<>();
        targets.forEach(target ->
                groups.computeIfAbsent(target.group(), k -> new ArrayList<>()).add(target));
        groups.forEach((name, members) -> {
            boolean isUsed = members.stream().anyMatch(m -> !advice.leftOut().containsKey(m.name()));
            if (isUsed) {
                toml.append("\n[[groups]]\nname = ").append(text(name)).append('\n');
            }
            members.forEach(member -> backend(toml, member, advice.leftOut().get(member.name())));
        });
        return toml.toString();
    }

    private static void backend(StringBuilder toml, BackendSpec spec, String whyLeftOut) {
        List<String> lines = new ArrayList<>(List.of("[[groups.backends]]", "name = " + text(spec.name())));
        if (spec.kind() == BackendSpec.Kind.DIR) {
            lines.add("path = " + text(spec.directory().toString()));
        } else {
            lines.add("address = " + text(MountUse.location(spec)));
            if (!spec.prefix().isEmpty()) {
                lines.add("prefix = " + text(spec.prefix()));
            }
            if (spec.database() != 0) {
                lines.add("database = " + spec.database());
            }
            if (spec.password() != BackendPassword.NONE) {
                lines.add("# password_file = as before: no secret is written here");
            }
        }
        if (spec.buffered()) {
            lines.add("buffered = true");
        }
        toml.append('\n');
        if (whyLeftOut != null) {
            comment(toml, "left out: " + whyLeftOut + ".");
        }
        lines.forEach(line -> toml.append(whyLeftOut == null || line.startsWith("#") ? "" : "# ")
                .append(line)
                .append('\n'));
    }

    /** In lines of up to 100 characters. */
    private static void comment(StringBuilder toml, String sentence) {
        StringBuilder line = new StringBuilder("#");
        for (String word : sentence.split(" ")) {
            if (line.length() + word.length() > 100) {
                toml.append(line).append('\n');
                line = new StringBuilder("#");
            }
            line.append(' ').append(word);
        }
        toml.append(line).append('\n');
    }
}
