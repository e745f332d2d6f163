package io.qsfs.fs;

import io.qsfs.index.ExtentList;
import io.qsfs.log.LocalVerifier;
import io.qsfs.log.SegmentCatalog;
import io.qsfs.log.SegmentFile;
import io.qsfs.log.Streams;
import io.qsfs.memory.OffHeap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Answers reads. What is here goes from the page cache to the kernel by one {@code writev} over the mapped log and the mapped
 * recall cache; when a piece must be fetched, the request is parked in {@link ParkedReads} and the worker is free. A local piece
 * that has rotted is no better than one that is gone, and is fetched too.
 *
 * <p>Threading: one FUSE worker only. The iovecs live in the worker's arena.
 */
final class ReadPath {
    /** Pieces that one {@code writev} gathers at most (UIO_MAXIOV is 1,024, libfuse adds one); more are copied together. */
    private static final int IOVECS_MAX = 512;

    private static final int IOVEC_BYTES = 16;
    /** From this size on, the kernel is told to read ahead what the reply will touch, so that faults find it. */
    private static final int READ_AHEAD_BYTES = 64 << 10;

    private static final int PIECES_DONE = 0;
    private static final int PIECES_TOO_MANY = 1;
    private static final int PIECES_MISSING = 2;

    private final FileSystem fs;
    private final SegmentCatalog catalog;
    private final LocalVerifier verifier;
    private final EvictedBytes evicted;
    private final long segmentBytes;
    private final MemorySegment zeros;
    private final MemorySegment iovecs;
    private final SegmentFile[] pinnedFiles = new SegmentFile[IOVECS_MAX];
    private final int[] pinnedSlots = new int[IOVECS_MAX];
    private int iovecCount;
    private int fileCount;
    private int slotCount;

    ReadPath(FileSystem fs, Arena arena) {
        this.fs = fs;
        this.catalog = fs.log().catalog();
        this.verifier = fs.verifier();
        this.evicted = fs.evicted();
        this.segmentBytes = fs.log().catalog().segmentBytes();
        this.zeros = fs.zeros();
        this.iovecs = arena.allocate((long) IOVECS_MAX * IOVEC_BYTES, OffHeap.PAGE_BYTES);
    }

    /**
     * Answers one read whose extents and attributes the query holds.
     *
     * @return false when it must be parked: bytes are missing here, or it is in too many pieces.
     */
    boolean answer(long request, Query query) {
        long wanted = Math.min(query.length, query.inode.size - query.offset);
        if (wanted <= 0) {
            fs.replies().bytes(request, zeros, 0);
            return true;
        }
        iovecCount = 0;
        boolean isComplete = query.extents.endOffset() >= query.offset + wanted;
        int outcome = !isComplete ? PIECES_TOO_MANY : gather(query.extents, query.offset, wanted);
        if (outcome == PIECES_DONE) {
            fs.counters().bytesRead.add(wanted);
            if (!fs.replies().gathered(request, iovecs, iovecCount)) {
                fs.counters().failedReplies.increment();
            }
        }
        unpin();
        return outcome == PIECES_DONE;
    }

    private int gather(ExtentList extents, long offset, long wanted) {
        long left = wanted;
        for (int i = 0; i < extents.count() && left > 0; i++) {
            long skip = Math.max(0, offset - extents.fileOffset(i));
            long length = Math.min(extents.length(i) - skip, left);
            if (length <= 0) {
                continue;
            }
            int outcome = extents.isHole(i) ? addZeros(length) : addPiece(extents.position(i) + skip, length);
            if (outcome != PIECES_DONE) {
                return outcome;
            }
            left -= length;
        }
        return left > 0 ? addZeros(left) : PIECES_DONE;
    }

    private int addZeros(long length) {
        long left = length;
        while (left > 0) {
            long step = Math.min(left, zeros.byteSize());
            if (!add(zeros.address(), step)) {
                return PIECES_TOO_MANY;
            }
            left -= step;
        }
        return PIECES_DONE;
    }

    private int addPiece(long position, long length) {
        long number = position / segmentBytes;
        SegmentFile file = catalog.pin(Streams.DATA, number);
        if (file == null) {
            return addEvicted(number, position - number * segmentBytes, length);
        }
        if (!verifier.isSound(file, position, length)) {
            catalog.unpin(file);
            return addEvicted(number, position - number * segmentBytes, length);
        }
        if (fileCount == IOVECS_MAX) {
            catalog.unpin(file);
            return PIECES_TOO_MANY;
        }
        pinnedFiles[fileCount++] = file;
        long address = catalog.mappedAddress(file, position);
        if (address < 0) {
            return PIECES_TOO_MANY; // no mapping to be had now: copied instead
        }
        if (length >= READ_AHEAD_BYTES) {
            catalog.readAhead(file, position, length);
        }
        return add(address, length) ? PIECES_DONE : PIECES_TOO_MANY;
    }

    private int addEvicted(long number, long windowOffset, long length) {
        int chunkBytes = evicted.chunkBytes();
        long at = windowOffset;
        long left = length;
        while (left > 0) {
            int chunk = (int) (at / chunkBytes);
            int inChunk = (int) (at % chunkBytes);
            long step = Math.min(left, chunkBytes - inChunk);
            if (slotCount == IOVECS_MAX) {
                return PIECES_TOO_MANY;
            }
            int slot = evicted.tryPin(number, chunk);
            if (slot < 0) {
                return PIECES_MISSING;
            }
            pinnedSlots[slotCount++] = slot;
            if (!add(evicted.slotAddress(slot) + inChunk, step)) {
                return PIECES_TOO_MANY;
            }
            at += step;
            left -= step;
        }
        return PIECES_DONE;
    }

    private boolean add(long address, long length) {
        if (iovecCount == IOVECS_MAX) {
            return false;
        }
        long at = (long) iovecCount * IOVEC_BYTES;
        iovecs.set(ValueLayout.JAVA_LONG, at, address);
        iovecs.set(ValueLayout.JAVA_LONG, at + 8, length);
        iovecCount++;
        return true;
    }

    private void unpin() {
        for (int i = 0; i < fileCount; i++) {
            catalog.unpin(pinnedFiles[i]);
            pinnedFiles[i] = null;
        }
        for (int i = 0; i < slotCount; i++) {
            evicted.unpin(pinnedSlots[i]);
        }
        fileCount = 0;
        slotCount = 0;
    }
}
