package io.qsfs.fs;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.index.IndexWriter;
import io.qsfs.index.Inode;
import io.qsfs.log.MetaStream;
import io.qsfs.log.record.RemoveXattrRecord;
import io.qsfs.log.record.SetAttrRecord;
import io.qsfs.log.record.SetXattrRecord;
import io.qsfs.memory.Clock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Decides what a change of extended attributes means. Each method returns 0 or the errno of the answer.
 *
 * <p>A POSIX access ACL and the permission bits say the same at any moment: they change in one record. An ACL that permission bits
 * can say alone is not kept.
 *
 * <p>Threading: {@code file-system} only. Names and values are borrowed from the ring until return.
 */
final class AttributeOperations {
    /** All attributes of an inode: names, a 0 behind each, values. Twice the longest value. */
    static final int BYTES_MAX = 128 << 10;
    /** Longest ACL: the kernel takes no more than a page. */
    static final int ACL_BYTES_MAX = 4096;
    /** Flag of setxattr(2): the attribute must not be there. */
    static final int XATTR_CREATE = 1;
    /** Flag of setxattr(2): the attribute must be there. */
    static final int XATTR_REPLACE = 2;
    /** Bytes that the records of what a new inode inherits take at most. */
    static final int INHERITED_BYTES_MAX = 2 * (SetXattrRecord.FIXED_BYTES + 32 + ACL_BYTES_MAX);

    private static final int GROUP_AND_OTHERS = 077;

    private final IndexWriter index;
    private final RecordSink sink;
    private final ChangeMarks marks;
    private final Clock clock;
    private final Inode subject = new Inode();
    private final MemorySegment old;
    private final MemorySegment acl;
    private final MemorySegment handedOn;
    private int handedOnBytes;
    private int inheritedMode;

    /** @param arena owns buffers; longer than this is used. */
    AttributeOperations(IndexWriter index, RecordSink sink, ChangeMarks marks, Clock clock, Arena arena) {
        this.index = index;
        this.sink = sink;
        this.marks = marks;
        this.clock = clock;
        this.old = arena.allocate(SetXattrRecord.VALUE_MAX, 8);
        this.acl = arena.allocate(ACL_BYTES_MAX, 8);
        this.handedOn = arena.allocate(ACL_BYTES_MAX, 8);
    }

    /** setxattr; {@code dropsSetGroupId}: whoever sets an access ACL is not of the file's group. */
    int set(
            long ino,
            int flags,
            boolean dropsSetGroupId,
            MemorySegment text,
            long nameOffset,
            int nameLength,
            long valueOffset,
            int valueLength) {
        int outcome = AttributeNames.refusal(text, nameOffset, nameLength);
        if (outcome != 0) {
            return outcome;
        }
        if ((flags & ~(XATTR_CREATE | XATTR_REPLACE)) != 0) {
            return Linux.EINVAL;
        }
        outcome = index.inode(ino, subject);
        if (outcome != 0) {
            return outcome;
        }
        int oldBytes = index.attribute(ino, text, nameOffset, nameLength, old, 0);
        if (oldBytes < 0 && oldBytes != -Linux.ENODATA) {
            return -oldBytes;
        }
        boolean exists = oldBytes >= 0;
        if (exists && (flags & XATTR_CREATE) != 0) {
            return Linux.EEXIST;
        }
        if (!exists && (flags & XATTR_REPLACE) != 0) {
            return Linux.ENODATA;
        }
        int added = exists ? valueLength - oldBytes : nameLength + 1 + valueLength;
        if (added > 0 && subject.attributeBytes + added > BYTES_MAX) {
            return Linux.ENOSPC;
        }
        boolean isAccess = AttributeNames.isAccessAcl(text, nameOffset, nameLength);
        if (isAccess || AttributeNames.isDefaultAcl(text, nameOffset, nameLength)) {
            outcome = checkAcl(isAccess, text, valueOffset, valueLength);
            if (outcome != 0) {
                return outcome;
            }
        }
        if (!isAccess) {
            return put(ino, 0, 0, text, nameOffset, nameLength, text, valueOffset, valueLength);
        }
        int mode = PosixAcl.mode(acl, valueLength, subject.mode) & Modes.PERMISSIONS;
        mode = dropsSetGroupId ? mode & ~Modes.SET_GID : mode;
        if (!PosixAcl.isMinimal(acl, valueLength)) {
            return put(
                    ino, SetXattrRecord.FLAG_MODE, mode, text, nameOffset, nameLength, text, valueOffset, valueLength);
        }
        return exists
                ? drop(ino, RemoveXattrRecord.FLAG_MODE, mode, text, nameOffset, nameLength)
                : changeModeAlone(ino, mode);
    }

    /** Leaves the list in {@link #acl}. */
    private int checkAcl(boolean isAccess, MemorySegment text, long valueOffset, int valueLength) {
        if ((subject.mode & Modes.TYPE_MASK) == Modes.SYMLINK) {
            return Linux.EOPNOTSUPP;
        }
        if (!isAccess && !Modes.isDirectory(subject.mode)) {
            return Linux.EACCES;
        }
        if (valueLength > ACL_BYTES_MAX) {
            return Linux.E2BIG;
        }
        MemorySegment.copy(text, valueOffset, acl, 0, valueLength);
        return PosixAcl.isSound(acl, valueLength) ? 0 : Linux.EINVAL;
    }

