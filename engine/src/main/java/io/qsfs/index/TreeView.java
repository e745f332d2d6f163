package io.qsfs.index;

import io.qsfs.bindings.linux.Linux;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/**
 * Reading, the same for writer and reader. Single values are read through one tree, walks with a visitor through
 * another, so that a visitor may ask for single values.
 *
 * <p>Threading: that of its owner.
 */
final class TreeView {
    private final Tree tree;
    private final Tree walk;

    TreeView(Tree tree, Tree walk) {
        this.tree = tree;
        this.walk = walk;
    }

    int inode(long ino, Inode out) {
        int rc = tree.get(IndexKey.one(tree.key, IndexKey.INODE, ino));
        if (rc != 0) {
            return rc;
        }
        return InodeValue.decode(tree.value, tree.valueBytes, ino, out) ? 0 : Linux.EIO;
    }

    int lookup(long directory, MemorySegment name, long offset, int length, DirectoryEntry out) {
        if (length <= 0 || length > IndexKey.NAME_BYTES_MAX) {
            return Linux.ENOENT;
        }
        int rc = tree.get(IndexKey.name(tree.key, directory, name, offset, length));
        if (rc != 0) {
            return rc;
        }
        return NameValue.decode(tree.value, tree.valueBytes, out) ? 0 : Linux.EIO;
    }

    int readDirectory(long directory, long afterCookie, DirectoryVisitor visitor) {
        if (afterCookie == Long.MAX_VALUE) {
            return 0;
        }
        int rc = walk.seek(IndexKey.two(walk.key, IndexKey.COOKIE, directory, Math.max(0, afterCookie) + 1));
        while (rc == 0 && IndexKey.isTwoOf(walk.key, walk.keyBytes, IndexKey.COOKIE, directory)) {
            if (!CookieValue.isSound(walk.valueBytes)) {
                return Linux.EIO;
            }
            boolean more = visitor.entry(
                    walk.value,
                    CookieValue.AT_NAME,
                    walk.valueBytes - CookieValue.AT_NAME,
                    CookieValue.ino(walk.value),
                    CookieValue.type(walk.value),
                    IndexKey.second(walk.key));
            if (!more) {
                return 0;
            }
            rc = walk.next();
        }
        return endOfWalk(rc);
    }

    boolean isEmpty(long directory) {
        int rc = tree.seek(IndexKey.two(tree.key, IndexKey.COOKIE, directory, 0));
        return rc == 0 && !IndexKey.isTwoOf(tree.key, tree.keyBytes, IndexKey.COOKIE, directory);
    }

    int readLink(long ino, MemorySegment out, long offset) {
        int rc = tree.get(IndexKey.one(tree.key, IndexKey.SYMLINK, ino));
        if (rc != 0) {
            return -rc;
        }
        int bytes = tree.valueBytes;
        if (bytes == 0) {
            return -Linux.EIO;
        }
        if (bytes > out.byteSize() - offset) {
            return -Linux.ERANGE;
        }
        MemorySegment.copy(tree.value, 0, out, offset, bytes);
        return bytes;
    }

    int extents(long ino, long offset, long length, ExtentList out) {
        assert offset >= 0 && length >= 0 : offset + ", " + length;
        out.begin(offset);
        long end = offset > Long.MAX_VALUE - length ? Long.MAX_VALUE : offset + length;
        int rc = seekExtent(ino, offset);
        while (rc == 0 && out.endOffset() < end && isExtentOf(ino)) {
            long start = IndexKey.second(tree.key);
            if (start >= end) {
                break;
            }
            if (!ExtentValue.isSound(tree.value, tree.valueBytes, start)) {
                return Linux.EIO;
            }
            long at = out.endOffset();
            long stop = Math.min(start + ExtentValue.length(tree.value), end);
            if (stop <= at) {
                return Linux.EIO;
            }
            if (start > at) {
                if (!out.add(start - at, ExtentList.HOLE)) {
                    return 0;
                }
                at = start;
            }
            if (!out.add(stop - at, ExtentValue.position(tree.value) + (at - start))) {
                return 0;
            }
            if (stop < end) {
                rc = tree.next();
            }
        }
        if (rc != 0) {
            return rc == Linux.ENOENT ? Linux.EIO : rc; // keys of another kind follow the last extent
        }
        if (out.endOffset() < end) {
            out.add(end - out.endOffset(), ExtentList.HOLE);
        }
        return 0;
    }

    /** Goes to the extent that holds {@code offset}, or else to the next key behind. */
    private int seekExtent(long ino, long offset) {
        int rc = tree.seek(IndexKey.two(tree.key, IndexKey.EXTENT, ino, offset));
        if (rc != 0 || (isExtentOf(ino) && IndexKey.second(tree.key) == offset)) {
            return rc;
        }
        rc = tree.previous();
        if (rc == 0 && isExtentOf(ino)) {
            long start = IndexKey.second(tree.key);
            if (!ExtentValue.isSound(tree.value, tree.valueBytes, start)) {
                return Linux.EIO;
            }
            if (start + ExtentValue.length(tree.value) > offset) {
                return 0;
            }
        } else if (rc != 0 && rc != Linux.ENOENT) {
            return rc;
        }
        return tree.seek(IndexKey.two(tree.key, IndexKey.EXTENT, ino, offset));
    }

