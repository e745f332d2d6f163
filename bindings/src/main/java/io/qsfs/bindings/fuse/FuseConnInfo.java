package io.qsfs.bindings.fuse;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * {@code struct fuse_conn_info}: what the kernel offers and what we take, valid within {@code init}. From libfuse
 * 3.17 the capabilities are the 64-bit fields, before that the 32-bit ones; setting both differently loses ours, so
 * the version decides and only one is written.
 *
 * <p>Threading: no state.
 */
public final class FuseConnInfo {
    public static final long FUSE_CAP_ASYNC_READ = 1L;
    public static final long FUSE_CAP_POSIX_LOCKS = 1L << 1;
    public static final long FUSE_CAP_ATOMIC_O_TRUNC = 1L << 3;
    public static final long FUSE_CAP_EXPORT_SUPPORT = 1L << 4;
    public static final long FUSE_CAP_DONT_MASK = 1L << 6;
    public static final long FUSE_CAP_SPLICE_WRITE = 1L << 7;
    public static final long FUSE_CAP_SPLICE_MOVE = 1L << 8;
    public static final long FUSE_CAP_SPLICE_READ = 1L << 9;
    public static final long FUSE_CAP_FLOCK_LOCKS = 1L << 10;
    public static final long FUSE_CAP_IOCTL_DIR = 1L << 11;
    public static final long FUSE_CAP_AUTO_INVAL_DATA = 1L << 12;
    public static final long FUSE_CAP_READDIRPLUS = 1L << 13;
    public static final long FUSE_CAP_READDIRPLUS_AUTO = 1L << 14;
    public static final long FUSE_CAP_ASYNC_DIO = 1L << 15;
    public static final long FUSE_CAP_WRITEBACK_CACHE = 1L << 16;
    public static final long FUSE_CAP_NO_OPEN_SUPPORT = 1L << 17;
    public static final long FUSE_CAP_PARALLEL_DIROPS = 1L << 18;
    public static final long FUSE_CAP_POSIX_ACL = 1L << 19;
    public static final long FUSE_CAP_HANDLE_KILLPRIV = 1L << 20;
    public static final long FUSE_CAP_CACHE_SYMLINKS = 1L << 23;
    public static final long FUSE_CAP_NO_OPENDIR_SUPPORT = 1L << 24;
    public static final long FUSE_CAP_EXPLICIT_INVAL_DATA = 1L << 25;
    public static final long FUSE_CAP_EXPIRE_ONLY = 1L << 26;
    // Below: not in the headers of 3.14; an older library does not offer them.
    public static final long FUSE_CAP_HANDLE_KILLPRIV_V2 = 1L << 21;
    public static final long FUSE_CAP_SETXATTR_EXT = 1L << 27;
    public static final long FUSE_CAP_DIRECT_IO_ALLOW_MMAP = 1L << 28;
    public static final long FUSE_CAP_PASSTHROUGH = 1L << 29;
    public static final long FUSE_CAP_NO_EXPORT_SUPPORT = 1L << 30;
    public static final long FUSE_CAP_OVER_IO_URING = 1L << 31;

    /**
     * 3.18's, as far as the last field that is used; older releases have the same size of 128 and zeros behind
     * time_gran.
     */
    static final StructLayout PREFIX = MemoryLayout.structLayout(
            JAVA_INT.withName("proto_major"),
            JAVA_INT.withName("proto_minor"),
            JAVA_INT.withName("max_write"),
            JAVA_INT.withName("max_read"),
            JAVA_INT.withName("max_readahead"),
            JAVA_INT.withName("capable"),
            JAVA_INT.withName("want"),
            JAVA_INT.withName("max_background"),
            JAVA_INT.withName("congestion_threshold"),
            JAVA_INT.withName("time_gran"),
            MemoryLayout.paddingLayout(8),
            JAVA_LONG.withName("capable_ext").withByteAlignment(4), // 3.14 has no longs, and aligns to 4
            JAVA_LONG.withName("want_ext").withByteAlignment(4));

