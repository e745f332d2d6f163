package io.qsfs.fs;

import static io.qsfs.fs.CommandDescriptor.A;
import static io.qsfs.fs.CommandDescriptor.B;
import static io.qsfs.fs.CommandDescriptor.C;
import static io.qsfs.fs.CommandDescriptor.GID;
import static io.qsfs.fs.CommandDescriptor.INO;
import static io.qsfs.fs.CommandDescriptor.INO2;
import static io.qsfs.fs.CommandDescriptor.MODE;
import static io.qsfs.fs.CommandDescriptor.REQUEST;
import static io.qsfs.fs.CommandDescriptor.TEXT;
import static io.qsfs.fs.CommandDescriptor.TEXT1_LENGTH;
import static io.qsfs.fs.CommandDescriptor.TEXT2_LENGTH;
import static io.qsfs.fs.CommandDescriptor.UID;
import static io.qsfs.fs.CommandDescriptor.X;
import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.index.IndexReader;
import io.qsfs.log.record.SetXattrRecord;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.LockSupport;

/**
 * What one FUSE worker does with a request: answers from its own snapshot of the index what has not changed, moves payload into
 * the data stream, and leaves every change to the single writer. It never waits for a backend.
 *
 * <p>Each method ends the request, or hands it to a thread that will. Names are C strings of the receive buffer, borrowed
 * until return.
 *
 * <p>Threading: one FUSE worker only. The arena is the worker's and outlives it.
 */
public final class RequestHandler {
    private static final long ANSWER_PARK_NS = 10_000_000;
    /** With a processor for the writer beside ours, its answer may come before a sleep would begin. */
    private static final int ANSWER_SPINS = Runtime.getRuntime().availableProcessors() > 1 ? 100 : 0;

    /** No errno. */
    private static final int STALE = -1;

    private final int slot;
    private final FileSystem fs;
    private final IndexReader reader;
    private final Query query;
    private final ReadPath reads;
    private final CommandRing ring;
    private final MemorySegment ringMemory;
    private final Replies replies;
    private final WriteSender sender;
    private volatile Thread thread;

    RequestHandler(int slot, FileSystem fs, Arena arena, DirectoryBuffer entries) {
        this.slot = slot;
        this.fs = fs;
        this.reader = fs.index().newReader();
        this.query = new Query(arena, entries, fs);
        this.ring = fs.ring();
        this.ringMemory = ring.memory();
        this.replies = fs.replies();
        this.sender = new WriteSender(slot, fs);
        this.reads = new ReadPath(fs, arena);
    }

    /** Announces the worker's thread; called on it before the first request. */
    public void attach() {
        thread = Thread.currentThread();
    }

    /** Gives the snapshot back. Called on the worker's thread, after its last request. */
    public void close() {
        reader.close();
    }

    /** lookup. */
    public void lookup(long request, long parent, MemorySegment name, int nameLength) {
        if (nameLength > Naming.NAME_MAX) {
            replies.error(request, Linux.ENAMETOOLONG);
            return;
        }
        query.kind = Query.LOOKUP;
        query.ino = parent;
        query.name = name;
        query.nameLength = nameLength;
        int errno = askSnapshot();
        if (errno == STALE) {
            int at = ring.claim(CommandType.LOOKUP, TEXT + nameLength);
            ringMemory.set(LONG, at + REQUEST, request);
            ringMemory.set(LONG, at + INO, parent);
            putText(at, name, nameLength, null, 0);
            ring.publish(at);
        } else if (errno == 0) {
            replies.entry(request, query.inode, fs.mayKeep(query.inode));
        } else if (errno == Linux.ENOENT) {
            replies.noEntry(request);
        } else {
            replies.error(request, errno);
        }
    }

    /** forget: no answer is due; the caller ends the request. */
    public void forget(long ino, long count) {
        if (ino != Naming.ROOT
                && fs.lookups().decrement(ino, count) == 0
                && fs.orphans().contains(ino)) {
            int at = ring.claim(CommandType.PURGE, TEXT);
            ringMemory.set(LONG, at + INO, ino);
            ring.publishQuietly(at);
        }
    }

    /** getattr. */
    public void attributes(long request, long ino) {
        query.kind = Query.ATTRIBUTES;
        query.ino = ino;
        int errno = askSnapshot();
        if (errno == STALE) {
            int at = ring.claim(CommandType.ATTRIBUTES, TEXT);
            ringMemory.set(LONG, at + REQUEST, request);
            ringMemory.set(LONG, at + INO, ino);
            ring.publish(at);
        } else if (errno == 0) {
            replies.attributes(request, query.inode, fs.mayKeep(query.inode));
        } else {
            replies.error(request, errno);
        }
    }

