package io.qsfs.fuse;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;

import io.qsfs.fs.DirectoryBuffer;
import io.qsfs.index.Inode;
import io.qsfs.memory.OffHeap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Entries of a directory in the kernel's own layout: {@code struct fuse_dirent} and {@code struct fuse_direntplus} of
 * linux/fuse.h, which libfuse passes through as they are. Written here rather than by {@code fuse_add_direntry}, because names
 * come without a 0 at their end and a listing is not worth a call into C for each entry.
 *
 * <pre>
 * fuse_dirent       ino 8, off 8, namelen 4, type 4, name, zeros up to a multiple of 8
 * fuse_direntplus   nodeid 8, generation 8, entry_valid 8, attr_valid 8, entry_valid_nsec 4, attr_valid_nsec 4,
 *                   attr 88 {ino, size, blocks, atime, mtime, ctime: 8 each; their nsec, mode, nlink, uid, gid, rdev,
 *                   blksize, flags: 4 each}, fuse_dirent
 * </pre>
 *
 * <p>Threading: one thread at a time. The memory belongs to the arena given.
 */
public final class FuseDirectoryBuffer implements DirectoryBuffer {
    /** Longest answer; the kernel asks for a page, or for up to 128 KiB with a large readahead. */
    static final long CAPACITY_BYTES = 1 << 20;

    private static final int DIRENT_BYTES = 24;
    private static final int ENTRY_BYTES = 128;
    private static final int ATTR = 40;
    private static final long NS_PER_SECOND = 1_000_000_000L;
    private static final int BLOCK_BYTES = 4096;

    private final MemorySegment memory;
    private long limit;
    private long length;

    /** Makes a buffer for the longest answer. */
    public FuseDirectoryBuffer(Arena arena) {
        memory = arena.allocate(CAPACITY_BYTES, OffHeap.PAGE_BYTES);
    }

    @Override
    public void begin(long bytes) {
        limit = Math.min(bytes, CAPACITY_BYTES);
        length = 0;
    }

    @Override
    public boolean add(MemorySegment name, long nameOffset, int nameLength, long ino, int type, long nextOffset) {
        int bytes = padded(DIRENT_BYTES + nameLength);
        if (length + bytes > limit) {
            return false;
        }
        putDirent(length, name, nameOffset, nameLength, ino, type, nextOffset);
        length += bytes;
        return true;
    }

    @Override
    public boolean addWithAttributes(
            MemorySegment name, long nameOffset, int nameLength, Inode inode, boolean mayKeep, long nextOffset) {
        int bytes = padded(ENTRY_BYTES + DIRENT_BYTES + nameLength);
        if (length + bytes > limit) {
            return false;
        }
        putEntry(length, inode, mayKeep);
        putDirent(length + ENTRY_BYTES, name, nameOffset, nameLength, inode.ino, inode.mode >> 12 & 017, nextOffset);
        length += bytes;
        return true;
    }

    @Override
    public boolean addWithoutAttributes(
            MemorySegment name, long nameOffset, int nameLength, long ino, int type, long nextOffset) {
        int bytes = padded(ENTRY_BYTES + DIRENT_BYTES + nameLength);
        if (length + bytes > limit) {
            return false;
        }
        memory.asSlice(length, ENTRY_BYTES).fill((byte) 0); // node 0: the kernel takes the name alone
        putDirent(length + ENTRY_BYTES, name, nameOffset, nameLength, ino, type, nextOffset);
        length += bytes;
        return true;
    }

    @Override
    public MemorySegment memory() {
        return memory;
    }

    @Override
    public long length() {
        return length;
    }

    private void putEntry(long at, Inode inode, boolean mayKeep) {
        memory.set(LONG, at, inode.ino);
        memory.set(LONG, at + 8, 0L);
        memory.set(LONG, at + 16, (long) FuseReplies.TIMEOUT_S);
        memory.set(LONG, at + 24, (long) FuseReplies.attributeTimeoutS(mayKeep));
        memory.set(LONG, at + 32, 0L);
        long attr = at + ATTR;
        memory.set(LONG, attr, inode.ino);
        memory.set(LONG, attr + 8, inode.size);
        memory.set(LONG, attr + 16, FuseReplies.blocks(inode));
        memory.set(LONG, attr + 24, Math.floorDiv(inode.atimeNs, NS_PER_SECOND));
        memory.set(LONG, attr + 32, Math.floorDiv(inode.mtimeNs, NS_PER_SECOND));
        memory.set(LONG, attr + 40, Math.floorDiv(inode.ctimeNs, NS_PER_SECOND));
        memory.set(INT, attr + 48, (int) Math.floorMod(inode.atimeNs, NS_PER_SECOND));
        memory.set(INT, attr + 52, (int) Math.floorMod(inode.mtimeNs, NS_PER_SECOND));
        memory.set(INT, attr + 56, (int) Math.floorMod(inode.ctimeNs, NS_PER_SECOND));
        memory.set(INT, attr + 60, inode.mode);
        memory.set(INT, attr + 64, inode.nlink);
        memory.set(INT, attr + 68, inode.uid);
        memory.set(INT, attr + 72, inode.gid);
        memory.set(INT, attr + 76, inode.rdev);
        memory.set(INT, attr + 80, BLOCK_BYTES);
        memory.set(INT, attr + 84, 0);
    }

    private void putDirent(
            long at, MemorySegment name, long nameOffset, int nameLength, long ino, int type, long nextOffset) {
        memory.set(LONG, at + padded(DIRENT_BYTES + nameLength) - 8, 0L); // the padding behind the name
        memory.set(LONG, at, ino);
        memory.set(LONG, at + 8, nextOffset);
        memory.set(INT, at + 16, nameLength);
        memory.set(INT, at + 20, type);
        MemorySegment.copy(name, nameOffset, memory, at + DIRENT_BYTES, nameLength);
    }

    private static int padded(int bytes) {
        return (bytes + 7) & -8;
    }
}
