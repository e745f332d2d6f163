package io.qsfs.log;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.memory.Failpoint;
import io.qsfs.memory.NativeBuffer;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * Makes segment files: allocated and with a header under a name for unfinished ones, synced, renamed, directory synced. So a
 * segment's own name never stands for half a segment.
 *
 * <p>Threading: the log's helper thread, or the starting thread before it runs.
 */
final class SegmentMaker implements AutoCloseable {
    private final LogContext context;
    private final Disk disk;
    private final MountIdentity identity;
    private final SegmentCatalog catalog;
    private final FileAllocator allocator;
    private final Reserve reserve;
    private final NativeBuffer header = new NativeBuffer(SegmentHeader.BYTES);
    private SegmentFile made;

    SegmentMaker(LogContext context, MountIdentity identity, SegmentCatalog catalog) {
        this.context = context;
        this.disk = context.disk();
        this.identity = identity;
        this.catalog = catalog;
        this.allocator = new FileAllocator(disk);
        this.reserve = new Reserve(context, allocator);
    }

    Reserve reserve() {
        return reserve;
    }

    FileAllocator allocator() {
        return allocator;
    }

    /** The segment that was made last, open for writing, in the catalog, with one pin. */
    SegmentFile made() {
        return made;
    }

    /** Makes a segment of space that is free; 0 or a positive errno. */
    int make(int stream, long number) {
        Path unfinished = unfinished(stream, number);
        int fd = allocator.create(unfinished, context.fileBytes(stream));
        return fd < 0 ? -fd : finish(stream, number, unfinished, fd);
    }

    /** Makes a segment of the reserve; 0 or a positive errno, ENOSPC when it does not stand. */
    int makeFromReserve(int stream, long number) {
        Path unfinished = unfinished(stream, number);
        int errno = reserve.takeAs(stream, unfinished);
        if (errno != 0) {
            return errno;
        }
        int fd = disk.open(unfinished, Linux.O_RDWR, 0);
        return fd < 0 ? -fd : finish(stream, number, unfinished, fd);
    }

    private Path unfinished(int stream, long number) {
        return context.directory().resolve(SegmentName.of(stream, number) + SegmentName.UNFINISHED_SUFFIX);
    }

    private int finish(int stream, long number, Path unfinished, int fd) {
        Failpoint.SEGMENT_ALLOCATED.hit();
        long createdNs = context.clock().realtimeNs();
        MemorySegment bytes = header.segment();
        SegmentHeader.encode(bytes, 0, context.volumeId(), stream, number, context.segmentBytes(), identity, createdNs);
        Path path = context.directory().resolve(SegmentName.of(stream, number));
        int outcome = disk.pwrite(fd, bytes, 0, SegmentHeader.BYTES, 0);
        if (outcome >= 0) {
            outcome = disk.fsync(fd);
        }
        if (outcome >= 0) {
            Failpoint.SEGMENT_HEADER_SYNCED.hit();
            outcome = disk.rename(unfinished, path);
        }
        if (outcome >= 0) {
            Failpoint.SEGMENT_NAMED.hit();
            outcome = disk.syncDirectory(context.directory());
        }
        if (outcome < 0) {
            disk.close(fd);
            disk.unlink(unfinished);
            return -outcome;
        }
        made = new SegmentFile(stream, number, number * context.segmentBytes(), path, identity, createdNs);
        Failpoint.SEGMENT_MADE.hit();
        made.pin(context.clock().nanoTime());
        catalog.add(made, fd);
        return 0;
    }

    @Override
    public void close() {
        header.close();
    }
}