    /** readlink. */
    public void readLink(long request, long ino) {
        query.kind = Query.LINK;
        query.ino = ino;
        int errno = ask();
        if (errno == 0) {
            replies.link(request, query.link);
        } else {
            replies.error(request, errno);
        }
    }

    /** readdir and readdirplus. */
    public void readDirectory(long request, long ino, long limit, long offset, boolean withAttributes) {
        query.kind = withAttributes ? Query.ENTRIES_WITH_ATTRIBUTES : Query.ENTRIES;
        query.ino = ino;
        query.offset = offset;
        query.length = limit;
        int errno = ask();
        if (errno == 0) {
            replies.bytes(request, query.entries.memory(), query.entries.length());
        } else {
            replies.error(request, errno);
        }
    }

    /**
     * read.
     *
     * @param movesAccessTime false for whoever asked not to, and for what the kernel reads to write.
     */
    public void read(long request, long ino, long length, long offset, boolean movesAccessTime) {
        if (length == 0 || offset < 0) {
            replies.error(request, offset < 0 ? Linux.EINVAL : 0);
            return;
        }
        query.kind = Query.EXTENTS;
        query.ino = ino;
        query.offset = offset;
        query.length = length;
        int errno = ask();
        if (errno != 0) {
            replies.error(request, errno);
            return;
        }
        if (movesAccessTime && fs.accessTimes().isDue(query.inode)) {
            touch(ino);
        }
        if (!reads.answer(request, query)) {
            park(request);
        }
    }

    /** A hint that may be lost: nobody waits for it. It is given before the answer, so that who reads and asks then sees it. */
    private void touch(long ino) {
        if (fs.admission().admit(0) != 0) {
            return;
        }
        int at = ring.tryClaim(CommandType.TOUCH, TEXT);
        if (at > 0) {
            ringMemory.set(LONG, at + INO, ino);
            ring.publishQuietly(at);
            fs.marks().expect(ino);
        }
    }

    /** Collects all pieces of a read that cannot be answered at once, and lets go of it. */
    private void park(long request) {
        long from = query.offset;
        long to = from + Math.min(query.length, query.inode.size - from);
        ParkedReads.Parked read = fs.parkedReads().newRead(request, query.ino, from, (int) (to - from));
        while (true) {
            read.add(query.extents);
            long known = query.extents.endOffset();
            if (known >= to) {
                break;
            }
            query.offset = known;
            query.length = to - known;
            int errno = ask();
            if (errno != 0) {
                replies.error(request, errno);
                return;
            }
        }
        fs.parkedReads().park(read);
    }

    /**
     * write: the payload goes into the data stream here, the rest is the single writer's.
     *
     * @param payload borrowed until return.
     * @param flags of the record: constants of {@link io.qsfs.log.record.WriteRecord}.
     */
    public void write(long request, long ino, MemorySegment payload, int length, long offset, int flags) {
        if (length == 0) {
            replies.written(request, 0);
            return;
        }
        if (!fs.quota().hasRoomFor(length) && !fs.quota().hasRoomFor(growth(ino, offset, length))) {
            replies.error(request, Linux.EDQUOT);
            return;
        }
        ParkedWrites parked = fs.parkedWrites();
        int outcome = parked.isAnyWaiting() ? Admission.WAIT : fs.admission().admit(length);
        if (outcome == 0) {
            outcome = sender.send(request, ino, payload, length, offset, flags);
            outcome = outcome == Linux.ENOSPC ? fs.admission().admitToFullDisk() : outcome;
        }
        if (outcome == Admission.WAIT) {
            outcome = parked.park(request, ino, payload, length, offset, flags) ? Admission.WAIT : Linux.ENOSPC;
        }
        if (outcome != 0 && outcome != Admission.WAIT) {
            replies.error(request, outcome);
        }
    }

    /** By how much a write makes the volume grow at least; what cannot be told here is the single writer's to find out. */
    private long growth(long ino, long offset, long length) {
        if (offset < 0) {
            return 0;
        }
        query.kind = Query.EXTENTS;
        query.ino = ino;
        query.offset = offset;
        query.length = length;
        long growth = 0;
        if (ask() == 0) {
            for (int i = 0; i < query.extents.count(); i++) {
                growth += query.extents.isHole(i) ? query.extents.length(i) : 0;
            }
        }
        return growth;
    }

