package io.qsfs.mount;

import io.qsfs.fs.FileSystem;
import io.qsfs.fs.MachineRecords;
import io.qsfs.index.Index;
import io.qsfs.index.IndexReader;
import io.qsfs.index.Placement;
import io.qsfs.keeper.EvictionSource;
import io.qsfs.log.LogSync;
import io.qsfs.memory.Failpoint;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import io.qsfs.offload.PlacementSink;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes down where segments lie, and knows of each such record whether it is durable: only then may local bytes go.
 *
 * <p>Threading: the sink on {@code encoder} and {@code keeper} threads, which hand over to {@code file-system}; the eviction
 * source on {@code keeper} alone, whose reader this owns.
 */
final class PlacementRecords implements PlacementSink, EvictionSource, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PlacementRecords.class);

    private record Segment(int stream, long number) {}

    /** Hears that a shard which was owed lies somewhere. */
    interface Settled {
        void settled(Id256 sealId, int shard, Id128 backend);
    }

    private final FileSystem fileSystem;
    private final MachineRecords records;
    private final LogSync sync;
    private final IndexReader reader;
    private final LongSupplier checkpointPosition;
    private final Consumer<Placement> owed;
    private final Settled settled;
    /** End of the record in the meta stream, of those that may not be durable; MAX while it is not written. */
    private final Map<Segment, Long> undurable = new ConcurrentHashMap<>();

    /** @param owed gets placements that lack shards, on {@code file-system}. */
    PlacementRecords(
            FileSystem fileSystem,
            Index index,
            LogSync sync,
            LongSupplier checkpointPosition,
            Consumer<Placement> owed,
            Settled settled) {
        this.fileSystem = fileSystem;
        this.records = fileSystem.machineRecords();
        this.sync = sync;
        this.reader = index.newReader();
        this.checkpointPosition = checkpointPosition;
        this.owed = owed;
        this.settled = settled;
    }

    @Override
    public void placed(Placement placement) {
        Segment segment = new Segment(placement.stream(), placement.number());
        undurable.put(segment, Long.MAX_VALUE);
        fileSystem.submit(() -> {
            int outcome = records.placed(placement);
            if (outcome != 0) {
                LOG.error("the placement of {} cannot be written down: errno={}", name(segment), outcome);
                return;
            }
            Failpoint.PLACEMENT_RECORDED.hit();
            undurable.put(segment, records.end());
            if (placement.placedShards() < placement.shardCount()) {
                owed.accept(placement);
            }
        });
    }

    @Override
    public void shardPlaced(int stream, long number, Id256 sealId, int shardIndex, Id128 backend) {
        settled.settled(sealId, shardIndex, backend);
        fileSystem.submit(() -> {
            int outcome = records.shard(stream, shardIndex, number, sealId, backend);
            Failpoint.SHARD_RECORDED.hit();
            if (outcome != 0) {
                LOG.error(
                        "shard {} of {} cannot be written down: errno={}",
                        shardIndex,
                        name(new Segment(stream, number)),
                        outcome);
            }
        });
    }

    @Override
    public void failed(int stream, long number, String reason) {
        LOG.error("{} is not placed and stays here: {}", name(new Segment(stream, number)), reason);
    }

    private static String name(Segment segment) {
        return (segment.stream() == 0 ? "data segment " : "meta segment ") + segment.number();
    }

    @Override
    public Placement durablePlacement(int stream, long number) {
        Segment segment = new Segment(stream, number);
        Long end = undurable.get(segment);
        if (end != null) {
            if (sync.durableMeta() < end) {
                return null;
            }
            undurable.remove(segment, end);
        }
        if (reader.renew() != 0) {
            return null;
        }
        Placement placement = reader.placement(stream, number);
        reader.release();
        return placement;
    }

    @Override
    public long checkpointPosition() {
        return checkpointPosition.getAsLong();
    }

    /** After the keeper has ended. */
    @Override
    public void close() {
        reader.close();
    }
}
