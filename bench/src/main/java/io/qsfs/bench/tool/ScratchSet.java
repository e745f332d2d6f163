package io.qsfs.bench.tool;

import io.qsfs.backend.BackendSpec;
import io.qsfs.config.QsfsException;
import io.qsfs.memory.Id128;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;

/**
 * A scratch place on each of the backends of a run; closing removes them.
 *
 * <p>Threading: one thread.
 */
final class ScratchSet implements AutoCloseable {
    private final Session session;
    private final Id128 volume;
    private final List<Scratch> places = new ArrayList<>();

    /**
     * Makes the places. A backend that cannot be measured is left out with a warning, so that one that is away does
     * not keep the others from being measured.
     *
     * @throws QsfsException when none can be measured; with one target, why that one cannot.
     */
    ScratchSet(Session session, List<BackendSpec> targets, Report.Builder report) {
        this.session = session;
        SecureRandom random = new SecureRandom();
        volume = Id128.random(random);
        new MountUse(session).warn(targets, report);
        QsfsException first = null;
        try {
            for (BackendSpec target : targets) {
                for (Path place : Scratch.leftOver(target)) {
                    session.output().warning(place + " was left by a run that was killed: rm -r it.");
                }
                try {
                    Scratch place = Scratch.make(target, volume, random, session.clock(), session.stop());
                    places.add(place);
                    if (!place.remark().isEmpty()) {
                        warn(report, place.remark());
                    }
                } catch (QsfsException e) {
                    first = first == null ? e : first;
                    if (targets.size() > 1) {
                        warn(report, e.getMessage());
                    }
                }
            }
            if (places.isEmpty()) {
                throw targets.size() == 1
                        ? first
                        : new QsfsException("no backend can be measured: see the warnings above for each.", first);
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void warn(Report.Builder report, String sentence) {
        session.output().warning(sentence);
        report.warning(sentence);
    }

    /** Of the identities of all places. */
    Id128 volume() {
        return volume;
    }

    List<Scratch> places() {
        return places;
    }

    @Override
    public void close() {
        for (Scratch place : places) {
            place.remove(session.output());
        }
    }
}