    /**
     * fallocate, in the modes that the kernel passes on: allocate, with or without a change of the size; punch a hole; zero a
     * range. A log has nothing to allocate in advance, so allocating checks that there is room, and grows the file.
     */
    public void allocate(long request, long ino, int mode, long offset, long length, boolean killPrivileges) {
        boolean keepsSize = (mode & Linux.FALLOC_FL_KEEP_SIZE) != 0;
        int kind = mode & ~Linux.FALLOC_FL_KEEP_SIZE;
        boolean isPunch = kind == Linux.FALLOC_FL_PUNCH_HOLE && keepsSize;
        if (!isPunch && kind != Linux.FALLOC_FL_ZERO_RANGE && kind != 0) {
            replies.error(request, Linux.EOPNOTSUPP);
            return;
        }
        if (offset < 0 || length <= 0 || offset > Long.MAX_VALUE - length) {
            replies.error(request, offset >= 0 && length > 0 ? Linux.EFBIG : Linux.EINVAL);
            return;
        }
        if (kind == 0) {
            int refusal = allocationRefusal(ino, length);
            if (refusal != 0 || keepsSize) {
                replies.error(request, refusal);
                return;
            }
        }
        int at = ring.claim(kind == 0 ? CommandType.GROW : CommandType.PUNCH, TEXT);
        ringMemory.set(LONG, at + REQUEST, request);
        ringMemory.set(LONG, at + INO, ino);
        ringMemory.set(LONG, at + A, offset);
        ringMemory.set(LONG, at + B, length);
        ringMemory.set(INT, at + X, keepsSize ? 0 : 1);
        ringMemory.set(INT, at + UID, killPrivileges ? 1 : 0);
        ring.publish(at);
    }

    /** 0 when so many bytes of a file, less what it has already, would fit now. */
    private int allocationRefusal(long ino, long length) {
        query.kind = Query.ATTRIBUTES;
        query.ino = ino;
        int errno = ask();
        if (errno != 0) {
            return errno;
        }
        if (!Modes.isRegular(query.inode.mode)) {
            return Linux.EINVAL;
        }
        long wanted = Math.max(0, length - query.inode.allocatedBytes);
        if (!fs.quota().hasRoomFor(wanted)) {
            return Linux.EDQUOT;
        }
        int refusal = fs.admission().admit(0);
        return refusal == 0 && wanted > fs.space().report().freeBytes() ? Linux.ENOSPC : refusal;
    }

    /** copy_file_range: the target names the same bytes of the data stream; nothing is copied. */
    public void cloneRange(
            long request,
            long source,
            long sourceOffset,
            long ino,
            long offset,
            long length,
            int flags,
            boolean killPrivileges) {
        int refusal = flags != 0 ? Linux.EINVAL : fs.admission().admit(0);
        if (refusal != 0 || length == 0) {
            if (refusal != 0) {
                replies.error(request, refusal);
            } else {
                replies.written(request, 0);
            }
            return;
        }
        int at = ring.claim(CommandType.CLONE, TEXT);
        ringMemory.set(LONG, at + REQUEST, request);
        ringMemory.set(LONG, at + INO, source);
        ringMemory.set(LONG, at + INO2, ino);
        ringMemory.set(LONG, at + A, sourceOffset);
        ringMemory.set(LONG, at + B, offset);
        ringMemory.set(LONG, at + C, length);
        ringMemory.set(INT, at + UID, killPrivileges ? 1 : 0);
        ring.publish(at);
    }

    /** mknod, mkdir, symlink, create, and tmpfile by an empty name; {@code target} is null but for a symbolic link. */
    public void make(
            long request,
            long parent,
            MemorySegment name,
            int nameLength,
            int mode,
            int umask,
            int uid,
            int gid,
            int rdev,
            MemorySegment target,
            int targetLength,
            boolean isCreate) {
        int refusal = nameLength > Naming.NAME_MAX || targetLength > Naming.TARGET_MAX
                ? Linux.ENAMETOOLONG
                : fs.admission().admit(0);
        if (refusal != 0) {
            replies.error(request, refusal);
            return;
        }
        CommandType type = isCreate ? CommandType.CREATE : CommandType.MAKE;
        int at = ring.claim(type, TEXT + nameLength + targetLength);
        ringMemory.set(LONG, at + REQUEST, request);
        ringMemory.set(LONG, at + INO, parent);
        ringMemory.set(INT, at + MODE, mode);
        ringMemory.set(INT, at + UID, uid);
        ringMemory.set(INT, at + GID, gid);
        ringMemory.set(INT, at + X, rdev);
        ringMemory.set(LONG, at + A, (long) umask);
        putText(at, name, nameLength, target, targetLength);
        ring.publish(at);
    }

