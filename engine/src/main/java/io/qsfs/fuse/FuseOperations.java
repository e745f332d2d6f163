package io.qsfs.fuse;

import io.qsfs.bindings.fuse.Fuse;
import io.qsfs.bindings.fuse.FuseAttr;
import io.qsfs.bindings.fuse.FuseConnInfo;
import io.qsfs.bindings.fuse.FuseContext;
import io.qsfs.bindings.fuse.FuseFileInfo;
import io.qsfs.bindings.fuse.FuseForget;
import io.qsfs.bindings.fuse.FuseOps;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.fs.AttributeNames;
import io.qsfs.fs.RequestHandler;
import io.qsfs.log.record.SetAttrRecord;
import io.qsfs.log.record.WriteRecord;
import io.qsfs.memory.Clock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The upcalls: decodes the arguments of each operation and gives them to the worker's {@link RequestHandler}. Handing a request
 * over, or answering it, is the last thing each of them does.
 *
 * <p>Not here, and so answered ENOSYS by libfuse, after which the kernel does not ask again: flush (dirty pages are written
 * back by the kernel at close, fsync is what makes them durable) and lseek (the kernel writes nothing back before it asks for holes,
 * so the answer would be wrong; it answers as for a file without holes). A library without {@code tmpfile} does the same with that.
 *
 * <p>Threading: called on {@link FuseWorker}s only. Pointers die on return.
 */
final class FuseOperations {
    private static final int MAX_BACKGROUND = 64;
    private static final int CONGESTION_THRESHOLD = 48;
    private static final int SYMLINK_MODE = 0120777;
    private static final int DIRECTORY_MODE = 0040000;
    private static final int REGULAR_MODE = 0100000;
    private static final int TYPE_MASK = 0170000;
    private static final Logger LOG = LoggerFactory.getLogger(FuseOperations.class);

    private static final List<String> NAMES = List.of(
            "init",
            "lookup",
            "forget",
            "forget_multi",
            "getattr",
            "setattr",
            "readlink",
            "mknod",
            "mkdir",
            "unlink",
            "rmdir",
            "symlink",
            "rename",
            "link",
            "open",
            "read",
            "write",
            "release",
            "fsync",
            "fallocate",
            "copy_file_range",
            "opendir",
            "readdir",
            "readdirplus",
            "releasedir",
            "fsyncdir",
            "statfs",
            "create",
            "tmpfile",
            "setxattr",
            "getxattr",
            "listxattr",
            "removexattr");

    private final FuseReplies replies;
    private final Clock clock;
    private volatile boolean isOpenNeeded = true;
    private volatile boolean isOpendirNeeded = true;

    FuseOperations(FuseReplies replies, Clock clock) {
        this.replies = replies;
        this.clock = clock;
    }

    /** Stubs for all operations; they live in {@code arena}. */
    FuseOps bind(Arena arena) {
        FuseOps.Builder builder = FuseOps.builder(arena)
                .onFailure((operation, t) -> LOG.error("operation {} failed; its caller got EIO", operation, t));
        for (String name : NAMES) {
            if (FuseOps.has(name)) {
                builder.on(name, target(name));
            }
        }
        return builder.build();
    }

    /** The method of this class with the operation's name; requests are taken as numbers. */
    private MethodHandle target(String operation) {
        MethodType type = FuseOps.type(operation);
        if (!operation.equals("init")) {
            type = type.changeParameterType(0, long.class);
        }
        try {
            return MethodHandles.lookup()
                    .findVirtual(FuseOperations.class, operation, type)
                    .bindTo(this);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("no method for the operation " + operation + type, e);
        }
    }

    private static RequestHandler handler() {
        return worker().handler();
    }

    private static FuseWorker worker() {
        return (FuseWorker) Thread.currentThread();
    }

