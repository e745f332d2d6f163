package io.qsfs.offload;

import io.qsfs.backend.Backend;
import io.qsfs.backend.BackendError;
import io.qsfs.codec.BlockTable;
import io.qsfs.codec.Code;
import io.qsfs.codec.RangeReconstructor;
import io.qsfs.codec.SealIdentity;
import io.qsfs.codec.SealKind;
import io.qsfs.codec.ShardHeader;
import io.qsfs.codec.ShardMac;
import io.qsfs.codec.ShardName;
import io.qsfs.index.Placement;
import io.qsfs.keys.VolumeKey;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import io.qsfs.memory.NativeBuffer;
import io.qsfs.recall.Inbox;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.agrona.concurrent.Agent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Codes owed shards again, out of the ciphertext of k others, when there is a backend to take them. One shard at a
 * time, the segment that can lose the fewest first. Nothing is ever encrypted again.
 *
 * <pre>
 *   idle ─▶ heads (header and block table of k shards) ─▶ slices (1 MiB of each, checked block by block) ─▶ put ─▶ idle
 *              ▲ a shard is gone or rotten: without it again │
 *              └──────────────────────────────────────────────┘
 * </pre>
 *
 * <p>Threading: {@link #owe}, {@link #settled} and the counters from any thread; {@link #doWork} on the keeper
 * thread. Buffers are lent to backends.
 */
public final class Repairer implements Agent {
    private static final Logger LOG = LoggerFactory.getLogger(Repairer.class);

    private static final int SLICE_BYTES = 16 * BlockTable.BLOCK_BYTES;
    private static final long TIMEOUT_NS = 60_000_000_000L;
    private static final long LOOK_NS = 5_000_000_000L;
    private static final long AGAIN_NS = 60_000_000_000L;

    private enum State {
        IDLE,
        HEADS,
        SLICE,
        PUT
    }

    private final Clock clock;
    private final Id128 volumeId;
    private final Collection<? extends Backend> backends;
    private final ShardTargets targets;
    private final PlacementSink sink;
    private final VolumeKey volumeKey;
    private final Inbox<Runnable> inbox = new Inbox<>();
    private final AtomicInteger owedSegments = new AtomicInteger();
    private final AtomicLong repairedShards = new AtomicLong();

    // The keeper thread's.
    private final Map<Id256, Owed> owed = new HashMap<>();
    private State state = State.IDLE;
    private long lookAtNs;
    private int lent;
    private Repair repair;
    private ShardMac mac;
    private BlockTableWriter writer;
    private NativeBuffer memory;

    /** A placed segment with shards that nobody has. */
    private static final class Owed {
        final Placement placement;
        final Id128[] holders;
        long notBeforeNs;

        Owed(Placement placement, long nowNs) {
            this.placement = placement;
            holders = placement.backends().toArray(new Id128[0]);
            notBeforeNs = nowNs;
        }

        int present() {
            int present = 0;
            for (Id128 holder : holders) {
                present += holder.isNil() ? 0 : 1;
            }
            return present;
        }

        int missingShard() {
            for (int shard = 0; shard < holders.length; shard++) {
                if (holders[shard].isNil()) {
                    return shard;
                }
            }
            return -1;
        }

        int margin() {
            return present() - placement.dataShards();
        }
    }

    /** One shard on its way. */
    private static final class Repair {
        final Owed owed;
        final int shard;
        final Backend target;
        final SealIdentity sealing;
        final Code code;
        final long shardBytes;
        final Set<Integer> useless = new HashSet<>();
        int[] sources;
        MemorySegment[] heads;
        MemorySegment[] tables;
        MemorySegment[] slices;
        MemorySegment header;
        MemorySegment payload;
        MemorySegment table;
        long offset;
        RangeReconstructor reconstructor;
        BackendError putError;

        Repair(Owed owed, int shard, Backend target, SealIdentity sealing, Code code, long shardBytes) {
            this.owed = owed;
            this.shard = shard;
            this.target = target;
            this.sealing = sealing;
            this.code = code;
            this.shardBytes = shardBytes;
        }
    }

    /**
     * Allocates nothing until the first repair.
     *
     * @param volumeKey borrowed for this object's life.
     * @param backends  of the volume; they outlive this object.
     */
    public Repairer(
            Clock clock,
            Id128 volumeId,
            VolumeKey volumeKey,
            Collection<? extends Backend> backends,
            ShardTargets targets,
            PlacementSink sink) {
        this.clock = clock;
        this.volumeId = volumeId;
        this.volumeKey = volumeKey;
        this.backends = backends;
        this.targets = targets;
        this.sink = sink;
        lookAtNs = clock.nanoTime();
    }

    /** A placed segment has shards that nobody holds. Of one that is known already nothing happens. */
    public void owe(Placement placement) {
        if (placement.placedShards() < placement.shardCount()) {
            inbox.send(() -> {
                owed.putIfAbsent(placement.sealId(), new Owed(placement, clock.nanoTime()));
                owedSegments.set(owed.size());
            });
        }
    }

    /** A shard that was owed has come to lie somewhere without this: a late acknowledgement. */
    public void settled(Id256 sealId, int shard, Id128 backend) {
        inbox.send(() -> {
            Owed known = owed.get(sealId);
            if (known != null) {
                known.holders[shard] = backend;
                forgetIfWhole(known);
            }
        });
    }

    /** Segments with owed shards. */
    public int owedSegments() {
        return owedSegments.get();
    }

    /** Shards coded again since the start. */
    public long repairedShards() {
        return repairedShards.get();
    }

    @Override
    public String roleName() {
        return "repairer";
    }

    @Override
    public int doWork() {
        int work = 0;
        Runnable message = inbox.poll();
        while (message != null) {
            message.run();
            work++;
            message = inbox.poll();
        }
        if (lent > 0) {
            return work;
        }
        return work
                + switch (state) {
                    case IDLE -> begin();
                    case HEADS -> onHeads();
                    case SLICE -> onSlice();
                    case PUT -> onPut();
                };
    }

    private int begin() {
        long nowNs = clock.nanoTime();
        if (owed.isEmpty() || nowNs - lookAtNs < 0) {
            return 0;
        }
        List<Owed> byMargin = new ArrayList<>(owed.values());
        byMargin.sort((a, b) -> a.margin() != b.margin()
                ? Integer.compare(a.margin(), b.margin())
                : Long.compare(a.placement.number(), b.placement.number()));
        for (Owed candidate : byMargin) {
            if (nowNs - candidate.notBeforeNs >= 0 && begin(candidate)) {
                return 1;
            }
        }
        lookAtNs = nowNs + LOOK_NS;
        return 0;
    }

    private boolean begin(Owed candidate) {
        Placement placement = candidate.placement;
        Set<Id128> holders = new HashSet<>(List.of(candidate.holders));
        holders.remove(Id128.NIL);
        List<Backend> target = targets.choose(1, holders, holders);
        if (target.isEmpty()) {
            return false;
        }
        Code code = new Code(placement.dataShards(), placement.shardCount() - placement.dataShards());
        SealIdentity sealing = new SealIdentity(
                SealKind.SEGMENT,
                placement.suite(),
                volumeId,
                placement.stream(),
                placement.mountId(),
                placement.number(),
                placement.fromPosition(),
                placement.toPosition(),
                placement.sealId());
        repair = new Repair(
                candidate, candidate.missingShard(), target.getFirst(), sealing, code, placement.shardBytes());
        if (!readHeads()) {
            repair = null;
            return false;
        }
        return true;
    }

    private Backend find(Id128 id) {
        for (Backend backend : backends) {
            if (!id.isNil() && backend.id().equals(id)) {
                return backend;
            }
        }
        return null;
    }

    /** Chooses k sources and asks for their headers and tables; false when there are too few. */
    private boolean readHeads() {
        Repair r = repair;
        int k = r.code.k();
        int[] sources = new int[k];
        int found = 0;
        for (int shard = 0; shard < r.owed.holders.length && found < k; shard++) {
            Backend holder = find(r.owed.holders[shard]);
            if (holder != null && holder.health().isReadable() && !r.useless.contains(shard)) {
                sources[found++] = shard;
            }
        }
        if (found < k) {
            return false;
        }
        r.sources = sources;
        layOut(r);
        for (int i = 0; i < k; i++) {
            read(sources[i], 0, r.heads[i]);
            read(sources[i], BlockTable.objectOffset(r.shardBytes), r.tables[i]);
        }
        state = State.HEADS;
        return true;
    }

    private void layOut(Repair r) {
        int k = r.code.k();
        long tableBytes = (BlockTable.bytes(r.shardBytes) + 63) & -64L;
        long needed = (ShardHeader.BYTES + tableBytes) * (k + 1) + (long) SLICE_BYTES * k + r.shardBytes;
        if (memory == null || memory.segment().byteSize() < needed) {
            if (memory != null) {
                memory.close();
            }
            memory = new NativeBuffer(needed);
        }
        if (mac == null) {
            mac = new ShardMac(volumeKey);
            writer = new BlockTableWriter(volumeKey);
        }
        mac.begin(r.sealing, r.code, r.shardBytes);
        writer.begin(r.sealing, r.code, r.shardBytes);
        if (r.reconstructor == null) {
            r.reconstructor = new RangeReconstructor(r.code);
        }
        r.heads = new MemorySegment[k];
        r.tables = new MemorySegment[k];
        r.slices = new MemorySegment[k];
        long at = 0;
        for (int i = 0; i <= k; i++) {
            MemorySegment head = memory.segment().asSlice(at, ShardHeader.BYTES);
            MemorySegment table = memory.segment().asSlice(at + ShardHeader.BYTES, BlockTable.bytes(r.shardBytes));
            at += ShardHeader.BYTES + tableBytes;
            if (i < k) {
                r.heads[i] = head;
                r.tables[i] = table;
                r.slices[i] = memory.segment().asSlice(at, SLICE_BYTES);
                at += SLICE_BYTES;
            } else {
                r.header = head;
                r.table = table;
                r.payload = memory.segment().asSlice(at, r.shardBytes);
            }
        }
        r.offset = 0;
    }

    private void read(int shard, long offset, MemorySegment target) {
        Repair r = repair;
        lent++;
        find(r.owed.holders[shard])
                .getRange(
                        name(r, shard),
                        offset,
                        target,
                        clock.nanoTime() + TIMEOUT_NS,
                        (nothing, error, detail) -> inbox.send(() -> {
                            lent--;
                            if (error != BackendError.NONE) {
                                r.useless.add(shard);
                            }
                        }));
    }

    private static String name(Repair r, int shard) {
        SealIdentity sealing = r.sealing;
        return new ShardName(sealing.stream(), sealing.segment(), sealing.mountId(), sealing.sealId(), r.code, shard)
                .format();
    }

    private int onHeads() {
        Repair r = repair;
        for (int i = 0; i < r.sources.length; i++) {
            if (!r.useless.contains(r.sources[i])
                    && !mac.isGenuine(r.tables[i], r.sources[i], 0, r.shardBytes, r.heads[i], 0)) {
                r.useless.add(r.sources[i]);
            }
        }
        if (isSourceUseless(r)) {
            return readHeadsOrGiveUp();
        }
        return readSlice();
    }

    private static boolean isSourceUseless(Repair r) {
        for (int source : r.sources) {
            if (r.useless.contains(source)) {
                return true;
            }
        }
        return false;
    }

    private int readHeadsOrGiveUp() {
        if (!readHeads()) {
            giveUp("fewer than " + repair.code.k() + " of its shards can be read");
        }
        return 1;
    }

    private int readSlice() {
        Repair r = repair;
        long length = Math.min(SLICE_BYTES, r.shardBytes - r.offset);
        for (int i = 0; i < r.sources.length; i++) {
            read(r.sources[i], ShardHeader.BYTES + r.offset, r.slices[i].asSlice(0, length));
        }
        state = State.SLICE;
        return 1;
    }

    private int onSlice() {
        Repair r = repair;
        int length = (int) Math.min(SLICE_BYTES, r.shardBytes - r.offset);
        for (int i = 0; i < r.sources.length; i++) {
            if (!r.useless.contains(r.sources[i]) && !isGenuine(r, i, length)) {
                LOG.warn("Shard {} of segment {} is rotten.", r.sources[i], r.sealing.segment());
                r.useless.add(r.sources[i]);
            }
        }
        if (isSourceUseless(r)) {
            return readHeadsOrGiveUp();
        }
        r.reconstructor.begin(r.shard, length);
        for (int i = 0; i < r.sources.length; i++) {
            r.reconstructor.add(r.sources[i], r.slices[i]);
        }
        r.reconstructor.reconstruct(r.payload.asSlice(r.offset, length));
        r.offset += length;
        return r.offset < r.shardBytes ? readSlice() : put();
    }

    private boolean isGenuine(Repair r, int source, int length) {
        for (int at = 0; at < length; at += BlockTable.BLOCK_BYTES) {
            int block = BlockTable.blockAt(r.offset + at);
            if (!mac.isGenuine(r.tables[source], r.sources[source], block, r.shardBytes, r.slices[source], at)) {
                return false;
            }
        }
        return true;
    }

    private int put() {
        Repair r = repair;
        ShardHeader header = ShardHeader.read(r.heads[0], 0);
        if (header == null || !header.sealing().equals(r.sealing)) {
            giveUp("its header does not fit its placement");
            return 1;
        }
        header.withIndex(r.shard).write(r.header, 0);
        writer.putEntry(r.table, r.shard, 0, r.shardBytes, r.header, 0);
        for (int block = 1; block < BlockTable.blockCount(r.shardBytes); block++) {
            long at = (long) (block - 1) * BlockTable.BLOCK_BYTES;
            writer.putEntry(r.table, r.shard, block, r.shardBytes, r.payload, at);
            if (!mac.isGenuine(r.table, r.shard, block, r.shardBytes, r.payload, at)) {
                throw new AssertionError("block table differs from the codec's: block=" + block);
            }
        }
        lent++;
        r.target.putOrConfirm(
                name(r, r.shard),
                List.of(r.header, r.payload, r.table),
                clock.nanoTime() + TIMEOUT_NS,
                (nothing, error, detail) -> inbox.send(() -> {
                    lent--;
                    r.putError = error;
                }));
        state = State.PUT;
        return 1;
    }

    private int onPut() {
        Repair r = repair;
        if (r.putError != BackendError.NONE) {
            giveUp(r.target.name() + " did not take it: " + r.putError);
            return 1;
        }
        end();
        repairedShards.incrementAndGet();
        r.owed.holders[r.shard] = r.target.id();
        sink.shardPlaced(r.sealing.stream(), r.sealing.segment(), r.sealing.sealId(), r.shard, r.target.id());
        forgetIfWhole(r.owed);
        return 1;
    }

    private void forgetIfWhole(Owed candidate) {
        if (candidate.missingShard() < 0) {
            owed.remove(candidate.placement.sealId());
            owedSegments.set(owed.size());
        }
    }

    private void giveUp(String why) {
        LOG.warn("Shard {} of segment {} stays owed: {}.", repair.shard, repair.sealing.segment(), why);
        repair.owed.notBeforeNs = clock.nanoTime() + AGAIN_NS;
        end();
    }

    private void end() {
        if (repair.reconstructor != null) {
            repair.reconstructor.close();
        }
        repair = null;
        state = State.IDLE;
    }

    /** Memory that backends hold still is not freed. */
    @Override
    public void onClose() {
        if (repair != null && repair.reconstructor != null) {
            repair.reconstructor.close();
        }
        if (mac != null) {
            mac.close();
            writer.close();
        }
        if (memory != null && lent == 0) {
            memory.close();
        }
    }
}