    /** link. */
    public void link(long request, long ino, long newParent, MemorySegment name, int nameLength) {
        int refusal = nameLength > Naming.NAME_MAX
                ? Linux.ENAMETOOLONG
                : fs.admission().admit(0);
        if (refusal != 0) {
            replies.error(request, refusal);
            return;
        }
        int at = ring.claim(CommandType.LINK, TEXT + nameLength);
        ringMemory.set(LONG, at + REQUEST, request);
        ringMemory.set(LONG, at + INO, ino);
        ringMemory.set(LONG, at + INO2, newParent);
        putText(at, name, nameLength, null, 0);
        ring.publish(at);
    }

    /** unlink and rmdir. */
    public void remove(long request, long parent, MemorySegment name, int nameLength, boolean isDirectory) {
        if (nameLength > Naming.NAME_MAX) {
            replies.error(request, Linux.ENAMETOOLONG);
            return;
        }
        int at = ring.claim(isDirectory ? CommandType.RMDIR : CommandType.UNLINK, TEXT + nameLength);
        ringMemory.set(LONG, at + REQUEST, request);
        ringMemory.set(LONG, at + INO, parent);
        putText(at, name, nameLength, null, 0);
        ring.publish(at);
    }

    /** rename. */
    public void rename(
            long request,
            long parent,
            MemorySegment name,
            int nameLength,
            long newParent,
            MemorySegment newName,
            int newNameLength,
            int flags) {
        if (nameLength > Naming.NAME_MAX || newNameLength > Naming.NAME_MAX) {
            replies.error(request, Linux.ENAMETOOLONG);
            return;
        }
        int at = ring.claim(CommandType.RENAME, TEXT + nameLength + newNameLength);
        ringMemory.set(LONG, at + REQUEST, request);
        ringMemory.set(LONG, at + INO, parent);
        ringMemory.set(LONG, at + INO2, newParent);
        ringMemory.set(INT, at + X, flags);
        putText(at, name, nameLength, newName, newNameLength);
        ring.publish(at);
    }

    /**
     * setattr; {@code valid} in the bits of {@link io.qsfs.log.record.SetAttrRecord}.
     *
     * @param killsPrivileges set-user-id, set-group-id and file capabilities go.
     */
    public void setAttributes(
            long request,
            long ino,
            int valid,
            int mode,
            int uid,
            int gid,
            long size,
            long atimeNs,
            long mtimeNs,
            long ctimeNs,
            boolean killsPrivileges) {
        int at = ring.claim(CommandType.SET_ATTRIBUTES, TEXT);
        ringMemory.set(LONG, at + REQUEST, request);
        ringMemory.set(LONG, at + INO, ino);
        ringMemory.set(LONG, at + INO2, size);
        ringMemory.set(LONG, at + A, atimeNs);
        ringMemory.set(LONG, at + B, mtimeNs);
        ringMemory.set(LONG, at + C, ctimeNs);
        ringMemory.set(INT, at + MODE, mode);
        ringMemory.set(INT, at + UID, uid);
        ringMemory.set(INT, at + GID, gid);
        ringMemory.set(INT, at + X, killsPrivileges ? valid | Operations.KILL_PRIVILEGES : valid);
        ring.publish(at);
    }

    /**
     * The group of an inode, for whoever asks whether a caller is of it.
     *
     * @return -1 when there is no such inode.
     */
    public int groupOf(long ino) {
        query.kind = Query.ATTRIBUTES;
        query.ino = ino;
        return ask() == 0 ? query.inode.gid : -1;
    }

    /**
     * setxattr.
     *
     * @param flags as setxattr(2) has them.
     * @param dropsSetGroupId with an access ACL set-group-id goes: the caller is not of the file's group.
     * @param value borrowed until return.
     */
    public void setXattr(
            long request,
            long ino,
            MemorySegment name,
            int nameLength,
            MemorySegment value,
            int valueLength,
            int flags,
            boolean dropsSetGroupId) {
        int refusal = nameLength == 0 || nameLength > SetXattrRecord.NAME_MAX
                ? Linux.ERANGE
                : valueLength > SetXattrRecord.VALUE_MAX
                        ? Linux.E2BIG
                        : fs.admission().admit(0);
        if (refusal != 0) {
            replies.error(request, refusal);
            return;
        }
        int at = ring.claim(CommandType.SET_XATTR, TEXT + nameLength + valueLength);
        ringMemory.set(LONG, at + REQUEST, request);
        ringMemory.set(LONG, at + INO, ino);
        ringMemory.set(INT, at + X, flags);
        ringMemory.set(INT, at + MODE, dropsSetGroupId ? 1 : 0);
        putText(at, name, nameLength, value, valueLength);
        ring.publish(at);
    }

