package io.qsfs.mount;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.fs.ParkedReads;
import io.qsfs.fs.Replies;
import io.qsfs.fs.VolumeRig;
import io.qsfs.index.Placement;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import io.qsfs.recall.PlacementRecord;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: a placement lets nobody evict before its record is durable. */
@Timeout(60)
class PlacementRecordsTest {
    @TempDir
    Path directory;

    @Test
    void shouldTellOfAPlacementOnlyWhenItsRecordIsDurable() {
        try (VolumeRig rig = new VolumeRig(directory, unused(Replies.class), unused(ParkedReads.Interrupts.class));
                PlacementRecords records = new PlacementRecords(
                        rig.fileSystem(), rig.index(), rig.log().sync(), () -> 0, placement -> {}, (a, b, c) -> {})) {
            rig.sync();
            Placement placement = PlacementRecord.of(
                    0,
                    1,
                    7,
                    new Id128(3, 3),
                    1,
                    new Id256(1, 2, 3, 4),
                    7 * VolumeRig.SEGMENT_BYTES,
                    7 * VolumeRig.SEGMENT_BYTES + 4096,
                    4096,
                    4096,
                    new int[] {4096},
                    new int[] {0},
                    1,
                    List.of(new Id128(5, 5)));
            records.placed(placement);
            CompletableFuture<Long> end = new CompletableFuture<>();
            rig.fileSystem().afterCommit(() -> end.complete(rig.log().meta().appendPosition()));
            long recordEnd = end.join();
            boolean isTold = records.durablePlacement(0, 7) != null;
            assertTrue(!isTold || rig.log().sync().durableMeta() >= recordEnd, "told before it was durable");
            rig.sync();
            assertNotNull(records.durablePlacement(0, 7));
        }
    }

    /** There is no kernel. */
    private static <T> T unused(Class<T> type) {
        return type.cast(
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, values) -> {
                    throw new AssertionError(method + " without a request");
                }));
    }
}
