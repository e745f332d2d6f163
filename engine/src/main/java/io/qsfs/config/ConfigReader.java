package io.qsfs.config;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Reads a configuration file into a {@link VolumeConfig}: every value is checked here and trusted later.
 *
 * <p>Threading: stateless.
 */
final class ConfigReader {
    private static final int FILE_BYTES_MAX = 1 << 20;
    private static final long MIB = 1L << 20;
    private static final long SECOND_NS = 1_000_000_000L;
    private static final long SHARD_BYTES_MAX = 16 * MIB;
    private static final long SEGMENT_BYTES_DEFAULT_MAX = 64 * MIB;
    private static final long SEGMENT_BYTES_WISE_MIN = 8 * MIB;
    /** An active and a prepared segment for each stream. */
    private static final int SEGMENTS_IN_CACHE_MIN = 4;

    private static final int RECALL_SLOTS_MIN = 16;
    private static final long QUOTA_BYTES_MAX = 1L << 54;
    /** The root is one already. */
    private static final int QUOTA_INODES_MIN = 2;

    private static final int BACKENDS_MAX = 255;
    private static final int WORKERS_DEFAULT_MAX = 8;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

    private ConfigReader() {}

    static VolumeConfig read(Path file, Paths paths) {
        String text = text(file);
        ConfigTable volume = new ConfigTable(file, paths, new TomlLines(text), "", tree(file, text), Schema.VOLUME);
        List<String> warnings = new ArrayList<>();
        String name = name(volume, file);
        int k = volume.integer(
                "minimal_shards",
                1,
                VolumeConfig.MOUNT_SHARDS_MAX,
                "it is k, the shards that are enough to read a segment");
        int n = expectedShards(volume, k);
        int placedMin = placedMin(volume, k, n, warnings);
        long segmentBytes = segmentBytes(volume, k, warnings);
        int chunkBytes = chunkBytes(volume);
        if (volume.has("key_file") && volume.has("passphrase_file")) {
            throw volume.wrong("passphrase_file", "is set beside key_file", "keep one of the two");
        }
        List<VolumeConfig.Group> groups = groups(volume, file, warnings);
        checkBackends(volume, groups, n);
        int redundantGroups = volume.integer("redundant_groups", 0, 0, BACKENDS_MAX);
        int redundantNodes = volume.integer("redundant_nodes", 0, 0, BACKENDS_MAX);
        if (redundantGroups > 0 && redundantGroups >= groups.size()) {
            throw volume.wrong(
                    "redundant_groups", "leaves no group of " + groups.size(), "lower it, or add [[groups]]");
        }
        int processors = Runtime.getRuntime().availableProcessors();
        return new VolumeConfig(
                file,
                name,
                volume.path("state_dir", paths.state().resolve(name)),
                k,
                n,
                redundantGroups,
                redundantNodes,
                placedMin,
                segmentBytes,
                chunkBytes,
                compression(volume),
                volume.size("cache_limit", 10240 * MIB, SEGMENTS_IN_CACHE_MIN * segmentBytes, Long.MAX_VALUE >> 8),
                volume.size("recall_cache", 256 * MIB, (long) RECALL_SLOTS_MIN * chunkBytes, 1L << 40),
                volume.size("quota_bytes", 0, MIB, QUOTA_BYTES_MAX),
                volume.integer("quota_inodes", 0, QUOTA_INODES_MIN, Integer.MAX_VALUE),
                accessTimes(volume),
                volume.duration("rotate_after", 300 * SECOND_NS, SECOND_NS, 86_400 * SECOND_NS),
                volume.path("key_file", null),
                volume.path("passphrase_file", null),
                volume.duration("recall_timeout", 60 * SECOND_NS, SECOND_NS, 3_600 * SECOND_NS),
                volume.duration("put_deadline", 60 * SECOND_NS, SECOND_NS, 3_600 * SECOND_NS),
                volume.duration("get_deadline", 10 * SECOND_NS, SECOND_NS / 10, 3_600 * SECOND_NS),
                volume.integer("in_flight_max", 4, 1, 64),
                volume.integer("workers", Math.clamp(processors, 2, WORKERS_DEFAULT_MAX), 1, 64),
                volume.integer("mapped_segments_max", 256, 16, 65_536),
                volume.size("index_map_bytes", 64L << 30, 64 * MIB, 16L << 40),
                groups,
                List.copyOf(warnings));
    }

