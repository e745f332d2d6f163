package io.qsfs.index;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.log.record.CloneRecord;
import io.qsfs.log.record.PunchRecord;
import io.qsfs.log.record.PurgeRecord;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.log.record.SetAttrRecord;
import io.qsfs.log.record.WriteRecord;
import java.lang.foreign.MemorySegment;

/**
 * Applies the records that change one inode and its content: WRITE, SET_ATTR, PUNCH, CLONE, PURGE. Each looks first and changes
 * after.
 *
 * <p>Threading: that of the writer.
 */
final class FileEditor {
    private static final int PERMISSIONS = 07777;

    private final Tree tree;
    private final InodeTable inodes;
    private final ExtentEditor extents;
    private final AttributeEditor attributes;
    private final IndexState state;
    private final long segmentBytes;
    private final Inode inode = new Inode();

    FileEditor(
            Tree tree,
            InodeTable inodes,
            ExtentEditor extents,
            AttributeEditor attributes,
            IndexState state,
            long segmentBytes) {
        this.tree = tree;
        this.inodes = inodes;
        this.extents = extents;
        this.attributes = attributes;
        this.state = state;
        this.segmentBytes = segmentBytes;
    }

    int write(MemorySegment record, long at) {
        long fileOffset = WriteRecord.fileOffset(record, at);
        long position = WriteRecord.position(record, at);
        int bytes = WriteRecord.dataLength(record, at);
        if (bytes <= 0
                || fileOffset < 0
                || position < 0
                || fileOffset > Long.MAX_VALUE - bytes
                || position > Long.MAX_VALUE - bytes) {
            return Refusal.BAD_RANGE.code();
        }
        if (position / segmentBytes != (position + bytes - 1) / segmentBytes) {
            return Refusal.CROSSES_SEGMENT.code();
        }
        int rc = inodes.loadFile(WriteRecord.ino(record, at), inode);
        if (rc != 0) {
            return rc;
        }
        rc = extents.write(inode.ino, fileOffset, bytes, position);
        if (rc != 0) {
            return rc;
        }
        account(bytes - extents.freedBytes());
        state.dataEnd = Math.max(state.dataEnd, position + bytes);
        inode.size = Math.max(inode.size, fileOffset + bytes);
        boolean keepsTimes = (RecordHeader.flags(record, at) & WriteRecord.FLAG_KEEPS_TIMES) != 0;
        return keepsTimes
                ? storeContent(record, at, WriteRecord.FLAG_KILL_PRIVILEGES)
                : storeChanged(record, at, WriteRecord.FLAG_KILL_PRIVILEGES);
    }

    int punch(MemorySegment record, long at) {
        long from = PunchRecord.fileOffset(record, at);
        long bytes = PunchRecord.bytes(record, at);
        if (!isRange(from, bytes)) {
            return Refusal.BAD_RANGE.code();
        }
        int rc = inodes.loadFile(PunchRecord.ino(record, at), inode);
        if (rc != 0) {
            return rc;
        }
        rc = extents.punch(inode.ino, from, from + bytes);
        if (rc != 0) {
            return rc;
        }
        account(-extents.freedBytes());
        if ((RecordHeader.flags(record, at) & PunchRecord.FLAG_GROWS) != 0) {
            inode.size = Math.max(inode.size, from + bytes);
        }
        return storeChanged(record, at, PunchRecord.FLAG_KILL_PRIVILEGES);
    }

    int cloneRange(MemorySegment record, long at) {
        long sourceIno = CloneRecord.sourceIno(record, at);
        long sourceFrom = CloneRecord.sourceOffset(record, at);
        long ino = CloneRecord.ino(record, at);
        long from = CloneRecord.fileOffset(record, at);
        long bytes = CloneRecord.bytes(record, at);
        if (!isRange(sourceFrom, bytes) || !isRange(from, bytes)) {
            return Refusal.BAD_RANGE.code();
        }
        if (sourceIno == ino && sourceFrom < from + bytes && from < sourceFrom + bytes) {
            return Refusal.OVERLAPS.code();
        }
        int rc = inodes.loadFile(sourceIno, inode);
        rc = rc == 0 ? inodes.loadFile(ino, inode) : rc;
        if (rc != 0) {
            return rc;
        }
        rc = extents.cloneRange(sourceIno, sourceFrom, bytes, ino, from);
        if (rc != 0) {
            return rc;
        }
        account(extents.clonedBytes() - extents.freedBytes());
        inode.size = Math.max(inode.size, from + bytes);
        return storeChanged(record, at, CloneRecord.FLAG_KILL_PRIVILEGES);
    }

