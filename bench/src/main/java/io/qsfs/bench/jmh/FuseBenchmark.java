package io.qsfs.bench.jmh;

import io.qsfs.bindings.fuse.Fuse;
import io.qsfs.bindings.fuse.FuseAttr;
import io.qsfs.bindings.fuse.FuseBuf;
import io.qsfs.bindings.fuse.FuseConnInfo;
import io.qsfs.bindings.fuse.FuseEntry;
import io.qsfs.bindings.fuse.FuseOps;
import io.qsfs.bindings.linux.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A request decoded and answered by Java handlers, beside the same handlers in C. libfuse is on one end of a socket pair, and one
 * thread plays both ends, so that no wake-up hides what the code costs: it sends, receives, processes, and takes the answer.
 *
 * <p>Threading: the benchmark's one thread.
 */
public class FuseBenchmark {
    private static final int FUSE_LOOKUP = 1;
    private static final int FUSE_GETATTR = 3;
    private static final int FUSE_READ = 15;
    private static final int FUSE_WRITE = 16;
    private static final int FUSE_INIT = 26;
    private static final int HEADER_BYTES = 40;
    private static final int ANSWER_HEADER_BYTES = 16;
    private static final int CONTENT_BYTES = 1 << 20;
    private static final int INIT_BYTES = 64;
    private static final long FILE = 2;
    private static final int UNIQUE_OFFSET = 8;
    private static final int ERROR_OFFSET = 4;

    /** A session with handlers in Java, one in C, and a request. */
    @State(Scope.Thread)
    public static class Sessions {
        /** What is asked. */
        @Param({"getattr", "lookup", "read 4 KiB", "read 128 KiB", "write 4 KiB", "write 128 KiB"})
        public String request;

        private final Arena arena = Arena.ofShared();
        private final Handlers handlers = new Handlers(arena);
        private final MemorySegment in = arena.allocate(CONTENT_BYTES, 4096);
        private final MemorySegment out = arena.allocate(CONTENT_BYTES, 4096);
        private MemorySegment session;
        private MemorySegment buffer;
        private MemorySegment inC;
        private int kernelFd;
        private int kernelFdOfC;
        private int requestBytes;
        private long unique;

        /** Connects both and greets them. */
        @Setup(Level.Trial)
        public void make() throws ReflectiveOperationException {
            int[] ends = new int[2];
            pair(ends);
            kernelFd = ends[1];
            session = Fuse.sessionNew(List.of("qsfs"), handlers.operations(arena));
            if (session.address() == 0 || Fuse.sessionCustomIo(session, ends[0]) != 0) {
                throw new IllegalStateException("libfuse takes no session on a socket");
            }
            buffer = FuseBuf.allocate(arena, arena.allocate(Fuse.RECEIVE_BYTES_MIN, 4096));
            pair(ends);
            kernelFdOfC = ends[1];
            inC = Roofs.fuseOpen(ends[0]);

            in.set(ValueLayout.JAVA_INT, HEADER_BYTES, 7);
            in.set(ValueLayout.JAVA_INT, HEADER_BYTES + 4, 38);
            in.set(ValueLayout.JAVA_INT, HEADER_BYTES + 8, CONTENT_BYTES);
            encodeHeader(FUSE_INIT, Fuse.ROOT_INODE, INIT_BYTES);
            call();
            Roofs.fuse(inC, kernelFdOfC, in, requestBytes, out, 1);
            in.fill((byte) 0);
            encode();
        }

        private static void pair(int[] ends) {
            int outcome = Linux.socketpair(Linux.AF_UNIX, Linux.SOCK_SEQPACKET | Linux.SOCK_CLOEXEC, 0, ends);
            if (outcome != 0) {
                throw new IllegalStateException("socketpair: errno=" + -outcome);
            }
        }

        private void encode() {
            String[] words = request.split(" ");
            int bytes = words.length > 1 ? Integer.parseInt(words[1]) << 10 : 0;
            in.set(ValueLayout.JAVA_INT, HEADER_BYTES + 16, bytes);
            switch (words[0]) {
                case "getattr" -> encodeHeader(FUSE_GETATTR, FILE, 16);
                case "lookup" -> {
                    byte[] name = "a-file-name.txt\0".getBytes(StandardCharsets.US_ASCII);
                    MemorySegment.copy(name, 0, in, ValueLayout.JAVA_BYTE, HEADER_BYTES, name.length);
                    encodeHeader(FUSE_LOOKUP, Fuse.ROOT_INODE, name.length);
                }
                case "read" -> encodeHeader(FUSE_READ, FILE, 40);
                case "write" -> encodeHeader(FUSE_WRITE, FILE, 40 + bytes);
                default -> throw new IllegalArgumentException(request);
            }
        }

