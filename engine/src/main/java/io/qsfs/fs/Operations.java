package io.qsfs.fs;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.index.DirectoryEntry;
import io.qsfs.index.ExtentList;
import io.qsfs.index.IndexWriter;
import io.qsfs.index.Inode;
import io.qsfs.log.MetaStream;
import io.qsfs.log.record.CloneRecord;
import io.qsfs.log.record.LinkRecord;
import io.qsfs.log.record.MakeRecord;
import io.qsfs.log.record.PunchRecord;
import io.qsfs.log.record.PurgeRecord;
import io.qsfs.log.record.RenameRecord;
import io.qsfs.log.record.SetAttrRecord;
import io.qsfs.log.record.UnlinkRecord;
import io.qsfs.log.record.WriteRecord;
import io.qsfs.memory.Clock;
import java.lang.foreign.MemorySegment;

/**
 * Decides what a change means: checks it against the index as it stands with all changes before it, writes its record, and
 * applies that. Each method returns 0 or the errno of the answer; a change that was refused left nothing behind.
 *
 * <p>Permissions are the kernel's ({@code default_permissions}); what it cannot know (set-group-id directories, link counts,
 * emptiness) is decided here.
 *
 * <p>Threading: {@code file-system} only. Names are borrowed from the ring until return.
 */
final class Operations {
    /** Most names of one inode, as on ext4. */
    static final int LINKS_MAX = 65_000;

    /** RENAME_NOREPLACE of renameat2(2). */
    static final int RENAME_NOREPLACE = 1;

    /** RENAME_EXCHANGE of renameat2(2). */
    static final int RENAME_EXCHANGE = 2;

    /** Most bytes that one clone shares: the caller is told how many, and goes on. */
    static final long CLONE_BYTES_MAX = 1L << 30;

    /** Most pieces of the source that one clone shares, so that no request holds up others for long. */
    private static final int CLONE_PIECES_MAX = 1_024;

    /** Bit beside those of {@link SetAttrRecord}: privileges go, as the kernel wants it of a truncation. */
    static final int KILL_PRIVILEGES = 1 << 30;

    private final IndexWriter index;
    private final RecordSink sink;
    private final ChangeMarks marks;
    private final LookupCounts lookups;
    private final Orphans orphans;
    private final Quota quota;
    private final AttributeOperations attributes;
    private final Clock clock;

    private final Inode parent = new Inode();
    private final Inode subject = new Inode();
    private final Inode target = new Inode();
    private final DirectoryEntry entry = new DirectoryEntry();
    private final DirectoryEntry targetEntry = new DirectoryEntry();
    private final ExtentList pieces = new ExtentList(CLONE_PIECES_MAX);
    private long clonedBytes;

    Operations(
            IndexWriter index,
            RecordSink sink,
            ChangeMarks marks,
            LookupCounts lookups,
            Orphans orphans,
            Quota quota,
            AttributeOperations attributes,
            Clock clock) {
        this.index = index;
        this.sink = sink;
        this.marks = marks;
        this.lookups = lookups;
        this.orphans = orphans;
        this.quota = quota;
        this.attributes = attributes;
        this.clock = clock;
    }

    /** lookup in the state with all changes. On success the lookup is counted. */
    int lookup(long directory, MemorySegment text, long nameOffset, int nameLength, Inode found) {
        int outcome = index.lookup(directory, text, nameOffset, nameLength, entry);
        if (outcome == 0) {
            outcome = index.inode(entry.ino, found);
        }
        if (outcome == 0) {
            lookups.increment(found.ino);
        }
        return outcome;
    }

    /** getattr in the state with all changes. */
    int attributes(long ino, Inode found) {
        return index.inode(ino, found);
    }

