package io.qsfs.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Reads configurations: good ones give what they say, bad ones one sentence that says where, what and how to go on. */
class VolumeConfigTest {
    private static final Path EXAMPLE = Path.of("..", "config.example.toml");
    private static final String CODE = "minimal_shards = 2\nexpected_shards = 3\n";
    private static final String BACKENDS =
            "[[groups]]\n[[groups.backends]]\npath = \"/b/1\"\n[[groups.backends]]\npath = \"/b/2\"\n"
                    + "[[groups.backends]]\npath = \"/b/3\"\n";

    @TempDir
    Path folder;

    private Paths paths() {
        return Paths.of(Map.of("XDG_STATE_HOME", "/state", "XDG_DATA_HOME", "/data"), Path.of("/home/u"), "u");
    }

    private VolumeConfig load(String text) throws IOException {
        Path file = folder.resolve("vol.toml");
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        return VolumeConfig.load(file, paths());
    }

    @Test
    void shouldFillInDefaults() throws IOException {
        VolumeConfig config = load(CODE + BACKENDS);
        assertEquals("vol", config.name());
        assertEquals(Path.of("/state/qsfs/vol"), config.stateDir());
        assertEquals(3, config.placedMin());
        assertEquals(31L << 20, config.segmentBytes(), "a shard stays below 16 MiB");
        assertEquals(256 << 10, config.chunkBytes());
        assertEquals(Compression.LZ4, config.compression());
        assertEquals(300_000_000_000L, config.rotateAfterNs());
        assertEquals(AccessTimes.RELATIME, config.accessTimes());
        assertNull(config.keyFile());
        assertNull(config.passphraseFile());
        assertEquals(List.of(), config.warnings());
        assertEquals("2+1", config.code());
        assertEquals(
                List.of("/b/1", "/b/2", "/b/3"),
                config.backends().stream().map(BackendConfig::name).toList());
        assertEquals("group-1", config.groups().get(0).name());
    }

    @Test
    void shouldReadServers() throws IOException {
        VolumeConfig config = load("minimal_shards = 1\nexpected_shards = 2\n[[groups]]\n"
                + "[[groups.backends]]\naddress = \"[::1]:6379\"\nprefix = \"p:\"\ndatabase = 3\npassword = \"s\"\n"
                + "buffered = true\nbuffered_grace = \"250ms\"\n"
                + "[[groups]]\nname = \"b\"\n[[groups.backends]]\naddress = \"redis.example:6380\"\n");
        BackendConfig first = config.backends().get(0);
        assertEquals("::1", first.host());
        assertEquals(6379, first.port());
        assertEquals("[::1]:6379", first.location());
        assertEquals("p:", first.prefix());
        assertEquals(3, first.database());
        assertEquals("s", first.password());
        assertEquals(250_000_000L, first.bufferedGraceNs());
        assertFalse(first.toString().contains("s\""));
        assertEquals("b", config.backends().get(1).group());
        assertEquals("redis.example", config.backends().get(1).host());
        assertEquals(
                List.of(folder.resolve("vol.toml") + " holds a password and others may read it: chmod 600 it."),
                config.warnings());
    }

    @Test
    void shouldExpandPaths() throws IOException {
        VolumeConfig config = load("state_dir = \"~/s\"\nkey_file = \"vol.key\"\n" + CODE
                + BACKENDS.replace("/b/1", "$XDG_DATA_HOME/qsfs/x"));
        assertEquals(Path.of("/home/u/s"), config.stateDir());
        assertEquals(folder.resolve("vol.key"), config.keyFile());
        assertEquals(Path.of("/data/qsfs/x"), config.backends().get(0).path());
    }

    @Test
    void shouldWarnOfWhatIsUnwise() throws IOException {
        assertEquals(
                List.of(
                        "placed_min = 2 equals minimal_shards: local bytes may go while a segment has no shard to spare,"
                                + " raise placed_min to 3 when enough backends answer."),
                load("placed_min = 2\n" + CODE + BACKENDS).warnings());
        assertEquals(
                List.of("segment_bytes = 1MiB makes many small shards: use 8MiB or more outside of tests."),
                load("segment_bytes = \"1MiB\"\n" + CODE + BACKENDS).warnings());
        assertEquals(
                List.of("expected_shards = 3 equals minimal_shards: no backend may be lost, raise expected_shards."),
                load("minimal_shards = 3\nexpected_shards = 3\n" + BACKENDS).warnings());
    }

