package io.qsfs.index;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.log.record.ClosedRecord;
import io.qsfs.log.record.PlacedRecord;
import io.qsfs.log.record.ShardRecord;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import java.lang.foreign.MemorySegment;
import org.agrona.collections.LongLongConsumer;

/**
 * Applies the records of segments: CLOSED, PLACED, SHARD; and writes the live bytes of data segments to the tree.
 *
 * <p>Threading: that of the writer.
 */
final class SegmentEditor {
    private static final int DATA = 0;
    private static final int META = 1;

    private final Tree tree;
    private final SegmentDeltas deltas;
    private final long segmentBytes;
    private final LongLongConsumer writeLiveBytes = this::writeLiveBytes;
    private int firstError;

    SegmentEditor(Tree tree, SegmentDeltas deltas, long segmentBytes) {
        this.tree = tree;
        this.deltas = deltas;
        this.segmentBytes = segmentBytes;
    }

    int close(MemorySegment record, long at) {
        return change(
                SegmentInfo.State.CLOSED,
                ClosedRecord.stream(record, at),
                ClosedRecord.number(record, at),
                ClosedRecord.mountId(record, at),
                ClosedRecord.fromPosition(record, at),
                ClosedRecord.toPosition(record, at));
    }

    int place(MemorySegment record, long at) {
        int stream = PlacedRecord.stream(record, at);
        long number = PlacedRecord.number(record, at);
        int rc = change(
                SegmentInfo.State.PLACED,
                stream,
                number,
                PlacedRecord.mountId(record, at),
                PlacedRecord.fromPosition(record, at),
                PlacedRecord.toPosition(record, at));
        if (rc != 0) {
            return rc;
        }
        int keyBytes = IndexKey.segment(tree.key, IndexKey.PLACEMENT, stream, number);
        return tree.put(keyBytes, PlacementValue.encode(tree.value, record, at));
    }

    /** A shard of another sealing than the one that counts, or of none, changes nothing. */
    int shard(MemorySegment record, long at) {
        int stream = ShardRecord.stream(record, at);
        if (stream != DATA && stream != META) {
            return Refusal.BAD_STREAM.code();
        }
        int keyBytes = IndexKey.segment(tree.key, IndexKey.PLACEMENT, stream, ShardRecord.number(record, at));
        int rc = tree.get(keyBytes);
        if (rc != 0) {
            return rc == Linux.ENOENT ? 0 : rc;
        }
        if (!PlacementValue.isSound(tree.value, tree.valueBytes)) {
            return Linux.EIO;
        }
        Id256 sealId = PlacedRecord.sealId(tree.value, PlacementValue.AT_RECORD);
        if (!sealId.equals(ShardRecord.sealId(record, at))) {
            return 0;
        }
        int index = ShardRecord.shardIndex(record, at);
        if (index < 0 || index >= PlacedRecord.shardCount(tree.value, PlacementValue.AT_RECORD)) {
            return Refusal.BAD_SHARD.code();
        }
        PlacementValue.putBackend(tree.value, index, ShardRecord.backendId(record, at));
        return tree.put(keyBytes, tree.valueBytes);
    }

    private int change(SegmentInfo.State to, int stream, long number, Id128 mountId, long from, long end) {
        if (stream != DATA && stream != META) {
            return Refusal.BAD_STREAM.code();
        }
        if (number < 0 || number > Long.MAX_VALUE / segmentBytes - 1) {
            return Refusal.BAD_SEGMENT.code();
        }
        long base = number * segmentBytes;
        if (from < base || end < from || end > base + segmentBytes) {
            return Refusal.BAD_SEGMENT.code();
        }
        int keyBytes = IndexKey.segment(tree.key, IndexKey.SEGMENT, stream, number);
        int rc = load(keyBytes);
        if (rc != 0) {
            return rc;
        }
        SegmentInfo.State now = SegmentValue.state(tree.value);
        SegmentInfo.State later = now.compareTo(to) > 0 ? now : to;
        SegmentValue.putClosed(tree.value, later, mountId, from, end);
        return tree.put(keyBytes, SegmentValue.BYTES);
    }

    /** The changes of live bytes go to the tree. 0 or an errno. */
    int flushLiveBytes() {
        firstError = 0;
        deltas.forEach(writeLiveBytes);
        deltas.clear();
        return firstError;
    }

    private void writeLiveBytes(long number, long delta) {
        if (firstError != 0) {
            return;
        }
        int keyBytes = IndexKey.segment(tree.key, IndexKey.SEGMENT, DATA, number);
        firstError = load(keyBytes);
        if (firstError == 0) {
            SegmentValue.putLiveBytes(tree.value, SegmentValue.liveBytes(tree.value) + delta);
            firstError = tree.put(keyBytes, SegmentValue.BYTES);
        }
    }

    /** The segment's value, or that of one of which nothing is known. */
    private int load(int keyBytes) {
        int rc = tree.get(keyBytes);
        if (rc == Linux.ENOENT) {
            SegmentValue.encodeActive(tree.value);
            return 0;
        }
        return rc == 0 && !SegmentValue.isSound(tree.value, tree.valueBytes) ? Linux.EIO : rc;
    }
}