    @SuppressWarnings("unused")
    private void init(MemorySegment userData, MemorySegment connection) {
        long missing = FuseConnInfo.want(
                connection,
                FuseConnInfo.FUSE_CAP_WRITEBACK_CACHE
                        | FuseConnInfo.FUSE_CAP_PARALLEL_DIROPS
                        | FuseConnInfo.FUSE_CAP_NO_OPEN_SUPPORT
                        | FuseConnInfo.FUSE_CAP_NO_OPENDIR_SUPPORT
                        | FuseConnInfo.FUSE_CAP_CACHE_SYMLINKS
                        | FuseConnInfo.FUSE_CAP_READDIRPLUS
                        | FuseConnInfo.FUSE_CAP_READDIRPLUS_AUTO
                        | FuseConnInfo.FUSE_CAP_ASYNC_READ
                        | FuseConnInfo.FUSE_CAP_EXPLICIT_INVAL_DATA
                        | FuseConnInfo.FUSE_CAP_POSIX_ACL
                        | FuseConnInfo.FUSE_CAP_DONT_MASK
                        | FuseConnInfo.FUSE_CAP_HANDLE_KILLPRIV_V2);
        // Truncating at open would bypass the order of writes; the kernel sends a setattr instead. Whoever reads
        // directly
        // and asynchronously waits for the kernel without hearing signals.
        FuseConnInfo.unwant(
                connection,
                FuseConnInfo.FUSE_CAP_ATOMIC_O_TRUNC
                        | FuseConnInfo.FUSE_CAP_ASYNC_DIO
                        | FuseConnInfo.FUSE_CAP_AUTO_INVAL_DATA
                        | FuseConnInfo.FUSE_CAP_HANDLE_KILLPRIV
                        | FuseConnInfo.FUSE_CAP_SPLICE_READ
                        | FuseConnInfo.FUSE_CAP_SPLICE_WRITE
                        | FuseConnInfo.FUSE_CAP_SPLICE_MOVE);
        isOpenNeeded = (missing & FuseConnInfo.FUSE_CAP_NO_OPEN_SUPPORT) != 0;
        isOpendirNeeded = (missing & FuseConnInfo.FUSE_CAP_NO_OPENDIR_SUPPORT) != 0;
        FuseConnInfo.maxBackground(connection, MAX_BACKGROUND);
        FuseConnInfo.congestionThreshold(connection, CONGESTION_THRESHOLD);
        FuseConnInfo.timeGranularity(connection, 1);
    }

    @SuppressWarnings("unused")
    private void lookup(long request, long parent, MemorySegment name) {
        handler().lookup(request, parent, name, length(name));
    }

    @SuppressWarnings("unused")
    private void forget(long request, long ino, long count) {
        handler().forget(ino, count);
        replies.none(request);
    }

    @SuppressWarnings("unused")
    private void forget_multi(long request, long count, MemorySegment pointer) {
        RequestHandler handler = handler();
        MemorySegment forgets = FuseForget.array(pointer, count);
        for (long i = 0; i < count; i++) {
            handler.forget(FuseForget.inode(forgets, i), FuseForget.lookups(forgets, i));
        }
        replies.none(request);
    }

    @SuppressWarnings("unused")
    private void getattr(long request, long ino, MemorySegment fileInfo) {
        handler().attributes(request, ino);
    }

    @SuppressWarnings("unused")
    private void setattr(long request, long ino, MemorySegment attributes, int toSet, MemorySegment fileInfo) {
        int valid = 0;
        long now = 0;
        if ((toSet & (Fuse.FUSE_SET_ATTR_ATIME_NOW | Fuse.FUSE_SET_ATTR_MTIME_NOW)) != 0) {
            now = clock.realtimeNs();
        }
        valid |= (toSet & Fuse.FUSE_SET_ATTR_MODE) != 0 ? SetAttrRecord.MODE : 0;
        valid |= (toSet & Fuse.FUSE_SET_ATTR_UID) != 0 ? SetAttrRecord.UID : 0;
        valid |= (toSet & Fuse.FUSE_SET_ATTR_GID) != 0 ? SetAttrRecord.GID : 0;
        valid |= (toSet & Fuse.FUSE_SET_ATTR_SIZE) != 0 ? SetAttrRecord.SIZE : 0;
        valid |= (toSet & Fuse.FUSE_SET_ATTR_CTIME) != 0 ? SetAttrRecord.CTIME : 0;
        boolean atimeNow = (toSet & Fuse.FUSE_SET_ATTR_ATIME_NOW) != 0;
        boolean mtimeNow = (toSet & Fuse.FUSE_SET_ATTR_MTIME_NOW) != 0;
        valid |= atimeNow || (toSet & Fuse.FUSE_SET_ATTR_ATIME) != 0 ? SetAttrRecord.ATIME : 0;
        valid |= mtimeNow || (toSet & Fuse.FUSE_SET_ATTR_MTIME) != 0 ? SetAttrRecord.MTIME : 0;
        handler()
                .setAttributes(
                        request,
                        ino,
                        valid,
                        FuseAttr.mode(attributes),
                        FuseAttr.uid(attributes),
                        FuseAttr.gid(attributes),
                        FuseAttr.size(attributes),
                        atimeNow ? now : FuseAttr.atimeNs(attributes),
                        mtimeNow ? now : FuseAttr.mtimeNs(attributes),
                        FuseAttr.ctimeNs(attributes),
                        worker().killsPrivileges());
    }

