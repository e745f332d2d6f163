package io.qsfs.bindings.fuse;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.qsfs.bindings.linux.Linux;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiConsumer;

/**
 * {@code struct fuse_lowlevel_ops}: Java methods as the operations of a session.
 *
 * <p>A target must not throw. One that does all the same is caught here, because what leaves an upcall ends the JVM
 * and the mount with it: it is counted, and its request is answered with EIO unless this thread has answered it
 * already. What the guard cannot see is a request that was handed to another thread before the exception; so handing
 * over is the last thing a target does.
 *
 * <p>The pointers that a target gets die when it returns, except the request. Names and attributes have bounds, a
 * file info its 40 bytes, payloads none: {@link Fuse#payload} gives them theirs.
 *
 * <p>The arena of the builder owns the stubs. It is closed after {@link Fuse#sessionDestroy}, never before.
 *
 * <p>Threading: built by one thread; immutable then, but for the count.
 */
public final class FuseOps {
    /** No name or link that the kernel sends is longer, its zero byte included. */
    private static final long STRING_BYTES_MAX = 4097;

    /** What the pointers of an operation point at, one letter per argument; an operation without any is not listed. */
    private static final Map<String, String> POINTERS = Map.ofEntries(
            Map.entry("init", ".c"),
            Map.entry("lookup", "..n"),
            Map.entry("getattr", "..i"),
            Map.entry("setattr", "..s.i"),
            Map.entry("mknod", "..n"),
            Map.entry("mkdir", "..n"),
            Map.entry("unlink", "..n"),
            Map.entry("rmdir", "..n"),
            Map.entry("symlink", ".n.n"),
            Map.entry("rename", "..n.n"),
            Map.entry("link", "...n"),
            Map.entry("open", "..i"),
            Map.entry("read", "....i"),
            Map.entry("write", ".....i"),
            Map.entry("flush", "..i"),
            Map.entry("release", "..i"),
            Map.entry("fsync", "...i"),
            Map.entry("opendir", "..i"),
            Map.entry("readdir", "....i"),
            Map.entry("releasedir", "..i"),
            Map.entry("fsyncdir", "...i"),
            Map.entry("setxattr", "..n"),
            Map.entry("getxattr", "..n"),
            Map.entry("removexattr", "..n"),
            Map.entry("create", "..n.i"),
            Map.entry("getlk", "..il"),
            Map.entry("setlk", "..il"),
            Map.entry("ioctl", "....i"),
            Map.entry("poll", "..i"),
            Map.entry("write_buf", "..b.i"),
            Map.entry("retrieve_reply", "....b"),
            Map.entry("flock", "..i"),
            Map.entry("fallocate", ".....i"),
            Map.entry("readdirplus", "....i"),
            Map.entry("copy_file_range", "...i..i"),
            Map.entry("lseek", "....i"),
            Map.entry("tmpfile", "...i"));

    /** The operation behind those of the generated struct, from {@link Fuse#VERSION_EXTENDED} on. */
    private static final String TMPFILE = "tmpfile";