    /**
     * mknod, mkdir, symlink, create. On success {@code made} is the new inode, and its lookup is counted. A file with an empty name
     * is one without any, which lives as long as the kernel knows it, unless it gets a name meanwhile.
     *
     * @param umask of the caller; it counts where the directory hands on no default ACL.
     */
    int make(
            long directory,
            int mode,
            int umask,
            int uid,
            int gid,
            int rdev,
            MemorySegment text,
            long nameOffset,
            int nameLength,
            long targetOffset,
            int targetLength,
            Inode made) {
        boolean isUnnamed = nameLength == 0;
        if (isUnnamed && !Modes.isRegular(mode)) {
            return Linux.EINVAL;
        }
        int outcome = isUnnamed ? livingDirectory(directory) : newName(directory, text, nameOffset, nameLength);
        if (outcome != 0) {
            return outcome;
        }
        int group = gid;
        int bits = mode;
        if ((parent.mode & Modes.SET_GID)
                != 0) { // BSD group semantics: the directory's group, and handed on by directories
            group = parent.gid;
            bits = Modes.isDirectory(mode) ? mode | Modes.SET_GID : mode;
        }
        if (Modes.isDirectory(mode) && parent.nlink >= LINKS_MAX) {
            return Linux.EMLINK;
        }
        if (!quota.hasRoomForInode(index.inodes())) {
            return Linux.EDQUOT;
        }
        boolean isSymlink = (mode & Modes.TYPE_MASK) == Modes.SYMLINK;
        if (!isSymlink) {
            bits = attributes.inherit(parent, bits, umask);
            if (bits < 0) {
                return -bits;
            }
        }
        long ino = index.nextInode();
        MetaStream meta = sink.meta();
        int inherited = isSymlink ? 0 : AttributeOperations.INHERITED_BYTES_MAX; // room for all or for none
        long at = meta.stagingOffset(MakeRecord.FIXED_BYTES + nameLength + targetLength + 8 + inherited);
        if (at < 0) {
            return (int) -at;
        }
        int length = MakeRecord.encode(
                meta.staging(),
                at,
                clock.realtimeNs(),
                directory,
                ino,
                bits,
                uid,
                group,
                rdev,
                text,
                nameOffset,
                nameLength,
                text,
                targetOffset,
                targetLength);
        marks.mark(directory);
        marks.mark(ino);
        outcome = sink.append(at, length);
        if (outcome == 0 && !isSymlink) {
            outcome = attributes.putInherited(ino);
        }
        if (outcome != 0) {
            return outcome;
        }
        lookups.increment(ino);
        if (isUnnamed) {
            orphans.add(ino);
        }
        return index.inode(ino, made);
    }

    /**
     * link. On success {@code linked} is the inode with its new count, and its lookup is counted. Of files without names, the kernel
     * passes on those alone that were made so, to be linked.
     */
    int link(long ino, long directory, MemorySegment text, long nameOffset, int nameLength, Inode linked) {
        int outcome = index.inode(ino, subject);
        if (outcome != 0) {
            return outcome;
        }
        if (Modes.isDirectory(subject.mode)) {
            return Linux.EPERM;
        }
        boolean isUnnamed = subject.nlink == 0;
        if (isUnnamed && !orphans.contains(ino)) {
            return Linux.ENOENT;
        }
        if (subject.nlink >= LINKS_MAX) {
            return Linux.EMLINK;
        }
        outcome = newName(directory, text, nameOffset, nameLength);
        if (outcome != 0) {
            return outcome;
        }
        MetaStream meta = sink.meta();
        long at = meta.stagingOffset(LinkRecord.FIXED_BYTES + nameLength + 8);
        if (at < 0) {
            return (int) -at;
        }
        int length =
                LinkRecord.encode(meta.staging(), at, clock.realtimeNs(), ino, directory, text, nameOffset, nameLength);
        marks.mark(directory);
        marks.mark(ino);
        outcome = sink.append(at, length);
        if (outcome != 0) {
            return outcome;
        }
        if (isUnnamed) {
            orphans.remove(ino);
        }
        lookups.increment(ino);
        return index.inode(ino, linked);
    }