    private static String text(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(FILE_BYTES_MAX + 1);
            if (bytes.length > FILE_BYTES_MAX) {
                throw new QsfsException(file + " has more than " + Units.exactSize(FILE_BYTES_MAX)
                        + ": it is no configuration, name another file.");
            }
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new QsfsException(
                    "configuration " + file + " cannot be read (" + Failures.reason(e)
                            + "): name one with --config, start from config.example.toml, or use --local.",
                    e);
        }
    }

    private static ObjectNode tree(Path file, String text) {
        try {
            return (ObjectNode) new TomlMapper().readTree(text); // a TOML document is a table
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            String reason = e.getOriginalMessage().lines().findFirst().orElse("syntax");
            throw new QsfsException(
                    file + (at == null ? "" : ":" + at.getLineNr()) + ": this is not TOML (" + reason
                            + "): correct the line; text stands in quotes.",
                    e);
        }
    }

    private static String name(ConfigTable volume, Path file) {
        String stem = file.getFileName().toString().replaceFirst("\\.toml$", "");
        String name = volume.text("name", stem);
        if (NAME.matcher(name).matches()) {
            return name;
        }
        if (volume.has("name")) {
            throw volume.wrong("name", "is not a name", "use up to 63 letters, digits, dots, hyphens and underscores");
        }
        throw volume.missing("name", "the name of the file does not do for one");
    }

    private static int expectedShards(ConfigTable volume, int k) {
        int n = volume.integer(
                "expected_shards", 1, BACKENDS_MAX, "it is n, all shards of a segment, m = n - k of which may be lost");
        if (n < k) {
            throw volume.wrong(
                    "expected_shards", "is less than minimal_shards = " + k, "it counts all shards, so raise it");
        }
        if (n > VolumeConfig.MOUNT_SHARDS_MAX) {
            throw volume.wrong(
                    "expected_shards",
                    "is too many",
                    "a mount has up to " + VolumeConfig.MOUNT_SHARDS_MAX + " shards (16+4)");
        }
        return n;
    }

    private static int placedMin(ConfigTable volume, int k, int n, List<String> warnings) {
        int usual = Math.min(n, k + 1);
        int placedMin = volume.integer("placed_min", usual, k, n);
        if (n == k) {
            warnings.add("expected_shards = " + n
                    + " equals minimal_shards: no backend may be lost, raise expected_shards.");
        } else if (placedMin < usual) {
            warnings.add(
                    "placed_min = " + placedMin + " equals minimal_shards: local bytes may go while a segment has no "
                            + "shard to spare, raise placed_min to " + usual + " when enough backends answer.");
        }
        return placedMin;
    }

    private static long segmentBytes(ConfigTable volume, int k, List<String> warnings) {
        long max = k * SHARD_BYTES_MAX - MIB; // a shard has a header and tables besides its share
        long bytes = volume.size("segment_bytes", Math.min(SEGMENT_BYTES_DEFAULT_MAX, max), MIB, max);
        if (bytes % MIB != 0) {
            throw volume.wrong("segment_bytes", "is not a whole number of MiB", "round it, like \"32MiB\"");
        }
        if (bytes < SEGMENT_BYTES_WISE_MIN) {
            warnings.add("segment_bytes = " + Units.exactSize(bytes) + " makes many small shards: use "
                    + Units.exactSize(SEGMENT_BYTES_WISE_MIN) + " or more outside of tests.");
        }
        return bytes;
    }

    private static int chunkBytes(ConfigTable volume) {
        long bytes = volume.size("chunk_bytes", 256 << 10, 16 << 10, MIB);
        if (Long.bitCount(bytes) != 1) {
            throw volume.wrong("chunk_bytes", "is not a power of two", "use one, like \"256KiB\"");
        }
        return (int) bytes;
    }

    private static Compression compression(ConfigTable volume) {
        return switch (volume.text("compression", "lz4")) {
            case "lz4" -> Compression.LZ4;
            case "none" -> Compression.NONE;
            default -> throw volume.wrong("compression", "is not known", "use \"lz4\" or \"none\"");
        };
    }

    private static AccessTimes accessTimes(ConfigTable volume) {
        return switch (volume.text("access_times", "relatime")) {
            case "relatime" -> AccessTimes.RELATIME;
            case "none" -> AccessTimes.NONE;
            default -> throw volume.wrong("access_times", "is not known", "use \"relatime\" or \"none\"");
        };
    }

    private static List<VolumeConfig.Group> groups(ConfigTable volume, Path file, List<String> warnings) {
        List<ConfigTable> tables =
                volume.tables("groups", Schema.GROUP, "with [[groups]] and [[groups.backends]] below it");
        List<VolumeConfig.Group> groups = new ArrayList<>();
        boolean holdsPassword = false;
        Set<String> groupNames = new HashSet<>();
        for (int i = 0; i < tables.size(); i++) {
            ConfigTable table = tables.get(i);
            String name = table.text("name", "group-" + (i + 1));
            if (!groupNames.add(name)) {
                throw table.wrong("name", "is the name of another group too", "give each its own");
            }
            List<BackendConfig> backends = new ArrayList<>();
            for (ConfigTable backend :
                    table.tables("backends", Schema.BACKEND, "with one [[groups.backends]] for each backend")) {
                backends.add(backend(backend, name));
                holdsPassword |= backend.has("password");
            }
            groups.add(new VolumeConfig.Group(name, List.copyOf(backends)));
        }
        if (holdsPassword && isOpenToOthers(file)) {
            warnings.add(file + " holds a password and others may read it: chmod 600 it.");
        }
        return List.copyOf(groups);
    }

    private static BackendConfig backend(ConfigTable table, String group) {
        boolean isDirectory = table.has("path");
        if (isDirectory == table.has("address")) {
            throw isDirectory
                    ? table.wrong("address", "is set beside path", "keep path for a directory or address for a server")
                    : table.missing("path", "the directory of the backend, or \"address\" for a redis server");
        }
        boolean buffered = table.flag("buffered", false);
        long grace = table.duration("buffered_grace", 600 * SECOND_NS, 0, 86_400 * SECOND_NS);
        if (table.has("buffered_grace") && !buffered) {
            throw table.wrong("buffered_grace", "is set without buffered = true", "set both or none");
        }
        if (isDirectory) {
            for (String key : List.of("prefix", "database", "password", "password_file")) {
                if (table.has(key)) {
                    throw table.wrong(key, "does not belong to a directory", "remove it, or use address");
                }
            }
            Path path = table.path("path", null);
            String name = table.text("name", path.toString());
            return new BackendConfig(name, group, BackendConfig.Kind.DIR, path, null, 0, "", 0, null, buffered, grace);
        }
        String address = table.text("address", null);
        int colon = address.lastIndexOf(':');
        String host = colon < 0 ? "" : address.substring(0, colon);
        int port = colon < 0 ? 0 : port(address.substring(colon + 1));
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.indexOf(':') >= 0) {
            port = 0;
        }
        if (host.isEmpty() || port == 0) {
            throw table.wrong(
                    "address", "is not HOST:PORT", "write \"10.0.0.1:6379\", \"[2001:db8::1]:6379\" or \"name:6379\"");
        }
        return new BackendConfig(
                table.text("name", address),
                group,
                BackendConfig.Kind.REDIS,
                null,
                host,
                port,
                table.text("prefix", ""),
                table.integer("database", 0, 0, 65_535),
                password(table),
                buffered,
                grace);
    }

    private static int port(String digits) {
        if (!digits.matches("[0-9]{1,5}")) {
            return 0;
        }
        int port = Integer.parseInt(digits);
        return port <= 65_535 ? port : 0;
    }

    private static String password(ConfigTable table) {
        if (!table.has("password_file")) {
            return table.text("password", null);
        }
        if (table.has("password")) {
            throw table.wrong("password_file", "is set beside password", "keep one of the two");
        }
        Path file = table.path("password_file", null);
        try (InputStream in = Files.newInputStream(file)) {
            String line = new String(in.readNBytes(4096), StandardCharsets.UTF_8)
                    .lines()
                    .findFirst()
                    .orElse("");
            if (line.isEmpty()) {
                throw table.wrong("password_file", "names an empty file", "put the password on its first line");
            }
            return line;
        } catch (IOException e) {
            throw table.wrong(
                    "password_file",
                    "names " + file + ", which cannot be read (" + Failures.reason(e) + ")",
                    "check its path and owner");
        }
    }

    private static void checkBackends(ConfigTable volume, List<VolumeConfig.Group> groups, int n) {
        Set<String> names = new HashSet<>();
        Set<String> places = new HashSet<>();
        int count = 0;
        for (VolumeConfig.Group group : groups) {
            for (BackendConfig backend : group.backends()) {
                count++;
                String place = backend.location() + " " + backend.prefix() + " " + backend.database();
                if (!places.add(place)) {
                    throw volume.wrong(
                            "groups", "names the backend " + backend.location() + " twice", "keep one of the two");
                }
                if (!names.add(backend.name())) {
                    throw volume.wrong(
                            "groups", "gives two backends the name \"" + backend.name() + "\"", "give each its own");
                }
            }
        }
        if (count < n) {
            throw volume.wrong(
                    "expected_shards",
                    "needs as many backends, and [[groups]] have " + count,
                    "add backends or lower it");
        }
        if (count > BACKENDS_MAX) {
            throw volume.wrong("groups", "have " + count + " backends", "keep at most " + BACKENDS_MAX);
        }
    }

    private static boolean isOpenToOthers(Path file) {
        try {
            return Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ);
        } catch (IOException | UnsupportedOperationException e) {
            return false; // it was readable a moment ago; the warning is a courtesy
        }
    }
}