    private boolean isExtentOf(long ino) {
        return IndexKey.isTwoOf(tree.key, tree.keyBytes, IndexKey.EXTENT, ino);
    }

    int attribute(long ino, MemorySegment name, long offset, int length, MemorySegment out, long outOffset) {
        if (length <= 0 || length > IndexKey.NAME_BYTES_MAX) {
            return -Linux.ENODATA;
        }
        int rc = tree.get(IndexKey.attribute(tree.key, ino, name, offset, length));
        if (rc != 0) {
            return rc == Linux.ENOENT ? -Linux.ENODATA : -rc;
        }
        int bytes = tree.valueBytes;
        if (bytes > out.byteSize() - outOffset) {
            return -Linux.ERANGE;
        }
        MemorySegment.copy(tree.value, 0, out, outOffset, bytes);
        return bytes;
    }

    int forEachAttribute(long ino, IndexView.AttributeVisitor visitor) {
        int rc = walk.seek(IndexKey.one(walk.key, IndexKey.ATTRIBUTE, ino));
        while (rc == 0 && IndexKey.isAttributeOf(walk.key, walk.keyBytes, ino)) {
            int nameLength = walk.keyBytes - IndexKey.AT_NAME;
            if (!visitor.attribute(walk.key, IndexKey.AT_NAME, nameLength, walk.valueBytes)) {
                return 0;
            }
            rc = walk.next();
        }
        return endOfWalk(rc);
    }

    SegmentInfo segment(int stream, long number) {
        int rc = tree.get(IndexKey.segment(tree.key, IndexKey.SEGMENT, stream, number));
        return rc == 0 && SegmentValue.isSound(tree.value, tree.valueBytes)
                ? SegmentValue.info(tree.value, stream, number)
                : null;
    }

    Placement placement(int stream, long number) {
        int rc = tree.get(IndexKey.segment(tree.key, IndexKey.PLACEMENT, stream, number));
        return rc == 0 ? Placement.decode(tree.value, tree.valueBytes) : null;
    }

    int forEachSegment(int stream, Consumer<SegmentInfo> visitor) {
        int rc = walk.seek(IndexKey.segment(walk.key, IndexKey.SEGMENT, stream, 0));
        while (rc == 0 && isOfStream(IndexKey.SEGMENT, stream)) {
            if (!SegmentValue.isSound(walk.value, walk.valueBytes)) {
                return Linux.EIO;
            }
            visitor.accept(SegmentValue.info(walk.value, stream, IndexKey.number(walk.key)));
            rc = walk.next();
        }
        return endOfWalk(rc);
    }

    int forEachPlacement(int stream, Consumer<Placement> visitor) {
        int rc = walk.seek(IndexKey.segment(walk.key, IndexKey.PLACEMENT, stream, 0));
        while (rc == 0 && isOfStream(IndexKey.PLACEMENT, stream)) {
            Placement placement = Placement.decode(walk.value, walk.valueBytes);
            if (placement == null) {
                return Linux.EIO;
            }
            visitor.accept(placement);
            rc = walk.next();
        }
        return endOfWalk(rc);
    }

    private boolean isOfStream(byte tag, int stream) {
        return walk.keyBytes == IndexKey.SEGMENT_BYTES
                && IndexKey.isTag(walk.key, walk.keyBytes, tag)
                && IndexKey.stream(walk.key) == stream;
    }

    int forEachOrphan(IndexView.OrphanVisitor visitor) {
        int rc = walk.seek(IndexKey.one(walk.key, IndexKey.ORPHAN, 0));
        while (rc == 0
                && walk.keyBytes == IndexKey.ONE_BYTES
                && IndexKey.isTag(walk.key, walk.keyBytes, IndexKey.ORPHAN)) {
            if (!visitor.orphan(IndexKey.first(walk.key))) {
                return 0;
            }
            rc = walk.next();
        }
        return endOfWalk(rc);
    }

    int forEachEntry(Index.EntryVisitor visitor) {
        walk.key.set(java.lang.foreign.ValueLayout.JAVA_BYTE, 0, (byte) 0);
        int rc = walk.seek(1);
        while (rc == 0) {
            visitor.entry(walk.key, walk.keyBytes, walk.value, walk.valueBytes);
            rc = walk.next();
        }
        return endOfWalk(rc);
    }

    /** Null when this is an index of that volume; else what is wrong. */
    String formatMismatch(IndexContext context) {
        int rc = tree.get(IndexKey.meta(tree.key, FormatValue.KEY));
        if (rc != 0) {
            return "it has no readable format entry (errno " + rc + ")";
        }
        return FormatValue.mismatch(tree.value, tree.valueBytes, context.volumeId(), context.segmentBytes());
    }

    /** Fills {@code out} with the stored state. */
    int state(IndexState out) {
        int rc = tree.get(IndexKey.meta(tree.key, IndexState.KEY));
        if (rc != 0) {
            return rc == Linux.ENOENT ? Linux.EIO : rc;
        }
        return out.decode(tree.value, tree.valueBytes) ? 0 : Linux.EIO;
    }

    private static int endOfWalk(int rc) {
        return rc == Linux.ENOENT ? 0 : rc;
    }
}
