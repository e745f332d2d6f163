package io.qsfs.recall;

import io.qsfs.index.Placement;
import io.qsfs.log.record.PlacedRecord;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Makes placements and their records.
 *
 * <p>Threading: stateless.
 */
public final class PlacementRecord {
    private PlacementRecord() {}

    /** Length of the record of a placement. */
    public static int length(Placement placement) {
        return PlacedRecord.length(placement.shardCount(), placement.chunkCount());
    }

    /** Writes the PLACED record of a placement, all but sequence and checksum; returns its length. */
    public static int encode(MemorySegment target, long at, long timeNs, Placement placement) {
        int length = PlacedRecord.encode(
                target,
                at,
                timeNs,
                placement.stream(),
                placement.suite(),
                placement.number(),
                placement.mountId(),
                placement.epoch(),
                placement.sealId(),
                placement.fromPosition(),
                placement.toPosition(),
                placement.shardBytes(),
                placement.chunkBytes(),
                placement.chunkCount(),
                placement.dataShards(),
                placement.shardCount());
        for (int i = 0; i < placement.shardCount(); i++) {
            PlacedRecord.putBackend(target, at, i, placement.backend(i));
        }
        for (int i = 0; i < placement.chunkCount(); i++) {
            PlacedRecord.putChunk(target, at, i, placement.chunkStoredLength(i), placement.chunkCrc(i));
        }
        return length;
    }

    /** The placement of a sealing whose chunk table is known. */
    public static Placement of(
            int stream,
            int suite,
            long number,
            Id128 mountId,
            long epoch,
            Id256 sealId,
            long fromPosition,
            long toPosition,
            long shardBytes,
            int chunkBytes,
            int[] stored,
            int[] crcs,
            int dataShards,
            List<Id128> backends) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment record = arena.allocate(PlacedRecord.length(backends.size(), stored.length), 8);
            PlacedRecord.encode(
                    record,
                    0,
                    0,
                    stream,
                    suite,
                    number,
                    mountId,
                    epoch,
                    sealId,
                    fromPosition,
                    toPosition,
                    shardBytes,
                    chunkBytes,
                    stored.length,
                    dataShards,
                    backends.size());
            for (int i = 0; i < backends.size(); i++) {
                PlacedRecord.putBackend(record, 0, i, backends.get(i));
            }
            for (int i = 0; i < stored.length; i++) {
                PlacedRecord.putChunk(record, 0, i, stored[i], crcs[i]);
            }
            return Placement.of(record, 0);
        }
    }
}