    private static final VarHandle PROTO_MAJOR = field("proto_major");
    private static final VarHandle PROTO_MINOR = field("proto_minor");
    private static final VarHandle MAX_WRITE = field("max_write");
    private static final VarHandle MAX_READ = field("max_read");
    private static final VarHandle MAX_READAHEAD = field("max_readahead");
    private static final VarHandle CAPABLE = field("capable");
    private static final VarHandle WANT = field("want");
    private static final VarHandle MAX_BACKGROUND = field("max_background");
    private static final VarHandle CONGESTION_THRESHOLD = field("congestion_threshold");
    private static final VarHandle TIME_GRAN = field("time_gran");
    private static final VarHandle CAPABLE_EXT = field("capable_ext");
    private static final VarHandle WANT_EXT = field("want_ext");

    static {
        if (PREFIX.byteSize() != 64 || PREFIX.byteOffset(PathElement.groupElement("want_ext")) != 56) {
            throw new ExceptionInInitializerError("fuse_conn_info prefix moved: " + PREFIX);
        }
    }

    private FuseConnInfo() {}

    public static int protoMajor(MemorySegment connection) {
        return (int) PROTO_MAJOR.get(connection);
    }

    public static int protoMinor(MemorySegment connection) {
        return (int) PROTO_MINOR.get(connection);
    }

    /** Bytes of the largest write; on entry what libfuse can receive. */
    public static int maxWrite(MemorySegment connection) {
        return (int) MAX_WRITE.get(connection);
    }

    public static void maxWrite(MemorySegment connection, int bytes) {
        MAX_WRITE.set(connection, bytes);
    }

    public static int maxRead(MemorySegment connection) {
        return (int) MAX_READ.get(connection);
    }

    /** Bytes; must be the same as the mount option {@code max_read}, or the session ends with EPROTO. */
    public static void maxRead(MemorySegment connection, int bytes) {
        MAX_READ.set(connection, bytes);
    }

    public static int maxReadahead(MemorySegment connection) {
        return (int) MAX_READAHEAD.get(connection);
    }

    public static void maxReadahead(MemorySegment connection, int bytes) {
        MAX_READAHEAD.set(connection, bytes);
    }

    public static int maxBackground(MemorySegment connection) {
        return (int) MAX_BACKGROUND.get(connection);
    }

    public static void maxBackground(MemorySegment connection, int requests) {
        MAX_BACKGROUND.set(connection, requests);
    }

    public static void congestionThreshold(MemorySegment connection, int requests) {
        CONGESTION_THRESHOLD.set(connection, requests);
    }

    /** @param ns granularity of our time stamps, a power of ten up to 10^9. */
    public static void timeGranularity(MemorySegment connection, int ns) {
        TIME_GRAN.set(connection, ns);
    }

    /** @return the FUSE_CAP_ bits that kernel and library offer. */
    public static long capable(MemorySegment connection) {
        return extended() ? (long) CAPABLE_EXT.get(connection) : Integer.toUnsignedLong((int) CAPABLE.get(connection));
    }

    /** @return the FUSE_CAP_ bits that will be asked for; on entry libfuse's defaults. */
    public static long wanted(MemorySegment connection) {
        return extended() ? (long) WANT_EXT.get(connection) : Integer.toUnsignedLong((int) WANT.get(connection));
    }

    /**
     * Asks for capabilities as far as they are offered: a bit that is not would end the session with EPROTO.
     *
     * @return those of {@code capabilities} that are not offered.
     */
    public static long want(MemorySegment connection, long capabilities) {
        long offered = capable(connection);
        setWanted(connection, wanted(connection) | capabilities & offered);
        return capabilities & ~offered;
    }

    public static void unwant(MemorySegment connection, long capabilities) {
        setWanted(connection, wanted(connection) & ~capabilities);
    }

    private static void setWanted(MemorySegment connection, long bits) {
        if (extended()) {
            WANT_EXT.set(connection, bits);
        } else {
            WANT.set(connection, (int) bits);
        }
    }

    private static boolean extended() {
        return Fuse.version() >= Fuse.VERSION_EXTENDED;
    }

    private static VarHandle field(String name) {
        return MethodHandles.insertCoordinates(PREFIX.varHandle(PathElement.groupElement(name)), 1, 0L)
                .withInvokeExactBehavior();
    }
}
