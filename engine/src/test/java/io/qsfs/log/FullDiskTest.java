package io.qsfs.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.bindings.linux.Linux;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: with a full disk content is refused, metadata goes on, nothing acknowledged is lost, and space that comes back is used. */
@Timeout(60)
class FullDiskTest {
    @TempDir
    Path directory;

    private final List<LogRig.Appended> history = new ArrayList<>();
    private SimDisk disk;

    @BeforeEach
    void makeDisk() {
        disk = new SimDisk(directory, 3);
    }

    private LogRig rig() {
        return new LogRig(disk, directory.resolve("log"), history, new Random(1));
    }

    /** Writes until the disk is full; how many bytes went in. */
    private static long fill(LogRig rig) {
        long bytes = 0;
        long position;
        while ((position = rig.write(50_000)) >= 0) {
            bytes += 50_000;
        }
        assertEquals(-Linux.ENOSPC, position);
        return bytes;
    }

    @Test
    void shouldRefuseContentAndTakeMetadataWhenTheDiskIsFull() {
        disk.capacityBytes(16 << 20);
        LogRig rig = rig().mount(1);
        assertFalse(rig.log.sync().isSpaceLow());
        assertTrue(fill(rig) > 4 << 20);
        for (int i = 0; i < 30_000; i++) { // more than a segment of records
            assertTrue(rig.purge() >= 0);
        }
        assertEquals(0, rig.sync());
        assertEquals(-Linux.ENOSPC, rig.write(50_000));
        long acknowledged = rig.acknowledged;
        disk = disk.powerCut();
        rig.close();
        disk.capacityBytes(64 << 20);
        try (LogRig next = rig().acknowledgedBefore(acknowledged).mount(2)) {
            assertTrue(next.write(50_000) >= 0);
            assertEquals(0, next.sync());
        }
    }

    @Test
    void shouldKeepTheDataReserveForThoseWhoMayUseIt() {
        disk.capacityBytes(16 << 20);
        try (LogRig rig = rig().mount(1)) {
            fill(rig);
            assertEquals(-Linux.ENOSPC, rig.log.data().claim(0, 50_000));
            long position = rig.log.data().claimReserved(0, 50_000);
            assertTrue(position >= 0, "outcome " + position);
            rig.log.data().end(0);
            assertTrue(rig.log.data().isReserveInUse());
            assertTrue(rig.log.sync().isSpaceLow());
            assertEquals(-Linux.ENOSPC, rig.log.data().claim(0, 50_000));
            assertTrue(rig.log.data().claimReserved(0, 50_000) >= 0);
            rig.log.data().end(0);

            disk.capacityBytes(64 << 20);
            SegmentLogTest.await(() -> !rig.log.sync().isSpaceLow());
            SegmentLogTest.await(() -> !rig.log.data().isReserveInUse());
            assertTrue(rig.write(50_000) >= 0);
        }
    }

    @Test
    void shouldGoOnWhenSpaceComesBackByEviction() {
        disk.capacityBytes(16 << 20);
        try (LogRig rig = rig().mount(1)) {
            fill(rig);
            assertEquals(0, rig.sync());
            SegmentLogTest.await(() -> rig.closed.size() >= 3);
            for (int i = 0; i < 3; i++) {
                assertTrue(rig.log.catalog().evict(Streams.DATA, i));
            }
            SegmentLogTest.await(() -> rig.write(50_000) >= 0);
        }
    }

    @Test
    void shouldBeginAMountOfTheReserveWhenTheDiskIsFull() {
        disk.capacityBytes(16 << 20);
        try (LogRig rig = rig().mount(1)) {
            fill(rig);
            assertEquals(0, rig.sync());
        }
        disk.capacityBytes(disk.usedBytes());
        try (LogRig rig = rig().mount(2)) {
            assertTrue(rig.purge() >= 0);
            assertEquals(0, rig.sync());
        }
    }

    @Test
    void shouldWorkWithoutFallocateAndSayWhenTheDiskIsFull() {
        disk.fallocateMissing();
        try (LogRig rig = rig().mount(1)) {
            for (int i = 0; i < 50; i++) {
                assertTrue(rig.write(50_000) >= 0);
            }
            assertEquals(0, rig.sync());
            disk.capacityBytes(disk.usedBytes());
            assertEquals(-Linux.ENOSPC, rig.write(500_000));
        }
    }
}
