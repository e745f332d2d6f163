package io.qsfs.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The keys that a configuration may have, and what to say about those that people try.
 *
 * <p>Threading: immutable.
 */
final class Schema {
    /** Keys of the file itself. */
    static final List<String> VOLUME = List.of(
            "name",
            "state_dir",
            "minimal_shards",
            "expected_shards",
            "redundant_groups",
            "redundant_nodes",
            "placed_min",
            "segment_bytes",
            "chunk_bytes",
            "compression",
            "cache_limit",
            "recall_cache",
            "quota_bytes",
            "quota_inodes",
            "access_times",
            "rotate_after",
            "key_file",
            "passphrase_file",
            "recall_timeout",
            "put_deadline",
            "get_deadline",
            "in_flight_max",
            "workers",
            "mapped_segments_max",
            "index_map_bytes",
            "groups");

    /** Keys of {@code [[groups]]}. */
    static final List<String> GROUP = List.of("name", "backends");

    /** Keys of {@code [[groups.backends]]}. */
    static final List<String> BACKEND = List.of(
            "name", "path", "address", "prefix", "database", "password", "password_file", "buffered", "buffered_grace");

    /** Keys that 0-stor has and qsfs does not, and what to do about each. */
    private static final Map<String, String> OF_ZSTOR = Map.ofEntries(
            Map.entry("encryption", "qsfs always encrypts; name the key with key_file or passphrase_file"),
            Map.entry("meta", "qsfs keeps metadata on the same backends, so leave it out"),
            Map.entry("root", "a mount has no virtual root, so leave it out"),
            Map.entry("socket", "the control socket lies in state_dir, so leave it out"),
            Map.entry("pid_file", "qsfs needs none, so leave it out"),
            Map.entry("zdb_data_dir_path", "qsfs keeps its log in state_dir, so leave it out"),
            Map.entry("max_zdb_data_dir_size", "use cache_limit"),
            Map.entry("zdbfs_mountpoint", "the mount point is an argument of qsfs mount, so leave it out"),
            Map.entry("prometheus_port", "this version exports no metrics, so leave it out"),
            Map.entry(
                    "namespace",
                    "it belongs to 0-db servers, which this version does not mount; use prefix or database"));

    private static final int SUGGESTION_DISTANCE_MAX = 3;

    private Schema() {}

    /** Ends a sentence about an unknown key. */
    static String remedy(String unknown, List<String> known) {
        String ofZstor = OF_ZSTOR.get(unknown);
        if (ofZstor != null) {
            return "it is a key of 0-stor: " + ofZstor + ".";
        }
        String nearest = nearest(unknown, known);
        if (nearest != null) {
            return "did you mean \"" + nearest + "\"?";
        }
        return "known here are " + String.join(", ", known) + ".";
    }

    /** The known key that is closest to what was written, null when none is close. */
    static String nearest(String unknown, List<String> known) {
        Map<String, Integer> distances = new LinkedHashMap<>();
        for (String key : known) {
            distances.put(
                    key, distance(unknown.toLowerCase(java.util.Locale.ROOT).replace('-', '_'), key));
        }
        int limit = Math.min(SUGGESTION_DISTANCE_MAX, Math.max(1, unknown.length() / 2));
        return distances.entrySet().stream()
                .filter(entry -> entry.getValue() <= limit)
                .min(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElse(null);
    }

    /** Levenshtein's. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
