package io.qsfs.cli;

import io.qsfs.config.Paths;
import io.qsfs.config.QsfsException;
import io.qsfs.memory.Clock;
import io.qsfs.mount.FakeLauncher;

/** The program on an engine that does nothing, for tests that need a process of their own. */
public final class FakeMain {
    private FakeMain() {}

    /** As {@link Main}. */
    public static void main(String[] arguments) {
        Main.configureLog(arguments);
        FakeLauncher launcher = new FakeLauncher();
        String failure = System.getenv("QSFS_FAKE_FAILURE");
        if (failure != null && failure.equals("halt")) {
            System.out.println("not a message");
            Runtime.getRuntime().halt(9);
        }
        if (failure != null) {
            launcher.failure = new QsfsException(failure);
        }
        Context context = new Context(
                FakeMain.class,
                launcher,
                Paths.ofUser(),
                System.getenv(),
                null,
                System.in,
                System.out,
                System.err,
                false,
                Clock.SYSTEM);
        System.exit(Commands.run(context, arguments));
    }
}
