package io.qsfs.mount;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.Paths;
import io.qsfs.config.QsfsException;
import io.qsfs.config.VolumeConfig;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Failpoint;
import io.qsfs.mount.control.Control;
import io.qsfs.mount.control.ControlClient;
import io.qsfs.mount.control.Request;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A volume that is used by workloads while its process is killed, again and again. Each round: mount (no hand helps), compare with
 * what was acknowledged, work, die. The process is another JVM; the workloads are threads here.
 *
 * <p>Threading: one thread, which starts and joins the others.
 */
final class CrashRig implements AutoCloseable {
    private static final int BACKENDS = 6;
    private static final int WORKLOADS = 3;
    private static final int FAILPOINT_WAIT_MS = 2_000;
    private static final int PROCESS_WAIT_S = 60;

    /** Reached only by an order to evict, to end, or to recover. */
    private static final Set<Failpoint> OF_EVICT = EnumSet.of(
            Failpoint.EVICT_CHOSEN, Failpoint.EVICTED, Failpoint.CHECKPOINT_COPIED, Failpoint.CHECKPOINT_NAMED);

    private static final Set<Failpoint> OF_END =
            EnumSet.of(Failpoint.UNMOUNT_BEGUN, Failpoint.UNMOUNTED, Failpoint.INDEX_SYNCED, Failpoint.CLEAN_MARKED);
    private static final Set<Failpoint> OF_RECOVERY = EnumSet.of(
            Failpoint.RECOVERY_CLAIMED,
            Failpoint.RECOVERY_REPLAYED,
            Failpoint.RECOVERY_WRITTEN,
            Failpoint.RECOVERY_NAMED);
    /** Passed many times in a round. */
    private static final Set<Failpoint> FREQUENT = EnumSet.range(Failpoint.DATA_CLAIMED, Failpoint.INDEX_COMMITTED);

    private final Path root;
    private final Random random;
    private final VolumeConfig config;
    private final List<CrashWorkload> workloads = new ArrayList<>();
    private final Map<Failpoint, Integer> reached = new EnumMap<>(Failpoint.class);
    private final List<Integer> away = new ArrayList<>();
    private Process process;
    private int round;
    private int replayKills;
    private String lastSaid = "";

    /** @param root holds everything; the caller removes it. */
    CrashRig(Path root, long seed) throws IOException, InterruptedException {
        this.root = root;
        this.random = new Random(seed);
        Files.createDirectories(mountPoint());
        StringBuilder text = new StringBuilder(
                "name = \"crash\"\nkey_file = \"" + root.resolve("key") + "\"\nstate_dir = \""
                        + root.resolve("state")
                        + "\"\nminimal_shards = 4\nexpected_shards = 6\nsegment_bytes = \"8MiB\"\n"
                        + "recall_cache = \"16MiB\"\nindex_map_bytes = \"1GiB\"\nrotate_after = \"1s\"\n[[groups]]\nname = \"g\"\n");
        for (int i = 1; i <= BACKENDS; i++) {
            Files.createDirectories(backend(i));
            text.append("[[groups.backends]]\npath = \"").append(backend(i)).append("\"\n");
        }
        Path file = Files.writeString(root.resolve("crash.toml"), text);
        config = VolumeConfig.load(file, Paths.of(environment(), root, "tester"));
        start("init", null);
        assertEquals(0, awaitEnd(), this::log);
        for (int i = 0; i < WORKLOADS; i++) {
            workloads.add(new CrashWorkload(mountPoint().resolve("w" + i), new Random(random.nextLong())));
        }
        start("mount", null);
        assertTrue(awaitUp(), this::log);
        for (int i = 0; i < WORKLOADS; i++) {
            Files.createDirectory(mountPoint().resolve("w" + i));
        }
        ask(Request.unmount(true), UnmountReport.class);
        awaitEnd();
    }

    private Map<String, String> environment() {
        return Map.of(
                "XDG_CONFIG_HOME", root.toString(),
                "XDG_DATA_HOME", root.toString(),
                "XDG_STATE_HOME", root.toString(),
                "XDG_RUNTIME_DIR", root.toString());
    }

    private Path mountPoint() {
        return root.resolve("mnt");
    }

