package io.qsfs.fs;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.index.DirectoryEntry;
import io.qsfs.index.DirectoryVisitor;
import io.qsfs.index.ExtentList;
import io.qsfs.index.IndexView;
import io.qsfs.index.Inode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One question to the index and its answer. A worker asks its own snapshot, or lends the object to the single writer, who asks
 * the state that is not committed yet; the same code runs either way.
 *
 * <p>Threading: owned by one worker; while it waits for the writer, {@code file-system} owns it. The hand-over is the ring
 * there and {@code answered} back.
 */
final class Query {
    /** Attributes of {@code ino}. */
    static final int ATTRIBUTES = 1;
    /** The inode behind {@code name} in {@code ino}. */
    static final int LOOKUP = 2;
    /** Target of the symbolic link {@code ino}. */
    static final int LINK = 3;
    /** Attributes of {@code ino} and the extents of [{@code offset}, {@code offset + length}). */
    static final int EXTENTS = 4;
    /** Entries of directory {@code ino} behind {@code offset}. */
    static final int ENTRIES = 5;
    /** As {@link #ENTRIES}, with attributes. */
    static final int ENTRIES_WITH_ATTRIBUTES = 6;
    /** Totals of the volume. */
    static final int TOTALS = 7;

    /** Value of the extended attribute {@code name}. */
    static final int XATTR = 8;
    /** Names of the extended attributes, each with a 0 behind it, without the trusted ones. */
    static final int XATTR_NAMES = 9;
    /** As {@link #XATTR_NAMES}, with the trusted ones. */
    static final int XATTR_NAMES_ALL = 10;

    /** Pieces that one question about extents brings at most; a file in more pieces is asked about again. */
    private static final int EXTENTS_MAX = 1_024;

    private static final long DOT = 1;
    private static final long DOT_DOT = 2;
    private static final int TYPE_SHIFT = 12;

    final Inode inode = new Inode();
    final ExtentList extents = new ExtentList(EXTENTS_MAX);
    final MemorySegment link;
    final DirectoryBuffer entries;
    /** Value or names. */
    final MemorySegment xattr;
    /** Bytes of value or names. */
    int xattrBytes;

    int kind;
    long ino;
    long offset;
    long length;
    long inodesInUse;
    MemorySegment name;
    int nameLength;
    /** True when a lookup reached an inode that the snapshot may be too old for. */
    boolean stale;

    private final DirectoryEntry entry = new DirectoryEntry();
    private final Inode child = new Inode();
    private final FileSystem fs;
    private final LookupCounts lookups;
    private final ChangeMarks marks;
    private final MemorySegment dots;
    private final IndexView.AttributeVisitor onXattr = this::onXattr;
    private final DirectoryVisitor onEntry = this::onEntry; // a field: a method reference there would allocate
    private IndexView view;
    private boolean onWriter;
    private boolean isFull;
    private int outcome;

    private volatile boolean answered;

    Query(Arena arena, DirectoryBuffer entries, FileSystem fs) {
        this.entries = entries;
        this.fs = fs;
        this.lookups = fs.lookups();
        this.marks = fs.marks();
        this.link = arena.allocate(Naming.TARGET_MAX + 1L, 8);
        this.xattr = arena.allocate(AttributeOperations.BYTES_MAX, 8);
        this.dots = arena.allocate(2, 8);
        dots.fill((byte) '.');
    }

    /** Asks; returns 0 or an errno. Check {@link #stale} after asking a snapshot. */
    int ask(IndexView index, boolean isWriter) {
        view = index;
        onWriter = isWriter;
        stale = false;
        return switch (kind) {
            case ATTRIBUTES -> index.inode(ino, inode);
            case LOOKUP -> lookup();
            case LINK -> readLink();
            case EXTENTS -> {
                int errno = index.inode(ino, inode);
                yield errno != 0 ? errno : index.extents(ino, offset, length, extents);
            }
            case ENTRIES, ENTRIES_WITH_ATTRIBUTES -> readDirectory();
            case XATTR -> {
                int count = index.attribute(ino, name, 0, nameLength, xattr, 0);
                xattrBytes = Math.max(0, count);
                yield count < 0 ? -count : 0;
            }
            case XATTR_NAMES, XATTR_NAMES_ALL -> {
                xattrBytes = 0;
                yield index.forEachAttribute(ino, onXattr);
            }
            case TOTALS -> {
                inodesInUse = index.totals().inodes();
                yield 0;
            }
            default -> throw new AssertionError("kind of query: " + kind);
        };
    }