    /** removexattr. An ACL that is not there is removed with success, as by other file systems. */
    int remove(long ino, MemorySegment text, long nameOffset, int nameLength) {
        int refusal = AttributeNames.refusal(text, nameOffset, nameLength);
        if (refusal != 0) {
            return refusal;
        }
        int oldBytes = index.attribute(ino, text, nameOffset, nameLength, old, 0);
        if (oldBytes == -Linux.ENODATA) {
            boolean isAcl = AttributeNames.isAccessAcl(text, nameOffset, nameLength)
                    || AttributeNames.isDefaultAcl(text, nameOffset, nameLength);
            return isAcl ? 0 : Linux.ENODATA;
        }
        return oldBytes < 0 ? -oldBytes : drop(ino, 0, 0, text, nameOffset, nameLength);
    }

    /**
     * The part of chmod that concerns an access ACL: it gets the bits, in one record with the mode.
     *
     * @param inode as it is now.
     */
    int changeMode(Inode inode, int mode) {
        if (inode.attributeBytes == 0) {
            return 0;
        }
        MemorySegment name = AttributeNames.ACL_ACCESS;
        int bytes = index.attribute(inode.ino, name, 0, (int) name.byteSize(), acl, 0);
        if (bytes < 0) {
            return bytes == -Linux.ENODATA ? 0 : -bytes;
        }
        PosixAcl.changeMode(acl, bytes, mode);
        return put(inode.ino, SetXattrRecord.FLAG_MODE, mode, name, 0, (int) name.byteSize(), acl, 0, bytes);
    }

    /**
     * Begins the making of an inode: looks for what it inherits.
     *
     * @param parent the directory, as it is now.
     * @param mode as asked for, before the umask.
     * @return the mode of the new inode, with which it can be made before {@link #putInherited} follows: never more than what
     *     it will have; or -errno.
     */
    int inherit(Inode parent, int mode, int umask) {
        handedOnBytes = 0;
        if (parent.attributeBytes > 0) {
            MemorySegment name = AttributeNames.ACL_DEFAULT;
            int bytes = index.attribute(parent.ino, name, 0, (int) name.byteSize(), handedOn, 0);
            if (bytes < 0 && bytes != -Linux.ENODATA) {
                return bytes;
            }
            handedOnBytes = Math.max(0, bytes);
        }
        if (handedOnBytes == 0) {
            return mode & ~umask;
        }
        MemorySegment.copy(handedOn, 0, acl, 0, handedOnBytes);
        inheritedMode = PosixAcl.restrict(acl, handedOnBytes, mode);
        // A crash may keep the inode without its ACL, which can deny what the bits of group and others grant.
        return PosixAcl.isMinimal(acl, handedOnBytes) ? inheritedMode : inheritedMode & ~GROUP_AND_OTHERS;
    }

    /** Gives a new inode what {@link #inherit} found. */
    int putInherited(long ino) {
        if (handedOnBytes == 0) {
            return 0;
        }
        int outcome = 0;
        if (!PosixAcl.isMinimal(acl, handedOnBytes)) {
            MemorySegment name = AttributeNames.ACL_ACCESS;
            int mode = inheritedMode & Modes.PERMISSIONS;
            outcome = put(ino, SetXattrRecord.FLAG_MODE, mode, name, 0, (int) name.byteSize(), acl, 0, handedOnBytes);
        }
        if (outcome == 0 && Modes.isDirectory(inheritedMode)) {
            MemorySegment name = AttributeNames.ACL_DEFAULT;
            outcome = put(ino, 0, 0, name, 0, (int) name.byteSize(), handedOn, 0, handedOnBytes);
        }
        return outcome;
    }

    private int put(
            long ino,
            int flags,
            int mode,
            MemorySegment name,
            long nameOffset,
            int nameLength,
            MemorySegment value,
            long valueOffset,
            int valueLength) {
        MetaStream meta = sink.meta();
        long at = meta.stagingOffset(SetXattrRecord.FIXED_BYTES + nameLength + valueLength + 8);
        if (at < 0) {
            return (int) -at;
        }
        int length = SetXattrRecord.encode(
                meta.staging(),
                at,
                clock.realtimeNs(),
                flags,
                ino,
                mode,
                name,
                nameOffset,
                nameLength,
                value,
                valueOffset,
                valueLength);
        marks.mark(ino);
        return sink.append(at, length);
    }

    private int drop(long ino, int flags, int mode, MemorySegment name, long nameOffset, int nameLength) {
        MetaStream meta = sink.meta();
        long at = meta.stagingOffset(RemoveXattrRecord.FIXED_BYTES + nameLength + 8);
        if (at < 0) {
            return (int) -at;
        }
        int length = RemoveXattrRecord.encode(
                meta.staging(), at, clock.realtimeNs(), flags, ino, mode, name, nameOffset, nameLength);
        marks.mark(ino);
        return sink.append(at, length);
    }

    private int changeModeAlone(long ino, int mode) {
        MetaStream meta = sink.meta();
        long at = meta.stagingOffset(SetAttrRecord.FIXED_BYTES);
        if (at < 0) {
            return (int) -at;
        }
        int length = SetAttrRecord.encode(
                meta.staging(), at, clock.realtimeNs(), 0, ino, SetAttrRecord.MODE, mode, 0, 0, 0, 0, 0, 0);
        marks.mark(ino);
        return sink.append(at, length);
    }
}
