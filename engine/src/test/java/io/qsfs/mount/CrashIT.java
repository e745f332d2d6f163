package io.qsfs.mount;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.memory.Failpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: whatever a process has answered is there after its death, names are never between two states, and the next mount needs no
 * hand. Method: real mounts in processes that die by SIGKILL, at random moments and at every {@link Failpoint}, also while they
 * replay, while they recover, and with two backends away; a workload in three directories with an oracle for each.
 *
 * <p>{@code -Dqsfs.crash.kills=N} makes a long run (scripts/suites/crash), {@code -Dqsfs.seed=N} makes it again,
 * {@code -Dqsfs.crash.point=NAME} visits one point only. Needs root and /dev/fuse.
 */
class CrashIT {
    private static final int KILLS = Integer.getInteger("qsfs.crash.kills", 12);
    private static final long SEED = Long.getLong("qsfs.seed", new Random().nextLong(1_000_000));
    /** The log and the backends only grow: a long run begins with a new volume now and then. */
    private static final int KILLS_OF_A_VOLUME = 100;

    private static final int PROGRESS_KILLS = 20;

    @TempDir
    Path root;

    private long operations;
    private int replayKills;
    private int pointsReached;
    private String lastSaid = "";

    @BeforeEach
    void begin() {
        assumeTrue(Linux.geteuid() == 0 && Files.isReadable(Path.of("/dev/fuse")), "needs root and /dev/fuse");
    }

    @Test
    void shouldKeepWhatWasAnsweredWhenTheProcessIsKilled() throws Exception {
        Random random = new Random(SEED);
        List<Failpoint> points = points(random);
        int kills = 0;
        int next = 0;
        while (kills < KILLS) {
            Path volume = Files.createDirectory(root.resolve("volume-" + kills));
            int last = Math.min(KILLS, kills + KILLS_OF_A_VOLUME);
            try (CrashRig rig = new CrashRig(volume, random.nextLong())) {
                for (; kills < last; kills++) {
                    if (kills % 2 == 0) {
                        rig.roundAtRandom();
                    } else {
                        rig.roundAt(points.get(next++ % points.size()));
                    }
                    if ((kills + 1) % PROGRESS_KILLS == 0) {
                        say("crash: " + (kills + 1) + " of " + KILLS + " rounds, " + (operations + rig.operations())
                                + " operations");
                    }
                }
                rig.end();
                operations += rig.operations();
                replayKills += rig.replayKills();
                pointsReached += rig.reached().values().stream()
                        .mapToInt(Integer::intValue)
                        .sum();
                lastSaid = rig.lastSaid();
            } catch (Throwable t) {
                throw new AssertionError(
                        "round " + (kills + 1) + "; again with -Dqsfs.seed=" + SEED + " -Dqsfs.crash.kills=" + KILLS,
                        t);
            }
            MountRig.delete(volume);
        }
        say("crash: seed=" + SEED + " rounds=" + KILLS + " operations=" + operations + " kills_at_points="
                + pointsReached + " kills_in_replay=" + replayKills + " lost=0 mixed=0 helped=0");
        assertTrue(lastSaid.contains("replayed") && lastSaid.matches(".* in \\d+ ms"), lastSaid);
    }

    /** All points in an order of their own for each seed; a short run visits the first few. */
    private static List<Failpoint> points(Random random) {
        String only = System.getProperty("qsfs.crash.point");
        if (only != null) {
            return List.of(Failpoint.valueOf(only));
        }
        List<Failpoint> points = new ArrayList<>(List.of(Failpoint.values()));
        Collections.shuffle(points, random);
        return points;
    }

    private static void say(String line) {
        System.out.println(line);
    }
}
