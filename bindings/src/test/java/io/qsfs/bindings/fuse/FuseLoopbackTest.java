package io.qsfs.bindings.fuse;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.qsfs.bindings.Allocations;
import io.qsfs.bindings.NativeLibrary;
import io.qsfs.bindings.linux.IoVec;
import io.qsfs.bindings.linux.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * libfuse without a mount: a session on one end of a socket pair, and the test plays the kernel on the other. It
 * covers the signatures of operations, the offsets of structs, the paths of replies, and the guard. Requests and
 * replies are laid out as in linux/fuse.h.
 */
class FuseLoopbackTest {
    private static final int FUSE_LOOKUP = 1;
    private static final int FUSE_FORGET = 2;
    private static final int FUSE_GETATTR = 3;
    private static final int FUSE_SETATTR = 4;
    private static final int FUSE_OPEN = 14;
    private static final int FUSE_READ = 15;
    private static final int FUSE_WRITE = 16;
    private static final int FUSE_STATFS = 17;
    private static final int FUSE_GETXATTR = 22;
    private static final int FUSE_INIT = 26;
    private static final int FUSE_READDIR = 28;
    private static final int FUSE_INTERRUPT = 36;
    private static final int FUSE_BATCH_FORGET = 42;
    private static final int FUSE_LSEEK = 46;

    private static final int IN_HEADER_BYTES = 40;
    private static final int OUT_HEADER_BYTES = 16;
    private static final int MAX_WRITE_BYTES = 65_536;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment in = arena.allocate(128 << 10, 8);
    private final MemorySegment out = arena.allocate(128 << 10, 8);
    private final Handlers handlers = new Handlers(arena);
    private final List<String> failures = new ArrayList<>();
    private FuseOps operations;
    private MemorySegment session;
    private MemorySegment buffer;
    private int kernel;
    private long unique;

    @BeforeEach
    void connect() throws ReflectiveOperationException {
        FuseOps.Builder builder =
                FuseOps.builder(arena).onFailure((operation, t) -> failures.add(operation + ": " + t.getMessage()));
        for (String operation : new String[] {
            "init",
            "lookup",
            "forget",
            "forget_multi",
            "getattr",
            "setattr",
            "open",
            "read",
            "write",
            "statfs",
            "getxattr",
            "readdir",
            "lseek"
        }) {
            builder.on(operation, handlers.handle(operation));
        }
        operations = builder.build();
        session = Fuse.sessionNew(List.of("qsfs"), operations);
        assertNotEquals(0, session.address());
        assertEquals(-1, Fuse.sessionFd(session));
        int[] ends = new int[2];
        assertEquals(0, Linux.socketpair(Linux.AF_UNIX, Linux.SOCK_SEQPACKET | Linux.SOCK_CLOEXEC, 0, ends));
        assertEquals(0, Fuse.sessionCustomIo(session, ends[0]));
        assertEquals(ends[0], Fuse.sessionFd(session));
        kernel = ends[1];
        buffer = FuseBuf.allocate(arena, arena.allocate(Fuse.RECEIVE_BYTES_MIN, 4096));
        init();
    }

    @AfterEach
    void disconnect() {
        Linux.close(kernel);
        assertFalse(Fuse.sessionExited(session));
        Fuse.sessionExit(session);
        assertTrue(Fuse.sessionExited(session));
        Fuse.sessionReset(session);
        assertFalse(Fuse.sessionExited(session));
        Fuse.sessionDestroy(session);
        arena.close();
    }

    private void init() {
        in.set(JAVA_INT, IN_HEADER_BYTES, 7);
        in.set(JAVA_INT, IN_HEADER_BYTES + 4, 31);
        in.set(JAVA_INT, IN_HEADER_BYTES + 8, MAX_WRITE_BYTES);
        in.set(JAVA_INT, IN_HEADER_BYTES + 12, 1 << 16 | 1 << 5); // FUSE_WRITEBACK_CACHE, FUSE_BIG_WRITES
        call(FUSE_INIT, 0, 16);
        assertEquals(0, error());
        assertEquals(7, out.get(JAVA_INT, OUT_HEADER_BYTES));
        assertNotEquals(0, out.get(JAVA_INT, OUT_HEADER_BYTES + 12) & 1 << 16, "writeback cache was wanted");
        assertEquals(MAX_WRITE_BYTES, out.get(JAVA_INT, OUT_HEADER_BYTES + 20), "max_write");
        assertEquals(FuseConnInfo.FUSE_CAP_OVER_IO_URING, handlers.notOffered);
        assertEquals(7, handlers.protoMajor);
    }

