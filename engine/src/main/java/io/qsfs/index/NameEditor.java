package io.qsfs.index;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.log.record.LinkRecord;
import io.qsfs.log.record.MakeRecord;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.log.record.RenameRecord;
import io.qsfs.log.record.UnlinkRecord;
import java.lang.foreign.MemorySegment;

/**
 * Applies the records that change names: MAKE, LINK, UNLINK, RENAME. Each looks first and changes after, so that a
 * refused record has changed nothing.
 *
 * <p>Threading: that of the writer.
 */
final class NameEditor {
    /** Cookies below are not given: 1 and 2 stand for "." and "..". */
    static final long COOKIE_OFFSET = 2;

    private final Tree tree;
    private final TreeView view;
    private final InodeTable inodes;
    private final IndexState state;

    private final Inode inode = new Inode();
    private final Inode replaced = new Inode();
    private final Inode parent = new Inode();
    private final Inode otherParent = new Inode();
    private final Inode ancestor = new Inode();
    private final DirectoryEntry entry = new DirectoryEntry();
    private final DirectoryEntry replacedEntry = new DirectoryEntry();
    private final DirectoryEntry absentEntry = new DirectoryEntry();

    NameEditor(Tree tree, TreeView view, InodeTable inodes, IndexState state) {
        this.tree = tree;
        this.view = view;
        this.inodes = inodes;
        this.state = state;
    }

    int make(MemorySegment record, long at) {
        long nameOffset = MakeRecord.nameOffset(record, at);
        int nameLength = MakeRecord.nameLength(record, at);
        int targetLength = MakeRecord.targetLength(record, at);
        long ino = MakeRecord.ino(record, at);
        int mode = MakeRecord.mode(record, at);
        if (!FileType.isKnown(mode)) {
            return Refusal.BAD_MODE.code();
        }
        if (FileType.isSymbolicLink(mode) != targetLength > 0) {
            return Refusal.BAD_TARGET.code();
        }
        boolean isUnnamed = nameLength == 0 && FileType.isRegularFile(mode);
        int rc = loadLivingDirectory(MakeRecord.parent(record, at), parent);
        rc = rc == 0 && !isUnnamed ? checkAbsent(parent.ino, record, nameOffset, nameLength) : rc;
        rc = rc == 0 ? checkNewInode(ino) : rc;
        if (rc != 0) {
            return rc;
        }
        long timeNs = RecordHeader.timeNs(record, at);
        boolean isDirectory = FileType.isDirectory(mode);
        inode.ino = ino;
        inode.mode = mode;
        inode.uid = MakeRecord.uid(record, at);
        inode.gid = MakeRecord.gid(record, at);
        inode.rdev = MakeRecord.rdev(record, at);
        inode.nlink = isDirectory ? 2 : isUnnamed ? 0 : 1;
        inode.size = targetLength;
        inode.atimeNs = timeNs;
        inode.mtimeNs = timeNs;
        inode.ctimeNs = timeNs;
        inode.allocatedBytes = 0;
        inode.attributeBytes = 0;
        inode.parent = parent.ino;
        state.inodes++;
        state.nextInode = Math.max(state.nextInode, ino + 1);
        rc = inodes.store(inode);
        if (isUnnamed) {
            return rc == 0 ? tree.put(IndexKey.one(tree.key, IndexKey.ORPHAN, ino), 0) : rc;
        }
        if (rc == 0 && targetLength > 0) {
            MemorySegment.copy(record, MakeRecord.targetOffset(record, at), tree.value, 0, targetLength);
            rc = tree.put(IndexKey.one(tree.key, IndexKey.SYMLINK, ino), targetLength);
        }
        rc = rc == 0 ? putEntry(parent.ino, record, nameOffset, nameLength, ino, cookie(record, at), type(mode)) : rc;
        parent.nlink += isDirectory ? 1 : 0;
        return rc == 0 ? storeChangedDirectory(parent, timeNs) : rc;
    }

