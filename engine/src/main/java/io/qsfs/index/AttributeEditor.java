package io.qsfs.index;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.log.record.RemoveXattrRecord;
import io.qsfs.log.record.SetXattrRecord;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Applies the records of extended attributes: SET_XATTR, REMOVE_XATTR; and what becomes of attributes when an inode loses its
 * privileges or goes. Each looks first and changes after.
 *
 * <p>Threading: that of the writer.
 */
final class AttributeEditor {
    private static final int PERMISSIONS = 07777;
    private static final MemorySegment CAPABILITY = Arena.global().allocateFrom("security.capability");
    private static final int CAPABILITY_BYTES = (int) CAPABILITY.byteSize() - 1; // without the 0 at its end

    private final Tree tree;
    private final InodeTable inodes;
    private final Inode inode = new Inode();

    AttributeEditor(Tree tree, InodeTable inodes) {
        this.tree = tree;
        this.inodes = inodes;
    }

    int set(MemorySegment record, long at) {
        int rc = inodes.load(SetXattrRecord.ino(record, at), inode);
        if (rc != 0) {
            return rc;
        }
        int nameLength = SetXattrRecord.nameLength(record, at);
        int valueLength = SetXattrRecord.valueLength(record, at);
        int keyBytes =
                IndexKey.attribute(tree.key, inode.ino, record, SetXattrRecord.nameOffset(record, at), nameLength);
        rc = tree.get(keyBytes);
        if (rc != 0 && rc != Linux.ENOENT) {
            return rc;
        }
        inode.attributeBytes += rc == 0 ? valueLength - tree.valueBytes : sumOf(nameLength, valueLength);
        MemorySegment.copy(record, SetXattrRecord.valueOffset(record, at), tree.value, 0, valueLength);
        rc = tree.put(keyBytes, valueLength);
        if (rc != 0) {
            return rc;
        }
        boolean hasMode = (RecordHeader.flags(record, at) & SetXattrRecord.FLAG_MODE) != 0;
        return storeChanged(hasMode, SetXattrRecord.mode(record, at), RecordHeader.timeNs(record, at));
    }

    int remove(MemorySegment record, long at) {
        int rc = inodes.load(RemoveXattrRecord.ino(record, at), inode);
        if (rc != 0) {
            return rc;
        }
        rc = delete(inode, record, RemoveXattrRecord.nameOffset(record, at), RemoveXattrRecord.nameLength(record, at));
        if (rc != 0) {
            return rc == Linux.ENOENT ? Refusal.NO_ATTRIBUTE.code() : rc;
        }
        boolean hasMode = (RecordHeader.flags(record, at) & RemoveXattrRecord.FLAG_MODE) != 0;
        return storeChanged(hasMode, RemoveXattrRecord.mode(record, at), RecordHeader.timeNs(record, at));
    }

    private int storeChanged(boolean hasMode, int mode, long timeNs) {
        if (hasMode) {
            inode.mode = (inode.mode & Linux.S_IFMT) | (mode & PERMISSIONS);
        }
        inode.ctimeNs = timeNs;
        return inodes.store(inode);
    }

    /** File capabilities go, if there are any. The caller stores the inode. */
    int removeCapability(Inode owner) {
        if (owner.attributeBytes == 0) {
            return 0;
        }
        int rc = delete(owner, CAPABILITY, 0, CAPABILITY_BYTES);
        return rc == Linux.ENOENT ? 0 : rc;
    }

    /** All attributes go with the inode, which the caller removes. */
    int removeAll(Inode owner) {
        if (owner.attributeBytes == 0) {
            return 0;
        }
        int rc = tree.seek(IndexKey.one(tree.key, IndexKey.ATTRIBUTE, owner.ino));
        while (rc == 0 && IndexKey.isAttributeOf(tree.key, tree.keyBytes, owner.ino)) {
            rc = tree.delete(tree.keyBytes);
            rc = rc == 0 ? tree.seek(IndexKey.one(tree.key, IndexKey.ATTRIBUTE, owner.ino)) : rc;
        }
        return rc == Linux.ENOENT ? 0 : rc;
    }

    /** ENOENT when it is not there. */
    private int delete(Inode owner, MemorySegment name, long nameOffset, int nameLength) {
        int keyBytes = IndexKey.attribute(tree.key, owner.ino, name, nameOffset, nameLength);
        int rc = tree.get(keyBytes);
        if (rc != 0) {
            return rc;
        }
        owner.attributeBytes -= sumOf(nameLength, tree.valueBytes);
        return tree.delete(keyBytes);
    }

    private static int sumOf(int nameLength, int valueLength) {
        return nameLength + 1 + valueLength;
    }
}