    private static final FunctionDescriptor TMPFILE_DESCRIPTOR =
            FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS);

    private final MemorySegment struct;
    private final Guard guard;

    private FuseOps(MemorySegment struct, Guard guard) {
        this.struct = struct;
        this.guard = guard;
    }

    /** @param arena owns the struct and the stubs; shared, or global. */
    public static Builder builder(Arena arena) {
        return new Builder(arena);
    }

    /**
     * The type of a target that takes every pointer as a segment. It may take any of them as a {@code long} instead,
     * the request above all.
     */
    public static MethodType type(String operation) {
        return descriptor(operation).toMethodType();
    }

    /** Whether the library that is installed has such an operation. */
    public static boolean has(String operation) {
        return !operation.equals(TMPFILE) || Fuse.version() >= Fuse.VERSION_EXTENDED;
    }

    /** As large as the headers of the oldest supported release have it, with {@code tmpfile} where the library has that. */
    MemorySegment struct() {
        return struct;
    }

    /** Requests whose operation was called; each of them gets one answer, if only later and by another thread. */
    public long receivedCount() {
        return guard.received.sum();
    }

    /** Requests that were answered here, because their operation threw; all other answers are the targets' own. */
    public long answeredCount() {
        return guard.answered.sum();
    }

    /** How many exceptions were caught on their way out of an operation. Each is a bug. */
    public long failureCount() {
        return guard.failures.get();
    }

    /**
     * A function for {@link Fuse#requestInterruptFunction}.
     *
     * @param target {@code (long request, long data)void}. Called on a thread that is receiving, or within
     *               {@link Fuse#requestInterruptFunction}; may answer the request. Must not throw.
     */
    public MemorySegment interruptStub(Arena arena, MethodHandle target) {
        MethodHandle handler = MethodHandles.insertArguments(Guard.COUNT, 0, guard, "interrupt");
        return Linker.nativeLinker()
                .upcallStub(
                        MethodHandles.catchException(target, Throwable.class, handler),
                        FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG),
                        arena);
    }

    private static FunctionDescriptor descriptor(String operation) {
        if (operation.equals(TMPFILE)) {
            return TMPFILE_DESCRIPTOR;
        }
        try {
            return (FunctionDescriptor) Class.forName(fuse_lowlevel_ops.class.getName() + "$" + operation)
                    .getMethod("descriptor")
                    .invoke(null);
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException("no such operation: " + operation, e);
        }
    }

    /**
     * A pointer with the bounds of what it points at. The bounds are bytes, without an alignment: a pointer that does
     * not have the alignment of its target (fuse_conn_info has 4 in libfuse 3.14, 8 in 3.18) would be an exception
     * before the guard is reached, and the end of the JVM.
     */
    private static MemoryLayout pointer(char letter) {
        long bytes =
                switch (letter) {
                    case 'i' -> FuseFileInfo.PREFIX.byteSize();
                    case 'c' -> FuseConnInfo.PREFIX.byteSize();
                    case 's' -> stat.sizeof();
                    case 'l' -> flock.sizeof();
                    case 'b' -> FuseBufVec.PREFIX_BYTES;
                    case 'n' -> STRING_BYTES_MAX;
                    default -> 0;
                };
        return ADDRESS.withTargetLayout(MemoryLayout.sequenceLayout(bytes, JAVA_BYTE));
    }

    /** Threading: one thread. */
    public static final class Builder {
        private final Arena arena;
        private final MemorySegment struct;
        private final Guard guard = new Guard();

        private Builder(Arena arena) {
            this.arena = arena;
            this.struct = arena.allocate(
                    fuse_lowlevel_ops.sizeof() + (has(TMPFILE) ? ADDRESS.byteSize() : 0), ADDRESS.byteAlignment());
        }

        /**
         * @param listener gets the operation and what it threw, on the thread of the upcall. What it throws is
         *     dropped.
         */
        public Builder onFailure(BiConsumer<String, Throwable> listener) {
            guard.listener = listener;
            return this;
        }

        /**
         * @param operation a field of {@code fuse_lowlevel_ops} that the library {@link #has}.
         * @param target    bound to its receiver; of {@link FuseOps#type}, where pointers may also be {@code long}.
         */
        public Builder on(String operation, MethodHandle target) {
            FunctionDescriptor generated = descriptor(operation);
            String pointers = POINTERS.getOrDefault(operation, "");
            MethodType type = target.type();
            MemoryLayout[] arguments =
                    new MemoryLayout[generated.argumentLayouts().size()];
            for (int i = 0; i < arguments.length; i++) {
                MemoryLayout layout = generated.argumentLayouts().get(i);
                if (layout instanceof AddressLayout) {
                    boolean asNumber = i < type.parameterCount() && type.parameterType(i) == long.class;
                    layout = asNumber ? JAVA_LONG : pointer(i < pointers.length() ? pointers.charAt(i) : '.');
                }
                arguments[i] = layout;
            }
            FunctionDescriptor descriptor = FunctionDescriptor.ofVoid(arguments);
            if (!descriptor.toMethodType().equals(type)) {
                throw new IllegalArgumentException(
                        "target of " + operation + " is " + type + ", wanted " + FuseOps.type(operation));
            }
            MemorySegment stub = Linker.nativeLinker().upcallStub(guard.around(operation, target), descriptor, arena);
            struct.set(ADDRESS, offset(operation), stub);
            return this;
        }

        private static long offset(String operation) {
            return operation.equals(TMPFILE)
                    ? fuse_lowlevel_ops.sizeof()
                    : fuse_lowlevel_ops.layout().byteOffset(PathElement.groupElement(operation));
        }

        public FuseOps build() {
            return new FuseOps(struct, guard);
        }
    }

    /** Threading: any thread. */
    private static final class Guard {
        private static final MethodHandle BEGIN;
        private static final MethodHandle COUNT;
        private static final MethodHandle ANSWER_NUMBER;
        private static final MethodHandle ANSWER_POINTER;

        static {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            MethodType count = MethodType.methodType(void.class, String.class, Throwable.class);
            try {
                BEGIN = lookup.findVirtual(Guard.class, "begin", MethodType.methodType(void.class));
                COUNT = lookup.findVirtual(Guard.class, "count", count);
                ANSWER_NUMBER = lookup.findVirtual(Guard.class, "answer", count.appendParameterTypes(long.class));
                ANSWER_POINTER =
                        lookup.findVirtual(Guard.class, "answer", count.appendParameterTypes(MemorySegment.class));
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        private final AtomicLong failures = new AtomicLong();
        private final LongAdder received = new LongAdder();
        private final LongAdder answered = new LongAdder();
        private volatile BiConsumer<String, Throwable> listener = (operation, t) -> {};

        MethodHandle around(String operation, MethodHandle target) {
            boolean isRequest = !operation.equals("init") && !operation.equals("destroy");
            MethodHandle handler =
                    !isRequest ? COUNT : target.type().parameterType(0) == long.class ? ANSWER_NUMBER : ANSWER_POINTER;
            MethodHandle body = isRequest ? MethodHandles.foldArguments(target, BEGIN.bindTo(this)) : target;
            return MethodHandles.catchException(
                    body, Throwable.class, MethodHandles.insertArguments(handler, 0, this, operation));
        }

        private void begin() {
            received.increment();
            Answered.reset();
        }

        private void answer(String operation, Throwable t, MemorySegment request) {
            answer(operation, t, request.address());
        }

        private void answer(String operation, Throwable t, long request) {
            count(operation, t);
            if (Answered.is(request)) {
                return;
            }
            try {
                switch (operation) {
                    case "forget", "forget_multi", "retrieve_reply" -> Fuse.replyNone(request);
                    default -> Fuse.replyErr(request, Linux.EIO);
                }
                answered.increment();
            } catch (Throwable second) {
                count(operation, second);
            }
        }

        private void count(String operation, Throwable t) {
            try {
                failures.incrementAndGet();
                listener.accept(operation, t);
            } catch (Throwable second) {
                failures.incrementAndGet();
            }
        }
    }
}