    int link(MemorySegment record, long at) {
        long nameOffset = LinkRecord.nameOffset(record, at);
        int nameLength = LinkRecord.nameLength(record, at);
        int rc = loadLivingDirectory(LinkRecord.parent(record, at), parent);
        rc = rc == 0 ? inodes.load(LinkRecord.ino(record, at), inode) : rc;
        if (rc == 0 && inode.isDirectory()) {
            rc = Refusal.IS_A_DIRECTORY.code();
        }
        rc = rc == 0 ? checkAbsent(parent.ino, record, nameOffset, nameLength) : rc;
        if (rc != 0) {
            return rc;
        }
        long timeNs = RecordHeader.timeNs(record, at);
        if (inode.nlink == 0) {
            rc = tree.delete(IndexKey.one(tree.key, IndexKey.ORPHAN, inode.ino)); // it has a name again
        }
        inode.nlink++;
        inode.ctimeNs = timeNs;
        inode.parent = parent.ino;
        rc = rc == 0 ? inodes.store(inode) : rc;
        long cookie = cookie(record, at);
        rc = rc == 0 ? putEntry(parent.ino, record, nameOffset, nameLength, inode.ino, cookie, type(inode.mode)) : rc;
        return rc == 0 ? storeChangedDirectory(parent, timeNs) : rc;
    }

    int unlink(MemorySegment record, long at) {
        long nameOffset = UnlinkRecord.nameOffset(record, at);
        int nameLength = UnlinkRecord.nameLength(record, at);
        long ino = UnlinkRecord.ino(record, at);
        int rc = inodes.loadDirectory(UnlinkRecord.parent(record, at), parent);
        rc = rc == 0 ? checkEntry(parent.ino, record, nameOffset, nameLength, ino, entry) : rc;
        rc = rc == 0 ? inodes.load(ino, inode) : rc;
        if (rc != 0) {
            return rc;
        }
        boolean isDirectory = inode.isDirectory();
        if (isDirectory != (UnlinkRecord.isDirectory(record, at) != 0)) {
            return (isDirectory ? Refusal.IS_A_DIRECTORY : Refusal.NOT_A_DIRECTORY).code();
        }
        if (isDirectory && !view.isEmpty(ino)) {
            return Refusal.NOT_EMPTY.code();
        }
        long timeNs = RecordHeader.timeNs(record, at);
        rc = removeEntry(parent.ino, record, nameOffset, nameLength, entry.cookie);
        rc = rc == 0 ? inodes.storeUnlinked(inode, timeNs) : rc;
        parent.nlink -= isDirectory ? 1 : 0;
        return rc == 0 ? storeChangedDirectory(parent, timeNs) : rc;
    }

    int rename(MemorySegment record, long at) {
        long ino = RenameRecord.ino(record, at);
        long replacedIno = RenameRecord.replacedIno(record, at);
        if (ino == replacedIno) {
            return Refusal.SAME_INODE.code();
        }
        boolean exchange = RenameRecord.exchange(record, at) != 0;
        boolean sameParent = RenameRecord.parent(record, at) == RenameRecord.newParent(record, at);
        Inode newParent = sameParent ? parent : otherParent;
        int rc = inodes.loadDirectory(RenameRecord.parent(record, at), parent);
        rc = rc == 0 ? loadLivingDirectory(RenameRecord.newParent(record, at), newParent) : rc;
        rc = rc == 0 ? checkNames(record, at, newParent.ino, replacedIno, exchange) : rc;
        rc = rc == 0 ? inodes.load(ino, inode) : rc;
        if (rc == 0 && !sameParent && inode.isDirectory()) {
            rc = checkNoLoop(ino, newParent.ino);
        }
        if (rc == 0 && replacedIno != 0) {
            rc = inodes.load(replacedIno, replaced);
            rc = rc == 0 ? checkReplaced(exchange, sameParent) : rc;
        }
        if (rc != 0) {
            return rc;
        }
        return exchange ? swap(record, at, newParent) : move(record, at, newParent, replacedIno != 0);
    }

