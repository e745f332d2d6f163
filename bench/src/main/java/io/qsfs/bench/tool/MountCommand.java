package io.qsfs.bench.tool;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/**
 * {@code qsfs-bench mount}.
 *
 * <p>Threading: one thread.
 */
@Command(
        name = "mount",
        description = {
            "Measure directories side by side: sequential and random reads and writes, fsync, small files, a tree.",
            "Root drops the page cache before cold workloads. Each directory needs 2 GiB (512 MiB with --quick).",
            "On few processors pin both sides alike: start servers and this with taskset -c 0."
        })
final class MountCommand implements Callable<Integer> {
    private final Session session;

    @Mixin
    private RunOptions options = new RunOptions();

    @Parameters(
            paramLabel = "NAME=DIR",
            arity = "1..*",
            description = "A name and a directory; ratios are to the first.")
    private List<String> directories;

    MountCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        options.check();
        Report.Builder builder = new Report.Builder("mount");
        MountRun run = new MountRun(
                session,
                builder,
                MountRun.directories(directories),
                options.isQuick() ? MountScale.QUICK : MountScale.FULL,
                options.rounds(),
                MountWorkloads.canDropCaches());
        run.run();
        Report report = builder.build(options.rounds());
        session.output().result(run.table().toString());
        Results.print(report, session.output());
        options.write(report, session.output());
        return ExitCode.OK;
    }
}
