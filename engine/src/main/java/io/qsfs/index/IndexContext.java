package io.qsfs.index;

import io.qsfs.memory.Id128;
import java.nio.file.Path;
import java.util.List;

/**
 * What an index needs to know.
 *
 * @param directory    where its files are; made when it is missing.
 * @param volumeId     the volume; an index of another one is not used.
 * @param segmentBytes size of a segment of the volume.
 * @param mapBytes     how large the index can grow; only address space, no memory.
 * @param readersMax   how many readers there can be at one time.
 * @param checkpoints  files that {@link Index#checkpointTo} wrote, best first; used when the index itself may not be.
 * @param recordCheck  asks the log for the record that was applied last.
 * @param machine      this machine, or what a test makes of it.
 */
public record IndexContext(
        Path directory,
        Id128 volumeId,
        long segmentBytes,
        long mapBytes,
        int readersMax,
        List<Path> checkpoints,
        RecordCheck recordCheck,
        Machine machine) {
    /** A TiB: more than any local index, and a fraction of the address space of a process. */
    public static final long MAP_BYTES_DEFAULT = 1L << 40;
    /** Workers, encoders, the keeper, and room. */
    public static final int READERS_MAX_DEFAULT = 254;

    /** A context without checkpoints and with nothing known of the log. */
    public static IndexContext of(Path directory, Id128 volumeId, long segmentBytes) {
        return new IndexContext(
                directory,
                volumeId,
                segmentBytes,
                MAP_BYTES_DEFAULT,
                READERS_MAX_DEFAULT,
                List.of(),
                RecordCheck.UNKNOWN,
                Machine.THIS);
    }

    /** The same with these checkpoints, best first. */
    public IndexContext withCheckpoints(List<Path> files) {
        return new IndexContext(
                directory, volumeId, segmentBytes, mapBytes, readersMax, List.copyOf(files), recordCheck, machine);
    }

    /** The same with this way to ask the log. */
    public IndexContext withRecordCheck(RecordCheck check) {
        return new IndexContext(directory, volumeId, segmentBytes, mapBytes, readersMax, checkpoints, check, machine);
    }

    /** The same with this much room. */
    public IndexContext withMapBytes(long bytes) {
        return new IndexContext(
                directory, volumeId, segmentBytes, bytes, readersMax, checkpoints, recordCheck, machine);
    }

    /** The same on that machine. */
    public IndexContext withMachine(Machine other) {
        return new IndexContext(
                directory, volumeId, segmentBytes, mapBytes, readersMax, checkpoints, recordCheck, other);
    }

    Path file() {
        return directory.resolve("index.mdb");
    }

    Path lockFile() {
        return directory.resolve("index.mdb-lock");
    }
}
