package io.qsfs.recall;

import io.qsfs.backend.Backend;
import io.qsfs.backend.BackendError;
import io.qsfs.backend.Capacity;
import io.qsfs.backend.Completion;
import io.qsfs.backend.Identity;
import io.qsfs.backend.ObjectVisitor;
import io.qsfs.memory.Id128;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A backend in memory, whose faults a test chooses. It answers on the calling thread, or when it is told to. */
public final class MemoryBackend implements Backend {
    /** How long a put of one that is not durable must wait. */
    public static final long GRACE_NS = 5_000_000_000L;

    private final String name;
    private final Id128 id;
    private final boolean durable;
    public final Map<String, byte[]> objects = new ConcurrentSkipListMap<>();
    public final AtomicInteger puts = new AtomicInteger();
    public final AtomicInteger reads = new AtomicInteger();
    public final AtomicLong bytesRead = new AtomicLong();
    private final ArrayDeque<Runnable> held = new ArrayDeque<>();

    /** What every operation answers. */
    public volatile BackendError fault = BackendError.NONE;
    /** Puts are stored, and their answer is this. */
    public volatile BackendError lostAnswer = BackendError.NONE;
    /** Answers wait for {@link #release}. */
    public volatile boolean isHolding;

    public MemoryBackend(int number, boolean durable) {
        name = "memory-" + number;
        id = new Id128(0xbac0, number + 1);
        this.durable = durable;
    }

    /** Answers everything that was held back. */
    public void release() {
        isHolding = false;
        while (true) {
            Runnable next;
            synchronized (held) {
                next = held.poll();
            }
            if (next == null) {
                return;
            }
            next.run();
        }
    }

    public int heldCount() {
        synchronized (held) {
            return held.size();
        }
    }

    private void answer(Runnable operation) {
        if (isHolding) {
            synchronized (held) {
                held.add(operation);
            }
        } else {
            operation.run();
        }
    }

    /** Changes one byte. */
    public void flip(String object, long offset) {
        objects.get(object)[(int) offset] ^= 0x40;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Id128 id() {
        return id;
    }

    @Override
    public boolean durable() {
        return durable;
    }

    @Override
    public void put(String object, List<MemorySegment> buffers, long deadlineNs, Completion<Void> c) {
        puts.incrementAndGet();
        answer(() -> {
            if (fault != BackendError.NONE) {
                c.done(null, fault, "told to fail");
                return;
            }
            long length = 0;
            for (MemorySegment buffer : buffers) {
                length += buffer.byteSize();
            }
            byte[] bytes = new byte[(int) length];
            int at = 0;
            for (MemorySegment buffer : buffers) {
                MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, bytes, at, (int) buffer.byteSize());
                at += (int) buffer.byteSize();
            }
            if (objects.putIfAbsent(object, bytes) != null) {
                c.done(null, BackendError.EXISTS, object);
            } else {
                c.done(null, lostAnswer, "");
            }
        });
    }

    @Override
    public void getRange(String object, long offset, MemorySegment dst, long deadlineNs, Completion<Void> c) {
        reads.incrementAndGet();
        answer(() -> {
            byte[] bytes = objects.get(object);
            if (fault != BackendError.NONE) {
                c.done(null, fault, "told to fail");
            } else if (bytes == null) {
                c.done(null, BackendError.NOT_FOUND, "no " + object);
            } else if (offset + dst.byteSize() > bytes.length) {
                c.done(null, BackendError.CORRUPT, "short");
            } else {
                MemorySegment.copy(bytes, (int) offset, dst, ValueLayout.JAVA_BYTE, 0, (int) dst.byteSize());
                bytesRead.addAndGet(dst.byteSize());
                c.done(null, BackendError.NONE, "");
            }
        });
    }

    @Override
    public void list(String prefix, long deadlineNs, ObjectVisitor v, Completion<Void> c) {
        answer(() -> {
            if (fault != BackendError.NONE) {
                c.done(null, fault, "told to fail");
                return;
            }
            objects.forEach((object, bytes) -> {
                if (object.startsWith(prefix)) {
                    v.onObject(object, bytes.length);
                }
            });
            c.done(null, BackendError.NONE, "");
        });
    }

    @Override
    public long bufferedGraceNs() {
        return durable ? 0 : GRACE_NS;
    }

    @Override
    public void identify(long deadlineNs, Completion<Identity> c) {
        c.done(new Identity(new Id128(7, 7), id, 0), BackendError.NONE, "");
    }

    @Override
    public void putIdentity(Identity identity, long deadlineNs, Completion<Void> c) {
        c.done(null, BackendError.EXISTS, "");
    }

    @Override
    public void size(String object, long deadlineNs, Completion<Long> c) {
        answer(() -> {
            byte[] bytes = objects.get(object);
            if (fault != BackendError.NONE) {
                c.done(null, fault, "told to fail");
            } else if (bytes == null) {
                c.done(null, BackendError.NOT_FOUND, "no " + object);
            } else {
                c.done((long) bytes.length, BackendError.NONE, "");
            }
        });
    }

    @Override
    public void exists(String object, long expectedBytes, MemorySegment head, long deadlineNs, Completion<Void> c) {
        answer(() -> {
            byte[] bytes = objects.get(object);
            if (fault != BackendError.NONE) {
                c.done(null, fault, "told to fail");
            } else if (bytes == null) {
                c.done(null, BackendError.NOT_FOUND, "no " + object);
            } else if (bytes.length != expectedBytes
                    || MemorySegment.ofArray(bytes).asSlice(0, head.byteSize()).mismatch(head) >= 0) {
                c.done(null, BackendError.CORRUPT, "another object");
            } else {
                c.done(null, BackendError.NONE, "");
            }
        });
    }

    @Override
    public void delete(String object, long deadlineNs, Completion<Void> c) {
        answer(() -> c.done(null, objects.remove(object) == null ? BackendError.NOT_FOUND : BackendError.NONE, ""));
    }

    @Override
    public void capacity(long deadlineNs, Completion<Capacity> c) {
        c.done(Capacity.CANNOT_TELL, BackendError.NONE, "");
    }

    @Override
    public void close() {}
}
