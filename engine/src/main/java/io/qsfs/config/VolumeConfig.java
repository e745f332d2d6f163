package io.qsfs.config;

import java.nio.file.Path;
import java.util.List;

/**
 * A volume's configuration, checked. Names follow the keys of the file; {@code config.example.toml} explains each.
 *
 * @param file              where it was read from.
 * @param name              of the volume: letters, digits, {@code . _ -}.
 * @param stateDir          absolute.
 * @param minimalShards     k.
 * @param expectedShards    n.
 * @param redundantGroups   groups that may be lost.
 * @param redundantNodes    backends of each remaining group that may be lost.
 * @param placedMin         durable shards that make a segment placed, from k to n.
 * @param segmentBytes      a whole number of MiB.
 * @param chunkBytes        a power of two.
 * @param compression       of chunks.
 * @param cacheLimitBytes   of local segment files.
 * @param recallCacheBytes  of the recall cache.
 * @param quotaBytes        content that the volume may hold; 0: no limit.
 * @param quotaInodes       inodes that it may have; 0: no limit.
 * @param accessTimes       what reads do to them.
 * @param rotateAfterNs     age at which an active segment closes.
 * @param keyFile           absolute, or null.
 * @param passphraseFile    absolute, or null; at most one of the two is set.
 * @param recallTimeoutNs   a read of evicted bytes fails after it.
 * @param putDeadlineNs     of one put to a backend.
 * @param getDeadlineNs     of one ranged read from a backend, after which others are asked.
 * @param inFlightMax       puts in flight to one backend.
 * @param workers           FUSE threads.
 * @param mappedSegmentsMax segment files mapped at once.
 * @param indexMapBytes     size of the index's map: address space, not memory.
 * @param groups            with their backends, in the order of the file.
 * @param warnings          what is allowed and unwise, one sentence each; shown at mount and by status.
 */
public record VolumeConfig(
        Path file,
        String name,
        Path stateDir,
        int minimalShards,
        int expectedShards,
        int redundantGroups,
        int redundantNodes,
        int placedMin,
        long segmentBytes,
        int chunkBytes,
        Compression compression,
        long cacheLimitBytes,
        long recallCacheBytes,
        long quotaBytes,
        long quotaInodes,
        AccessTimes accessTimes,
        long rotateAfterNs,
        Path keyFile,
        Path passphraseFile,
        long recallTimeoutNs,
        long putDeadlineNs,
        long getDeadlineNs,
        int inFlightMax,
        int workers,
        int mappedSegmentsMax,
        long indexMapBytes,
        List<Group> groups,
        List<String> warnings) {
    /** Shards that a code may have in a mount: 16+4. */
    public static final int MOUNT_SHARDS_MAX = 20;

    /**
     * Backends that may fail together.
     *
     * @param name     from the file, or {@code group-N}.
     * @param backends in the order of the file.
     */
    public record Group(String name, List<BackendConfig> backends) {}

    /**
     * Reads and checks a file.
     *
     * @param paths for what the file leaves to its default.
     * @throws QsfsException one sentence with file, line, key, value and remedy.
     */
    public static VolumeConfig load(Path file, Paths paths) {
        return ConfigReader.read(file.toAbsolutePath().normalize(), paths);
    }

    /** m. */
    public int parityShards() {
        return expectedShards - minimalShards;
    }

    /** Of all groups, in the order of the file. */
    public List<BackendConfig> backends() {
        return groups.stream().flatMap(group -> group.backends().stream()).toList();
    }

    /** The code, for people: {@code 4+2}. */
    public String code() {
        return minimalShards + "+" + parityShards();
    }
}
