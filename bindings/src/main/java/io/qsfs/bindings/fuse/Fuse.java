package io.qsfs.bindings.fuse;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.qsfs.bindings.Downcall;
import io.qsfs.bindings.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.List;

/**
 * libfuse3's low-level interface: sessions, replies, notifications. Which symbol is called depends on the version
 * that is installed, not on the one that jextract saw.
 *
 * <p>A session is a {@link MemorySegment}, a request is a {@code long}, so that neither is passed for the other. A
 * request lives until it is answered, by any thread. Every {@code reply...} frees it whatever the reply returns:
 * after an error there is nothing left to answer, only to count. They return 0 or {@code -errno}, as libfuse does.
 *
 * <p>Segments are borrowed until return and may not lie on the heap. In steady state replies allocate nothing.
 *
 * <p>Threading: replies and notifications on any thread; a session is made, mounted, unmounted and destroyed by one
 * thread at a time, receiving and processing is for any number.
 */
public final class Fuse {
    /** The release whose headers jextract read, as {@link #version} counts. */
    public static final int VERSION_MIN = 314;
    /** The newest release that this binding was tried with. */
    public static final int VERSION_TESTED_MAX = 318;
    /**
     * From here on {@code fuse_conn_info} has 64-bit capabilities and {@code fuse_session_custom_io} a fourth
     * argument.
     */
    static final int VERSION_EXTENDED = 317;

    /** What {@code fuse_session_receive_buf} reads into at least: 256 pages of payload and one of header. */
    public static final long RECEIVE_BYTES_MIN = 257 * 4096L;

    public static final long ROOT_INODE = 1;

    public static final int FUSE_SET_ATTR_MODE = 1;
    public static final int FUSE_SET_ATTR_UID = 1 << 1;
    public static final int FUSE_SET_ATTR_GID = 1 << 2;
    public static final int FUSE_SET_ATTR_SIZE = 1 << 3;
    public static final int FUSE_SET_ATTR_ATIME = 1 << 4;
    public static final int FUSE_SET_ATTR_MTIME = 1 << 5;
    public static final int FUSE_SET_ATTR_ATIME_NOW = 1 << 7;
    public static final int FUSE_SET_ATTR_MTIME_NOW = 1 << 8;
    public static final int FUSE_SET_ATTR_FORCE = 1 << 9;
    public static final int FUSE_SET_ATTR_CTIME = 1 << 10;
    public static final int FUSE_SET_ATTR_KILL_SUID = 1 << 11;
    public static final int FUSE_SET_ATTR_KILL_SGID = 1 << 12;
    public static final int FUSE_SET_ATTR_FILE = 1 << 13;
    public static final int FUSE_SET_ATTR_KILL_PRIV = 1 << 14;
    public static final int FUSE_SET_ATTR_OPEN = 1 << 15;
    public static final int FUSE_SET_ATTR_TIMES_SET = 1 << 16;
    public static final int FUSE_SET_ATTR_TOUCH = 1 << 17;

    private static final Linker LINKER = Linker.nativeLinker();

    private Fuse() {}

    // The library

    /** @return null when sessions can be made, else one sentence for the user: missing, or too old. */
    public static String unavailabilityCause() {
        if (!NativeLibrary.FUSE.isAvailable()) {
            return NativeLibrary.FUSE.unavailabilityCause();
        }
        return version() >= VERSION_MIN
                ? null
                : "libfuse " + packageVersion() + " is too old: qsfs needs 3." + VERSION_MIN % 100 + " or newer.";
    }

    public static boolean isAvailable() {
        return unavailabilityCause() == null;
    }

    /** @return null, or a sentence to log when the library is newer than any that was tried. */
    public static String versionWarning() {
        return version() <= VERSION_TESTED_MAX
                ? null
                : "libfuse " + packageVersion() + " is newer than 3." + VERSION_TESTED_MAX % 100
                        + ", the newest that qsfs was tested with.";
    }

