package io.qsfs.bench.jmh;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * The library of {@code bench/src/main/c}: the same work on the same memory, from C. Each method that measures returns the
 * nanoseconds that all its loops took; C reads the clock, so that the call itself is not in it.
 *
 * <p>The system property {@code qsfs.roofs} names the file; {@code scripts/jmh} compiles it and sets that.
 *
 * <p>Threading: any thread; what the library hands out says for itself.
 */
@SuppressWarnings("restricted") // the one place of the benchmarks that calls C
final class Roofs {
    /** Of {@link #pass}: AES-256-GCM from one area to the other. */
    static final int PASS_SEAL = 0;
    /** Of {@link #pass}: GMAC. */
    static final int PASS_GMAC = 1;
    /** Of {@link #pass}: CRC-32C. */
    static final int PASS_CRC = 2;

    private static final String FILE_PROPERTY = "qsfs.roofs";
    private static final SymbolLookup LIBRARY = SymbolLookup.libraryLookup(file(), Arena.global());

    private static final MethodHandle RS_TABLES = returning(ADDRESS, "roof_rs_tables", JAVA_INT, JAVA_INT);
    private static final MethodHandle RS =
            timed("roof_rs", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle GCM_SPEED = timed("roof_gcm_speed", ADDRESS, ADDRESS, JAVA_INT, JAVA_LONG);
    private static final MethodHandle GCM_SEAL =
            timed("roof_gcm_seal", ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, JAVA_LONG);
    private static final MethodHandle GCM_OPEN =
            timed("roof_gcm_open", ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, JAVA_LONG);
    private static final MethodHandle GMAC = timed("roof_gmac", ADDRESS, ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle CRC32C = timed("roof_crc32c", ADDRESS, JAVA_INT, JAVA_LONG);
    private static final MethodHandle LZ4 = timed("roof_lz4", ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG);
    private static final MethodHandle UNLZ4 = timed("roof_unlz4", ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG);
    private static final MethodHandle PASS =
            timed("roof_pass", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle PWRITE =
            timed("roof_pwrite", JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle PWRITE_FDATASYNC =
            timed("roof_pwrite_fdatasync", JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle RING = timed("roof_ring", ADDRESS, JAVA_LONG, JAVA_INT, JAVA_LONG);
    private static final MethodHandle RESP = timed("roof_resp", ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG);
    private static final MethodHandle LMDB_OPEN = returning(ADDRESS, "roof_lmdb_open", ADDRESS, JAVA_LONG);
    private static final MethodHandle LMDB_LOOKUP = timed("roof_lmdb_lookup", ADDRESS, JAVA_LONG);
    private static final MethodHandle LMDB_INSERT = timed("roof_lmdb_insert", ADDRESS, JAVA_INT, JAVA_LONG);
    private static final MethodHandle LMDB_CLOSE = returning(null, "roof_lmdb_close", ADDRESS);
    private static final MethodHandle FUSE_OPEN = returning(ADDRESS, "roof_fuse_open", JAVA_INT);
    private static final MethodHandle FUSE =
            timed("roof_fuse", ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG);
    private static final MethodHandle FUSE_CLOSE = returning(null, "roof_fuse_close", ADDRESS);

    private Roofs() {}

    private static Path file() {
        String file = System.getProperty(FILE_PROPERTY);
        if (file == null) {
            throw new IllegalStateException(
                    "no library of roofs: start the benchmarks with scripts/jmh, which compiles it"
                            + " and names it by -D" + FILE_PROPERTY);
        }
        return Path.of(file);
    }

    private static MethodHandle timed(String function, MemoryLayout... arguments) {
        return returning(JAVA_LONG, function, arguments);
    }

    private static MethodHandle returning(MemoryLayout result, String function, MemoryLayout... arguments) {
        MemorySegment address = LIBRARY.find(function)
                .orElseThrow(() -> new UnsatisfiedLinkError("the library of roofs has no " + function));
        return Linker.nativeLinker()
                .downcallHandle(
                        address,
                        result == null
                                ? FunctionDescriptor.ofVoid(arguments)
                                : FunctionDescriptor.of(result, arguments));
    }

    private static MemorySegment made(MemorySegment pointer, String what) {
        if (pointer.address() == 0) {
            throw new IllegalStateException(what + " cannot be made");
        }
        return pointer;
    }

    /** Expanded tables of {@code rows} rows over k shards; never freed. */
    static MemorySegment reedSolomonTables(int k, int rows) {
        try {
            return made((MemorySegment) RS_TABLES.invokeExact(k, rows), "tables for k=" + k + " rows=" + rows);
        } catch (Throwable t) {
            throw failure("roof_rs_tables", t);
        }
    }

    /** {@code from} and {@code to} are arrays of addresses of shards. */
    static long reedSolomon(
            int shardBytes, int k, int rows, MemorySegment tables, MemorySegment from, MemorySegment to, long loops) {
        try {
            return (long) RS.invokeExact(shardBytes, k, rows, tables, from, to, loops);
        } catch (Throwable t) {
            throw failure("roof_rs", t);
        }
    }

    /** As {@code openssl speed -evp aes-256-gcm}: one long message, in place. */
    static long gcmSpeed(MemorySegment key, MemorySegment text, int bytes, long loops) {
        try {
            return (long) GCM_SPEED.invokeExact(key, text, bytes, loops);
        } catch (Throwable t) {
            throw failure("roof_gcm_speed", t);
        }
    }

    /** Whole messages, with nonce, associated data and tag. */
    static long gcmSeal(
            MemorySegment key,
            MemorySegment aad,
            int aadBytes,
            MemorySegment plain,
            MemorySegment out,
            int bytes,
            long loops) {
        try {
            return (long) GCM_SEAL.invokeExact(key, aad, aadBytes, plain, out, bytes, loops);
        } catch (Throwable t) {
            throw failure("roof_gcm_seal", t);
        }
    }

    /** As {@link #gcmSeal}, the other way; {@code sealed} is filled in first. */
    static long gcmOpen(
            MemorySegment key,
            MemorySegment aad,
            int aadBytes,
            MemorySegment sealed,
            MemorySegment plain,
            int bytes,
            long loops) {
        try {
            return (long) GCM_OPEN.invokeExact(key, aad, aadBytes, sealed, plain, bytes, loops);
        } catch (Throwable t) {
            throw failure("roof_gcm_open", t);
        }
    }

    static long gmac(MemorySegment key, MemorySegment data, int bytes, MemorySegment tag, long loops) {
        try {
            return (long) GMAC.invokeExact(key, data, bytes, tag, loops);
        } catch (Throwable t) {
            throw failure("roof_gmac", t);
        }
    }

    static long crc32c(MemorySegment data, int bytes, long loops) {
        try {
            return (long) CRC32C.invokeExact(data, bytes, loops);
        } catch (Throwable t) {
            throw failure("roof_crc32c", t);
        }
    }

    static long lz4(MemorySegment plain, int bytes, MemorySegment packed, long loops) {
        try {
            return (long) LZ4.invokeExact(plain, bytes, packed, (int) packed.byteSize(), loops);
        } catch (Throwable t) {
            throw failure("roof_lz4", t);
        }
    }

    static long unlz4(MemorySegment packed, int packedBytes, MemorySegment plain, int bytes, long loops) {
        try {
            return (long) UNLZ4.invokeExact(packed, packedBytes, plain, bytes, loops);
        } catch (Throwable t) {
            throw failure("roof_unlz4", t);
        }
    }

    /** One pass over an area in steps; {@code to} has room for a tag a step, and is not used but by {@link #PASS_SEAL}. */
    static long pass(int what, MemorySegment key, MemorySegment from, MemorySegment to, long bytes, int step) {
        try {
            return (long) PASS.invokeExact(what, key, from, to, bytes, step);
        } catch (Throwable t) {
            throw failure("roof_pass", t);
        }
    }

    /** Writes behind each other, from {@code offset} again when {@code room} is used up. */
    static long pwrite(int fd, MemorySegment data, int bytes, long offset, long room, long loops) {
        try {
            return (long) PWRITE.invokeExact(fd, data, bytes, offset, room, loops);
        } catch (Throwable t) {
            throw failure("roof_pwrite", t);
        }
    }

    /** As {@link #pwrite}, each followed by an fdatasync. */
    static long pwriteFdatasync(int fd, MemorySegment data, int bytes, long offset, long room, long loops) {
        try {
            return (long) PWRITE_FDATASYNC.invokeExact(fd, data, bytes, offset, room, loops);
        } catch (Throwable t) {
            throw failure("roof_pwrite_fdatasync", t);
        }
    }

    /** {@code memory} has 128 bytes more than {@code capacity}, which is a power of two. */
    static long ring(MemorySegment memory, long capacity, int messageBytes, long loops) {
        try {
            return (long) RING.invokeExact(memory, capacity, messageBytes, loops);
        } catch (Throwable t) {
            throw failure("roof_ring", t);
        }
    }

    static long resp(MemorySegment replies, long bytes, MemorySegment target, long loops) {
        try {
            return (long) RESP.invokeExact(replies, bytes, target, loops);
        } catch (Throwable t) {
            throw failure("roof_resp", t);
        }
    }

    /** A tree with so many names and inodes; closed by {@link #lmdbClose}. One thread at a time. */
    static MemorySegment lmdbOpen(Path file, long entries) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(file.toString());
            return made((MemorySegment) LMDB_OPEN.invokeExact(name, entries), "an LMDB tree in " + file);
        } catch (Throwable t) {
            throw failure("roof_lmdb_open", t);
        }
    }

    static long lmdbLookup(MemorySegment index, long loops) {
        try {
            return (long) LMDB_LOOKUP.invokeExact(index, loops);
        } catch (Throwable t) {
            throw failure("roof_lmdb_lookup", t);
        }
    }

    /** {@code loops} names in transactions of {@code batch}. */
    static long lmdbInsert(MemorySegment index, int batch, long loops) {
        try {
            return (long) LMDB_INSERT.invokeExact(index, batch, loops);
        } catch (Throwable t) {
            throw failure("roof_lmdb_insert", t);
        }
    }

    static void lmdbClose(MemorySegment index) {
        try {
            LMDB_CLOSE.invokeExact(index);
        } catch (Throwable t) {
            throw failure("roof_lmdb_close", t);
        }
    }

    /** A session with handlers in C; owns {@code fd}, and is closed by {@link #fuseClose}. One thread at a time. */
    static MemorySegment fuseOpen(int fd) {
        try {
            return made((MemorySegment) FUSE_OPEN.invokeExact(fd), "a libfuse session");
        } catch (Throwable t) {
            throw failure("roof_fuse_open", t);
        }
    }

    /** Sends, receives, answers and takes the answer, on this one thread. */
    static long fuse(
            MemorySegment session, int kernelFd, MemorySegment request, int bytes, MemorySegment answer, long loops) {
        try {
            return (long) FUSE.invokeExact(session, kernelFd, request, bytes, answer, (int) answer.byteSize(), loops);
        } catch (Throwable t) {
            throw failure("roof_fuse", t);
        }
    }

    static void fuseClose(MemorySegment session) {
        try {
            FUSE_CLOSE.invokeExact(session);
        } catch (Throwable t) {
            throw failure("roof_fuse_close", t);
        }
    }

    private static AssertionError failure(String function, Throwable t) {
        if (t instanceof RuntimeException e) {
            throw e;
        }
        return new AssertionError("descriptor does not match call site: " + function, t);
    }
}
