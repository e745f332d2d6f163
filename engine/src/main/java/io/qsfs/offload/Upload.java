package io.qsfs.offload;

import io.qsfs.backend.Backend;
import io.qsfs.backend.BackendError;
import io.qsfs.backend.Completion;
import io.qsfs.codec.SealEncoder;
import io.qsfs.codec.SealedSegment;
import io.qsfs.memory.Id128;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One sealing on its way to the backends, in the memory of one encoder. A shard is needed, lent to a backend, or
 * acknowledged by one; a shard that a backend did not take is needed again and goes to another, within a round to
 * each backend once.
 *
 * <p>The memory is free when no backend holds a buffer of it, which can be later than the placing: a backend that is
 * late keeps its shard, and may still acknowledge it.
 *
 * <p>Threading: the encoder thread, but for {@link Put#done}, which hands itself over.
 */
final class Upload implements AutoCloseable {
    /** What an upload wants to be told of. */
    interface Listener {
        /** On any thread: a put has answered. */
        void onPut(Put put);
    }

    private final SealEncoder encoder;
    private final Listener listener;
    private final boolean isSpare;

    private ClosedSegment segment;
    private SealedSegment sealed;
    private Id128[] holders = new Id128[0];
    private Put[] puts = new Put[0];
    private final Set<Id128> failed = new HashSet<>();
    private final Map<String, String> reasons = new HashMap<>();
    private int lent;
    private long beganNs;

    boolean isPlaced;
    boolean hasEnough;
    long enoughSinceNs;
    long retryAtNs;
    long retryAfterNs;
    boolean isPausing;

    /** Takes the encoder over and closes it. */
    Upload(SealEncoder encoder, Listener listener, boolean isSpare) {
        this.encoder = encoder;
        this.listener = listener;
        this.isSpare = isSpare;
    }

    /** A shard at a backend that has not answered. */
    static final class Put implements Completion<Void> {
        final Upload upload;
        final SealedSegment sealed;
        final int shard;
        final Backend backend;
        final long deadlineNs;
        BackendError error;
        String detail;

        Put(Upload upload, SealedSegment sealed, int shard, Backend backend, long deadlineNs) {
            this.upload = upload;
            this.sealed = sealed;
            this.shard = shard;
            this.backend = backend;
            this.deadlineNs = deadlineNs;
        }

        /** On a thread of the backend. */
        @Override
        public void done(Void value, BackendError error, String detail) {
            this.error = error;
            this.detail = detail;
            upload.listener.onPut(this);
        }
    }

    SealEncoder encoder() {
        assert lent == 0 : "encoder used while buffers are lent: " + lent;
        return encoder;
    }

    boolean isSpare() {
        return isSpare;
    }

    ClosedSegment segment() {
        return segment;
    }

    SealedSegment sealed() {
        return sealed;
    }

    /** True when the memory can be used for another sealing. */
    boolean isFree() {
        return segment == null && lent == 0;
    }

    /** Placed, and only waits for late backends. */
    boolean isLingering() {
        return segment != null && isPlaced && lent > 0;
    }

    int lent() {
        return lent;
    }

    /** Begins with what the encoder has just sealed. */
    void begin(ClosedSegment segment, SealedSegment sealed, long nowNs) {
        assert lent == 0 && this.segment == null;
        this.segment = segment;
        this.sealed = sealed;
        beganNs = nowNs;
        int n = sealed.code().n();
        holders = new Id128[n];
        puts = new Put[n];
        failed.clear();
        reasons.clear();
        isPlaced = false;
        isPausing = false;
        hasEnough = false;
        retryAfterNs = 0;
    }

    /** Sends every shard that is needed to a backend that may get it; how many could be sent. */
    int send(ShardTargets targets, Set<Id128> slow, long deadlineNs) {
        List<Integer> needed = new ArrayList<>();
        Set<Id128> holding = new HashSet<>();
        for (int shard = 0; shard < puts.length; shard++) {
            if (holders[shard] != null) {
                holding.add(holders[shard]);
            } else if (puts[shard] == null) {
                needed.add(shard);
            } else {
                holding.add(puts[shard].backend.id());
            }
        }
        if (needed.isEmpty()) {
            return 0;
        }
        Set<Id128> excluded = new HashSet<>(holding);
        excluded.addAll(failed);
        excluded.addAll(slow);
        List<Backend> chosen = targets.choose(needed.size(), holding, excluded);
        int count = Math.min(chosen.size(), needed.size());
        for (int i = 0; i < count; i++) {
            put(needed.get(i), chosen.get(i), deadlineNs);
        }
        return count;
    }

    private void put(int shard, Backend backend, long deadlineNs) {
        Put put = new Put(this, sealed, shard, backend, deadlineNs);
        puts[shard] = put;
        lent++;
        // Confirms: after a round whose answer got lost, what is there under the name is this shard.
        backend.putOrConfirm(sealed.objectName(shard), sealed.shard(shard), deadlineNs, put);
    }

    /** Takes an answer. True when the backend has the shard. */
    boolean take(Put put) {
        assert put.sealed == sealed && puts[put.shard] == put : "answer of another sealing";
        lent--;
        puts[put.shard] = null;
        if (put.error == BackendError.NONE) {
            holders[put.shard] = put.backend.id();
            return true;
        }
        failed.add(put.backend.id());
        reasons.put(put.backend.name(), put.error + (put.detail.isEmpty() ? "" : " " + put.detail));
        return false;
    }

    /** The next round may use every backend again. */
    void beginRound() {
        failed.clear();
        isPausing = false;
    }

    int acknowledged() {
        int count = 0;
        for (Id128 holder : holders) {
            count += holder != null ? 1 : 0;
        }
        return count;
    }

    /** For each shard who has it; NIL for nobody. */
    List<Id128> holders() {
        List<Id128> list = new ArrayList<>(holders.length);
        for (Id128 holder : holders) {
            list.add(holder == null ? Id128.NIL : holder);
        }
        return list;
    }

    /** Adds the backends that hold a buffer though the segment is placed without them, or beyond their deadline. */
    void collectLate(long nowNs, Set<Id128> late) {
        for (Put put : puts) {
            if (put != null && (isPlaced || nowNs - put.deadlineNs >= 0)) {
                late.add(put.backend.id());
            }
        }
    }

    /** True when everything that is lent is lent beyond its deadline: an answer is not to be waited for. */
    boolean isAllOverdue(long nowNs) {
        for (Put put : puts) {
            if (put != null && nowNs - put.deadlineNs < 0) {
                return false;
            }
        }
        return true;
    }

    /**
     * How long the rest is waited for when enough is acknowledged: half as long again as that took, and no less than
     * this.
     */
    boolean isPatienceOver(long nowNs, long leastNs) {
        return nowNs - enoughSinceNs >= patienceNs(leastNs);
    }

    private long patienceNs(long leastNs) {
        return Math.max(leastNs, (enoughSinceNs - beganNs) / 2);
    }

    /** When something is to be decided about it without an answer, as nanoseconds from now. */
    long nextLookNs(long nowNs, long stragglerNs) {
        if (isPausing) {
            return retryAtNs - nowNs;
        }
        if (hasEnough) {
            return enoughSinceNs + patienceNs(stragglerNs) - nowNs;
        }
        long next = Long.MAX_VALUE;
        for (Put put : puts) {
            if (put != null && nowNs - put.deadlineNs < 0) {
                next = Math.min(next, put.deadlineNs - nowNs);
            }
        }
        return next;
    }

    /** Why shards are missing, for a person. */
    String reasons() {
        return reasons.toString();
    }

    /** The segment is over; the memory is free as soon as nothing is lent. */
    void end() {
        assert lent == 0 : lent;
        segment = null;
        sealed = null;
    }

    @Override
    public void close() {
        assert lent == 0 : lent;
        encoder.close();
    }
}
