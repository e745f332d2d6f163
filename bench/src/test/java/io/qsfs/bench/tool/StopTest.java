package io.qsfs.bench.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.backend.BackendSpec;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: SIGINT leaves nothing behind. Method: the real program in a process of its own, interrupted in the middle of
 * a run.
 */
@Timeout(300)
class StopTest {
    private static final int WAITS_MAX = 3000;

    @TempDir
    Path folder;

    private Process start(String... arguments) throws Exception {
        return new ProcessBuilder(Tool.java("io.qsfs.bench.tool.Main", arguments))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("out").toFile())
                .start();
    }

    private void interrupt(Process process) throws Exception {
        assertTrue(process.isAlive(), Files.readString(folder.resolve("out")));
        Process kill = new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start();
        assertEquals(0, kill.waitFor());
        assertTrue(process.waitFor(120, TimeUnit.SECONDS));
        String said = Files.readString(folder.resolve("out"));
        assertEquals(130, process.exitValue(), said);
        assertTrue(said.contains("stopped; nothing of it is left behind"), said);
    }

    private static long files(Path directory) throws Exception {
        try (Stream<Path> walk = Files.walk(directory)) {
            return walk.count() - 1;
        }
    }

    @Test
    void shouldRemoveDirectories() throws Exception {
        Path directory = Files.createDirectories(folder.resolve("d"));
        Process process = start("backends", "--dir", directory.toString(), "--step", "60s");
        try {
            for (int i = 0; i < WAITS_MAX && files(directory) < 8 && process.isAlive(); i++) {
                Thread.sleep(20); // until objects are there
            }
            assertTrue(files(directory) >= 8, Files.readString(folder.resolve("out")));
            interrupt(process);
            assertEquals(0, files(directory));
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void shouldRemoveKeys() throws Exception {
        try (Redis redis = new Redis(folder, "")) {
            redis.ask("SET mine stays");
            Process process = start(
                    "pipeline",
                    "--redis",
                    "127.0.0.1:" + redis.port,
                    "--redis",
                    "127.0.0.1:" + redis.port + "/1",
                    "--redis",
                    "127.0.0.1:" + redis.port + "/2",
                    "--segment",
                    "2MiB",
                    "--step",
                    "60s",
                    "--space",
                    "16MiB");
            try {
                for (int i = 0;
                        i < WAITS_MAX && !redis.ask("KEYS *shard*").contains("shard") && process.isAlive();
                        i++) {
                    Thread.sleep(20);
                }
                interrupt(process);
                assertTrue(redis.ask("DBSIZE").contains(":1\r\n"), redis.ask("KEYS *"));
                for (String database : List.of("1", "2")) {
                    assertTrue(redis.ask("SELECT " + database + "\r\nDBSIZE").contains(":0\r\n"), database);
                }
            } finally {
                process.destroyForcibly();
            }
        }
    }

    /** What cannot be removed is named, with the command that removes it. */
    @Test
    void shouldNameWhatCannotBeRemoved() throws Exception {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Output output = new Output(System.out, new PrintStream(err, true), false, Clock.SYSTEM);
        Stop stop = new Stop(output);
        Redis redis = new Redis(folder, "");
        Scratch place;
        try {
            BackendSpec target = BackendSpec.redis("r", "g", "127.0.0.1", redis.port);
            place = Scratch.make(target, new Id128(1, 2), new SecureRandom(), Clock.SYSTEM, stop);
            assertTrue(place.remark().contains("would not survive a power cut"), place.remark());
        } finally {
            redis.close();
        }
        assertFalse(stop.removeLeft());
        String keys = place.spec().prefix() + "*";
        assertTrue(err.toString().contains("could not remove the keys " + keys), err.toString());
        assertTrue(err.toString().contains("--scan --pattern '" + keys + "'"), err.toString());
    }
}
