package io.qsfs.bench.tool;

import io.qsfs.backend.BackendSpec;
import io.qsfs.config.QsfsException;
import io.qsfs.mount.PrintSink;
import io.qsfs.mount.Progress;
import io.qsfs.mount.StatusReport;
import io.qsfs.mount.control.ControlClient;
import io.qsfs.mount.control.MountRegistry;
import io.qsfs.mount.control.Request;
import java.nio.file.Path;
import java.util.List;

/**
 * Which backends a running mount of this user uses: measuring those slows the mount down and is slowed down by it.
 *
 * <p>Threading: one thread.
 */
final class MountUse {
    private final Session session;

    MountUse(Session session) {
        this.session = session;
    }

    /** Warns of each. */
    void warn(List<BackendSpec> targets, Report.Builder report) {
        for (MountRegistry.Entry entry : new MountRegistry(session.paths()).list()) {
            if (entry.process() == null) {
                continue;
            }
            StatusReport status = status(entry);
            if (status == null) {
                say(
                        report,
                        "the mount of volume " + entry.volume() + " on " + entry.mountPoint()
                                + " does not answer, so it is not known whether it uses what is measured.");
                continue;
            }
            for (BackendSpec target : targets) {
                if (status.backends().stream().anyMatch(b -> location(target).equals(b.location()))) {
                    say(
                            report,
                            "backend " + target.name() + " is used by the mount of volume " + entry.volume() + " on "
                                    + entry.mountPoint()
                                    + ": measuring slows that mount down, and its work is in the figures.");
                }
            }
        }
    }

    private void say(Report.Builder report, String sentence) {
        session.output().warning(sentence);
        report.warning(sentence);
    }

    /** As {@link io.qsfs.config.BackendConfig#location} has it. */
    static String location(BackendSpec target) {
        if (target.kind() == BackendSpec.Kind.DIR) {
            return target.directory().toString();
        }
        return (target.host().indexOf(':') >= 0 ? "[" + target.host() + "]" : target.host()) + ":" + target.port();
    }

    private StatusReport status(MountRegistry.Entry entry) {
        try {
            return ControlClient.ask(
                    Path.of(entry.socket()), Request.status(), StatusReport.class, NOWHERE, session.clock());
        } catch (QsfsException e) {
            return null; // it is about to end, or another user's
        }
    }

    private static final PrintSink NOWHERE = new PrintSink() {
        @Override
        public void line(String text) {}

        @Override
        public void warning(String text) {}

        @Override
        public void progress(Progress progress) {}
    };
}
