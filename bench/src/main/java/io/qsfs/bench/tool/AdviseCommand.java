package io.qsfs.bench.tool;

import io.qsfs.backend.BackendSpec;
import io.qsfs.codec.Code;
import io.qsfs.config.QsfsException;
import io.qsfs.config.VolumeConfig;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code qsfs-bench advise}.
 *
 * <p>Threading: one thread.
 */
@Command(
        name = "advise",
        description = {
            "Measure codec, backends and pipeline, and print a configuration with the reason for each line.",
            "It is measured against the configuration, or the defaults, that it is to replace; where it is no faster,"
                    + " it says so."
        })
final class AdviseCommand implements Callable<Integer> {
    private static final long STEP_NS = 1_000_000_000L;
    private static final long QUICK_NS = 300_000_000L;

    private final Session session;

    @Mixin
    private BackendOptions backends = new BackendOptions();

    @Mixin
    private RunOptions options = new RunOptions();

    @Mixin
    private SpaceOption space = new SpaceOption();

    @Option(names = "--code", paramLabel = "K+M", description = "A code that is to stay, like 4+2.")
    private String code;

    @Option(names = "--force", description = "Advise on a noisy machine too; the advice says so.")
    private boolean isForced;

    AdviseCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        options.check();
        VolumeConfig volume = backends.load(session);
        List<BackendSpec> targets = backends.targets(volume);
        if (targets.size() < 2) {
            throw new QsfsException("there is one backend: an advice needs at least two, so name more.");
        }
        PipelinePlan base = volume != null ? PipelinePlan.of(volume) : PipelinePlan.defaults(code(targets.size()));
        Report.Builder builder = new Report.Builder("advise");
        AdviseRun run = new AdviseRun(
                session,
                builder,
                base,
                volume != null || code != null,
                space.bytes(),
                space.stepNs(options.isQuick() ? QUICK_NS : STEP_NS),
                options.rounds(),
                isForced);
        String toml = run.run(targets);
        Report report = builder.build(options.rounds());
        session.output().result(toml);
        report.warnings().forEach(session.output()::warning);
        options.write(report, session.output());
        return ExitCode.OK;
    }

    private Code code(int count) {
        if (code == null) {
            return PipelinePlan.usualCode(count);
        }
        Code given = CodecRun.codes(code).getFirst();
        if (given.n() > count) {
            throw new QsfsException("--code " + given + " needs " + given.n() + " backends and " + count
                    + " are named: name more, or give a smaller code.");
        }
        return given;
    }
}
