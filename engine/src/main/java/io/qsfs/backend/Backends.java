package io.qsfs.backend;

import io.qsfs.memory.Clock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens backends.
 *
 * <p>Threading: stateless.
 */
public final class Backends {
    private static final Logger LOG = LoggerFactory.getLogger(Backends.class);

    private Backends() {}

    /** Opens a backend with the machine's clock. */
    public static Backend open(BackendSpec spec) {
        return open(spec, Clock.SYSTEM);
    }

    /**
     * Opens a backend: reads its password, starts its threads, waits for nothing. It is of use after
     * {@link Backend#identify}.
     *
     * @throws QsfsException when it could never work: no native epoll, no password where it should be.
     */
    public static Backend open(BackendSpec spec, Clock clock) {
        return switch (spec.kind()) {
            case DIR -> new DirBackend(spec, clock);
            case REDIS -> new RedisBackend(spec, clock);
        };
    }

    /** Calls a completion; one that throws is a bug that must not end a thread of a backend. */
    static <T> void complete(Completion<T> completion, T value, BackendError error, String detail) {
        try {
            completion.done(error == BackendError.NONE ? value : null, error, detail);
        } catch (
                Throwable t) { // Throwable on purpose: an assertion of the caller must not stop the others' operations.
            LOG.error("a completion threw, after {} {}", error, detail, t);
        }
    }

    static void checkHead(java.lang.foreign.MemorySegment head, long expectedBytes) {
        if (head.byteSize() > Backend.HEAD_BYTES_MAX || head.byteSize() > expectedBytes) {
            throw new IllegalArgumentException(
                    "head of an object: " + head.byteSize() + " of " + expectedBytes + " bytes");
        }
    }

    /** The sentence for a server whose settings lose acknowledged puts. */
    static String notDurable(String backend, String found) {
        return "backend " + backend + ": an acknowledged put would not survive a power cut (" + found
                + "); set appendonly yes, appendfsync always and maxmemory-policy noeviction on the server,"
                + " or configure buffered = true with buffered_grace";
    }
}