    /** unlink. */
    int unlink(long directory, MemorySegment text, long nameOffset, int nameLength) {
        int outcome = index.lookup(directory, text, nameOffset, nameLength, entry);
        if (outcome == 0) {
            outcome = index.inode(entry.ino, subject);
        }
        if (outcome != 0) {
            return outcome;
        }
        if (Modes.isDirectory(subject.mode)) {
            return Linux.EISDIR;
        }
        return removeName(directory, text, nameOffset, nameLength, 0, subject.nlink == 1);
    }

    /** rmdir. */
    int removeDirectory(long directory, MemorySegment text, long nameOffset, int nameLength) {
        int outcome = index.lookup(directory, text, nameOffset, nameLength, entry);
        if (outcome == 0) {
            outcome = index.inode(entry.ino, subject);
        }
        if (outcome != 0) {
            return outcome;
        }
        if (!Modes.isDirectory(subject.mode)) {
            return Linux.ENOTDIR;
        }
        if (!index.isEmpty(entry.ino)) {
            return Linux.ENOTEMPTY;
        }
        return removeName(directory, text, nameOffset, nameLength, 1, true);
    }

    private int removeName(
            long directory, MemorySegment text, long nameOffset, int nameLength, int isDirectory, boolean isLast) {
        MetaStream meta = sink.meta();
        long at = meta.stagingOffset(UnlinkRecord.FIXED_BYTES + nameLength + 8);
        if (at < 0) {
            return (int) -at;
        }
        long ino = entry.ino;
        int length = UnlinkRecord.encode(
                meta.staging(), at, clock.realtimeNs(), directory, ino, text, nameOffset, nameLength, isDirectory);
        marks.mark(directory);
        marks.mark(ino);
        int outcome = sink.append(at, length);
        if (outcome == 0 && isLast) {
            orphaned(ino);
        }
        return outcome;
    }