    static Stream<Arguments> bad() {
        return Stream.of(
                Arguments.of(
                        "minimal_shard = 2\n" + CODE + BACKENDS,
                        ":1: unknown key \"minimal_shard\": did you mean \"minimal_shards\"?"),
                Arguments.of(
                        CODE + "Cache-Limit = 2\n" + BACKENDS,
                        ":3: unknown key \"Cache-Limit\": did you mean \"cache_limit\"?"),
                Arguments.of(
                        CODE + BACKENDS + "adress = \"x:1\"\n",
                        ":10: unknown key \"adress\": did you mean \"address\"?"),
                Arguments.of(
                        CODE + "zzzzzzzzzzzz = 1\n" + BACKENDS.replace("[[groups]]", "[[groups]]"),
                        ":3: unknown key \"zzzzzzzzzzzz\": known here are " + String.join(", ", Schema.VOLUME) + "."),
                Arguments.of(
                        CODE + "prometheus_port = 9100\n" + BACKENDS,
                        ":3: unknown key \"prometheus_port\": it is a key of 0-stor: this version exports no metrics, so"
                                + " leave it out."),
                Arguments.of(
                        CODE + BACKENDS + "[encryption]\nalgorithm = \"AES\"\n",
                        ":10: unknown key \"encryption\": it is a key of 0-stor: qsfs always encrypts; name the key with"
                                + " key_file or passphrase_file."),
                Arguments.of(
                        "expected_shards = 3\n" + BACKENDS,
                        ": the file has no minimal_shards: set it, it is k, the shards that are enough to read a segment."),
                Arguments.of(
                        "minimal_shards = 0\nexpected_shards = 3\n" + BACKENDS,
                        ":1: minimal_shards = 0 is out of range: it must be from 1 to 20."),
                Arguments.of(
                        "minimal_shards = \"2\"\nexpected_shards = 3\n" + BACKENDS,
                        ":1: minimal_shards = \"2\" is not a whole number: write one from 1 to 20."),
                Arguments.of(
                        "minimal_shards = 99999999999\nexpected_shards = 3\n" + BACKENDS,
                        ":1: minimal_shards = 99999999999 is out of range: it must be from 1 to 20."),
                Arguments.of(
                        "minimal_shards = 3\nexpected_shards = 2\n" + BACKENDS,
                        ":2: expected_shards = 2 is less than minimal_shards = 3: it counts all shards, so raise it."),
                Arguments.of(
                        "minimal_shards = 17\nexpected_shards = 21\n" + BACKENDS,
                        ":2: expected_shards = 21 is too many: a mount has up to 20 shards (16+4)."),
                Arguments.of(
                        "minimal_shards = 2\nexpected_shards = 4\n" + BACKENDS,
                        ":2: expected_shards = 4 needs as many backends, and [[groups]] have 3: add backends or lower it."),
                Arguments.of(
                        CODE + "placed_min = 1\n" + BACKENDS,
                        ":3: placed_min = 1 is out of range: it must be from 2 to 3."),
                Arguments.of(
                        CODE + "redundant_groups = 1\n" + BACKENDS,
                        ":3: redundant_groups = 1 leaves no group of 1: lower it, or add [[groups]]."),
                Arguments.of(
                        CODE + "segment_bytes = \"10XB\"\n" + BACKENDS,
                        ":3: segment_bytes = \"10XB\" is not a size: write a number with a unit, like \"64MiB\"."),
                Arguments.of(
                        CODE + "segment_bytes = \"64MiB\"\n" + BACKENDS,
                        ":3: segment_bytes = \"64MiB\" is out of range: it must be from 1MiB to 31MiB."),
                Arguments.of(
                        CODE + "segment_bytes = \"1500KiB\"\n" + BACKENDS,
                        ":3: segment_bytes = \"1500KiB\" is not a whole number of MiB: round it, like \"32MiB\"."),
                Arguments.of(
                        CODE + "chunk_bytes = 100000\n" + BACKENDS,
                        ":3: chunk_bytes = 100000 is not a power of two: use one, like \"256KiB\"."),
                Arguments.of(
                        CODE + "cache_limit = true\n" + BACKENDS,
                        ":3: cache_limit = true is not a size: write a number with a unit, like \"64MiB\"."),
                Arguments.of(
                        CODE + "quota_bytes = \"1kB\"\n" + BACKENDS,
                        ":3: quota_bytes = \"1kB\" is out of range: it must be from 1MiB to 16384TiB."),
                Arguments.of(
                        CODE + "quota_inodes = 1\n" + BACKENDS,
                        ":3: quota_inodes = 1 is out of range: it must be from 2 to 2147483647."),
                Arguments.of(
                        CODE + "rotate_after = 30\n" + BACKENDS,
                        ":3: rotate_after = 30 is not a duration: write a number with a unit, like \"30s\" or \"5m\"."),
                Arguments.of(
                        CODE + "rotate_after = \"2d\"\n" + BACKENDS,
                        ":3: rotate_after = \"2d\" is out of range: it must be from 1s to 1d."),
                Arguments.of(
                        CODE + "compression = \"snappy\"\n" + BACKENDS,
                        ":3: compression = \"snappy\" is not known: use \"lz4\" or \"none\"."),
                Arguments.of(
                        CODE + "access_times = \"strict\"\n" + BACKENDS,
                        ":3: access_times = \"strict\" is not known: use \"relatime\" or \"none\"."),
                Arguments.of(
                        CODE + "[compression]\nalgorithm = \"lz4\"\n" + BACKENDS,
                        ":3: compression is not text: write it in quotes."),
                Arguments.of(
                        CODE + "name = \"a/b\"\n" + BACKENDS,
                        ":3: name = \"a/b\" is not a name: use up to 63 letters, digits, dots, hyphens and underscores."),
                Arguments.of(
                        CODE + "key_file = \"a\"\npassphrase_file = \"b\"\n" + BACKENDS,
                        ":4: passphrase_file = \"b\" is set beside key_file: keep one of the two."),
                Arguments.of(
                        CODE, ": the file has no groups: set it, with [[groups]] and [[groups.backends]] below it."),
                Arguments.of(
                        CODE + "groups = 3\n", ":3: groups = 3 is not a list of tables: begin each with [[groups]]."),
                Arguments.of(
                        CODE + "[[groups]]\nname = \"a\"\n",
                        ":3: [[groups]] has no backends: set it, with one [[groups.backends]] for each backend."),
                Arguments.of(
                        CODE + BACKENDS + "[[groups.backends]]\nname = \"x\"\n",
                        ":10: [[groups.backends]] has no path: set it, the directory of the backend, or \"address\" for a"
                                + " redis server."),
                Arguments.of(
                        CODE + BACKENDS + "address = \"a:1\"\n",
                        ":10: address = \"a:1\" is set beside path: keep path for a directory or address for a server."),
                Arguments.of(
                        CODE + BACKENDS + "password = \"topsecret\"\n",
                        ":10: password does not belong to a directory: remove it, or use address."),
                Arguments.of(
                        CODE + BACKENDS + "buffered_grace = \"1s\"\n",
                        ":10: buffered_grace = \"1s\" is set without buffered = true: set both or none."),
                Arguments.of(
                        CODE + BACKENDS + "buffered = \"yes\"\n",
                        ":10: buffered = \"yes\" is neither true nor false: write one of the two, without quotes."),
                Arguments.of(
                        CODE + BACKENDS + "[[groups.backends]]\naddress = \"::1:6379\"\n",
                        ":11: address = \"::1:6379\" is not HOST:PORT: write \"10.0.0.1:6379\", \"[2001:db8::1]:6379\" or"
                                + " \"name:6379\"."),
                Arguments.of(
                        CODE + BACKENDS + "[[groups.backends]]\naddress = \"host:0\"\n",
                        ":11: address = \"host:0\" is not HOST:PORT: write \"10.0.0.1:6379\", \"[2001:db8::1]:6379\" or"
                                + " \"name:6379\"."),
                Arguments.of(
                        CODE + BACKENDS + "[[groups.backends]]\naddress = \"h:1\"\nnamespace = \"n\"\n",
                        ":12: unknown key \"namespace\": it is a key of 0-stor: it belongs to 0-db servers, which this"
                                + " version does not mount; use prefix or database."),
                Arguments.of(
                        CODE + BACKENDS + "[[groups.backends]]\npath = \"/b/x/../1\"\n",
                        ":3: groups names the backend /b/1 twice: keep one of the two."),
                Arguments.of(
                        CODE + BACKENDS + "[[groups.backends]]\npath = \"/b/4\"\nname = \"/b/1\"\n",
                        ":3: groups gives two backends the name \"/b/1\": give each its own."),
                Arguments.of(
                        CODE + "name = \n" + BACKENDS,
                        ":3: this is not TOML (Newline not permitted here): correct the line; text stands in quotes."),
                Arguments.of(
                        "",
                        ": the file has no minimal_shards: set it, it is k, the shards that are enough to read a segment."));
    }

