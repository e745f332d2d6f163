package io.qsfs.fs;

import io.qsfs.index.Placement;
import io.qsfs.log.MetaStream;
import io.qsfs.log.record.ClosedRecord;
import io.qsfs.log.record.MountRecord;
import io.qsfs.log.record.PlacedRecord;
import io.qsfs.log.record.ShardRecord;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;

/**
 * The records that the machinery writes about itself. They go the same way as changes of the file system, but never make a
 * segment due.
 *
 * <p>Threading: {@code file-system} only, that is, within a task given to {@link FileSystem#submit}, or before it was started.
 */
public final class MachineRecords {
    private final FileSystemAgent agent;
    private final MetaStream meta;
    private final Clock clock;

    MachineRecords(FileSystemAgent agent, FileSystemContext context) {
        this.agent = agent;
        this.meta = context.log().meta();
        this.clock = context.clock();
    }

    /** Where the record that was written last ends in the meta stream. */
    public long end() {
        return meta.appendPosition();
    }

    /** The first record of a mount. */
    public int mount(
            Id128 mountId,
            long mountCounter,
            long epoch,
            long fromEpoch,
            long fromMetaPosition,
            long fromDataPosition,
            Id128 ownerId,
            long dataPosition) {
        long at = meta.stagingOffset(MountRecord.FIXED_BYTES);
        if (at < 0) {
            return (int) -at;
        }
        int length = MountRecord.encode(
                meta.staging(),
                at,
                clock.realtimeNs(),
                mountId,
                mountCounter,
                epoch,
                fromEpoch,
                fromMetaPosition,
                fromDataPosition,
                ownerId,
                dataPosition);
        return agent.appendOwn(at, length);
    }

    /** A segment that an earlier mount could not close any more. */
    public int closed(int stream, long number, Id128 mountId, long fromPosition, long toPosition) {
        long at = meta.stagingOffset(ClosedRecord.FIXED_BYTES);
        if (at < 0) {
            return (int) -at;
        }
        int length = ClosedRecord.encode(
                meta.staging(), at, clock.realtimeNs(), stream, number, mountId, fromPosition, toPosition);
        return agent.appendOwn(at, length);
    }

    /** A segment lies on backends. */
    public int placed(Placement placement) {
        int shards = placement.shardCount();
        int chunks = placement.chunkCount();
        long at = meta.stagingOffset(PlacedRecord.length(shards, chunks));
        if (at < 0) {
            return (int) -at;
        }
        int length = PlacedRecord.encode(
                meta.staging(),
                at,
                clock.realtimeNs(),
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
                chunks,
                placement.dataShards(),
                shards);
        for (int i = 0; i < shards; i++) {
            PlacedRecord.putBackend(meta.staging(), at, i, placement.backend(i));
        }
        for (int i = 0; i < chunks; i++) {
            PlacedRecord.putChunk(meta.staging(), at, i, placement.chunkStoredLength(i), placement.chunkCrc(i));
        }
        return agent.appendOwn(at, length);
    }

    /** One shard of a placed segment lies elsewhere now. */
    public int shard(int stream, int shardIndex, long number, Id256 sealId, Id128 backend) {
        long at = meta.stagingOffset(ShardRecord.FIXED_BYTES);
        if (at < 0) {
            return (int) -at;
        }
        int length =
                ShardRecord.encode(meta.staging(), at, clock.realtimeNs(), stream, shardIndex, number, sealId, backend);
        return agent.appendOwn(at, length);
    }
}