    @Test
    void shouldLookUp() {
        int length = string(0, "naïve");
        call(FUSE_LOOKUP, Fuse.ROOT_INODE, length);
        assertEquals(0, error());
        assertEquals("naïve in 1", handlers.seen);
        assertEquals(42, out.get(JAVA_LONG, OUT_HEADER_BYTES), "nodeid");
        assertEquals(7, out.get(JAVA_LONG, OUT_HEADER_BYTES + 8), "generation");
        assertEquals(60, out.get(JAVA_LONG, OUT_HEADER_BYTES + 16), "entry_valid");
        assertEquals(2, out.get(JAVA_LONG, OUT_HEADER_BYTES + 24), "attr_valid");
        assertEquals(500_000_000, out.get(JAVA_INT, OUT_HEADER_BYTES + 36), "attr_valid_nsec");
        assertAttributes(OUT_HEADER_BYTES + 40);
        string(0, "none");
        call(FUSE_LOOKUP, Fuse.ROOT_INODE, 5);
        assertEquals(-Linux.ENOENT, error());
    }

    @Test
    void shouldGetAndSetAttributes() {
        in.set(JAVA_INT, IN_HEADER_BYTES, 0); // without FUSE_GETATTR_FH
        call(FUSE_GETATTR, 42, 16);
        assertEquals(0, error());
        assertAttributes(OUT_HEADER_BYTES + 16);
        assertEquals("getattr without a file", handlers.seen);

        in.asSlice(IN_HEADER_BYTES, 88).fill((byte) 0);
        int body = IN_HEADER_BYTES;
        in.set(JAVA_INT, body, 1 << 3 | 1 << 4 | 1 << 5); // FATTR_SIZE, ATIME, MTIME
        in.set(JAVA_LONG, body + 16, 12_345);
        in.set(JAVA_LONG, body + 32, 10);
        in.set(JAVA_LONG, body + 40, -1);
        in.set(JAVA_INT, body + 56, 5);
        in.set(JAVA_INT, body + 60, 999_999_999);
        call(FUSE_SETATTR, 42, 88);
        assertEquals(0, error());
        assertEquals(
                "setattr " + (Fuse.FUSE_SET_ATTR_SIZE | Fuse.FUSE_SET_ATTR_ATIME | Fuse.FUSE_SET_ATTR_MTIME)
                        + " size 12345 atime 10000000005 mtime -1",
                handlers.seen);
    }

    @Test
    void shouldOpenReadAndWrite() {
        in.set(JAVA_INT, IN_HEADER_BYTES, Linux.O_RDWR);
        in.set(JAVA_INT, IN_HEADER_BYTES + 4, 0);
        call(FUSE_OPEN, 42, 8);
        assertEquals(0, error());
        assertEquals(99, out.get(JAVA_LONG, OUT_HEADER_BYTES), "fh");
        assertEquals(1 << 1, out.get(JAVA_INT, OUT_HEADER_BYTES + 8), "FOPEN_KEEP_CACHE and not FOPEN_DIRECT_IO");

        byte[] payload = new byte[MAX_WRITE_BYTES];
        java.util.Arrays.fill(payload, (byte) 'x');
        payload[MAX_WRITE_BYTES - 1] = 'y';
        transfer(8192, MAX_WRITE_BYTES);
        MemorySegment.copy(payload, 0, in, JAVA_BYTE, IN_HEADER_BYTES + 40, payload.length);
        call(FUSE_WRITE, 42, 40 + payload.length);
        assertEquals(0, error());
        assertEquals(MAX_WRITE_BYTES, out.get(JAVA_INT, OUT_HEADER_BYTES));
        assertEquals("write 65536 at 8192 fh 99 ends y", handlers.seen);
        assertTrue(handlers.payloadOffset > 0 && handlers.payloadOffset < 4096, "within the receive buffer");

        transfer(4096, 10);
        int length = call(FUSE_READ, 42, 40);
        assertEquals(0, error());
        assertEquals(OUT_HEADER_BYTES + 10, length);
        assertEquals("world hell", text(OUT_HEADER_BYTES, 10));
        transfer(4097, 5);
        length = call(FUSE_READ, 42, 40);
        assertEquals("hello", text(OUT_HEADER_BYTES, length - OUT_HEADER_BYTES));
        transfer(4098, 5);
        length = call(FUSE_READ, 42, 40);
        assertEquals("world", text(OUT_HEADER_BYTES, length - OUT_HEADER_BYTES));
    }