    @ParameterizedTest
    @MethodSource("bad")
    void shouldSayInOneSentenceWhatIsWrong(String text, String message) {
        QsfsException failure = assertThrows(QsfsException.class, () -> load(text));
        assertEquals(folder.resolve("vol.toml") + message, failure.getMessage());
    }

    @Test
    void shouldSayThatThereIsNoFile() {
        Path file = folder.resolve("none.toml");
        QsfsException failure = assertThrows(QsfsException.class, () -> VolumeConfig.load(file, paths()));
        assertEquals(
                "configuration " + file + " cannot be read (it does not exist): name one with --config, start from"
                        + " config.example.toml, or use --local.",
                failure.getMessage());
    }

    @Test
    void shouldNeverShowAPassword() throws IOException {
        String text = CODE + BACKENDS + "[[groups.backends]]\naddress = \"h:1\"\npassword = \"topsecret\"\n";
        assertFalse(load(text).toString().contains("topsecret"));
        QsfsException failure =
                assertThrows(QsfsException.class, () -> load(text.replace("\"topsecret\"", "[\"topsecret\"]")));
        assertFalse(failure.getMessage().contains("topsecret"), failure.getMessage());
    }

    @Test
    void shouldLoadTheExample() {
        VolumeConfig config = VolumeConfig.load(EXAMPLE, paths());
        assertEquals("example", config.name());
        assertEquals("4+2", config.code());
        assertEquals(6, config.backends().size());
        assertEquals(List.of(), config.warnings());
    }