    private int lookup() {
        int errno = view.lookup(ino, name, 0, nameLength, entry);
        if (errno != 0) {
            return errno;
        }
        if (isTooOldFor(entry.ino)) {
            return 0;
        }
        errno = view.inode(entry.ino, inode);
        if (errno == 0) {
            lookups.increment(entry.ino);
        }
        return errno;
    }

    private int readLink() {
        int count = view.readLink(ino, link, 0);
        if (count < 0) {
            return -count;
        }
        link.set(ValueLayout.JAVA_BYTE, count, (byte) 0);
        return 0;
    }

    private int readDirectory() {
        int errno = view.inode(ino, inode);
        if (errno != 0) {
            return errno;
        }
        if (!Modes.isDirectory(inode.mode)) {
            return Linux.ENOTDIR;
        }
        entries.begin(length);
        isFull = false;
        if (offset < DOT) {
            isFull = !addName(dots, 0, 1, ino, Modes.DIRECTORY >> TYPE_SHIFT, DOT);
        }
        if (offset < DOT_DOT && !isFull) {
            isFull = !addName(dots, 0, 2, inode.parent, Modes.DIRECTORY >> TYPE_SHIFT, DOT_DOT);
        }
        if (isFull) {
            return 0;
        }
        return view.readDirectory(ino, Math.max(offset, DOT_DOT), onEntry);
    }

    private boolean onEntry(MemorySegment text, long nameOffset, int textLength, long entryIno, int type, long cookie) {
        if (kind == ENTRIES) {
            return addName(text, nameOffset, textLength, entryIno, type, cookie);
        }
        if (isTooOldFor(entryIno)) {
            return false;
        }
        if (view.inode(entryIno, child) != 0) {
            return addName(text, nameOffset, textLength, entryIno, type, cookie); // its lookup will say what is wrong
        }
        if (!entries.addWithAttributes(text, nameOffset, textLength, child, fs.mayKeep(child), cookie)) {
            return false;
        }
        lookups.increment(entryIno);
        return true;
    }

    private boolean onXattr(MemorySegment text, long offset, int textLength, int valueBytes) {
        if (kind == XATTR_NAMES_ALL || !AttributeNames.isTrusted(text, offset, textLength)) {
            MemorySegment.copy(text, offset, xattr, xattrBytes, textLength);
            xattr.set(ValueLayout.JAVA_BYTE, (long) xattrBytes + textLength, (byte) 0);
            xattrBytes += textLength + 1;
        }
        return true;
    }

    private boolean addName(MemorySegment text, long nameOffset, int textLength, long entryIno, int type, long cookie) {
        return kind == ENTRIES
                ? entries.add(text, nameOffset, textLength, entryIno, type, cookie)
                : entries.addWithoutAttributes(text, nameOffset, textLength, entryIno, type, cookie);
    }

    /** A listing or lookup on a snapshot meets an inode that changed since: the writer must be asked (or the listing ends here). */
    private boolean isTooOldFor(long other) {
        if (onWriter || !marks.isChanged(other)) {
            return false;
        }
        stale = true;
        return true;
    }

    /** Before lending it to the writer. */
    void lend() {
        answered = false;
    }

    /** {@code file-system}: asks and hands back. */
    void answer(IndexView index) {
        outcome = Linux.EIO; // of a question that cannot even be asked
        try {
            outcome = ask(index, true);
        } finally {
            answered = true;
        }
    }

    boolean isAnswered() {
        return answered;
    }

    int outcome() {
        return outcome;
    }
}
