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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * When local bytes may go: when k shards of their segment lie on durable backends, or on such that buffer and were
 * read back after their grace. Read back means: the object is there in its whole length and begins with the header of
 * this shard.
 *
 * <p>Grace is counted from when this was first asked about the segment, which is after it was placed.
 *
 * <p>Threading: the keeper thread, but for the completions of reads, which set one field.
 */
public final class Safety implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Safety.class);

    private static final int WATCHED_MAX = 4096;
    private static final int READS_MAX = 64;
    private static final long READ_TIMEOUT_NS = 30_000_000_000L;
    private static final long RETRY_NS = 10_000_000_000L;

    private final Clock clock;
    private final Collection<? extends Backend> backends;
    private final Map<Id256, Watch> watched = new HashMap<>();
    private final NativeBuffer memory = new NativeBuffer((long) READS_MAX * ShardHeader.BYTES);
    private final ArrayDeque<MemorySegment> free = new ArrayDeque<>();
    /** Reads of segments that were forgotten meanwhile: their memory is a backend's until they answer. */
    private final ArrayDeque<ReadBack> abandoned = new ArrayDeque<>();

    /** A placed segment of which too few shards are on durable backends. */
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

    /** @param backends of the volume; they outlive this object. */
    public Safety(Clock clock, Collection<? extends Backend> backends) {
        this.clock = clock;
        this.backends = backends;
        for (long i = 0; i < READS_MAX; i++) {
            free.add(memory.segment().asSlice(i * ShardHeader.BYTES, ShardHeader.BYTES));
        }
    }

    /**
     * True when the segment's local bytes may go. When it must be read back first, that is begun, and later calls
     * tell.
     */
    public boolean isSafe(Placement placement) {
        int durable = 0;
        for (Id128 id : placement.backends()) {
            Backend backend = find(id);
            durable += backend != null && backend.durable() ? 1 : 0;
        }
        if (durable >= placement.dataShards()) {
            forget(placement);
            return true;
        }
        Watch watch = watched.get(placement.sealId());
        if (watch == null) {
            if (watched.size() < WATCHED_MAX) {
                watched.put(placement.sealId(), new Watch(clock.nanoTime(), placement.shardCount()));
            }
            return false;
        }
        int verified = 0;
        for (int shard = 0; shard < placement.shardCount(); shard++) {
            Backend backend = find(placement.backend(shard));
            if (backend != null && !backend.durable()) {
                verified += readBack(placement, watch, shard, backend) ? 1 : 0;
            }
        }
        return durable + verified >= placement.dataShards();
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

    private Backend find(Id128 id) {
        if (!id.isNil()) {
            for (Backend backend : backends) {
                if (backend.id().equals(id)) {
                    return backend;
                }
            }
        }
        return null;
    }

    private boolean readBack(Placement placement, Watch watch, int shard, Backend backend) {
        long nowNs = clock.nanoTime();
        ReadBack read = watch.reads[shard];
        if (read == null) {
            if (nowNs - watch.sinceNs >= backend.bufferedGraceNs()) {
                begin(placement, watch, shard, backend, nowNs);
            }
            return false;
        }
        if (!read.isSettled && read.error != null) {
            settle(placement, shard, backend, read);
        }
        if (read.isSettled && !read.isVerified && nowNs - read.askedNs >= RETRY_NS) {
            begin(placement, watch, shard, backend, nowNs);
        }
        return read.isVerified;
    }

    private void begin(Placement placement, Watch watch, int shard, Backend backend, long nowNs) {
        takeBack();
        if (free.isEmpty()) {
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
                    "Shard {} of segment {} was not found again on the buffered backend {}: {}.",
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
