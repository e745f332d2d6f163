package io.qsfs.index;

import io.qsfs.bindings.linux.Linux;

/**
 * How many extents name each byte of the data stream, and so which bytes live. Only what more than one extent names is
 * in the tree, in ranges as long as can be: neighbours in one segment have different counts. A volume that shares
 * nothing has none of them, and pays one look for that, not one for each extent.
 *
 * <p>Ranges that are given lie within one segment each. Methods use the tree's key and value.
 *
 * <p>Threading: that of the writer.
 */
final class SharedRanges {
    private final Tree tree;
    private final SegmentDeltas deltas;
    private final long segmentBytes;

    /** Known to be none in the transaction at hand. */
    private boolean isEmpty;

    private boolean found;
    private long start;
    private long length;
    private long count;

    SharedRanges(Tree tree, SegmentDeltas deltas, long segmentBytes) {
        this.tree = tree;
        this.deltas = deltas;
        this.segmentBytes = segmentBytes;
    }

    /** The transaction ended, and the tree may be another than it was. */
    void forget() {
        isEmpty = false;
    }

    /** An extent names a range that nothing named before. */
    void addFirst(long position, long bytes) {
        deltas.add(position / segmentBytes, bytes);
    }

    /** One more extent names a range, all of which is named already. 0 or an errno. */
    int addAnother(long position, long bytes) {
        isEmpty = false;
        return change(position, position + bytes, 1);
    }

    /** One extent less names a range, all of which it named. What nothing names any more is dead. 0 or an errno. */
    int remove(long position, long bytes) {
        if (!isEmpty) {
            int rc = seek(0);
            isEmpty = rc == 0 && !found;
            if (rc != 0) {
                return rc;
            }
        }
        if (isEmpty) {
            dead(position, bytes);
            return 0;
        }
        return change(position, position + bytes, -1);
    }

    private void dead(long position, long bytes) {
        deltas.add(position / segmentBytes, -bytes);
    }

    private int change(long from, long to, int by) {
        assert from / segmentBytes == (to - 1) / segmentBytes : from + ", " + to;
        int rc = 0;
        boolean changed = false;
        long at = from;
        while (rc == 0 && at < to) {
            rc = seekEndingBehind(at);
            if (rc != 0) {
                return rc;
            }
            if (found && start <= at) {
                long stop = Math.min(start + length, to);
                rc = recount(at, stop, count + by);
                changed = true;
                at = stop;
            } else {
                long stop = found ? Math.min(start, to) : to;
                if (by > 0) {
                    rc = put(at, stop - at, SharedValue.COUNT_MIN);
                    changed = true;
                } else {
                    dead(at, stop - at);
                }
                at = stop;
            }
        }
        if (rc != 0 || !changed) {
            return rc;
        }
        // Counts on both sides of a border inside change alike: only at the ends can neighbours have become the same.
        rc = joinAt(from);
        return rc == 0 ? joinAt(to) : rc;
    }

    /** The part of the range at hand from {@code from} to {@code to} gets another count. */
    private int recount(long from, long to, long newCount) {
        long first = start;
        long end = start + length;
        long oldCount = count;
        int rc = first < from
                ? put(first, from - first, oldCount)
                : tree.delete(IndexKey.one(tree.key, IndexKey.SHARED, first));
        if (rc == 0 && newCount >= SharedValue.COUNT_MIN) {
            rc = put(from, to - from, newCount);
        }
        return rc == 0 && end > to ? put(to, end - to, oldCount) : rc;
    }

    /** Ranges that meet at a position become one where their counts are the same. */
    private int joinAt(long border) {
        if (border % segmentBytes == 0) {
            return 0;
        }
        int rc = seek(border);
        if (rc != 0 || !found || start != border) {
            return rc;
        }
        long rightLength = length;
        long rightCount = count;
        rc = take(tree.previous());
        if (rc != 0 || !found || start + length != border || count != rightCount) {
            return rc;
        }
        long leftStart = start;
        long joined = length + rightLength;
        rc = tree.delete(IndexKey.one(tree.key, IndexKey.SHARED, border));
        return rc == 0 ? put(leftStart, joined, rightCount) : rc;
    }

    /** Finds the first range that ends behind {@code position}. */
    private int seekEndingBehind(long position) {
        int rc = seek(position);
        if (rc != 0 || (found && start == position)) {
            return rc;
        }
        rc = take(tree.previous());
        if (rc != 0 || (found && start + length > position)) {
            return rc;
        }
        return seek(position);
    }

    private int put(long position, long bytes, long newCount) {
        int keyBytes = IndexKey.one(tree.key, IndexKey.SHARED, position);
        return tree.put(keyBytes, SharedValue.encode(tree.value, bytes, newCount));
    }

    private int seek(long position) {
        return take(tree.seek(IndexKey.one(tree.key, IndexKey.SHARED, position)));
    }

    private int take(int rc) {
        found = rc == 0
                && tree.keyBytes == IndexKey.ONE_BYTES
                && IndexKey.isTag(tree.key, tree.keyBytes, IndexKey.SHARED);
        if (!found) {
            return rc == Linux.ENOENT ? 0 : rc;
        }
        start = IndexKey.first(tree.key);
        if (!SharedValue.isSound(tree.value, tree.valueBytes, start)) {
            return Linux.EIO;
        }
        length = SharedValue.length(tree.value);
        count = SharedValue.count(tree.value);
        return 0;
    }
}