    private static boolean isRange(long from, long bytes) {
        return from >= 0 && bytes > 0 && from <= Long.MAX_VALUE - bytes;
    }

    /** Content changed: its times are the record's, and with the flag the privileges go. */
    private int storeChanged(MemorySegment record, long at, int killFlag) {
        inode.mtimeNs = RecordHeader.timeNs(record, at);
        inode.ctimeNs = inode.mtimeNs;
        return storeContent(record, at, killFlag);
    }

    private int storeContent(MemorySegment record, long at, int killFlag) {
        int rc = (RecordHeader.flags(record, at) & killFlag) != 0 ? killPrivileges() : 0;
        return rc == 0 ? inodes.store(inode) : rc;
    }

    int setAttributes(MemorySegment record, long at) {
        int valid = SetAttrRecord.valid(record, at);
        int rc = inodes.load(SetAttrRecord.ino(record, at), inode);
        if (rc != 0) {
            return rc;
        }
        long timeNs = RecordHeader.timeNs(record, at);
        if ((valid & SetAttrRecord.SIZE) != 0) {
            rc = resize(SetAttrRecord.size(record, at));
            if (rc != 0) {
                return rc;
            }
            inode.mtimeNs = timeNs;
        }
        if ((valid & SetAttrRecord.MODE) != 0) {
            inode.mode = (inode.mode & Linux.S_IFMT) | (SetAttrRecord.mode(record, at) & PERMISSIONS);
        }
        if ((valid & SetAttrRecord.UID) != 0) {
            inode.uid = SetAttrRecord.uid(record, at);
        }
        if ((valid & SetAttrRecord.GID) != 0) {
            inode.gid = SetAttrRecord.gid(record, at);
        }
        if ((valid & SetAttrRecord.ATIME) != 0) {
            inode.atimeNs = SetAttrRecord.atimeNs(record, at);
        }
        if ((valid & SetAttrRecord.MTIME) != 0) {
            inode.mtimeNs = SetAttrRecord.mtimeNs(record, at);
        }
        inode.ctimeNs = (valid & SetAttrRecord.CTIME) != 0 ? SetAttrRecord.ctimeNs(record, at) : timeNs;
        if ((RecordHeader.flags(record, at) & SetAttrRecord.FLAG_KILL_PRIVILEGES) != 0) {
            rc = killPrivileges();
        }
        return rc == 0 ? inodes.store(inode) : rc;
    }

    private int resize(long size) {
        if (!inode.isRegularFile()) {
            return Refusal.NOT_A_FILE.code();
        }
        if (size < 0) {
            return Refusal.BAD_RANGE.code();
        }
        if (size < inode.size) {
            int rc = extents.cut(inode.ino, size);
            if (rc != 0) {
                return rc;
            }
            account(-extents.freedBytes());
        }
        inode.size = size;
        return 0;
    }

    /** However many extents the file has, they go one by one in the tree; only the transaction's pages grow. */
    int purge(MemorySegment record, long at) {
        long ino = PurgeRecord.ino(record, at);
        int rc = inodes.load(ino, inode);
        if (rc != 0) {
            return rc;
        }
        rc = tree.get(IndexKey.one(tree.key, IndexKey.ORPHAN, ino));
        if (rc != 0) {
            return rc == Linux.ENOENT ? Refusal.NOT_AN_ORPHAN.code() : rc;
        }
        if (inode.isRegularFile()) {
            rc = extents.cut(ino, 0);
            account(-extents.freedBytes());
        } else if (inode.isSymbolicLink()) {
            rc = tree.delete(IndexKey.one(tree.key, IndexKey.SYMLINK, ino));
        }
        rc = rc == 0 ? attributes.removeAll(inode) : rc;
        if (rc == 0) {
            rc = tree.delete(IndexKey.one(tree.key, IndexKey.INODE, ino));
        }
        if (rc == 0) {
            rc = tree.delete(IndexKey.one(tree.key, IndexKey.ORPHAN, ino));
        }
        state.inodes--;
        return rc;
    }

    private void account(long bytes) {
        inode.allocatedBytes += bytes;
        state.allocatedBytes += bytes;
    }

    private int killPrivileges() {
        inode.mode = withoutPrivileges(inode.mode);
        return attributes.removeCapability(inode);
    }

    /** As the kernel does: the group bit without group execution means mandatory locking and stays. */
    private static int withoutPrivileges(int mode) {
        int kept = mode & ~Linux.S_ISUID;
        return (mode & Linux.S_IXGRP) != 0 ? kept & ~Linux.S_ISGID : kept;
    }
}
