package io.qsfs.mount;

import io.qsfs.config.KeySource;
import io.qsfs.config.Paths;
import io.qsfs.config.VolumeConfig;
import io.qsfs.memory.Clock;
import java.nio.file.Path;

/**
 * The process that a crash test kills: initialises, recovers or serves a volume as the command line does, and says each step on
 * a line of standard output. Arguments: what to do, the configuration, the key file, the mount point.
 */
final class CrashWorker {
    static final String UP = "up";

    private CrashWorker() {}

    public static void main(String[] arguments) throws InterruptedException {
        VolumeConfig config = VolumeConfig.load(Path.of(arguments[1]), Paths.ofUser());
        KeySource key = new KeySource.KeyFile(Path.of(arguments[2]));
        LocalLauncher launcher = new LocalLauncher();
        PrintSink out = new PrintSink() {
            @Override
            public void line(String text) {
                System.out.println(text);
            }

            @Override
            public void warning(String text) {
                System.out.println("warning: " + text);
            }

            @Override
            public void progress(Progress progress) {}
        };
        try {
            switch (arguments[0]) {
                case "init" -> launcher.init(config, key, VolumeLauncher.InitMode.NEW, out);
                case "recover" ->
                    out.line("missing: "
                            + launcher.recover(config, key, false, out).missing());
                default ->
                    new MountProcess(launcher, Paths.ofUser(), Clock.SYSTEM)
                            .run(
                                    config,
                                    key,
                                    Path.of(arguments[3]),
                                    MountOptions.DEFAULT,
                                    out,
                                    () -> System.out.println(UP),
                                    report -> report.outcome().ordinal());
            }
        } catch (RuntimeException | Error e) {
            e.printStackTrace();
            System.exit(1);
        }
        System.exit(0);
    }
}