    /** Both names are as the record says. */
    private int checkNames(MemorySegment record, long at, long newParent, long replacedIno, boolean exchange) {
        long nameOffset = RenameRecord.nameOffset(record, at);
        int nameLength = RenameRecord.nameLength(record, at);
        long newOffset = RenameRecord.newNameOffset(record, at);
        int newLength = RenameRecord.newNameLength(record, at);
        int rc = checkEntry(parent.ino, record, nameOffset, nameLength, RenameRecord.ino(record, at), entry);
        if (rc != 0) {
            return rc;
        }
        if (replacedIno != 0) {
            return checkEntry(newParent, record, newOffset, newLength, replacedIno, replacedEntry);
        }
        return exchange ? Refusal.NO_NAME.code() : checkAbsent(newParent, record, newOffset, newLength);
    }

    private int checkReplaced(boolean exchange, boolean sameParent) {
        if (exchange) {
            return !sameParent && replaced.isDirectory() ? checkNoLoop(replaced.ino, parent.ino) : 0;
        }
        if (inode.isDirectory() != replaced.isDirectory()) {
            return (replaced.isDirectory() ? Refusal.IS_A_DIRECTORY : Refusal.NOT_A_DIRECTORY).code();
        }
        return replaced.isDirectory() && !view.isEmpty(replaced.ino) ? Refusal.NOT_EMPTY.code() : 0;
    }

    /** The new name keeps the cookie of the one it replaces: who reads the directory meanwhile sees the name once. */
    private int move(MemorySegment record, long at, Inode newParent, boolean replaces) {
        long nameOffset = RenameRecord.nameOffset(record, at);
        int nameLength = RenameRecord.nameLength(record, at);
        long newOffset = RenameRecord.newNameOffset(record, at);
        int newLength = RenameRecord.newNameLength(record, at);
        long timeNs = RecordHeader.timeNs(record, at);
        int rc = removeEntry(parent.ino, record, nameOffset, nameLength, entry.cookie);
        if (rc == 0 && replaces) {
            newParent.nlink -= replaced.isDirectory() ? 1 : 0;
            rc = inodes.storeUnlinked(replaced, timeNs);
        }
        long cookie = replaces ? replacedEntry.cookie : cookie(record, at);
        rc = rc == 0 ? putEntry(newParent.ino, record, newOffset, newLength, inode.ino, cookie, type(inode.mode)) : rc;
        if (inode.isDirectory()) {
            parent.nlink--;
            newParent.nlink++;
        }
        inode.parent = newParent.ino;
        inode.ctimeNs = timeNs;
        rc = rc == 0 ? inodes.store(inode) : rc;
        return rc == 0 ? storeParents(newParent, timeNs) : rc;
    }

    /** Names and cookies stay, what they stand for swaps. */
    private int swap(MemorySegment record, long at, Inode newParent) {
        long nameOffset = RenameRecord.nameOffset(record, at);
        int nameLength = RenameRecord.nameLength(record, at);
        long newOffset = RenameRecord.newNameOffset(record, at);
        int newLength = RenameRecord.newNameLength(record, at);
        long timeNs = RecordHeader.timeNs(record, at);
        int rc = putEntry(parent.ino, record, nameOffset, nameLength, replaced.ino, entry.cookie, type(replaced.mode));
        rc = rc == 0
                ? putEntry(
                        newParent.ino, record, newOffset, newLength, inode.ino, replacedEntry.cookie, type(inode.mode))
                : rc;
        if (inode.isDirectory()) {
            parent.nlink--;
            newParent.nlink++;
        }
        if (replaced.isDirectory()) {
            newParent.nlink--;
            parent.nlink++;
        }
        inode.parent = newParent.ino;
        inode.ctimeNs = timeNs;
        replaced.parent = parent.ino;
        replaced.ctimeNs = timeNs;
        rc = rc == 0 ? inodes.store(inode) : rc;
        rc = rc == 0 ? inodes.store(replaced) : rc;
        return rc == 0 ? storeParents(newParent, timeNs) : rc;
    }

    private int storeParents(Inode newParent, long timeNs) {
        int rc = storeChangedDirectory(newParent, timeNs);
        return rc == 0 && newParent != parent ? storeChangedDirectory(parent, timeNs) : rc;
    }