    /** rename and its flags. */
    int rename(
            long directory,
            long newDirectory,
            int flags,
            MemorySegment text,
            long nameOffset,
            int nameLength,
            long newNameOffset,
            int newNameLength) {
        if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) != 0 || flags == (RENAME_NOREPLACE | RENAME_EXCHANGE)) {
            return Linux.EINVAL;
        }
        int outcome = index.lookup(directory, text, nameOffset, nameLength, entry);
        if (outcome == 0) {
            outcome = index.inode(entry.ino, subject);
        }
        if (outcome == 0) {
            outcome = index.inode(newDirectory, parent);
        }
        if (outcome != 0) {
            return outcome;
        }
        if (!Modes.isDirectory(parent.mode)) {
            return Linux.ENOTDIR;
        }
        if (newNameLength > Naming.NAME_MAX) {
            return Linux.ENAMETOOLONG;
        }
        outcome = index.lookup(newDirectory, text, newNameOffset, newNameLength, targetEntry);
        boolean replaces = outcome == 0;
        if (outcome != 0 && outcome != Linux.ENOENT) {
            return outcome;
        }
        outcome = mayRename(directory, newDirectory, flags, replaces);
        if (outcome != 0) {
            return outcome;
        }
        if (replaces && targetEntry.ino == entry.ino) {
            return 0; // two names of one file: POSIX wants nothing done
        }
        MetaStream meta = sink.meta();
        long at = meta.stagingOffset(RenameRecord.FIXED_BYTES + nameLength + newNameLength + 8);
        if (at < 0) {
            return (int) -at;
        }
        long replaced = replaces ? targetEntry.ino : 0;
        int length = RenameRecord.encode(
                meta.staging(),
                at,
                clock.realtimeNs(),
                directory,
                newDirectory,
                entry.ino,
                replaced,
                text,
                nameOffset,
                nameLength,
                text,
                newNameOffset,
                newNameLength,
                flags == RENAME_EXCHANGE ? 1 : 0);
        marks.mark(directory);
        marks.mark(newDirectory);
        marks.mark(entry.ino);
        if (replaces) {
            marks.mark(replaced);
        }
        outcome = sink.append(at, length);
        boolean isLast = target.nlink == 1 || Modes.isDirectory(target.mode);
        if (outcome == 0 && replaces && flags != RENAME_EXCHANGE && isLast) {
            orphaned(replaced);
        }
        return outcome;
    }

    /** Checks types and emptiness; fills {@code target} when a name is replaced. */
    private int mayRename(long directory, long newDirectory, int flags, boolean replaces) {
        if (flags == RENAME_NOREPLACE && replaces) {
            return Linux.EEXIST;
        }
        if (flags == RENAME_EXCHANGE && !replaces) {
            return Linux.ENOENT;
        }
        if (Modes.isDirectory(subject.mode) && directory != newDirectory) {
            int outcome = isAncestor(entry.ino, newDirectory);
            if (outcome != 0) {
                return outcome;
            }
            if (!replaces && parent.nlink >= LINKS_MAX) {
                return Linux.EMLINK;
            }
        }
        if (!replaces) {
            return 0;
        }
        int outcome = index.inode(targetEntry.ino, target);
        if (outcome != 0) {
            return outcome;
        }
        if (flags == RENAME_EXCHANGE) {
            return Modes.isDirectory(target.mode) && directory != newDirectory
                    ? isAncestor(targetEntry.ino, directory)
                    : 0;
        }
        if (Modes.isDirectory(target.mode)) {
            if (!Modes.isDirectory(subject.mode)) {
                return Linux.EISDIR;
            }
            return index.isEmpty(targetEntry.ino) ? 0 : Linux.ENOTEMPTY;
        }
        return Modes.isDirectory(subject.mode) ? Linux.ENOTDIR : 0;
    }

    /** EINVAL when {@code ino} lies on the way from {@code below} up to the root: a directory cannot move into itself. */
    private int isAncestor(long ino, long below) {
        long at = below;
        for (int depth = 0; depth < Naming.DEPTH_MAX; depth++) {
            if (at == ino) {
                return Linux.EINVAL;
            }
            if (at == Naming.ROOT) {
                return 0;
            }
            int outcome = index.inode(at, target);
            if (outcome != 0) {
                return outcome;
            }
            at = target.parent;
        }
        return Linux.ELOOP;
    }

    /**
     * setattr: the fields that {@code valid} names (constants of {@link SetAttrRecord}, and {@link #KILL_PRIVILEGES}).
     *
     * <p>Set-user-id, set-group-id and file capabilities go with a change of owner, as the kernel expects of a file system that says
     * it takes them away (FUSE_HANDLE_KILLPRIV_V2), and when nothing else is asked for: the kernel had only their removal to say.
     */
    int setAttributes(
            long ino,
            int valid,
            int mode,
            int uid,
            int gid,
            long size,
            long atimeNs,
            long mtimeNs,
            long ctimeNs,
            Inode changed) {
        int outcome = index.inode(ino, subject);
        if (outcome != 0) {
            return outcome;
        }
        if ((valid & SetAttrRecord.SIZE) != 0) {
            if (Modes.isDirectory(subject.mode)) {
                return Linux.EISDIR;
            }
            if (!Modes.isRegular(subject.mode) || size < 0) {
                return Linux.EINVAL;
            }
        }
        boolean setsMode = (valid & SetAttrRecord.MODE) != 0;
        if (setsMode) {
            outcome = attributes.changeMode(subject, mode & Modes.PERMISSIONS);
            if (outcome != 0) {
                return outcome;
            }
        }
        boolean changesOwner = (valid & (SetAttrRecord.UID | SetAttrRecord.GID)) != 0;
        boolean saysNothing = (valid & ~SetAttrRecord.CTIME) == 0;
        boolean kills = (valid & KILL_PRIVILEGES) != 0
                || !Modes.isDirectory(subject.mode) && (saysNothing || changesOwner && !setsMode);
        MetaStream meta = sink.meta();
        long at = meta.stagingOffset(SetAttrRecord.FIXED_BYTES);
        if (at < 0) {
            return (int) -at;
        }
        int length = SetAttrRecord.encode(
                meta.staging(),
                at,
                clock.realtimeNs(),
                kills ? SetAttrRecord.FLAG_KILL_PRIVILEGES : 0,
                ino,
                valid & ~KILL_PRIVILEGES,
                mode & Modes.PERMISSIONS,
                uid,
                gid,
                size,
                atimeNs,
                mtimeNs,
                ctimeNs);
        marks.mark(ino);
        outcome = sink.append(at, length);
        return outcome != 0 ? outcome : index.inode(ino, changed);
    }

    /** A range of the data stream becomes content of a file; {@code flags} are the record's. */
    int write(long ino, long fileOffset, long position, int length, int crc32c, int flags) {
        int outcome = index.inode(ino, subject);
        if (outcome != 0) {
            return outcome;
        }
        if (!Modes.isRegular(subject.mode)) {
            return Linux.EINVAL;
        }
        if (fileOffset < 0 || fileOffset > Long.MAX_VALUE - length) {
            return Linux.EFBIG;
        }
        outcome = mayHold(length, ino, fileOffset, length);
        if (outcome != 0) {
            return outcome;
        }
        MetaStream meta = sink.meta();
        long at = meta.stagingOffset(WriteRecord.FIXED_BYTES);
        if (at < 0) {
            return (int) -at;
        }
        int bytes = WriteRecord.encode(
                meta.staging(), at, clock.realtimeNs(), flags, ino, fileOffset, position, length, crc32c);
        marks.mark(ino);
        return sink.append(at, bytes);
    }

    /**
     * A range of a file becomes a hole.
     *
     * @param grows the size becomes at least the end of the range.
     */
    int punch(long ino, long fileOffset, long bytes, boolean grows, boolean killPrivileges) {
        int outcome = index.inode(ino, subject);
        if (outcome == 0) {
            outcome = isRange(fileOffset, bytes);
        }
        if (outcome != 0) {
            return outcome;
        }
        MetaStream meta = sink.meta();
        long at = meta.stagingOffset(PunchRecord.FIXED_BYTES);
        if (at < 0) {
            return (int) -at;
        }
        int flags = (killPrivileges ? PunchRecord.FLAG_KILL_PRIVILEGES : 0) | (grows ? PunchRecord.FLAG_GROWS : 0);
        int length = PunchRecord.encode(meta.staging(), at, clock.realtimeNs(), flags, ino, fileOffset, bytes);
        marks.mark(ino);
        return sink.append(at, length);
    }

    /**
     * A file becomes as long as this at least. Nothing is there yet behind the size that is known here, though the kernel may know
     * a greater one, with dirty pages: only the single writer may say where that is.
     */
    int grow(long ino, long size, boolean killPrivileges) {
        int outcome = index.inode(ino, subject);
        if (outcome != 0 || size <= subject.size) {
            return outcome;
        }
        return punch(ino, subject.size, size - subject.size, true, killPrivileges);
    }

    /**
     * A range of a file becomes what a range of the source is. What lies behind the end of the source is a hole: the kernel
     * owns the size of a file with dirty pages, and has cut the range to it. {@link #clonedBytes} says how much was done.
     */
    int cloneRange(long source, long sourceOffset, long ino, long fileOffset, long bytes, boolean killPrivileges) {
        clonedBytes = 0;
        int outcome = index.inode(source, subject);
        if (outcome == 0) {
            outcome = isRange(sourceOffset, bytes);
        }
        if (outcome == 0) {
            outcome = index.inode(ino, subject);
        }
        if (outcome == 0) {
            outcome = isRange(fileOffset, bytes);
        }
        if (outcome != 0) {
            return outcome;
        }
        if (source == ino && Math.abs(sourceOffset - fileOffset) < bytes) {
            return Linux.EINVAL;
        }
        outcome = index.extents(source, sourceOffset, Math.min(bytes, CLONE_BYTES_MAX), pieces);
        if (outcome != 0) {
            return outcome;
        }
        long cloned = pieces.endOffset() - sourceOffset;
        outcome = mayHold(allocatedInPieces(), ino, fileOffset, cloned);
        if (outcome != 0) {
            return outcome;
        }
        MetaStream meta = sink.meta();
        long at = meta.stagingOffset(CloneRecord.FIXED_BYTES);
        if (at < 0) {
            return (int) -at;
        }
        int flags = killPrivileges ? CloneRecord.FLAG_KILL_PRIVILEGES : 0;
        int length = CloneRecord.encode(
                meta.staging(), at, clock.realtimeNs(), flags, source, sourceOffset, ino, fileOffset, cloned);
        marks.mark(ino);
        outcome = sink.append(at, length);
        clonedBytes = outcome == 0 ? cloned : 0;
        return outcome;
    }

    /** Bytes of the last {@link #cloneRange}: fewer than asked for when the source is in many pieces, or the range is long. */
    long clonedBytes() {
        return clonedBytes;
    }

    /** 0 when {@code subject} can have such a range. */
    private int isRange(long fileOffset, long bytes) {
        if (!Modes.isRegular(subject.mode) || fileOffset < 0 || bytes <= 0) {
            return Linux.EINVAL;
        }
        return fileOffset > Long.MAX_VALUE - bytes ? Linux.EFBIG : 0;
    }

    /** 0 when the quota has room for {@code newBytes} of content in place of what the range of the file holds. */
    private int mayHold(long newBytes, long ino, long fileOffset, long length) {
        if (quota.hasRoomFor(newBytes, index.allocatedBytes())) {
            return 0;
        }
        long growth = newBytes;
        long at = fileOffset;
        while (at < fileOffset + length) {
            int outcome = index.extents(ino, at, fileOffset + length - at, pieces);
            if (outcome != 0) {
                return outcome;
            }
            growth -= allocatedInPieces();
            at = pieces.endOffset();
        }
        return quota.hasRoomFor(growth, index.allocatedBytes()) ? 0 : Linux.EDQUOT;
    }

    private long allocatedInPieces() {
        long bytes = 0;
        for (int i = 0; i < pieces.count(); i++) {
            bytes += pieces.isHole(i) ? 0 : pieces.length(i);
        }
        return bytes;
    }

    /** An inode that nobody can reach any more goes with its content, unless the kernel has learnt of it anew. */
    int purge(long ino) {
        if (!orphans.contains(ino) || lookups.get(ino) > 0) {
            return 0;
        }
        MetaStream meta = sink.meta();
        long at = meta.stagingOffset(PurgeRecord.FIXED_BYTES);
        if (at < 0) {
            return (int) -at;
        }
        int length = PurgeRecord.encode(meta.staging(), at, clock.realtimeNs(), ino);
        marks.mark(ino);
        int outcome = sink.append(at, length);
        if (outcome == 0) {
            orphans.remove(ino);
        }
        return outcome;
    }

    private void orphaned(long ino) {
        orphans.add(ino);
        if (lookups.get(ino) == 0) {
            int outcome = purge(ino);
            if (outcome != 0) {
                sink.failed("purge of inode " + ino, outcome);
            }
        }
    }

    /** Checks that a name can be made in a directory, and leaves that directory in {@code parent}. */
    private int newName(long directory, MemorySegment text, long nameOffset, int nameLength) {
        if (nameLength > Naming.NAME_MAX) {
            return Linux.ENAMETOOLONG;
        }
        int outcome = livingDirectory(directory);
        if (outcome != 0) {
            return outcome;
        }
        outcome = index.lookup(directory, text, nameOffset, nameLength, entry);
        if (outcome == 0) {
            return Linux.EEXIST;
        }
        return outcome == Linux.ENOENT ? 0 : outcome;
    }

    /** Leaves the directory in {@code parent}. */
    private int livingDirectory(long directory) {
        int outcome = index.inode(directory, parent);
        if (outcome != 0) {
            return outcome;
        }
        if (!Modes.isDirectory(parent.mode)) {
            return Linux.ENOTDIR;
        }
        return parent.nlink == 0 ? Linux.ENOENT : 0; // 0: removed while it was open
    }
}