    @Test
    void shouldReadADirectory() {
        transfer(0, 4096);
        int length = call(FUSE_READDIR, 1, 40);
        assertEquals(0, error());
        assertEquals(OUT_HEADER_BYTES + 32 + 32, length, "two entries of 24 bytes and a name, in units of 8");
        assertEquals(42, out.get(JAVA_LONG, OUT_HEADER_BYTES));
        assertEquals(1, out.get(JAVA_LONG, OUT_HEADER_BYTES + 8), "offset of the next");
        assertEquals(5, out.get(JAVA_INT, OUT_HEADER_BYTES + 16));
        assertEquals(Linux.S_IFREG >> 12, out.get(JAVA_INT, OUT_HEADER_BYTES + 20));
        assertEquals("name0", text(OUT_HEADER_BYTES + 24, 5));
        assertEquals("name1", text(OUT_HEADER_BYTES + 56, 5));
    }

    @Test
    void shouldAnswerTheRest() {
        call(FUSE_STATFS, 1, 0);
        assertEquals(0, error());
        assertEquals(1000, out.get(JAVA_LONG, OUT_HEADER_BYTES), "blocks");
        assertEquals(900, out.get(JAVA_LONG, OUT_HEADER_BYTES + 16), "bavail");
        assertEquals(4096, out.get(JAVA_INT, OUT_HEADER_BYTES + 40), "bsize");
        assertEquals(255, out.get(JAVA_INT, OUT_HEADER_BYTES + 44), "namelen");

        in.set(JAVA_LONG, IN_HEADER_BYTES, 0);
        int length = string(8, "user.a");
        call(FUSE_GETXATTR, 42, 8 + length);
        assertEquals(0, error());
        assertEquals(11, out.get(JAVA_INT, OUT_HEADER_BYTES), "size");
        assertEquals("getxattr user.a 0", handlers.seen);

        in.set(JAVA_LONG, IN_HEADER_BYTES, 99);
        in.set(JAVA_LONG, IN_HEADER_BYTES + 8, 77);
        in.set(JAVA_INT, IN_HEADER_BYTES + 16, Linux.SEEK_DATA);
        call(FUSE_LSEEK, 42, 24);
        assertEquals(0, error());
        assertEquals(4096 + 77, out.get(JAVA_LONG, OUT_HEADER_BYTES));
    }

    @Test
    void shouldForgetWithoutAnAnswer() {
        in.set(JAVA_LONG, IN_HEADER_BYTES, 3);
        send(FUSE_FORGET, 42, 8);
        assertEquals("forget 42 3", handlers.seen);
        in.set(JAVA_INT, IN_HEADER_BYTES, 2);
        in.set(JAVA_INT, IN_HEADER_BYTES + 4, 0);
        in.set(JAVA_LONG, IN_HEADER_BYTES + 8, 5);
        in.set(JAVA_LONG, IN_HEADER_BYTES + 16, 6);
        in.set(JAVA_LONG, IN_HEADER_BYTES + 24, 7);
        in.set(JAVA_LONG, IN_HEADER_BYTES + 32, 8);
        send(FUSE_BATCH_FORGET, 0, 40);
        assertEquals("forget 5 6 7 8", handlers.seen);
        handlers.failure = new IllegalStateException("in forget");
        send(FUSE_FORGET, 42, 8);
        assertNothingSent();
        assertEquals(List.of("forget: in forget"), failures);
    }

