package io.qsfs.offload;

import io.qsfs.backend.Backend;
import io.qsfs.backend.BackendError;
import io.qsfs.codec.BlockTable;
import io.qsfs.codec.Code;
import io.qsfs.codec.ShardHeader;
import io.qsfs.codec.ShardName;
import io.qsfs.index.Placement;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import io.qsfs.memory.NativeBuffer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * When local bytes may go: when k shards of their segment were read back from backends that answer now. Read back means: the object is
 * there in its whole length and begins with the header of this shard. From a backend that buffers it counts only after its grace.
 *
 * <p>The record of a placement says where shards were acknowledged, which may be long ago. The local file is the last sure copy, so
 * before it goes somebody looks: at a directory whose disk was exchanged, at a server that lost its memory.
 *
 * <p>Grace is counted from when this was first asked about the segment, which is after it was placed.
 *
 * <p>Threading: the keeper thread, but for the completions of reads, which set one field.
 */
public final class Safety implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Safety.class);

    private static final int WATCHED_MAX = 4096;
    private static final int READS_MAX = 256;
    private static final long READ_TIMEOUT_NS = 30_000_000_000L;
    private static final long RETRY_NS = 10_000_000_000L;
    /** How long what was read back counts. */
    private static final long FRESH_NS = 60_000_000_000L;

    private final Clock clock;
    private final Supplier<? extends Collection<? extends Backend>> usable;
    private final Map<Id256, Watch> watched = new HashMap<>();
    private final NativeBuffer memory = new NativeBuffer((long) READS_MAX * ShardHeader.BYTES);
    private final ArrayDeque<MemorySegment> free = new ArrayDeque<>();
    /** Reads of segments that were forgotten meanwhile: their memory is a backend's until they answer. */
    private final ArrayDeque<ReadBack> abandoned = new ArrayDeque<>();

    /** What is to be done with a segment's local bytes. */
    public enum Verdict {
        /** They may go. */
        SAFE,
        /** Enough shards are being read back; soon it is known. */
        LOOKING,
        /** Enough shards will be read back when the grace of backends that buffer is over. */
        WAITING,
        /** They stay: too few backends answer and have their shard. */
        UNSAFE
    }

    /** A placed segment that somebody wants to evict. */
    private static final class Watch {
        final long sinceNs;
        final ReadBack[] reads;

        Watch(long sinceNs, int shards) {
            this.sinceNs = sinceNs;
            reads = new ReadBack[shards];
        }
    }

    /** The reading back of one shard. */
    private static final class ReadBack {
        final MemorySegment header;
        final long askedNs;
        volatile BackendError error;
        boolean isVerified;
        boolean isSettled;

        ReadBack(MemorySegment header, long askedNs) {
            this.header = header;
            this.askedNs = askedNs;
        }
    }

    /** @param usable the backends of the volume that answer now; they outlive this object. */
    public Safety(Clock clock, Supplier<? extends Collection<? extends Backend>> usable) {
        this.clock = clock;
        this.usable = usable;
        for (long i = 0; i < READS_MAX; i++) {
            free.add(memory.segment().asSlice(i * ShardHeader.BYTES, ShardHeader.BYTES));
        }
    }

    /** Whether the segment's local bytes may go. Reading back is begun when it is due, and later calls tell. */
    public Verdict judge(Placement placement) {
        Collection<? extends Backend> answering = usable.get();
        Backend[] holders = new Backend[placement.shardCount()];
        int there = 0;
        for (int shard = 0; shard < holders.length; shard++) {
            holders[shard] = find(answering, placement.backend(shard));
            there += holders[shard] != null ? 1 : 0;
        }
        if (there < placement.dataShards()) {
            return Verdict.UNSAFE;
        }
        Watch watch = watched.get(placement.sealId());
        if (watch == null) {
            if (watched.size() == WATCHED_MAX) {
                return Verdict.UNSAFE; // until others have gone
            }
            watch = new Watch(clock.nanoTime(), holders.length);
            watched.put(placement.sealId(), watch);
        }
        int verified = 0;
        int asked = 0;
        int due = 0;
        for (int shard = 0; shard < holders.length; shard++) {
            if (holders[shard] != null) {
                ReadBack read = readBack(placement, watch, shard, holders[shard]);
                verified += read != null && read.isVerified ? 1 : 0;
                asked += read != null && !read.isSettled ? 1 : 0;
                due += read == null ? 1 : 0;
            }
        }
        return verdict(placement.dataShards(), verified, asked, due);
    }

    private static Verdict verdict(int needed, int verified, int asked, int due) {
        if (verified >= needed) {
            return Verdict.SAFE;
        }
        if (verified + asked >= needed) {
            return Verdict.LOOKING;
        }
        return verified + asked + due >= needed ? Verdict.WAITING : Verdict.UNSAFE;
    }

    /** The local bytes are gone; nothing more is to be remembered. */
    public void forget(Placement placement) {
        Watch watch = watched.remove(placement.sealId());
        for (ReadBack read : watch == null ? new ReadBack[0] : watch.reads) {
            if (read != null && !read.isSettled) {
                abandoned.add(read);
            }
        }
    }

    private void takeBack() {
        for (int i = abandoned.size(); i > 0; i--) {
            ReadBack read = abandoned.poll();
            if (read.error == null) {
                abandoned.add(read);
            } else {
                free.add(read.header);
            }
        }
    }

    private static Backend find(Collection<? extends Backend> backends, Id128 id) {
        if (!id.isNil()) {
            for (Backend backend : backends) {
                if (backend.id().equals(id)) {
                    return backend;
                }
            }
        }
        return null;
    }

    /** The reading back of a shard as far as it is; null when it is not due yet, or has to wait for memory. */
    private ReadBack readBack(Placement placement, Watch watch, int shard, Backend backend) {
        long nowNs = clock.nanoTime();
        ReadBack read = watch.reads[shard];
        boolean isDue;
        if (read == null) {
            isDue = nowNs - watch.sinceNs >= backend.bufferedGraceNs();
        } else {
            settleIfAnswered(placement, shard, backend, read);
            isDue = read.isSettled && nowNs - read.askedNs >= (read.isVerified ? FRESH_NS : RETRY_NS);
        }
        if (isDue) {
            begin(placement, watch, shard, backend, nowNs);
            read = watch.reads[shard];
            if (read != null) {
                settleIfAnswered(placement, shard, backend, read);
            }
        }
        return read;
    }

    private void settleIfAnswered(Placement placement, int shard, Backend backend, ReadBack read) {
        if (!read.isSettled && read.error != null) {
            settle(placement, shard, backend, read);
        }
    }

    private void begin(Placement placement, Watch watch, int shard, Backend backend, long nowNs) {
        takeBack();
        if (free.isEmpty()) {
            watch.reads[shard] = null;
            return; // later
        }
        ReadBack read = new ReadBack(free.poll(), nowNs);
        watch.reads[shard] = read;
        String object = name(placement, shard);
        long deadlineNs = nowNs + READ_TIMEOUT_NS;
        long end = BlockTable.objectBytes(placement.shardBytes());
        // An empty range at the end tells whether the object reaches so far.
        backend.getRange(object, end, read.header.asSlice(0, 0), deadlineNs, (nothing, error, detail) -> {
            if (error != BackendError.NONE) {
                read.error = error;
            } else {
                backend.getRange(
                        object, 0, read.header, deadlineNs, (alsoNothing, outcome, why) -> read.error = outcome);
            }
        });
    }

    private static String name(Placement placement, int shard) {
        Code code = new Code(placement.dataShards(), placement.shardCount() - placement.dataShards());
        return new ShardName(
                        placement.stream(), placement.number(), placement.mountId(), placement.sealId(), code, shard)
                .format();
    }

    private void settle(Placement placement, int shard, Backend backend, ReadBack read) {
        if (read.error == BackendError.NONE) {
            ShardHeader header = ShardHeader.read(read.header, 0);
            read.isVerified = header != null && header.name().format().equals(name(placement, shard));
        }
        if (!read.isVerified && read.error != BackendError.UNREACHABLE) {
            LOG.warn(
                    "Shard {} of segment {} was not found again on backend {}: {}.",
                    shard,
                    placement.number(),
                    backend.name(),
                    read.error);
        }
        read.isSettled = true;
        free.add(read.header);
    }

    /** After the keeper has ended. Memory that backends hold still is not freed. */
    @Override
    public void close() {
        if (free.size() == READS_MAX) {
            memory.close();
        }
    }
}
