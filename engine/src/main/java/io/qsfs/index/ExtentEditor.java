package io.qsfs.index;

import io.qsfs.bindings.linux.Linux;

/**
 * Changes the extents of a file. Extents of one file never overlap, and each lies in one segment of the data stream.
 *
 * <p>After every change of the tree the next extent is sought again by its key: where a cursor stands after a deletion
 * is LMDB's affair.
 *
 * <p>Threading: that of the writer.
 */
final class ExtentEditor {
    private final Tree tree;
    private final SegmentDeltas deltas;
    private final long segmentBytes;

    private long freedBytes;
    private boolean found;
    private long start;
    private long length;
    private long position;

    ExtentEditor(Tree tree, SegmentDeltas deltas, long segmentBytes) {
        this.tree = tree;
        this.deltas = deltas;
        this.segmentBytes = segmentBytes;
    }

    /** Bytes of extents that the last change took away. */
    long freedBytes() {
        return freedBytes;
    }

    /** The range of the data stream becomes the range of the file; what was there goes. 0 or an errno. */
    int write(long ino, long from, long bytes, long newPosition) {
        long to = from + bytes;
        freedBytes = 0;
        int rc = seek(ino, from);
        if (rc != 0) {
            return rc;
        }
        boolean behind = found;
        long behindStart = start;
        long behindLength = length;
        long behindPosition = position;
        rc = previous(ino);
        if (rc != 0) {
            return rc;
        }
        long leftStart = start;
        long leftPosition = position;
        long leftLength = length;
        boolean merges = false;
        if (found) {
            if (leftStart + leftLength > from) {
                rc = trimLeft(ino, from, to);
                leftLength = from - leftStart;
            }
            merges = leftStart + leftLength == from
                    && leftPosition + leftLength == newPosition
                    && leftPosition / segmentBytes == newPosition / segmentBytes;
        }
        found = behind;
        start = behindStart;
        length = behindLength;
        position = behindPosition;
        if (rc == 0) {
            rc = clear(ino, from, to, !merges);
        }
        if (rc != 0) {
            return rc;
        }
        deltas.add(newPosition / segmentBytes, bytes);
        return merges ? put(ino, leftStart, leftLength + bytes, leftPosition) : put(ino, from, bytes, newPosition);
    }

    /** Everything of the file from {@code from} on becomes a hole. 0 or an errno. */
    int cut(long ino, long from) {
        freedBytes = 0;
        int rc = seek(ino, from);
        if (rc != 0) {
            return rc;
        }
        boolean behind = found;
        long behindStart = start;
        long behindLength = length;
        long behindPosition = position;
        rc = previous(ino);
        if (rc == 0 && found && start + length > from) {
            rc = trimLeft(ino, from, Long.MAX_VALUE);
        }
        found = behind;
        start = behindStart;
        length = behindLength;
        position = behindPosition;
        return rc == 0 ? clear(ino, from, Long.MAX_VALUE, false) : rc;
    }

    /**
     * The extent at hand begins before {@code from} and ends behind it: it ends at {@code from} now, and what is behind
     * {@code to} stays.
     */
    private int trimLeft(long ino, long from, long to) {
        long end = start + length;
        long kept = from - start;
        long gone = Math.min(end, to) - from;
        free(position + kept, gone);
        int rc = put(ino, start, kept, position);
        return rc == 0 && end > to ? put(ino, to, end - to, position + kept + gone) : rc;
    }

    /**
     * Takes away everything in the range, whose first extent is at hand. An extent that begins just at {@code from} is
     * left in the tree when it will be {@code overwritten}.
     */
    private int clear(long ino, long from, long to, boolean overwritten) {
        int rc = 0;
        while (rc == 0 && found && start < to) {
            long end = start + length;
            long gone = Math.min(end, to) - start;
            free(position, gone);
            if (!overwritten || start != from) {
                rc = tree.delete(IndexKey.two(tree.key, IndexKey.EXTENT, ino, start));
            }
            if (rc != 0 || end == to) {
                return rc;
            }
            if (end > to) {
                return put(ino, to, end - to, position + gone);
            }
            rc = seek(ino, end);
        }
        return rc;
    }

    private void free(long position, long bytes) {
        freedBytes += bytes;
        deltas.add(position / segmentBytes, -bytes);
    }

    private int put(long ino, long fileOffset, long bytes, long position) {
        int keyBytes = IndexKey.two(tree.key, IndexKey.EXTENT, ino, fileOffset);
        return tree.put(keyBytes, ExtentValue.encode(tree.value, bytes, position));
    }

    private int seek(long ino, long fileOffset) {
        return take(tree.seek(IndexKey.two(tree.key, IndexKey.EXTENT, ino, fileOffset)), ino);
    }

    private int previous(long ino) {
        return take(tree.previous(), ino);
    }

    private int take(int rc, long ino) {
        found = rc == 0 && IndexKey.isTwoOf(tree.key, tree.keyBytes, IndexKey.EXTENT, ino);
        if (!found) {
            return rc == Linux.ENOENT ? 0 : rc;
        }
        start = IndexKey.second(tree.key);
        if (!ExtentValue.isSound(tree.value, tree.valueBytes, start)) {
            return Linux.EIO;
        }
        length = ExtentValue.length(tree.value);
        position = ExtentValue.position(tree.value);
        return 0;
    }
}
