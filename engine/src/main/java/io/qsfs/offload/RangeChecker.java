package io.qsfs.offload;

import io.qsfs.bindings.isal.Isal;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.codec.RangeVerifier;
import io.qsfs.log.RangeTable;
import io.qsfs.offload.SegmentSource.LocalSegment;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Compares the bytes of a data segment with the checksums of its range table while they go by, so that what rotted on
 * the disk is not sealed. Bytes of no range (padding, abandoned claims) are not looked at.
 *
 * <p>Threading: the encoder thread.
 */
final class RangeChecker implements RangeVerifier {
    /** A key is offset in the window ‖ index: 1 GiB and 16 million ranges. */
    private static final int INDEX_BITS = 24;

    private static final long INDEX_MASK = (1L << INDEX_BITS) - 1;

    private final MemorySegment table;
    private long[] order = new long[1024];
    private long base;
    private int count;
    private int next;
    private long checkedTo;
    private int crc;
    private String rot;

    /** @param table as large as the longest range table; of the owner. */
    RangeChecker(MemorySegment table) {
        this.table = table;
    }

    /**
     * Reads the table of a segment that begins at {@code base}.
     *
     * @return 0, or ENODATA when it has none, or another errno.
     */
    int begin(LocalSegment segment, long base) {
        this.base = base;
        next = 0;
        rot = null;
        count = 0;
        int entries = segment.readRangeTable(table);
        if (entries < 0) {
            return -entries;
        }
        count = entries;
        if (order.length < count) {
            order = new long[count];
        }
        for (int i = 0; i < count; i++) {
            order[i] = RangeTable.windowOffset(table, 0, i) << INDEX_BITS | i;
        }
        Arrays.sort(order, 0, count);
        enter();
        return 0;
    }

    private void enter() {
        crc = 0;
        checkedTo = next < count ? base + (order[next] >>> INDEX_BITS) : Long.MAX_VALUE;
    }

    /** What does not match, for a person; null while everything does. */
    String rot() {
        return rot;
    }

    @Override
    public int verify(long position, MemorySegment plain, long offset, int length) {
        long end = position + length;
        while (checkedTo < end) {
            if (checkedTo < position) {
                return refuse("ranges overlap or were read out of order");
            }
            int index = (int) (order[next] & INDEX_MASK);
            long rangeEnd = base + RangeTable.windowOffset(table, 0, index) + RangeTable.length(table, 0, index);
            long to = Math.min(end, rangeEnd);
            crc = Isal.crc32c(plain, offset + (checkedTo - position), to - checkedTo, crc);
            checkedTo = to;
            if (to < rangeEnd) {
                return 0; // goes on in the next chunk
            }
            if (crc != RangeTable.crc(table, 0, index)) {
                return refuse("stored=0x" + Integer.toHexString(RangeTable.crc(table, 0, index)) + " computed=0x"
                        + Integer.toHexString(crc));
            }
            next++;
            enter();
        }
        return 0;
    }

    private int refuse(String what) {
        int index = (int) (order[next] & INDEX_MASK);
        rot = "checksum mismatch at position " + (base + RangeTable.windowOffset(table, 0, index)) + ", length "
                + RangeTable.length(table, 0, index) + ", inode " + RangeTable.ino(table, 0, index) + ", file offset "
                + RangeTable.fileOffset(table, 0, index) + ": " + what;
        return Linux.EBADMSG;
    }
}
