package io.qsfs.bench.tool;

import io.qsfs.codec.Code;
import io.qsfs.codec.RangeVerifier;
import io.qsfs.codec.ReedSolomon;
import io.qsfs.codec.SealEncoder;
import io.qsfs.codec.SealKind;
import io.qsfs.codec.SealRequest;
import io.qsfs.codec.Suite;
import io.qsfs.config.QsfsException;
import io.qsfs.keys.VolumeKey;
import io.qsfs.memory.Id128;
import io.qsfs.memory.NativeBuffer;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures what one core seals, codes and rebuilds, over codes, chunk sizes and compression, with the engine's encoder.
 *
 * <p>Threading: one thread.
 */
final class CodecRun {
    private static final long MIB = 1 << 20;
    private static final int SLICE_BYTES = 1 << 20;
    private static final int WARM_UP_STEPS = 4;

    private final Session session;
    private final Report.Builder report;
    private final List<Code> codes;
    private final List<Integer> chunks;
    private final long segmentBytes;
    private final long stepNs;
    private final int rounds;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, Setting> settings = new LinkedHashMap<>();

    /** What is sealed how. */
    private record Setting(Code code, int chunkBytes, boolean isCompressed, SampleData.Kind data) {
        String id() {
            return code + "/" + Format.bytes(chunkBytes) + "/" + (isCompressed ? "lz4" : "none") + "/"
                    + data.name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /** The values of a setting. */
    private record Values(List<Double> rates, List<Double> expansion) {}

    CodecRun(
            Session session,
            Report.Builder report,
            List<Code> codes,
            List<Integer> chunks,
            long segmentBytes,
            long stepNs,
            int rounds) {
        this.session = session;
        this.report = report;
        this.codes = codes;
        this.chunks = chunks;
        this.segmentBytes = segmentBytes;
        this.stepNs = stepNs;
        this.rounds = rounds;
        for (Code code : codes) {
            for (int chunk : chunks) {
                for (SampleData.Kind data : SampleData.Kind.values()) {
                    for (boolean isCompressed : new boolean[] {true, false}) {
                        Setting setting = new Setting(code, chunk, isCompressed, data);
                        settings.put(setting.id(), setting);
                    }
                }
            }
        }
    }

    /** Reads {@code 4+2,16+4}. */
    static List<Code> codes(String list) {
        List<Code> codes = new ArrayList<>();
        for (String text : list.split(",")) {
            String[] parts = text.strip().split("\\+");
            boolean isCode = parts.length == 2 && parts[0].matches("[0-9]{1,2}") && parts[1].matches("[0-9]{1,2}");
            int k = isCode ? Integer.parseInt(parts[0]) : 0;
            int m = isCode ? Integer.parseInt(parts[1]) : 0;
            if (!isCode || !Code.isValid(k, m) || k + m > 20) {
                throw new QsfsException("\"" + text + "\" is no code of up to 20 shards: write k+m, like 4+2,16+4.");
            }
            codes.add(new Code(k, m));
        }
        return codes;
    }

    /** Measures; the report has the figures after. */
    void run() {
        Map<String, Values> values = new LinkedHashMap<>();
        Map<String, List<Double>> coding = new LinkedHashMap<>();
        Progress progress =
                new Progress(session.output(), session.clock(), "codec", rounds * (settings.size() + codes.size()));
        try (VolumeKey key = VolumeKey.random(random);
                NativeBuffer mixed = SampleData.make(SampleData.Kind.MIXED, segmentBytes);
                NativeBuffer noise = SampleData.make(SampleData.Kind.RANDOM, segmentBytes)) {
            warmUp(key, mixed.segment());
            for (int round = 0; round < rounds; round++) {
                for (Setting setting : settings.values()) {
                    session.stop().check();
                    progress.begins(setting.id());
                    MemorySegment plain = setting.data() == SampleData.Kind.MIXED ? mixed.segment() : noise.segment();
                    double rate = seal(setting, key, plain, values);
                    progress.ended(setting.id(), Format.number(rate) + " MB/s");
                }
                for (Code code : codes) {
                    session.stop().check();
                    progress.begins("Reed-Solomon " + code);
                    code(code, coding);
                    progress.ended("Reed-Solomon " + code, "");
                }
            }
        }
        conclude(values, coding);
    }

    /** The first sealings of a process pay for classes and compilers. */
    private void warmUp(VolumeKey key, MemorySegment plain) {
        Map<String, Values> unused = new LinkedHashMap<>();
        long fromNs = session.clock().nanoTime();
        while (session.clock().nanoTime() - fromNs < WARM_UP_STEPS * stepNs) {
            session.stop().check();
            settings.values().stream()
                    .filter(setting -> setting.code().equals(codes.getFirst()))
                    .forEach(setting -> seal(setting, key, plain, unused));
        }
    }

    private double seal(Setting setting, VolumeKey key, MemorySegment plain, Map<String, Values> values) {
        SealRequest request = new SealRequest(
                SealKind.SEGMENT,
                new Id128(1, 1),
                0,
                new Id128(2, 2),
                1,
                0,
                0,
                segmentBytes,
                setting.isCompressed() ? Suite.COMPRESSION_LZ4 : Suite.COMPRESSION_NONE,
                session.clock().realtimeNs(),
                RangeVerifier.NONE);
        try (SealEncoder encoder = new SealEncoder(setting.code(), segmentBytes, setting.chunkBytes(), key, random)) {
            int count = -1; // the first pays for fresh memory
            long fromNs = 0;
            long nowNs;
            do {
                int errno = encoder.encode(request, (position, target, offset, length) -> {
                    MemorySegment.copy(plain, position, target, offset, length);
                    return 0;
                });
                if (errno != 0) {
                    throw new AssertionError("memory gave errno " + errno);
                }
                nowNs = session.clock().nanoTime();
                fromNs = ++count == 0 ? nowNs : fromNs;
            } while (count == 0 || nowNs - fromNs < stepNs);
            double rate = count * segmentBytes * 1e3 / (nowNs - fromNs);
            double expansion =
                    (double) encoder.sealed().objectBytes() * setting.code().n() / segmentBytes;
            Values of = values.computeIfAbsent(setting.id(), k -> new Values(new ArrayList<>(), new ArrayList<>()));
            of.rates().add(rate);
            of.expansion().add(expansion);
            return rate;
        }
    }

    /** Encodes, and rebuilds as many data shards as may be lost; both as bytes of data a second. */
    private void code(Code code, Map<String, List<Double>> coding) {
        int k = code.k();
        int lost = Math.min(code.m(), k);
        try (ReedSolomon coder = new ReedSolomon(code);
                NativeBuffer data = SampleData.make(SampleData.Kind.RANDOM, (long) k * SLICE_BYTES);
                NativeBuffer parity = new NativeBuffer(Math.max(1, (long) code.m() * SLICE_BYTES));
                NativeBuffer rebuilt = new NativeBuffer(Math.max(1, (long) lost * SLICE_BYTES))) {
            double encoded = perSecond(
                    (long) k * SLICE_BYTES, () -> coder.encode(data.segment(), parity.segment(), SLICE_BYTES));
            coding.computeIfAbsent(code + "/encode", x -> new ArrayList<>()).add(encoded);
            int[] present = new int[k];
            MemorySegment[] given = new MemorySegment[k];
            for (int i = 0; i < k; i++) { // the first data shards are lost, parity stands in for them
                present[i] = i + lost;
                given[i] = present[i] < k
                        ? data.segment().asSlice((long) present[i] * SLICE_BYTES, SLICE_BYTES)
                        : parity.segment().asSlice((long) (present[i] - k) * SLICE_BYTES, SLICE_BYTES);
            }
            int[] missing = new int[lost];
            MemorySegment[] made = new MemorySegment[lost];
            for (int i = 0; i < lost; i++) {
                missing[i] = i;
                made[i] = rebuilt.segment().asSlice((long) i * SLICE_BYTES, SLICE_BYTES);
            }
            double decoded = perSecond(
                    (long) k * SLICE_BYTES, () -> coder.reconstruct(present, given, missing, lost, made, SLICE_BYTES));
            coding.computeIfAbsent(code + "/rebuild", x -> new ArrayList<>()).add(decoded);
        }
    }

    private double perSecond(long bytes, Runnable work) {
        work.run();
        long fromNs = session.clock().nanoTime();
        long count = 0;
        long nowNs;
        do {
            work.run();
            count++;
            nowNs = session.clock().nanoTime();
        } while (nowNs - fromNs < stepNs / 2);
        return count * bytes * 1e3 / (nowNs - fromNs);
    }

    private void conclude(Map<String, Values> values, Map<String, List<Double>> coding) {
        values.forEach((id, of) -> {
            Setting setting = settings.get(id);
            String label = "seal " + setting.code() + ", chunks of " + Format.bytes(setting.chunkBytes()) + ", "
                    + (setting.isCompressed() ? "lz4" : "no compression") + ", "
                    + setting.data().name().toLowerCase(java.util.Locale.ROOT) + " data";
            report.metric(new Metric("codec/seal/" + id + "/throughput", label, "MB/s", true, of.rates()));
            report.metric(new Metric(
                    "codec/seal/" + id + "/stored", label + ", stored", "bytes/byte", false, of.expansion()));
        });
        coding.forEach((id, rates) -> report.metric(new Metric(
                "codec/reed-solomon/" + id + "/throughput",
                "Reed-Solomon " + id.replace('/', ' '),
                "MB/s",
                true,
                rates)));
        for (Code code : codes) {
            report.finding(code + ": stores " + Format.fixed((double) code.n() / code.k(), 2)
                    + " bytes for each byte sealed, and any " + code.m() + " of " + code.n()
                    + " backends may be lost.");
        }
        List<Chart.Series> series = new ArrayList<>();
        for (SampleData.Kind data : SampleData.Kind.values()) {
            for (boolean isCompressed : new boolean[] {true, false}) {
                List<Chart.Point> points = new ArrayList<>();
                for (Code code : codes) {
                    int chunk = chunks.contains(256 << 10) ? 256 << 10 : chunks.getFirst();
                    Values of = values.get(new Setting(code, chunk, isCompressed, data).id());
                    points.add(new Chart.Point(0, Stats.median(of.rates()), code.toString()));
                }
                String name =
                        (isCompressed ? "lz4, " : "none, ") + data.name().toLowerCase(java.util.Locale.ROOT) + " data";
                series.add(new Chart.Series(name, points));
            }
        }
        report.chart(new Chart(
                "codec/seal", "Sealing on one core, by code", Chart.Kind.BARS, "MB/s", "", false, false, series));
    }

    /** Segment for a code: 16 MiB, whole MiB, within the largest shard. */
    static long segmentBytes(boolean isQuick) {
        return (isQuick ? 8 : 16) * MIB;
    }
}