        private void encodeHeader(int opcode, long node, int bodyBytes) {
            requestBytes = HEADER_BYTES + bodyBytes;
            in.set(ValueLayout.JAVA_INT, 0, requestBytes);
            in.set(ValueLayout.JAVA_INT, 4, opcode);
            in.set(ValueLayout.JAVA_LONG, 16, node);
        }

        /** Asks and answers; the bytes of the answer. */
        private long call() {
            unique += 2;
            in.set(ValueLayout.JAVA_LONG, UNIQUE_OFFSET, unique);
            long sent = Linux.write(kernelFd, in, 0, requestBytes);
            int received = Fuse.sessionReceiveBuf(session, buffer);
            if (sent != requestBytes || received <= 0) {
                throw new IllegalStateException("sent=" + sent + " received=" + received);
            }
            Fuse.sessionProcessBuf(session, buffer);
            long answered = Linux.read(kernelFd, out, 0, CONTENT_BYTES);
            if (answered < ANSWER_HEADER_BYTES || out.get(ValueLayout.JAVA_LONG, UNIQUE_OFFSET) != unique) {
                throw new IllegalStateException("answered=" + answered);
            }
            return answered;
        }

        /** The same from C; and shows once that neither answers with an error. */
        @Setup(Level.Iteration)
        public void measure(Roof roof) {
            call();
            requireNoError();
            roof.measure(loops -> Roofs.fuse(inC, kernelFdOfC, in, requestBytes, out, loops));
            requireNoError();
        }

        private void requireNoError() {
            if (out.get(ValueLayout.JAVA_INT, ERROR_OFFSET) != 0) {
                throw new IllegalStateException(
                        request + " was answered with errno=" + -out.get(ValueLayout.JAVA_INT, ERROR_OFFSET));
            }
        }

        /** Ends both. */
        @TearDown(Level.Trial)
        public void free() {
            Roofs.fuseClose(inC);
            Fuse.sessionDestroy(session);
            Linux.close(kernelFd);
            Linux.close(kernelFdOfC);
            arena.close();
        }
    }

    /** What the handlers in C do, in Java. */
    private static final class Handlers {
        private final MemorySegment attributes;
        private final MemorySegment entry;
        private final MemorySegment entryAttributes;
        private final MemorySegment content;

        Handlers(Arena arena) {
            attributes = FuseAttr.allocate(arena);
            entry = FuseEntry.allocate(arena);
            entryAttributes = FuseEntry.attributes(entry);
            content = arena.allocate(CONTENT_BYTES, 4096);
        }

        FuseOps operations(Arena arena) throws ReflectiveOperationException {
            FuseOps.Builder builder = FuseOps.builder(arena);
            for (String operation : List.of("init", "getattr", "lookup", "read", "write")) {
                MethodType type = FuseOps.type(operation);
                if (!operation.equals("init")) {
                    type = type.changeParameterType(0, long.class);
                }
                builder.on(
                        operation,
                        MethodHandles.lookup()
                                .findVirtual(Handlers.class, operation, type)
                                .bindTo(this));
            }
            return builder.build();
        }

        private static void fill(MemorySegment attributes, long inode) {
            FuseAttr.identity(attributes, inode, Linux.S_IFREG | 0644, 1, 0);
            FuseAttr.owner(attributes, 0, 0);
            FuseAttr.size(attributes, CONTENT_BYTES, 0, 0);
            FuseAttr.times(attributes, 0, 0, 0);
        }

        @SuppressWarnings("unused") // called by libfuse, as the others
        private void init(MemorySegment userData, MemorySegment connection) {
            FuseConnInfo.unwant(
                    connection,
                    FuseConnInfo.FUSE_CAP_SPLICE_READ
                            | FuseConnInfo.FUSE_CAP_SPLICE_WRITE
                            | FuseConnInfo.FUSE_CAP_SPLICE_MOVE);
        }

        @SuppressWarnings("unused")
        private void getattr(long request, long inode, MemorySegment info) {
            fill(attributes, inode);
            Fuse.replyAttr(request, attributes, 1.0);
        }

        @SuppressWarnings("unused")
        private void lookup(long request, long parent, MemorySegment name) {
            long length = 0;
            while (name.get(ValueLayout.JAVA_BYTE, length) != 0) {
                length++;
            }
            FuseEntry.set(entry, 2 + length, 0, 0, 0);
            fill(entryAttributes, 2 + length);
            Fuse.replyEntry(request, entry);
        }

        @SuppressWarnings("unused")
        private void read(long request, long inode, long bytes, long offset, MemorySegment info) {
            Fuse.replyBuf(request, content, offset % (CONTENT_BYTES / 2), bytes);
        }

        @SuppressWarnings("unused")
        private void write(
                long request, long inode, MemorySegment payload, long bytes, long offset, MemorySegment info) {
            Fuse.replyWrite(request, bytes);
        }
    }

    /** There and back. */
    @Benchmark
    public long call(Sessions s) {
        return s.call();
    }
}