    private Path backend(int i) {
        return root.resolve("backend-" + i);
    }

    /** Operations that were made and compared. */
    long operations() {
        return workloads.stream().mapToLong(CrashWorkload::operations).sum();
    }

    /** How often each point ended the process. */
    Map<Failpoint, Integer> reached() {
        return reached;
    }

    /** How often the process was killed while it replayed what the death before had left. */
    int replayKills() {
        return replayKills;
    }

    /** What the last mount said of its recovery. */
    String lastSaid() {
        return lastSaid;
    }

    /** One round that ends with a kill at a random moment. */
    void roundAtRandom() throws IOException, InterruptedException {
        round++;
        if (round % 7 == 0) {
            takeAway();
        }
        if (random.nextInt(4) == 0) {
            start("mount", null);
            Thread.sleep(300 + random.nextInt(700)); // most of it is the start of the JVM
            kill();
            replayKills++;
        }
        mountAndCheck(null);
        work(null);
        bringBack();
    }

    /** One round in which the process ends at this point, if it comes there. */
    void roundAt(Failpoint point) throws IOException, InterruptedException {
        round++;
        if (OF_RECOVERY.contains(point)) {
            recoverDyingAt(point);
            return;
        }
        if (mountAndCheck(point)) {
            work(point);
        } else {
            replayKills++;
            mountAndCheck(null);
            work(null);
        }
    }

    /** The last look: everything is there, and an orderly end works. */
    void end() throws IOException, InterruptedException {
        mountAndCheck(null);
        UnmountReport report = ask(Request.unmount(false), UnmountReport.class);
        assertEquals(UnmountReport.Outcome.PLACED, report.outcome());
        assertEquals(0, awaitEnd(), this::log);
    }

    // Rounds

    /** Mounts; false when the process ended at its point on the way. */
    private boolean mountAndCheck(Failpoint point) throws IOException, InterruptedException {
        start("mount", point);
        if (!awaitUp()) {
            int code = awaitEnd();
            if (point != null && code == 128 + Linux.SIGKILL) {
                reached.merge(point, 1, Integer::sum);
                return false;
            }
            fail("the volume cannot be mounted after a crash: " + log());
        }
        try {
            for (CrashWorkload workload : workloads) {
                workload.check();
            }
        } catch (IOException e) {
            if (point != null && process.waitFor(PROCESS_WAIT_S, TimeUnit.SECONDS)) {
                reached.merge(point, 1, Integer::sum); // it died while we looked: the next mount is looked at
                return false;
            }
            throw e;
        }
        return true;
    }

    private void work(Failpoint point) throws InterruptedException {
        List<CompletableFuture<IOException>> ends = new ArrayList<>();
        for (CrashWorkload workload : workloads) {
            CompletableFuture<IOException> end = new CompletableFuture<>();
            ends.add(end);
            new Thread(() -> {
                        try {
                            end.complete(workload.run());
                        } catch (Throwable t) {
                            end.completeExceptionally(t);
                        }
                    })
                    .start();
        }
        Thread orders = new Thread(() -> give(point));
        if (point != null) {
            orders.start();
            process.waitFor(FAILPOINT_WAIT_MS, TimeUnit.MILLISECONDS);
        } else {
            boolean isCommanded = away.isEmpty() && random.nextInt(3) == 0;
            if (isCommanded) {
                orders.start();
            }
            Thread.sleep(random.nextInt(isCommanded ? 700 : 400));
        }
        if (point != null && !process.isAlive() && !(OF_END.contains(point) && process.exitValue() == 0)) {
            assertEquals(128 + Linux.SIGKILL, process.exitValue(), this::log);
            reached.merge(point, 1, Integer::sum);
        }
        boolean wasAlive = process.isAlive();
        boolean hadFailed = wasAlive && ends.stream().anyMatch(CompletableFuture::isDone);
        if (hadFailed && process.isAlive() && (point == null || !OF_END.contains(point))) {
            kill();
            throw new AssertionError("an operation failed while the process lived: "
                    + ends.stream()
                            .filter(CompletableFuture::isDone)
                            .map(CompletableFuture::join)
                            .toList() + log());
        }
        kill();
        workloads.forEach(CrashWorkload::stop);
        ends.forEach(CompletableFuture::join);
        orders.join();
    }