    @SuppressWarnings("unused")
    private void readlink(long request, long ino) {
        handler().readLink(request, ino);
    }

    @SuppressWarnings("unused")
    private void mknod(long request, long parent, MemorySegment name, int mode, long rdev) {
        make(request, parent, name, mode, (int) rdev, false);
    }

    @SuppressWarnings("unused")
    private void mkdir(long request, long parent, MemorySegment name, int mode) {
        make(request, parent, name, mode & ~TYPE_MASK | DIRECTORY_MODE, 0, false);
    }

    @SuppressWarnings("unused")
    private void create(long request, long parent, MemorySegment name, int mode, MemorySegment fileInfo) {
        make(request, parent, name, mode & ~TYPE_MASK | REGULAR_MODE, 0, true);
    }

    /** A file without a name; link gives it one. */
    @SuppressWarnings("unused")
    private void tmpfile(long request, long parent, int mode, MemorySegment fileInfo) {
        make(request, parent, MemorySegment.NULL, mode & ~TYPE_MASK | REGULAR_MODE, 0, true);
    }

    @SuppressWarnings("unused")
    private void symlink(long request, MemorySegment target, long parent, MemorySegment name) {
        MemorySegment context = Fuse.requestContext(request);
        handler()
                .make(
                        request,
                        parent,
                        name,
                        length(name),
                        SYMLINK_MODE,
                        0,
                        FuseContext.uid(context),
                        FuseContext.gid(context),
                        0,
                        target,
                        length(target),
                        false);
    }

    private void make(long request, long parent, MemorySegment name, int mode, int rdev, boolean isCreate) {
        MemorySegment context = Fuse.requestContext(request);
        handler()
                .make(
                        request,
                        parent,
                        name,
                        length(name),
                        mode,
                        FuseContext.umask(context),
                        FuseContext.uid(context),
                        FuseContext.gid(context),
                        rdev,
                        null,
                        0,
                        isCreate);
    }

    @SuppressWarnings("unused")
    private void unlink(long request, long parent, MemorySegment name) {
        handler().remove(request, parent, name, length(name), false);
    }

    @SuppressWarnings("unused")
    private void rmdir(long request, long parent, MemorySegment name) {
        handler().remove(request, parent, name, length(name), true);
    }

    @SuppressWarnings("unused")
    private void rename(
            long request, long parent, MemorySegment name, long newParent, MemorySegment newName, int flags) {
        handler().rename(request, parent, name, length(name), newParent, newName, length(newName), flags);
    }

    @SuppressWarnings("unused")
    private void link(long request, long ino, long newParent, MemorySegment newName) {
        handler().link(request, ino, newParent, newName, length(newName));
    }

    /** Where the kernel can do without, it never asks again, keeps its cache, and sends no release either. */
    @SuppressWarnings("unused")
    private void open(long request, long ino, MemorySegment fileInfo) {
        if (isOpenNeeded) {
            replies.opened(request);
        } else {
            replies.error(request, Linux.ENOSYS);
        }
    }

    @SuppressWarnings("unused")
    private void opendir(long request, long ino, MemorySegment fileInfo) {
        if (isOpendirNeeded) {
            replies.opened(request);
        } else {
            replies.error(request, Linux.ENOSYS);
        }
    }

    @SuppressWarnings("unused")
    private void release(long request, long ino, MemorySegment fileInfo) {
        replies.error(request, 0);
    }

    @SuppressWarnings("unused")
    private void releasedir(long request, long ino, MemorySegment fileInfo) {
        replies.error(request, 0);
    }