    @Test
    void shouldAnswerEioWhenATargetThrows() {
        handlers.failure = new StackOverflowError("deep");
        call(FUSE_GETATTR, 42, 16);
        assertEquals(-Linux.EIO, error());
        handlers.failure = new IllegalStateException("bug");
        string(0, "name");
        call(FUSE_LOOKUP, 1, 5);
        assertEquals(-Linux.EIO, error());
        assertEquals(List.of("getattr: deep", "lookup: bug"), failures);
        assertEquals(2, operations.failureCount());
        handlers.failure = null;
        shouldLookUp();
    }

    @Test
    void shouldNotAnswerTwiceWhenATargetThrowsAfterItsReply() {
        handlers.failureAfterReply = new IllegalStateException("too late");
        for (int i = 0; i < 10; i++) { // libfuse uses the freed request again at once
            call(FUSE_GETATTR, 42, 16);
            assertEquals(0, error());
            assertNothingSent();
        }
        handlers.failureAfterReply = null;
        handlers.failure = new IllegalStateException("at the same address");
        call(FUSE_GETATTR, 42, 16);
        assertEquals(-Linux.EIO, error());
        assertEquals(11, operations.failureCount());
    }

    @Test
    void shouldInterruptAParkedRequest() {
        handlers.park = true;
        send(FUSE_GETATTR, 42, 16);
        assertNothingSent();
        assertFalse(Fuse.requestInterrupted(handlers.parked));
        long waiting = unique;
        Fuse.requestInterruptFunction(handlers.parked, operations.interruptStub(arena, handlers.interrupted()), 1234);
        in.set(JAVA_LONG, IN_HEADER_BYTES, waiting);
        send(FUSE_INTERRUPT, 0, 8);
        receiveReply();
        assertEquals(waiting, out.get(JAVA_LONG, 8));
        assertEquals(-Linux.EINTR, error());
        assertEquals("interrupted 1234", handlers.seen);
    }

    @Test
    void shouldTellWhoAsks() {
        in.set(JAVA_INT, 24, 1001);
        in.set(JAVA_INT, 28, 1002);
        in.set(JAVA_INT, 32, 1003);
        handlers.park = true;
        send(FUSE_GETATTR, 42, 16);
        MemorySegment context = Fuse.requestContext(handlers.parked);
        assertEquals(1001, FuseContext.uid(context));
        assertEquals(1002, FuseContext.gid(context));
        assertEquals(1003, FuseContext.pid(context));
        assertEquals(0, FuseContext.umask(context));
        assertEquals(0, Fuse.replyErr(handlers.parked, Linux.EACCES));
        receiveReply();
        assertEquals(-Linux.EACCES, error());
    }

    @Test
    void shouldNotify() {
        assertEquals(0, Fuse.notifyInvalInode(session, 42, 0, 0));
        receiveReply();
        assertEquals(0, out.get(JAVA_LONG, 8), "a notification has no request");
        assertEquals(42, out.get(JAVA_LONG, OUT_HEADER_BYTES));
        assertEquals(0, Fuse.notifyInvalEntry(session, 1, arena.allocateFrom("gone"), 4));
        receiveReply();
        assertEquals("gone", text(OUT_HEADER_BYTES + 16, 4));
        assertEquals(0, Fuse.notifyDelete(session, 1, 42, arena.allocateFrom("gone"), 4));
        receiveReply();
        assertEquals(42, out.get(JAVA_LONG, OUT_HEADER_BYTES + 8));
    }

    @Test
    void shouldRefuseTargetsThatDoNotFit() {
        FuseOps.Builder builder = FuseOps.builder(arena);
        MethodHandle wrong = MethodHandles.empty(MethodType.methodType(void.class, long.class));
        assertThrows(IllegalArgumentException.class, () -> builder.on("lookup", wrong));
        assertThrows(IllegalArgumentException.class, () -> builder.on("no_such_operation", wrong));
        assertThrows(
                IllegalArgumentException.class,
                () -> FuseBuf.allocate(arena, arena.allocate(Fuse.RECEIVE_BYTES_MIN - 1)));
        builder.on("lookup", MethodHandles.empty(FuseOps.type("lookup")));
    }

