package io.qsfs.bench.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: backends are measured beside a volume without touching it, and bad ones end in one sentence. Method: a real
 * volume, made by {@code qsfs init} in a process of its own, on directories and on a redis-server.
 */
@Timeout(300)
class BackendsCommandTest {
    private static final String PASSWORD = "correct-horse";
    private static final String[] SMALL = {
        "--rounds",
        "1",
        "--step",
        "20ms",
        "--sizes",
        "4KiB",
        "--concurrency",
        "1,4",
        "--open-size",
        "4KiB",
        "--space",
        "16MiB"
    };

    @TempDir
    Path folder;

    @BeforeEach
    void resolve() throws Exception {
        folder = folder.toRealPath();
    }

    private Tool.Ended backends(String... arguments) {
        List<String> all = new ArrayList<>(List.of("backends"));
        all.addAll(List.of(SMALL));
        all.addAll(List.of(arguments));
        return Tool.run(folder, all.toArray(String[]::new));
    }

    private Path directory(String name) throws Exception {
        return Files.createDirectories(folder.resolve(name));
    }

    /** Makes a volume on two directories and a server. */
    private Path volume(int port) throws Exception {
        Path password = Files.writeString(folder.resolve("redis.password"), PASSWORD + "\n");
        String text =
                "minimal_shards = 2\nexpected_shards = 3\nkey_file = \"v.key\"\nstate_dir = \"state\"\n[[groups]]\n";
        for (String name : List.of("one", "two")) {
            text += "[[groups.backends]]\nname = \"" + name + "\"\npath = \"" + directory(name) + "\"\n";
        }
        text += "[[groups.backends]]\nname = \"server\"\naddress = \"127.0.0.1:" + port + "\"\npassword_file = \""
                + password + "\"\nbuffered = true\n";
        Path config = Files.writeString(folder.resolve("v.toml"), text);
        Path log = folder.resolve("init.log");
        Process init = new ProcessBuilder(Tool.java("io.qsfs.cli.Main", "init", "--config", config.toString()))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertTrue(init.waitFor(120, TimeUnit.SECONDS));
        assertEquals(0, init.exitValue(), Files.readString(log));
        return config;
    }

    private static List<String> keys(Redis redis) throws Exception {
        return redis.ask("KEYS *")
                .lines()
                .filter(l -> !l.matches("[+$*:].*"))
                .sorted()
                .toList();
    }

    @Test
    void shouldLeaveAVolumeAsItIs() throws Exception {
        try (Redis redis = new Redis(folder, PASSWORD)) {
            Path config = volume(redis.port);
            Map<String, List<Byte>> one = Tool.snapshot(folder.resolve("one"));
            Map<String, List<Byte>> two = Tool.snapshot(folder.resolve("two"));
            List<String> keys = keys(redis);
            assertFalse(one.isEmpty() || keys.isEmpty(), "the volume is there");
            Path json = folder.resolve("r.json");
            Path html = folder.resolve("r.html");
            Tool.Ended ended =
                    backends("--config", config.toString(), "--json", json.toString(), "--html", html.toString());
            assertEquals(0, ended.code(), ended.toString());
            assertEquals(one, Tool.snapshot(folder.resolve("one")));
            assertEquals(two, Tool.snapshot(folder.resolve("two")));
            assertEquals(keys, keys(redis));
            Report report = Report.read(json);
            for (String name : List.of("one", "two", "server")) {
                for (String operation : List.of("put", "get", "delete")) {
                    String id = "backends/" + name + "/" + operation + "/4KiB/c4/rate";
                    assertTrue(report.metric(id).median() > 0, id);
                }
                assertTrue(report.findings().stream().anyMatch(f -> f.startsWith(name + ", put of 4KiB")), name);
            }
            for (String text : List.of(Files.readString(json), Files.readString(html), ended.out(), ended.err())) {
                assertFalse(text.contains(PASSWORD), "a password is nobody's to see");
            }
        }
    }