    /** @return 314 for 3.14.x. @throws UnsatisfiedLinkError without the library. */
    public static int version() {
        return Library.VERSION;
    }

    /** @return true when the library has FUSE_CAP_HANDLE_KILLPRIV_V2, and so can accept it. */
    public static boolean canHandleKillPrivileges() {
        return version() >= VERSION_EXTENDED;
    }

    /** @return {@code "3.14.0"}. */
    public static String packageVersion() {
        return Library.PACKAGE_VERSION;
    }

    // Sessions

    /**
     * Makes a session that is neither mounted nor connected.
     *
     * @param arguments the program's name first, then options as for mount(8). libfuse says on stderr what it does
     *     not know.
     * @param operations copied; its stubs must live until {@link #sessionDestroy} has returned.
     * @return the session; {@link MemorySegment#NULL} when an option or the size of the operations is refused.
     */
    public static MemorySegment sessionNew(List<String> arguments, FuseOps operations) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment argv = arena.allocate(ADDRESS, arguments.size() + 1L);
            for (int i = 0; i < arguments.size(); i++) {
                argv.setAtIndex(ADDRESS, i, arena.allocateFrom(arguments.get(i)));
            }
            MemorySegment args = fuse_args.allocate(arena);
            fuse_args.argc(args, arguments.size());
            fuse_args.argv(args, argv);
            MemorySegment session = (MemorySegment) Session.NEW.invokeExact(
                    args, operations.struct(), operations.struct().byteSize(), MemorySegment.NULL);
            Session.FREE_ARGS.invokeExact(args); // libfuse has replaced argv by one of its own
            return session;
        } catch (Throwable t) {
            throw Downcall.failure("fuse_session_new", t);
        }
    }

    /**
     * Connects a session to a file that is not /dev/fuse, instead of mounting it; libc's read and writev carry it.
     *
     * @param fd owned by the session from now on: {@link #sessionDestroy} closes it.
     * @return 0 or -errno.
     */
    public static int sessionCustomIo(MemorySegment session, int fd) {
        try {
            MemorySegment io = Session.LIBC_IO;
            return Session.CUSTOM_IO_TAKES_SIZE
                    ? (int) Session.CUSTOM_IO.invokeExact(session, io, io.byteSize(), fd)
                    : (int) Session.CUSTOM_IO.invokeExact(session, io, fd);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_session_custom_io", t);
        }
    }

    /** @return 0, or -1 after libfuse has said why on stderr. */
    public static int sessionMount(MemorySegment session, String mountPoint) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) Session.MOUNT.invokeExact(session, arena.allocateFrom(mountPoint));
        } catch (Throwable t) {
            throw Downcall.failure("fuse_session_mount", t);
        }
    }

    /** Harmless when it is not mounted. */
    public static void sessionUnmount(MemorySegment session) {
        try {
            Session.UNMOUNT.invokeExact(session);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_session_unmount", t);
        }
    }

    /** Calls {@code destroy} if {@code init} was called. No thread may be in any other call with this session. */
    public static void sessionDestroy(MemorySegment session) {
        try {
            Session.DESTROY.invokeExact(session);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_session_destroy", t);
        }
    }

    /** Sets the flag that {@link #sessionExited} reads; wakes nobody. */
    public static void sessionExit(MemorySegment session) {
        try {
            Session.EXIT.invokeExact(session);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_session_exit", t);
        }
    }

    public static boolean sessionExited(MemorySegment session) {
        try {
            return (int) Session.EXITED.invokeExact(session) != 0;
        } catch (Throwable t) {
            throw Downcall.failure("fuse_session_exited", t);
        }
    }

    public static void sessionReset(MemorySegment session) {
        try {
            Session.RESET.invokeExact(session);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_session_reset", t);
        }
    }

    /** @return the file that requests come from; -1 when neither mounted nor connected. */
    public static int sessionFd(MemorySegment session) {
        try {
            return (int) Session.FD.invokeExact(session);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_session_fd", t);
        }
    }

    /**
     * Waits for a request.
     *
     * @param buffer from {@link FuseBuf}; where it has no memory libfuse allocates some, which is the caller's to free.
     * @return the length of the request; 0 when the session has ended; -errno, with EINTR and EAGAIN to be tried again.
     */
    public static int sessionReceiveBuf(MemorySegment session, MemorySegment buffer) {
        try {
            return (int) Session.RECEIVE_BUF.invokeExact(session, buffer);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_session_receive_buf", t);
        }
    }

    /** Decodes a request and calls its operation, on this thread, before it returns. */
    public static void sessionProcessBuf(MemorySegment session, MemorySegment buffer) {
        try {
            Session.PROCESS_BUF.invokeExact(session, buffer);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_session_process_buf", t);
        }
    }

    // Replies

    /** @param errno positive, or 0 for success without a value. */
    public static int replyErr(long request, int errno) {
        Answered.note(request);
        try {
            return (int) Reply.ERR.invokeExact(request, errno);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_reply_err", t);
        }
    }

    /** For {@code forget} alone: frees the request, sends nothing. */
    public static void replyNone(long request) {
        Answered.note(request);
        try {
            Reply.NONE.invokeExact(request);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_reply_none", t);
        }
    }

    /** @param entry from {@link FuseEntry}. */
    public static int replyEntry(long request, MemorySegment entry) {
        Answered.note(request);
        try {
            return (int) Reply.ENTRY.invokeExact(request, entry);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_reply_entry", t);
        }
    }

    /** @param fileInfo with the handle and flags of the new file; 64 bytes, see {@link FuseFileInfo#ALLOC_BYTES}. */
    public static int replyCreate(long request, MemorySegment entry, MemorySegment fileInfo) {
        Answered.note(request);
        try {
            return (int) Reply.CREATE.invokeExact(request, entry, fileInfo);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_reply_create", t);
        }
    }

    /** @param attributes from {@link FuseAttr}. */
    public static int replyAttr(long request, MemorySegment attributes, double timeoutSeconds) {
        Answered.note(request);
        try {
            return (int) Reply.ATTR.invokeExact(request, attributes, timeoutSeconds);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_reply_attr", t);
        }
    }

    /** @param target ends with a zero byte. */
    public static int replyReadlink(long request, MemorySegment target) {
        Answered.note(request);
        try {
            return (int) Reply.READLINK.invokeExact(request, target);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_reply_readlink", t);
        }
    }

    /** See {@link #replyCreate}. */
    public static int replyOpen(long request, MemorySegment fileInfo) {
        Answered.note(request);
        try {
            return (int) Reply.OPEN.invokeExact(request, fileInfo);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_reply_open", t);
        }
    }

    public static int replyWrite(long request, long bytes) {
        Answered.note(request);
        try {
            return (int) Reply.WRITE.invokeExact(request, bytes);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_reply_write", t);
        }
    }

    public static int replyBuf(long request, MemorySegment data, long offset, long length) {
        long address = Downcall.address(data, offset, length);
        Answered.note(request);
        try {
            int outcome = (int) Reply.BUF.invokeExact(request, address, length);
            Reference.reachabilityFence(data);
            return outcome;
        } catch (Throwable t) {
            throw Downcall.failure("fuse_reply_buf", t);
        }
    }

    /** @param vector from {@link FuseBufVec}. @param flags FUSE_BUF_ flags of the copy, 0 for none. */
    public static int replyData(long request, MemorySegment vector, int flags) {
        Answered.note(request);
        try {
            return (int) Reply.DATA.invokeExact(request, vector, flags);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_reply_data", t);
        }
    }

    /**
     * @param iov {@code count} elements of {@link io.qsfs.bindings.linux.IoVec}. A page that cannot be read is
     *     -EFAULT.
     */
    public static int replyIov(long request, MemorySegment iov, int count) {
        Answered.note(request);
        try {
            return (int) Reply.IOV.invokeExact(request, iov, count);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_reply_iov", t);
        }
    }

    /** @param statistics from {@link FuseStatfs}. */
    public static int replyStatfs(long request, MemorySegment statistics) {
        Answered.note(request);
        try {
            return (int) Reply.STATFS.invokeExact(request, statistics);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_reply_statfs", t);
        }
    }

    /** The answer to a getxattr or listxattr that asked for the size only. */
    public static int replyXattr(long request, long bytes) {
        Answered.note(request);
        try {
            return (int) Reply.XATTR.invokeExact(request, bytes);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_reply_xattr", t);
        }
    }

    public static int replyLseek(long request, long offset) {
        Answered.note(request);
        try {
            return (int) Reply.LSEEK.invokeExact(request, offset);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_reply_lseek", t);
        }
    }

    /** @param lock from {@link FuseLock}. */
    public static int replyLock(long request, MemorySegment lock) {
        Answered.note(request);
        try {
            return (int) Reply.LOCK.invokeExact(request, lock);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_reply_lock", t);
        }
    }

    // Requests

    /** Who asks. @return a {@link FuseContext}, valid until the reply. */
    public static MemorySegment requestContext(long request) {
        try {
            return (MemorySegment) Request.CONTEXT.invokeExact(request);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_req_ctx", t);
        }
    }

    /**
     * The supplementary groups of who asks; reads /proc.
     *
     * @param out gets group ids of 4 bytes, as many as fit.
     * @return how many there are, possibly more than fit; or -errno.
     */
    public static int requestGroups(long request, MemorySegment out) {
        try {
            return (int) Request.GROUPS.invokeExact(request, (int) (out.byteSize() / JAVA_INT.byteSize()), out);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_req_getgroups", t);
        }
    }

    /**
     * Asks to be told when the waiting process is interrupted. If it already was, {@code function} is called before
     * this returns.
     *
     * @param function from {@link FuseOps#interruptStub}.
     * @param data     what the function gets beside the request.
     */
    public static void requestInterruptFunction(long request, MemorySegment function, long data) {
        try {
            Request.INTERRUPT_FUNCTION.invokeExact(request, function, data);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_req_interrupt_func", t);
        }
    }

    public static boolean requestInterrupted(long request) {
        try {
            return (int) Request.INTERRUPTED.invokeExact(request) != 0;
        } catch (Throwable t) {
            throw Downcall.failure("fuse_req_interrupted", t);
        }
    }

    /**
     * Adds a directory entry to the buffer of a readdir reply.
     *
     * @param name       ends with a zero byte.
     * @param attributes of which inode number and type are used.
     * @param nextOffset what the kernel passes to go on behind this entry.
     * @return the size of the entry; it was added only if that is at most {@code length}.
     */
    public static long addDirentry(
            long request,
            MemorySegment buffer,
            long offset,
            long length,
            MemorySegment name,
            MemorySegment attributes,
            long nextOffset) {
        try {
            long bytes = (long) Request.ADD_DIRENTRY.invokeExact(
                    request, Downcall.address(buffer, offset, length), length, name, attributes, nextOffset);
            Reference.reachabilityFence(buffer);
            return bytes;
        } catch (Throwable t) {
            throw Downcall.failure("fuse_add_direntry", t);
        }
    }

    /** As {@link #addDirentry}, with all that a lookup would have answered; counts as a lookup of the entry. */
    public static long addDirentryPlus(
            long request,
            MemorySegment buffer,
            long offset,
            long length,
            MemorySegment name,
            MemorySegment entry,
            long nextOffset) {
        try {
            long bytes = (long) Request.ADD_DIRENTRY_PLUS.invokeExact(
                    request, Downcall.address(buffer, offset, length), length, name, entry, nextOffset);
            Reference.reachabilityFence(buffer);
            return bytes;
        } catch (Throwable t) {
            throw Downcall.failure("fuse_add_direntry_plus", t);
        }
    }

    /** Bytes behind a pointer that an operation got with their size, as {@code write} and {@code setxattr} do. */
    public static MemorySegment payload(MemorySegment pointer, long bytes) {
        return pointer.reinterpret(bytes);
    }

    // Notifications. Never from a thread that is answering a request on the same inode: the kernel may wait for it.

    /**
     * @param length 0 to the end.
     * @param offset negative for attributes only.
     * @return 0 or -errno; ENOENT is no error.
     */
    public static int notifyInvalInode(MemorySegment session, long inode, long offset, long length) {
        try {
            return (int) Notify.INVAL_INODE.invokeExact(session, inode, offset, length);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_lowlevel_notify_inval_inode", t);
        }
    }

    /** @param name {@code length} bytes and a zero byte. */
    public static int notifyInvalEntry(MemorySegment session, long parent, MemorySegment name, long length) {
        try {
            return (int) Notify.INVAL_ENTRY.invokeExact(session, parent, name, length);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_lowlevel_notify_inval_entry", t);
        }
    }

    public static int notifyDelete(MemorySegment session, long parent, long child, MemorySegment name, long length) {
        try {
            return (int) Notify.DELETE.invokeExact(session, parent, child, name, length);
        } catch (Throwable t) {
            throw Downcall.failure("fuse_lowlevel_notify_delete", t);
        }
    }

    // Handles, each group made when it is first needed

    private static MethodHandle handle(String function, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(NativeLibrary.FUSE.address(function), descriptor);
    }

    private static final class Library {
        static final int VERSION;
        static final String PACKAGE_VERSION;

        static {
            try {
                VERSION = (int)
                        handle("fuse_version", FunctionDescriptor.of(JAVA_INT)).invokeExact();
                MemorySegment text = (MemorySegment) handle("fuse_pkgversion", FunctionDescriptor.of(ADDRESS))
                        .invokeExact();
                PACKAGE_VERSION = text.reinterpret(64).getString(0);
            } catch (Throwable t) {
                throw Downcall.failure("fuse_version", t);
            }
        }
    }

    private static final class Session {
        private static final FunctionDescriptor VOID_OF_SESSION = FunctionDescriptor.ofVoid(ADDRESS);
        private static final FunctionDescriptor INT_OF_SESSION = FunctionDescriptor.of(JAVA_INT, ADDRESS);

        static final MethodHandle NEW =
                handle("fuse_session_new", FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));
        static final MethodHandle FREE_ARGS = handle("fuse_opt_free_args", VOID_OF_SESSION);
        static final MethodHandle MOUNT =
                handle("fuse_session_mount", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
        static final MethodHandle UNMOUNT = handle("fuse_session_unmount", VOID_OF_SESSION);
        static final MethodHandle DESTROY = handle("fuse_session_destroy", VOID_OF_SESSION);
        static final MethodHandle EXIT = handle("fuse_session_exit", VOID_OF_SESSION);
        static final MethodHandle EXITED = handle("fuse_session_exited", INT_OF_SESSION);
        static final MethodHandle RESET = handle("fuse_session_reset", VOID_OF_SESSION);
        static final MethodHandle FD = handle("fuse_session_fd", INT_OF_SESSION);
        static final MethodHandle RECEIVE_BUF =
                handle("fuse_session_receive_buf", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
        static final MethodHandle PROCESS_BUF =
                handle("fuse_session_process_buf", FunctionDescriptor.ofVoid(ADDRESS, ADDRESS));

        /**
         * Before 3.17 the plain name takes three arguments, from then on four: calling it with three crashes 3.18. So
         * the plain name is used only where the two explicit ones do not exist.
         */
        static final boolean CUSTOM_IO_TAKES_SIZE = version() >= VERSION_EXTENDED
                && NativeLibrary.FUSE.find("fuse_session_custom_io_317").isPresent();

        static final MethodHandle CUSTOM_IO = customIo();
        static final MemorySegment LIBC_IO = libcIo();

        private static MethodHandle customIo() {
            if (CUSTOM_IO_TAKES_SIZE) {
                return handle(
                        "fuse_session_custom_io_317",
                        FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT));
            }
            String name = version() >= VERSION_EXTENDED ? "fuse_session_custom_io_30" : "fuse_session_custom_io";
            return handle(name, FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
        }

        private static MemorySegment libcIo() {
            MemorySegment io = fuse_custom_io.allocate(Arena.global());
            fuse_custom_io.writev(io, LINKER.defaultLookup().find("writev").orElseThrow());
            fuse_custom_io.read(io, LINKER.defaultLookup().find("read").orElseThrow());
            return io;
        }
    }

    private static final class Reply {
        static final MethodHandle ERR = reply("fuse_reply_err", JAVA_INT);
        static final MethodHandle NONE = handle("fuse_reply_none", FunctionDescriptor.ofVoid(JAVA_LONG));
        static final MethodHandle ENTRY = reply("fuse_reply_entry", ADDRESS);
        static final MethodHandle CREATE = reply("fuse_reply_create", ADDRESS, ADDRESS);
        static final MethodHandle ATTR = reply("fuse_reply_attr", ADDRESS, JAVA_DOUBLE);
        static final MethodHandle READLINK = reply("fuse_reply_readlink", ADDRESS);
        static final MethodHandle OPEN = reply("fuse_reply_open", ADDRESS);
        static final MethodHandle WRITE = reply("fuse_reply_write", JAVA_LONG);
        static final MethodHandle BUF = reply("fuse_reply_buf", JAVA_LONG, JAVA_LONG);
        static final MethodHandle DATA = reply("fuse_reply_data", ADDRESS, JAVA_INT);
        static final MethodHandle IOV = reply("fuse_reply_iov", ADDRESS, JAVA_INT);
        static final MethodHandle STATFS = reply("fuse_reply_statfs", ADDRESS);
        static final MethodHandle XATTR = reply("fuse_reply_xattr", JAVA_LONG);
        static final MethodHandle LSEEK = reply("fuse_reply_lseek", JAVA_LONG);
        static final MethodHandle LOCK = reply("fuse_reply_lock", ADDRESS);

        /** {@code fuse_req_t} is a pointer; as a number it has the same register. */
        private static MethodHandle reply(String function, MemoryLayout... afterRequest) {
            return handle(function, FunctionDescriptor.of(JAVA_INT, JAVA_LONG).appendArgumentLayouts(afterRequest));
        }
    }

    private static final class Request {
        static final MethodHandle CONTEXT =
                handle("fuse_req_ctx", FunctionDescriptor.of(ADDRESS.withTargetLayout(fuse_ctx.layout()), JAVA_LONG));
        static final MethodHandle GROUPS =
                handle("fuse_req_getgroups", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, ADDRESS));
        static final MethodHandle INTERRUPT_FUNCTION =
                handle("fuse_req_interrupt_func", FunctionDescriptor.ofVoid(JAVA_LONG, ADDRESS, JAVA_LONG));
        static final MethodHandle INTERRUPTED =
                handle("fuse_req_interrupted", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        private static final FunctionDescriptor ADD =
                FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG);
        static final MethodHandle ADD_DIRENTRY = handle("fuse_add_direntry", ADD);
        static final MethodHandle ADD_DIRENTRY_PLUS = handle("fuse_add_direntry_plus", ADD);
    }

    private static final class Notify {
        static final MethodHandle INVAL_INODE = handle(
                "fuse_lowlevel_notify_inval_inode",
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG));
        static final MethodHandle INVAL_ENTRY = handle(
                "fuse_lowlevel_notify_inval_entry",
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG));
        static final MethodHandle DELETE = handle(
                "fuse_lowlevel_notify_delete",
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG));
    }
}