    @Test
    void shouldHaveEveryKeyInTheExample() throws IOException {
        String text = Files.readString(EXAMPLE);
        List<String> missing = new ArrayList<>();
        for (List<String> keys : List.of(Schema.VOLUME, Schema.GROUP, Schema.BACKEND)) {
            for (String key : keys) {
                boolean isThere = text.lines()
                                .anyMatch(line ->
                                        line.matches("#?" + key + " = .*") || line.startsWith("[[" + key + "]]"))
                        || text.contains("[[groups." + key + "]]");
                if (!isThere) {
                    missing.add(key);
                }
            }
        }
        assertEquals(List.of(), missing);
    }

    /** {@code key = value # default}: with the default in place of the value, and without the line, it is the same. */
    @Test
    void shouldStateTheTrueDefaultsInTheExample() throws IOException {
        List<String> lines = Files.readAllLines(EXAMPLE).stream()
                .filter(line -> !line.startsWith("buffered"))
                .toList();
        String spelled = lines.stream()
                .map(line -> line.matches("[a-z_]+ = .* # .*")
                        ? line.replaceFirst("= (\"?)[^#]*?\"? # (.*)$", "= $1$2$1")
                        : line)
                .collect(Collectors.joining("\n"));
        String left = lines.stream()
                .filter(line -> !line.matches("[a-z_]+ = .* # .*"))
                .collect(Collectors.joining("\n"));
        assertTrue(left.length() < spelled.length());
        assertEquals(load(left).toString(), load(spelled).toString());
    }
}
