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
    private final SharedRanges shared;
    private final long segmentBytes;

    private long freedBytes;
    private long clonedBytes;
    private boolean found;
    private long start;
    private long length;
    private long position;

    ExtentEditor(Tree tree, SharedRanges shared, long segmentBytes) {
        this.tree = tree;
        this.shared = shared;
        this.segmentBytes = segmentBytes;
    }

    /** Bytes of extents that the last change took away. */
    long freedBytes() {
        return freedBytes;
    }

    /** Bytes of extents that the last clone made. */
    long clonedBytes() {
        return clonedBytes;
    }

    /** The new range of the data stream becomes the range of the file; what was there goes. 0 or an errno. */
    int write(long ino, long from, long bytes, long newPosition) {
        freedBytes = 0;
        shared.addFirst(newPosition, bytes);
        return replace(ino, from, bytes, newPosition);
    }

    /**
     * The range of the file becomes what the range of the source is, holes too; what was there goes. 0 or an errno.
     * Ranges of one file do not overlap, so what is put never changes what is still to be looked at, and what the
     * target shared with the source does not die in between.
     */
    int cloneRange(long sourceIno, long sourceFrom, long bytes, long ino, long from) {
        freedBytes = 0;
        clonedBytes = 0;
        long sourceTo = sourceFrom + bytes;
        long at = sourceFrom;
        int rc = 0;
        while (rc == 0 && at < sourceTo) {
            rc = seekEndingBehind(sourceIno, at);
            if (rc != 0) {
                return rc;
            }
            long target = from + (at - sourceFrom);
            if (found && start <= at) {
                long stop = Math.min(start + length, sourceTo);
                long shareFrom = position + (at - start);
                rc = shared.addAnother(shareFrom, stop - at);
                rc = rc == 0 ? replace(ino, target, stop - at, shareFrom) : rc;
                clonedBytes += stop - at;
                at = stop;
            } else {
                long stop = found ? Math.min(start, sourceTo) : sourceTo;
                rc = clearRange(ino, target, target + (stop - at));
                at = stop;
            }
        }
        return rc;
    }

    private int replace(long ino, long from, long bytes, long newPosition) {
        long to = from + bytes;
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
        return merges ? put(ino, leftStart, leftLength + bytes, leftPosition) : put(ino, from, bytes, newPosition);
    }

    /** Everything of the file from {@code from} on becomes a hole. 0 or an errno. */
    int cut(long ino, long from) {
        return punch(ino, from, Long.MAX_VALUE);
    }

    /** Everything of the file from {@code from} up to {@code to} becomes a hole. 0 or an errno. */
    int punch(long ino, long from, long to) {
        freedBytes = 0;
        return clearRange(ino, from, to);
    }

    private int clearRange(long ino, long from, long to) {
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
            rc = trimLeft(ino, from, to);
        }
        found = behind;
        start = behindStart;
        length = behindLength;
        position = behindPosition;
        return rc == 0 ? clear(ino, from, to, false) : rc;
    }

    /**
     * The extent at hand begins before {@code from} and ends behind it: it ends at {@code from} now, and what is behind
     * {@code to} stays.
     */
    private int trimLeft(long ino, long from, long to) {
        long end = start + length;
        long kept = from - start;
        long gone = Math.min(end, to) - from;
        long first = position;
        int rc = free(first + kept, gone);
        rc = rc == 0 ? put(ino, start, kept, first) : rc;
        return rc == 0 && end > to ? put(ino, to, end - to, first + kept + gone) : rc;
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
            rc = free(position, gone);
            if (rc == 0 && (!overwritten || start != from)) {
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

    private int free(long position, long bytes) {
        freedBytes += bytes;
        return shared.remove(position, bytes);
    }

    /** Finds the first extent that ends behind {@code fileOffset}. */
    private int seekEndingBehind(long ino, long fileOffset) {
        int rc = seek(ino, fileOffset);
        if (rc != 0 || (found && start == fileOffset)) {
            return rc;
        }
        rc = previous(ino);
        if (rc != 0 || (found && start + length > fileOffset)) {
            return rc;
        }
        return seek(ino, fileOffset);
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