    @SuppressWarnings("unused")
    private void read(long request, long ino, long size, long offset, MemorySegment fileInfo) {
        int flags = FuseFileInfo.flags(fileInfo);
        boolean isAccess = (flags & Linux.O_NOATIME) == 0 && (flags & Linux.O_ACCMODE) != Linux.O_WRONLY;
        handler().read(request, ino, size, offset, isAccess);
    }

    @SuppressWarnings("unused")
    private void write(long request, long ino, MemorySegment payload, long size, long offset, MemorySegment fileInfo) {
        FuseWorker worker = worker();
        int flags = (worker.killsPrivileges() ? WriteRecord.FLAG_KILL_PRIVILEGES : 0)
                | (worker.isFromCache() ? WriteRecord.FLAG_KEEPS_TIMES : 0);
        worker.handler().write(request, ino, Fuse.payload(payload, size), (int) size, offset, flags);
    }

    @SuppressWarnings("unused")
    private void fsync(long request, long ino, int dataOnly, MemorySegment fileInfo) {
        handler().sync(request);
    }

    @SuppressWarnings("unused")
    private void fallocate(long request, long ino, int mode, long offset, long length, MemorySegment fileInfo) {
        handler().allocate(request, ino, mode, offset, length, isUnprivileged(request));
    }

    @SuppressWarnings("unused")
    private void copy_file_range(
            long request,
            long source,
            long sourceOffset,
            MemorySegment sourceInfo,
            long ino,
            long offset,
            MemorySegment fileInfo,
            long length,
            int flags) {
        handler().cloneRange(request, source, sourceOffset, ino, offset, length, flags, isUnprivileged(request));
    }

    /** As the kernel does: whoever is not root loses set-user-id and set-group-id bits of what he changes. */
    private static boolean isUnprivileged(long request) {
        return FuseContext.uid(Fuse.requestContext(request)) != 0;
    }

    @SuppressWarnings("unused")
    private void fsyncdir(long request, long ino, int dataOnly, MemorySegment fileInfo) {
        handler().sync(request);
    }

    @SuppressWarnings("unused")
    private void readdir(long request, long ino, long size, long offset, MemorySegment fileInfo) {
        handler().readDirectory(request, ino, size, offset, false);
    }

    @SuppressWarnings("unused")
    private void readdirplus(long request, long ino, long size, long offset, MemorySegment fileInfo) {
        handler().readDirectory(request, ino, size, offset, true);
    }

    @SuppressWarnings("unused")
    private void setxattr(long request, long ino, MemorySegment name, MemorySegment value, long size, int flags) {
        int nameLength = length(name);
        boolean drops = AttributeNames.isAccessAcl(name, 0, nameLength)
                && !isOfGroup(request, handler().groupOf(ino));
        handler().setXattr(request, ino, name, nameLength, Fuse.payload(value, size), (int) size, flags, drops);
    }

    @SuppressWarnings("unused")
    private void getxattr(long request, long ino, MemorySegment name, long size) {
        handler().xattr(request, ino, name, length(name), size);
    }

    @SuppressWarnings("unused")
    private void listxattr(long request, long ino, long size) {
        handler().xattrs(request, ino, size, FuseContext.uid(Fuse.requestContext(request)) == 0);
    }

    @SuppressWarnings("unused")
    private void removexattr(long request, long ino, MemorySegment name) {
        handler().removeXattr(request, ino, name, length(name));
    }

    /** True for root and for who has the group as its first or as another one. */
    private boolean isOfGroup(long request, int gid) {
        MemorySegment context = Fuse.requestContext(request);
        if (FuseContext.uid(context) == 0 || FuseContext.gid(context) == gid) {
            return true;
        }
        MemorySegment groups = worker().groups();
        int count = Fuse.requestGroups(request, groups);
        for (int i = 0; i < Math.min(count, groups.byteSize() / Integer.BYTES); i++) {
            if (groups.getAtIndex(ValueLayout.JAVA_INT, i) == gid) {
                return true;
            }
        }
        return false;
    }

    @SuppressWarnings("unused")
    private void statfs(long request, long ino) {
        handler().space(request);
    }

    /** Length of a C string; the segment bounds it. */
    private static int length(MemorySegment text) {
        int length = 0;
        int limit = (int) text.byteSize();
        while (length < limit && text.get(ValueLayout.JAVA_BYTE, length) != 0) {
            length++;
        }
        return length;
    }
}