    /** What brings a process to its point. */
    private void give(Failpoint point) {
        try {
            Thread.sleep(100 + (point == null ? random.nextInt(200) : 0));
            if (point != null && OF_END.contains(point)) {
                workloads.forEach(CrashWorkload::stop);
                Thread.sleep(200);
                ask(Request.unmount(true), UnmountReport.class);
                return;
            }
            boolean evicts = point == null ? random.nextBoolean() : OF_EVICT.contains(point);
            ask(Request.flush(point == null && random.nextBoolean()), FlushReport.class);
            if (evicts) {
                ask(Request.evict(true), EvictReport.class);
            }
        } catch (QsfsException e) {
            // it died before it answered
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** All is placed and this machine is lost; the recovery dies, and a second one does not. */
    private void recoverDyingAt(Failpoint point) throws IOException, InterruptedException {
        mountAndCheck(null);
        FlushReport flushed = ask(Request.flush(false), FlushReport.class);
        assertEquals(List.of(), flushed.unplaced());
        kill();
        Linux.umount2(mountPoint().toString(), Linux.MNT_DETACH);
        Path lost = root.resolve("lost-state");
        Files.move(root.resolve("state"), lost);
        start("recover", point);
        assertEquals(128 + Linux.SIGKILL, awaitEnd(), this::log);
        reached.merge(point, 1, Integer::sum);
        if (!Files.exists(root.resolve("state").resolve("volume"))) {
            start("recover", null);
            assertEquals(0, awaitEnd(), this::log);
        }
        MountRig.delete(lost);
        mountAndCheck(null);
        work(null);
    }

    private void takeAway() throws IOException {
        int first = 1 + random.nextInt(BACKENDS);
        int second = 1 + (first + random.nextInt(BACKENDS - 1)) % BACKENDS;
        for (int i : List.of(first, second)) {
            Files.move(backend(i), root.resolve("away-" + i));
            away.add(i);
        }
    }

    private void bringBack() throws IOException {
        for (int i : away) {
            Files.move(root.resolve("away-" + i), backend(i));
        }
        away.clear();
    }

    // The process

    private void start(String what, Failpoint point) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(a -> a.startsWith("--"))
                .forEach(command::add);
        command.addAll(List.of("-ea", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"));
        if (point != null) {
            int count = 1 + random.nextInt(FREQUENT.contains(point) ? 40 : point == Failpoint.REPLAY_APPLIED ? 20 : 2);
            command.add("-D" + Failpoint.PROPERTY + "=" + point + ":" + (OF_RECOVERY.contains(point) ? 1 : count));
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), CrashWorker.class.getName(), what));
        command.addAll(List.of(
                root.resolve("crash.toml").toString(),
                root.resolve("key").toString(),
                mountPoint().toString()));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment());
        process = builder.redirectError(root.resolve("log").toFile()).start();
    }

    /** False when the process ended before it was up. */
    private boolean awaitUp() throws IOException {
        BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream()));
        String line;
        while ((line = out.readLine()) != null) {
            if (line.equals(CrashWorker.UP)) {
                return true;
            }
            lastSaid = line.contains("replayed") ? line : lastSaid;
        }
        return false;
    }

    private int awaitEnd() throws InterruptedException {
        assertTrue(process.waitFor(PROCESS_WAIT_S, TimeUnit.SECONDS), this::log);
        return process.exitValue();
    }

    private void kill() throws InterruptedException {
        process.toHandle().destroyForcibly();
        awaitEnd();
    }

    private <T> T ask(Request request, Class<T> report) {
        Path socket = Control.socket(config.stateDir(), root.resolve("qsfs"));
        return ControlClient.ask(socket, request, report, PrintSink.NONE, Clock.SYSTEM);
    }

    private String log() {
        try {
            return "\nround " + round + ", its process said:\n" + Files.readString(root.resolve("log"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        if (process != null) {
            process.toHandle().destroyForcibly();
        }
        Linux.umount2(mountPoint().toString(), Linux.MNT_DETACH);
    }
}