    @Test
    void shouldRefuseUnknownOptions() {
        assertEquals(
                0,
                Fuse.sessionNew(List.of("qsfs", "--no-such-option"), operations).address());
    }

    @Test
    void shouldKnowItsVersion() {
        assertTrue(Fuse.isAvailable());
        assertTrue(Fuse.version() >= Fuse.VERSION_MIN);
        assertTrue(Fuse.packageVersion().startsWith("3." + Fuse.version() % 100), Fuse.packageVersion());
        assertTrue(NativeLibrary.FUSE.soname().contains("libfuse3.so."));
    }

    @Test
    void shouldAllocateNothingForAnAnswer() {
        handlers.quiet = true;
        Allocations.assertNone(() -> {
            send(FUSE_GETATTR, 42, 16);
            Linux.read(kernel, out, 0, out.byteSize());
        });
        Allocations.assertNone(() -> {
            transfer(0, 512);
            send(FUSE_WRITE, 42, 40 + 512);
            Linux.read(kernel, out, 0, out.byteSize());
        });
    }

    private void transfer(long offset, int bytes) {
        in.set(JAVA_LONG, IN_HEADER_BYTES, 99);
        in.set(JAVA_LONG, IN_HEADER_BYTES + 8, offset);
        in.set(JAVA_INT, IN_HEADER_BYTES + 16, bytes);
        in.set(JAVA_INT, IN_HEADER_BYTES + 20, 0);
        in.set(JAVA_LONG, IN_HEADER_BYTES + 24, 0);
        in.set(JAVA_LONG, IN_HEADER_BYTES + 32, 0);
    }

    private int string(int offset, String text) {
        in.setString(IN_HEADER_BYTES + (long) offset, text);
        return text.getBytes(StandardCharsets.UTF_8).length + 1;
    }

    private void send(int opcode, long node, int bodyBytes) {
        int length = IN_HEADER_BYTES + bodyBytes;
        in.set(JAVA_INT, 0, length);
        in.set(JAVA_INT, 4, opcode);
        in.set(JAVA_LONG, 8, ++unique);
        in.set(JAVA_LONG, 16, node);
        check(length, Linux.write(kernel, in, 0, length));
        check(length, Fuse.sessionReceiveBuf(session, buffer));
        check(length, FuseBuf.size(buffer));
        handlers.receiveAddress = FuseBuf.address(buffer);
        Fuse.sessionProcessBuf(session, buffer);
    }

    /** assertEquals would box, and with it fail the test that nothing allocates. */
    private static void check(long expected, long actual) {
        if (expected != actual) {
            throw new AssertionError("expected " + expected + ", got " + actual);
        }
    }

    private int call(int opcode, long node, int bodyBytes) {
        send(opcode, node, bodyBytes);
        int length = receiveReply();
        assertEquals(unique, out.get(JAVA_LONG, 8));
        return length;
    }

    private int receiveReply() {
        assertEquals(Linux.POLLIN, Linux.poll(kernel, Linux.POLLIN, 0), "there is a reply");
        int length = (int) Linux.read(kernel, out, 0, out.byteSize());
        assertEquals(length, out.get(JAVA_INT, 0));
        return length;
    }

    private void assertNothingSent() {
        assertEquals(0, Linux.poll(kernel, Linux.POLLIN, 0), "there is no reply");
    }

    private int error() {
        return out.get(JAVA_INT, 4);
    }

