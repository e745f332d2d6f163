package io.qsfs.keeper;

import io.qsfs.log.SegmentCatalog;
import io.qsfs.log.SegmentFile;
import java.util.ArrayList;
import java.util.List;

/**
 * The segment files of the log.
 *
 * <p>Threading: any thread.
 */
public final class CatalogFiles implements LocalSegments {
    private final SegmentCatalog catalog;

    /** Looks at a log's files. */
    public CatalogFiles(SegmentCatalog catalog) {
        this.catalog = catalog;
    }

    @Override
    public long bytes() {
        return catalog.localBytes();
    }

    @Override
    public List<Local> closed(int stream) {
        List<Local> closed = new ArrayList<>();
        for (SegmentFile file : catalog.files(stream)) {
            if (file.isClosed()) {
                closed.add(
                        new Local(stream, file.number(), file.toPosition(), file.allocatedBytes(), file.lastUsedNs()));
            }
        }
        return closed;
    }

    @Override
    public boolean evict(int stream, long number) {
        return catalog.evict(stream, number);
    }
}
