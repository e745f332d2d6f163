package io.qsfs.fs;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.index.Index;
import io.qsfs.index.IndexContext;
import io.qsfs.index.Machine;
import io.qsfs.index.RecordCheck;
import io.qsfs.log.Disk;
import io.qsfs.log.LogContext;
import io.qsfs.log.MetaElsewhere;
import io.qsfs.log.MountIdentity;
import io.qsfs.log.RealDisk;
import io.qsfs.log.RecoveryScan;
import io.qsfs.log.ScanResult;
import io.qsfs.log.ScanStart;
import io.qsfs.log.SegmentLog;
import io.qsfs.log.Streams;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;

/** A volume without backends in a directory: log, index and file system, begun as a mount begins them. */
public final class VolumeRig implements AutoCloseable {
    public static final long SEGMENT_BYTES = 8 << 20;
    public static final int WORKERS = 2;

    private final SegmentLog log;
    private final Index index;
    private final FileSystem fileSystem;
    private final Arena arena = Arena.ofShared();
    private final ScanResult replay;
    private final long dataEndBefore;
    private boolean isClosed;

    public VolumeRig(Path directory, Replies replies, ParkedReads.Interrupts interrupts) {
        this(directory, replies, interrupts, new NothingEvicted());
    }

    public VolumeRig(Path directory, Replies replies, ParkedReads.Interrupts interrupts, EvictedBytes evicted) {
        this(directory, replies, interrupts, evicted, new RealDisk());
    }

    /** As the others, with another disk below the log. */
    public VolumeRig(
            Path directory, Replies replies, ParkedReads.Interrupts interrupts, EvictedBytes evicted, Disk disk) {
        this(directory, disk, Machine.THIS, SEGMENT_BYTES, replies, interrupts, evicted);
    }

    /** A volume whose log lies on a disk of the test's, on a machine of the test's. */
    public VolumeRig(
            Path directory,
            Disk disk,
            Machine machine,
            long segmentBytes,
            Replies replies,
            ParkedReads.Interrupts interrupts,
            EvictedBytes evicted) {
        Id128 volume = new Id128(1, 2);
        FileSystem[] late = new FileSystem[1];
        log = SegmentLog.open(new LogContext()
                .disk(disk)
                .directory(directory.resolve("log"))
                .volumeId(volume)
                .segmentBytes(segmentBytes)
                .claimSlots(WORKERS + 1)
                .syncDue(() -> {
                    if (late[0] != null) {
                        late[0].syncDue();
                    }
                }));
        index = Index.open(IndexContext.of(directory.resolve("index"), volume, segmentBytes)
                .withMapBytes(1L << 32)
                .withMachine(machine)
                .withRecordCheck(this::check));
        try (RecoveryScan scan = log.scan()) {
            ScanStart start =
                    new ScanStart(index.writer().appliedEnd(), index.writer().appliedSequence() + 1, 0, 0);
            replay = scan.run(
                    start,
                    (record, at, position, length) -> index.writer().apply(record, at, position),
                    MetaElsewhere.NOWHERE);
            index.writer().commit();
            if (!replay.isWhole()) {
                throw new IllegalStateException("rot where none was made: " + replay);
            }
            log.closeRecovered(scan, replay);
        } catch (RuntimeException e) {
            giveUp();
            throw e;
        }
        dataEndBefore = index.writer().dataEnd();
        Id128 mountId = new Id128(3, ThreadLocalRandom.current().nextLong());
        long nextMeta = Math.max(
                log.catalog().nextNumber(Streams.META),
                (index.writer().appliedEnd() + segmentBytes - 1) / segmentBytes);
        try {
            log.begin(
                    new MountIdentity(mountId, 1, 1),
                    Math.max(log.catalog().nextNumber(Streams.DATA), (dataEndBefore + segmentBytes - 1) / segmentBytes),
                    nextMeta,
                    index.writer().appliedSequence() + 1);
        } catch (RuntimeException e) {
            giveUp();
            throw e;
        }
        fileSystem = new FileSystem(
                new FileSystemContext(
                        directory.resolve("mnt"),
                        index,
                        log,
                        mountId,
                        1,
                        evicted,
                        replies,
                        interrupts,
                        bytes -> 0,
                        () -> new SpaceReport(1L << 40, 1L << 39, 10, 1000),
                        Quota.none(),
                        () -> {},
                        true,
                        Clock.SYSTEM,
                        WORKERS,
                        1 << 20,
                        60_000_000_000L,
                        1_000_000_000L),
                arena);
        late[0] = fileSystem;
        fileSystem.prepare(() -> fileSystem
                .machineRecords()
                .mount(mountId, 1, 1, 0, replay.endPosition(), replay.dataEnd(), new Id128(9, 9), 0));
        fileSystem.start();
    }

    private RecordCheck.Answer check(long position, long sequence, int length, int crc) {
        try (RecoveryScan scan = log.scan()) {
            return scan.holds(position, sequence, crc) ? RecordCheck.Answer.SAME : RecordCheck.Answer.DIFFERENT;
        }
    }

    private void giveUp() {
        index.close();
        log.close();
        arena.close();
    }

    public FileSystem fileSystem() {
        return fileSystem;
    }

    public SegmentLog log() {
        return log;
    }

    public Index index() {
        return index;
    }

    public ScanResult replay() {
        return replay;
    }

    /** End of what history refers to in the data stream, without this mount. */
    public long dataEndBefore() {
        return dataEndBefore;
    }

    /** Makes everything durable. */
    public void sync() {
        CompletableFuture<Integer> done = new CompletableFuture<>();
        fileSystem.sync((token, errno) -> done.complete(errno), 0);
        int errno = done.join();
        if (errno != 0) {
            throw new IllegalStateException("sync: " + errno);
        }
    }

    /** Ends it as a clean unmount does. The workers have ended. */
    public void stopCleanly() {
        sync();
        fileSystem.close();
        index.markClean();
        end();
    }

    @Override
    public void close() {
        if (!isClosed) {
            fileSystem.close();
            end();
        }
    }

    private void end() {
        isClosed = true;
        log.close();
        index.close();
        arena.close();
    }

    /** Everything is local. */
    public static final class NothingEvicted implements EvictedBytes {
        @Override
        public int chunkBytes() {
            return 256 << 10;
        }

        @Override
        public int tryPin(long segment, int chunk) {
            return -1;
        }

        @Override
        public void unpin(int slot) {
            throw new IllegalStateException("no slot " + slot);
        }

        @Override
        public long slotAddress(int slot) {
            throw new IllegalStateException("no slot " + slot);
        }

        @Override
        public int read(int slot, int offset, MemorySegment target, long targetOffset, int length) {
            throw new IllegalStateException("no slot " + slot);
        }

        @Override
        public void request(long segment, int chunk, Waiter waiter) {
            waiter.onChunk(segment, chunk, -1, Linux.EIO);
        }
    }
}