    /** removexattr. */
    public void removeXattr(long request, long ino, MemorySegment name, int nameLength) {
        if (nameLength == 0 || nameLength > SetXattrRecord.NAME_MAX) {
            replies.error(request, Linux.ERANGE);
            return;
        }
        int at = ring.claim(CommandType.REMOVE_XATTR, TEXT + nameLength);
        ringMemory.set(LONG, at + REQUEST, request);
        ringMemory.set(LONG, at + INO, ino);
        putText(at, name, nameLength, null, 0);
        ring.publish(at);
    }

    /** getxattr; a size of 0 asks for the length alone. */
    public void xattr(long request, long ino, MemorySegment name, int nameLength, long size) {
        fs.counters().xattrReads.increment();
        int refusal = AttributeNames.refusal(name, 0, nameLength);
        if (refusal != 0) {
            replies.error(request, refusal);
            return;
        }
        query.kind = Query.XATTR;
        query.ino = ino;
        query.name = name;
        query.nameLength = nameLength;
        answerXattr(request, size);
    }

    /** listxattr; a size of 0 asks for the length alone. {@code seesTrusted}: the caller may know of trusted attributes. */
    public void xattrs(long request, long ino, long size, boolean seesTrusted) {
        query.kind = seesTrusted ? Query.XATTR_NAMES_ALL : Query.XATTR_NAMES;
        query.ino = ino;
        answerXattr(request, size);
    }

    private void answerXattr(long request, long size) {
        int errno = ask();
        if (errno != 0) {
            replies.error(request, errno);
        } else if (size == 0) {
            replies.xattrLength(request, query.xattrBytes);
        } else if (query.xattrBytes > size) {
            replies.error(request, Linux.ERANGE);
        } else {
            replies.bytes(request, query.xattr, query.xattrBytes);
        }
    }

    /** fsync, fdatasync and fsync of a directory: all make everything durable that was received. */
    public void sync(long request) {
        int at = ring.claim(CommandType.FSYNC, TEXT);
        ringMemory.set(LONG, at + REQUEST, request);
        ring.publish(at);
    }

    /** statfs. */
    public void space(long request) {
        replies.space(request, fs.space().report());
    }

    private void putText(int at, MemorySegment text1, int length1, MemorySegment text2, int length2) {
        ringMemory.set(INT, at + TEXT1_LENGTH, length1);
        ringMemory.set(INT, at + TEXT2_LENGTH, length2);
        MemorySegment.copy(text1, 0, ringMemory, at + TEXT, length1);
        if (length2 > 0) {
            MemorySegment.copy(text2, 0, ringMemory, (long) at + TEXT + length1, length2);
        }
    }

    /** Asks the snapshot; {@link #STALE} when what was asked for changed since the last commit. */
    private int askSnapshot() {
        if (fs.marks().isChanged(query.ino)) {
            return STALE;
        }
        reader.renew();
        int errno = query.ask(reader, false);
        reader.release();
        if (!query.stale) {
            return errno;
        }
        boolean isPartOfListing =
                query.kind == Query.ENTRIES_WITH_ATTRIBUTES && errno == 0 && query.entries.length() > 0;
        // What a listing holds already is a correct answer; the next one begins with the inode that changed.
        return isPartOfListing ? 0 : STALE;
    }

    /** Asks the snapshot where it is fresh enough, else the writer, and waits for its answer. */
    private int ask() {
        int errno = askSnapshot();
        return errno == STALE ? askWriter() : errno;
    }

    private int askWriter() {
        query.lend();
        int at = ring.claim(CommandType.QUERY, TEXT);
        ringMemory.set(INT, at + X, slot);
        ring.publish(at);
        int spins = 0;
        while (!query.isAnswered()) {
            if (++spins < ANSWER_SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(this, ANSWER_PARK_NS);
            }
        }
        return query.outcome();
    }

    /** {@code file-system}: answers the question that this worker waits for, and wakes it up. */
    void answerQuery(io.qsfs.index.IndexView index) {
        query.answer(index);
        LockSupport.unpark(thread);
    }
}
