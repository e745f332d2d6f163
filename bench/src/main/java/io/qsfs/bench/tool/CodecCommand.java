package io.qsfs.bench.tool;

import io.qsfs.codec.Code;
import io.qsfs.config.QsfsException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code qsfs-bench codec}.
 *
 * <p>Threading: one thread.
 */
@Command(
        name = "codec",
        description = {
            "Measure sealing on one core of this machine: compression, AES-256-GCM, Reed-Solomon and checksums.",
            "Over codes, chunk sizes, lz4 and none, for data that lz4 makes smaller (mixed) and data that it does not"
                    + " (random)."
        })
final class CodecCommand implements Callable<Integer> {
    private static final long STEP_NS = 300_000_000L;
    private static final long QUICK_NS = 60_000_000L;

    private final Session session;

    @Mixin
    private RunOptions options = new RunOptions();

    @Option(
            names = "--codes",
            paramLabel = "LIST",
            defaultValue = "2+1,4+2,10+4,16+4",
            description = "k+m, up to 20 shards. Default: ${DEFAULT-VALUE}.")
    private String codes;

    @Option(
            names = "--chunks",
            paramLabel = "LIST",
            defaultValue = "64KiB,256KiB,1MiB",
            description = "Powers of two from 16KiB to 1MiB. Default: ${DEFAULT-VALUE}.")
    private String chunks;

    CodecCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        options.check();
        Report.Builder builder = new Report.Builder("codec");
        List<Code> list = CodecRun.codes(codes);
        List<Integer> chunkList =
                BackendsPlan.sizes(chunks).stream().map(Long::intValue).toList();
        for (int chunk : chunkList) {
            if (Integer.bitCount(chunk) != 1 || chunk < 16 << 10 || chunk > 1 << 20) {
                throw new QsfsException(
                        "chunk \"" + Format.bytes(chunk) + "\" is no power of two from 16KiB to 1MiB: choose one.");
            }
        }
        new CodecRun(
                        session,
                        builder,
                        list,
                        chunkList,
                        CodecRun.segmentBytes(options.isQuick()),
                        options.isQuick() ? QUICK_NS : STEP_NS,
                        options.rounds())
                .run();
        Report report = builder.build(options.rounds());
        TextTable table = new TextTable("on one core", "MB/s", "bytes/byte", "spread");
        for (Metric metric : report.metrics()) {
            if (metric.id().endsWith("/throughput")) {
                Metric stored = report.metric(metric.id().replace("/throughput", "/stored"));
                table.row(
                        metric.label(),
                        Format.number(metric.median()),
                        stored == null ? "" : Format.fixed(stored.median(), 2),
                        Format.percent(metric.spread()));
            }
        }
        session.output().result(table.toString());
        Results.print(report, session.output());
        options.write(report, session.output());
        return ExitCode.OK;
    }
}
