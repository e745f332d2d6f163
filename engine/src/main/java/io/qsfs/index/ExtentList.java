package io.qsfs.index;

/**
 * Pieces of a file in order, without gaps between them; made once and used again, so that reading extents allocates
 * nothing.
 *
 * <p>Threading: none of its own; one thread at a time.
 */
public final class ExtentList {
    /** The position of a piece that is a hole: it reads as zeros. */
    public static final long HOLE = -1;

    private final long[] fileOffsets;
    private final long[] lengths;
    private final long[] positions;
    private int count;
    private long endOffset;

    /** A list that holds at most {@code piecesMax} pieces; what does not fit is read from {@link #endOffset} on. */
    public ExtentList(int piecesMax) {
        if (piecesMax < 1) {
            throw new IllegalArgumentException("piecesMax must be 1 or more: " + piecesMax);
        }
        fileOffsets = new long[piecesMax];
        lengths = new long[piecesMax];
        positions = new long[piecesMax];
    }

    /** Pieces. */
    public int count() {
        return count;
    }

    /** Where piece {@code index} begins in the file. */
    public long fileOffset(int index) {
        return fileOffsets[index];
    }

    /** Bytes of piece {@code index}. */
    public long length(int index) {
        return lengths[index];
    }

    /** Where piece {@code index} begins in the data stream, or {@link #HOLE}. */
    public long position(int index) {
        return positions[index];
    }

    /** True when piece {@code index} is a hole. */
    public boolean isHole(int index) {
        return positions[index] == HOLE;
    }

    /** End of the last piece in the file; less than what was asked for when the list was full. */
    public long endOffset() {
        return endOffset;
    }

    void begin(long fileOffset) {
        count = 0;
        endOffset = fileOffset;
    }

    /** False when the list is full. */
    boolean add(long length, long position) {
        if (count == lengths.length) {
            return false;
        }
        fileOffsets[count] = endOffset;
        lengths[count] = length;
        positions[count] = position;
        count++;
        endOffset += length;
        return true;
    }
}
