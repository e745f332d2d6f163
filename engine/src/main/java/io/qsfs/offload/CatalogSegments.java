package io.qsfs.offload;

import io.qsfs.log.LogSync;
import io.qsfs.log.SegmentCatalog;
import io.qsfs.log.SegmentFile;
import io.qsfs.log.Streams;
import io.qsfs.memory.Id128;
import java.lang.foreign.MemorySegment;

/**
 * The segments of the log.
 *
 * <p>Threading: any thread.
 */
public final class CatalogSegments implements SegmentSource {
    private final SegmentCatalog catalog;
    private final LogSync sync;

    /** Reads from a log that has begun. */
    public CatalogSegments(SegmentCatalog catalog, LogSync sync) {
        this.catalog = catalog;
        this.sync = sync;
    }

    @Override
    public long durable(int stream) {
        return stream == Streams.DATA ? sync.durableData() : sync.durableMeta();
    }

    @Override
    public long rangeTableBytesMax() {
        return catalog.rangeTableBytesMax();
    }

    @Override
    public Id128 mountId(int stream, long number) {
        SegmentFile file = catalog.pin(stream, number);
        if (file == null) {
            return null;
        }
        Id128 mountId = file.identity().mountId();
        catalog.unpin(file);
        return mountId;
    }

    @Override
    public LocalSegment open(int stream, long number) {
        SegmentFile file = catalog.pin(stream, number);
        return file == null ? null : new Pinned(file);
    }

    /** A pin on a file. */
    private final class Pinned implements LocalSegment {
        private final SegmentFile file;

        Pinned(SegmentFile file) {
            this.file = file;
        }

        @Override
        public int read(long position, MemorySegment target, long offset, int length) {
            return catalog.pread(file, position, target, offset, length);
        }

        @Override
        public int readRangeTable(MemorySegment target) {
            return catalog.readRangeTable(file, target);
        }

        @Override
        public void dropPages() {
            catalog.dropPages(file);
        }

        @Override
        public void close() {
            catalog.unpin(file);
        }
    }
}