    private String text(long offset, int length) {
        byte[] bytes = out.asSlice(offset, length).toArray(JAVA_BYTE);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** struct fuse_attr */
    private void assertAttributes(long offset) {
        assertEquals(42, out.get(JAVA_LONG, offset), "ino");
        assertEquals(5000, out.get(JAVA_LONG, offset + 8), "size");
        assertEquals(10, out.get(JAVA_LONG, offset + 16), "blocks");
        assertEquals(1, out.get(JAVA_LONG, offset + 24), "atime");
        assertEquals(-1, out.get(JAVA_LONG, offset + 32), "mtime, before 1970");
        assertEquals(3, out.get(JAVA_LONG, offset + 40), "ctime");
        assertEquals(500_000_000, out.get(JAVA_INT, offset + 48), "atimensec");
        assertEquals(999_999_999, out.get(JAVA_INT, offset + 52), "mtimensec");
        assertEquals(Linux.S_IFREG | 0640, out.get(JAVA_INT, offset + 60), "mode");
        assertEquals(2, out.get(JAVA_INT, offset + 64), "nlink");
        assertEquals(1000, out.get(JAVA_INT, offset + 68), "uid");
        assertEquals(100, out.get(JAVA_INT, offset + 72), "gid");
        assertEquals(4096, out.get(JAVA_INT, offset + 80), "blksize");
    }

    /** The file system: one file, number 42. Its methods have the names of the operations. */
    static final class Handlers {
        private final MemorySegment attributes;
        private final MemorySegment entry;
        private final MemorySegment file;
        private final MemorySegment statistics;
        private final MemorySegment data;
        private final MemorySegment iov;
        private final MemorySegment vector;
        private final MemorySegment names;
        private final MemorySegment entries;
        String seen = "";
        Throwable failure;
        RuntimeException failureAfterReply;
        boolean park;
        boolean quiet;
        long parked;
        long receiveAddress;
        long payloadOffset;
        long notOffered;
        int protoMajor;

        Handlers(Arena arena) {
            attributes = FuseAttr.allocate(arena);
            entry = FuseEntry.allocate(arena);
            file = FuseFileInfo.allocate(arena);
            statistics = FuseStatfs.allocate(arena);
            data = arena.allocateFrom("hello world hello");
            iov = arena.allocate(2 * IoVec.BYTES, 8);
            vector = FuseBufVec.allocate(arena);
            names = arena.allocate(16);
            entries = arena.allocate(4096, 8);
            describe(attributes);
            describe(FuseEntry.attributes(entry));
            FuseEntry.set(entry, 42, 7, 2.5, 60);
        }

        private static void describe(MemorySegment attributes) {
            FuseAttr.identity(attributes, 42, Linux.S_IFREG | 0640, 2, 0);
            FuseAttr.owner(attributes, 1000, 100);
            FuseAttr.size(attributes, 5000, 10, 4096);
            FuseAttr.times(attributes, 1_500_000_000L, -1, 3_000_000_000L);
        }

        MethodHandle handle(String operation) throws ReflectiveOperationException {
            for (var method : Handlers.class.getDeclaredMethods()) {
                if (method.getName().equals(operation)) {
                    return MethodHandles.lookup().unreflect(method).bindTo(this);
                }
            }
            throw new NoSuchMethodException(operation);
        }

        MethodHandle interrupted() {
            try {
                return handle("onInterrupt");
            } catch (ReflectiveOperationException e) {
                throw new AssertionError(e);
            }
        }

        void init(MemorySegment userData, MemorySegment connection) {
            protoMajor = FuseConnInfo.protoMajor(connection);
            FuseConnInfo.maxWrite(connection, MAX_WRITE_BYTES);
            notOffered = FuseConnInfo.want(
                    connection, FuseConnInfo.FUSE_CAP_WRITEBACK_CACHE | FuseConnInfo.FUSE_CAP_OVER_IO_URING);
            FuseConnInfo.unwant(connection, FuseConnInfo.FUSE_CAP_SPLICE_READ | FuseConnInfo.FUSE_CAP_SPLICE_WRITE);
        }

        void lookup(long request, long parent, MemorySegment name) throws Throwable {
            fail();
            String text = name.getString(0);
            seen = text + " in " + parent;
            if (text.equals("none")) {
                Fuse.replyErr(request, Linux.ENOENT);
            } else {
                Fuse.replyEntry(request, entry);
            }
        }

        void forget(long request, long inode, long lookups) throws Throwable {
            fail();
            seen = "forget " + inode + " " + lookups;
            Fuse.replyNone(request);
        }

        void forget_multi(long request, long count, MemorySegment pointer) {
            MemorySegment array = FuseForget.array(pointer, count);
            seen = "forget " + FuseForget.inode(array, 0) + " " + FuseForget.lookups(array, 0) + " "
                    + FuseForget.inode(array, 1) + " " + FuseForget.lookups(array, 1);
            Fuse.replyNone(request);
        }

        void getattr(MemorySegment request, long inode, MemorySegment info) throws Throwable {
            fail();
            if (park) {
                parked = request.address();
                return;
            }
            if (!quiet) {
                seen = info.address() == 0 ? "getattr without a file" : "getattr";
            }
            Fuse.replyAttr(request.address(), attributes, 1.0);
            if (failureAfterReply != null) {
                throw failureAfterReply;
            }
        }

        void setattr(long request, long inode, MemorySegment wanted, int toSet, MemorySegment info) {
            seen = "setattr " + toSet + " size " + FuseAttr.size(wanted) + " atime " + FuseAttr.atimeNs(wanted)
                    + " mtime " + FuseAttr.mtimeNs(wanted);
            Fuse.replyAttr(request, attributes, 1.0);
        }

        void open(long request, long inode, MemorySegment info) {
            FuseFileInfo.clear(file);
            FuseFileInfo.fh(file, 99);
            FuseFileInfo.directIo(file, true);
            FuseFileInfo.directIo(file, false);
            FuseFileInfo.keepCache(file, true);
            if (FuseFileInfo.flags(info) == Linux.O_RDWR
                    && FuseFileInfo.keepCache(file)
                    && !FuseFileInfo.directIo(file)) {
                Fuse.replyOpen(request, file);
            } else {
                Fuse.replyErr(request, Linux.EINVAL);
            }
        }

        void read(long request, long inode, long bytes, long offset, MemorySegment info) {
            switch ((int) offset) {
                case 4096 -> {
                    IoVec.set(iov, 0, data, 6, 6);
                    IoVec.set(iov, 1, data, 0, bytes - 6);
                    Fuse.replyIov(request, iov, 2);
                }
                case 4097 -> Fuse.replyBuf(request, data, 0, bytes);
                default -> {
                    FuseBufVec.memory(vector, data, 6, bytes);
                    Fuse.replyData(request, vector, 0);
                }
            }
        }

        void write(long request, long inode, MemorySegment payload, long bytes, long offset, MemorySegment info) {
            MemorySegment bounded = Fuse.payload(payload, bytes);
            if (!quiet) {
                payloadOffset = payload.address() - receiveAddress;
                seen = "write " + bytes + " at " + offset + " fh " + FuseFileInfo.fh(info) + " ends "
                        + (char) bounded.get(JAVA_BYTE, bytes - 1);
            }
            Fuse.replyWrite(request, bounded.byteSize());
        }

        void statfs(long request, long inode) {
            FuseStatfs.blocks(statistics, 4096, 1000, 950, 900);
            FuseStatfs.files(statistics, 10, 5, 255);
            Fuse.replyStatfs(request, statistics);
        }

        void getxattr(long request, long inode, MemorySegment name, long bytes) {
            seen = "getxattr " + name.getString(0) + " " + bytes;
            Fuse.replyXattr(request, 11);
        }

        void readdir(long request, long inode, long bytes, long offset, MemorySegment info) {
            long used = 0;
            for (int i = 0; i < 2; i++) {
                names.setString(0, "name" + i);
                used += Fuse.addDirentry(request, entries, used, entries.byteSize() - used, names, attributes, i + 1L);
            }
            Fuse.replyBuf(request, entries, 0, used);
        }

        void lseek(long request, long inode, long offset, int whence, MemorySegment info) {
            Fuse.replyLseek(request, whence == Linux.SEEK_DATA ? 4096 + offset : offset);
        }

        void onInterrupt(long request, long cookie) {
            seen = "interrupted " + cookie;
            Fuse.replyErr(request, Linux.EINTR);
        }

        private void fail() throws Throwable {
            if (failure != null) {
                throw failure;
            }
        }
    }
}
