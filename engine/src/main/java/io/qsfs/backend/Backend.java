package io.qsfs.backend;

import io.qsfs.memory.Id128;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A location that keeps objects: bytes under a name, put once and never changed. Names are as {@link ObjectNames} makes
 * them. Every operation ends in exactly one call of its completion, at its deadline at the latest, but for a directory
 * that hangs inside {@code pwrite(2)}: the kernel holds the lent memory then, so the completion comes when it lets go.
 *
 * <p>Deadlines are absolute, in the nanoseconds of the {@link io.qsfs.memory.Clock} that the backend was opened with.
 *
 * <p>Memory: segments are native and accessible from every thread; they are <em>lent until the completion is called</em>
 * and neither read nor written by the backend after it, not even by an answer that comes late.
 *
 * <p>Before {@link #identify} or {@link #putIdentity} succeeded, every other operation ends in ABSENT.
 *
 * <p>Threading: any thread may call any method; operations are not ordered among each other.
 */
public interface Backend extends AutoCloseable {
    /** Most bytes of {@code expectedHead} in {@link #exists}. */
    int HEAD_BYTES_MAX = 64 * 1024;

    /** The name a user gave it, for messages. */
    String name();

    /** Its own identity; {@link Id128#NIL} before it was identified. */
    Id128 id();

    /** True when an acknowledged put survives a power cut at the backend. False before it was identified. */
    boolean durable();

    /** How long after a put a backend that is not durable must be read back before it counts; 0 when it is durable. */
    long bufferedGraceNs();

    /**
     * Reads the identity object and, where the backend has settings that matter, those.
     *
     * <p>ABSENT when there is none, CORRUPT when its checksum is wrong, FOREIGN when it was identified before as another,
     * NOT_DURABLE as the error says.
     */
    void identify(long deadlineNs, Completion<Identity> completion);

    /**
     * Makes this location a backend: {@code init} and {@code backend replace} only. Creates the directory when it is missing.
     * EXISTS when there is an identity, even the same one.
     */
    void putIdentity(Identity identity, long deadlineNs, Completion<Void> completion);

    /**
     * Writes an object that must not exist: EXISTS when it does. An acknowledged put is durable when the backend is.
     *
     * @param buffers the object's bytes, in this order; lent until the completion.
     */
    void put(String object, List<MemorySegment> buffers, long deadlineNs, Completion<Void> completion);

    /**
     * Reads exactly {@code target.byteSize()} bytes at {@code offset}. NOT_FOUND when there is no such object, CORRUPT when
     * it ends before the range does. After an error the bytes of the target are undefined. An empty range asks whether
     * the object reaches to {@code offset}.
     *
     * @param target lent until the completion.
     */
    void getRange(String object, long offset, MemorySegment target, long deadlineNs, Completion<Void> completion);

    /** Length of an object in bytes, or NOT_FOUND. */
    void size(String object, long deadlineNs, Completion<Long> completion);

    /**
     * Settles a put whose acknowledgement was lost: NONE when the object is there with this length and these first bytes,
     * and as durable as after an acknowledged put; CORRUPT when it is there with others; NOT_FOUND.
     *
     * @param expectedHead at most {@link #HEAD_BYTES_MAX} bytes and no more than {@code expectedBytes}; lent until the
     *     completion.
     */
    void exists(
            String object,
            long expectedBytes,
            MemorySegment expectedHead,
            long deadlineNs,
            Completion<Void> completion);

    /** Removes an object; NOT_FOUND when there is none. */
    void delete(String object, long deadlineNs, Completion<Void> completion);

    /** Shows the objects whose names begin with {@code prefix}, in no order; the identity object is not among them. */
    void list(String prefix, long deadlineNs, ObjectVisitor visitor, Completion<Void> completion);

    /** Asks for the space. */
    void capacity(long deadlineNs, Completion<Capacity> completion);

    /**
     * Bytes of puts that have left for it since it was opened, those of puts that are still in flight included: what tells a slow backend
     * from one that hangs.
     */
    default long bytesMoved() {
        return 0;
    }

    /** What was seen of it; a backend taken from a {@link BackendSet} is watched, a bare one is not. */
    default Health health() {
        return Health.UNTRACKED;
    }

    /**
     * Puts an object, and when it exists already settles by {@link #exists} whether it is this one: NONE when it is, EXISTS
     * when it is another. For retries, and for objects with one possible content.
     */
    default void putOrConfirm(
            String object, List<MemorySegment> buffers, long deadlineNs, Completion<Void> completion) {
        put(object, buffers, deadlineNs, (nothing, error, detail) -> {
            if (error != BackendError.EXISTS) {
                completion.done(null, error, detail);
                return;
            }
            long bytes = 0;
            for (MemorySegment buffer : buffers) {
                bytes += buffer.byteSize();
            }
            MemorySegment first = buffers.isEmpty() ? MemorySegment.NULL : buffers.getFirst();
            MemorySegment head = first.asSlice(0, Math.min(first.byteSize(), HEAD_BYTES_MAX));
            exists(
                    object,
                    bytes,
                    head,
                    deadlineNs,
                    (same, outcome, why) -> completion.done(
                            null, outcome == BackendError.CORRUPT ? BackendError.EXISTS : outcome, why));
        });
    }

    /** Ends every operation under way with CLOSED. Returns when no lent memory is touched any more. */
    @Override
    void close();
}