    private int storeChangedDirectory(Inode directory, long timeNs) {
        directory.mtimeNs = timeNs;
        directory.ctimeNs = timeNs;
        return inodes.store(directory);
    }

    private int loadLivingDirectory(long ino, Inode out) {
        int rc = inodes.loadDirectory(ino, out);
        return rc == 0 && out.nlink == 0 ? Refusal.DIRECTORY_REMOVED.code() : rc;
    }

    /** Numbers mostly grow, so that mostly nothing needs to be looked up. */
    private int checkNewInode(long ino) {
        if (ino <= Inode.ROOT || ino == Long.MAX_VALUE) {
            return Refusal.INODE_EXISTS.code();
        }
        if (ino >= state.nextInode) {
            return 0;
        }
        int rc = view.inode(ino, inode);
        return rc == 0 ? Refusal.INODE_EXISTS.code() : absent(rc);
    }

    private int checkAbsent(long directory, MemorySegment record, long nameOffset, int nameLength) {
        if (!isName(record, nameOffset, nameLength)) {
            return Refusal.BAD_NAME.code();
        }
        int rc = view.lookup(directory, record, nameOffset, nameLength, absentEntry);
        return rc == 0 ? Refusal.NAME_EXISTS.code() : absent(rc);
    }

    private int checkEntry(
            long directory, MemorySegment record, long nameOffset, int nameLength, long ino, DirectoryEntry out) {
        int rc = view.lookup(directory, record, nameOffset, nameLength, out);
        if (rc != 0) {
            return rc == Linux.ENOENT ? Refusal.NO_NAME.code() : rc;
        }
        return out.ino == ino ? 0 : Refusal.OTHER_INODE.code();
    }

    /** From a directory up to the root, {@code ino} is not met. No path is longer than there are inodes. */
    private int checkNoLoop(long ino, long directory) {
        long at = directory;
        for (long steps = 0; steps <= state.inodes; steps++) {
            if (at == ino) {
                return Refusal.LOOP.code();
            }
            if (at == Inode.ROOT) {
                return 0;
            }
            int rc = inodes.load(at, ancestor);
            if (rc != 0) {
                return rc;
            }
            at = ancestor.parent;
        }
        return Linux.EIO;
    }

    private int putEntry(
            long directory, MemorySegment record, long nameOffset, int nameLength, long ino, long cookie, int type) {
        int keyBytes = IndexKey.name(tree.key, directory, record, nameOffset, nameLength);
        int rc = tree.put(keyBytes, NameValue.encode(tree.value, ino, cookie, type));
        if (rc != 0) {
            return rc;
        }
        keyBytes = IndexKey.two(tree.key, IndexKey.COOKIE, directory, cookie);
        return tree.put(keyBytes, CookieValue.encode(tree.value, ino, type, record, nameOffset, nameLength));
    }

    private int removeEntry(long directory, MemorySegment record, long nameOffset, int nameLength, long cookie) {
        int rc = tree.delete(IndexKey.name(tree.key, directory, record, nameOffset, nameLength));
        return rc == 0 ? tree.delete(IndexKey.two(tree.key, IndexKey.COOKIE, directory, cookie)) : rc;
    }

    private static int absent(int rc) {
        return rc == Linux.ENOENT ? 0 : rc;
    }

    private static long cookie(MemorySegment record, long at) {
        return RecordHeader.sequence(record, at) + COOKIE_OFFSET;
    }

    private static int type(int mode) {
        return FileType.ofEntry(mode);
    }

    private static boolean isName(MemorySegment record, long offset, int length) {
        if (length <= 0 || length > IndexKey.NAME_BYTES_MAX) {
            return false;
        }
        boolean onlyDots = length <= 2;
        for (int i = 0; i < length; i++) {
            byte b = record.get(JAVA_BYTE, offset + i);
            if (b == 0 || b == '/') {
                return false;
            }
            onlyDots &= b == '.';
        }
        return !onlyDots;
    }
}