    @Test
    void shouldSayWhatIsWrongWithABackend() throws Exception {
        Path there = directory("there");
        assertTrue(backends("--dir", folder.resolve("none").toString())
                .sentence()
                .endsWith("/none does not exist: make it, or name another."));
        Path file = Files.writeString(folder.resolve("file"), "");
        assertTrue(backends("--dir", file.toString()).sentence().endsWith("/file is not a directory: name one."));
        Tool.Ended nobody = backends("--redis", "127.0.0.1:1");
        assertEquals(1, nobody.code());
        assertTrue(nobody.sentence().contains("unreachable"), nobody.err());
        assertTrue(backends().sentence().contains("no backend is named"));
        Tool.Ended two = backends("--dir", there.toString(), "--redis", "127.0.0.1:1");
        assertEquals(0, two.code(), "one that is away does not keep the other from being measured");
        assertTrue(two.err().contains("warning: backend redis-1"), two.err());
        assertEquals(1, Tool.snapshot(there).size(), "nothing is left");
    }

    @Test
    void shouldSayThatThePasswordIsWrong() throws Exception {
        try (Redis redis = new Redis(folder, PASSWORD)) {
            Path wrong = Files.writeString(folder.resolve("wrong"), "battery-staple\n");
            Tool.Ended ended = backends("--redis", "127.0.0.1:" + redis.port + "?password_file=" + wrong);
            assertEquals(1, ended.code());
            assertTrue(ended.sentence().contains("denied"), ended.err());
            assertTrue(
                    ended.sentence().contains("check owner and mode of the directory, or user and password"),
                    ended.err());
            assertFalse(ended.err().contains("battery-staple"));
        }
    }

    @Test
    void shouldSayThatAServerIsFull() throws Exception {
        try (Redis redis = new Redis(folder, "")) {
            redis.ask("CONFIG SET maxmemory 1mb");
            redis.ask("CONFIG SET maxmemory-policy noeviction");
            Tool.Ended ended = backends("--redis", "127.0.0.1:" + redis.port);
            assertEquals(1, ended.code());
            assertTrue(ended.err().contains("free some space, or lower --space"), ended.err());
            assertEquals(List.of(), keys(redis));
        }
    }

    @Test
    void shouldReadNoConfigurationOfANewerVersion() throws Exception {
        Path config = Files.writeString(folder.resolve("new.toml"), "minimal_shards = 1\nfrom_the_future = 1\n");
        Tool.Ended ended = backends("--config", config.toString());
        assertEquals(1, ended.code());
        assertTrue(ended.sentence().contains("from_the_future"), ended.err());
    }

    @Test
    void shouldNotUnderstandNonsense() {
        assertEquals(2, Tool.run(folder, "backend").code());
        assertEquals(2, Tool.run(folder, "backends", "--rounds", "many").code());
        assertTrue(Tool.run(folder, "backends", "--dir", "/", "--sizes", "17MiB")
                .sentence()
                .contains("write a list like 4KiB,1MiB"));
        assertTrue(Tool.run(folder, "backends", "--dir", "/", "--concurrency", "0")
                .sentence()
                .contains("write a list like 1,8,64"));
        assertTrue(backends("--dir", "/", "--json", "/no/such/place.json")
                .sentence()
                .contains("cannot be written"));
        assertTrue(Tool.run(folder, "mount", "x=/no/such/place").sentence().contains("is not a directory"));
        assertTrue(Tool.run(folder, "mount", "/tmp").sentence().contains("write NAME=DIR"));
        assertEquals(0, Tool.run(folder, "--help").code());
    }

    @Test
    void shouldNameWhatAKilledRunLeft() throws Exception {
        Path left = directory("d/.qsfs-bench-0123456789abcdef");
        Tool.Ended ended = backends("--dir", left.getParent().toString());
        assertEquals(0, ended.code(), ended.err());
        assertTrue(ended.err().contains(left + " was left by a run that was killed: rm -r it."), ended.err());
        assertTrue(Files.exists(left), "it may be of a run that goes on");
    }
}
