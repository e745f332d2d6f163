package io.qsfs.mount;

import io.qsfs.backend.Capacity;
import io.qsfs.codec.Code;
import io.qsfs.fs.Quota;
import io.qsfs.fs.SpaceReport;
import io.qsfs.fs.SpaceSource;
import io.qsfs.index.Index;
import io.qsfs.index.IndexReader;
import io.qsfs.index.Totals;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * What {@code statfs} says: how much more the backends can take, less what is on its way to them; or what the quota leaves, when
 * that is less. A disk that several backends share counts once. A backend that cannot tell does not limit.
 *
 * <p>Threading: {@link #report} from any thread, never waits; capacities are asked on {@code space}.
 */
final class VolumeSpace implements SpaceSource {
    private static final long POLL_NS = 5_000_000_000L;
    /** Of a volume none of whose backends can tell: a PiB, so that nobody is kept from writing. */
    private static final long UNLIMITED_BYTES = 1L << 50;

    private static final long INODES_MAX = 1L << 40;
    private static final int HALVINGS = 62;

    private final VolumeBackends backends;
    private final Code code;
    private final Quota quota;
    private final LongSupplier backlogBytes;
    private final IndexReader reader;
    private final Thread thread = new Thread(this::run, "space");
    private volatile long freeBytes = UNLIMITED_BYTES;
    private volatile boolean isStopping;
    private Totals totals = new Totals(1, 0);

    /** @param backlogBytes content that is closed and not placed; first asked after {@link #start}. */
    VolumeSpace(VolumeBackends backends, Code code, Index index, Quota quota, LongSupplier backlogBytes) {
        this.backends = backends;
        this.code = code;
        this.quota = quota;
        this.backlogBytes = backlogBytes;
        this.reader = index.newReader();
        thread.setDaemon(true);
    }

    void start() {
        freeBytes = usable(backends.capacities(POLL_NS), code);
        thread.start();
    }

    @Override
    public synchronized SpaceReport report() {
        if (!isStopping && reader.renew() == 0) {
            totals = reader.totals();
            reader.release();
        }
        long used = totals.allocatedBytes();
        long free = Math.max(0, freeBytes - backlogBytes.getAsLong());
        if (quota.bytesMax() > 0) {
            free = Math.min(free, Math.max(0, quota.bytesMax() - used));
        }
        long inodesMax = quota.inodesMax() > 0 ? quota.inodesMax() : INODES_MAX;
        return new SpaceReport(used + free, free, totals.inodes(), Math.max(0, inodesMax - totals.inodes()));
    }

    private void run() {
        while (!isStopping) {
            LockSupport.parkNanos(this, POLL_NS);
            if (!isStopping) {
                freeBytes = usable(backends.capacities(POLL_NS), code);
            }
        }
    }

    /** Bytes of content that fit when each segment takes n backends: the largest k·x with sum(min(free, x)) at least n·x. */
    static long usable(List<Capacity> capacities, Code code) {
        Map<Long, Long> sharers = new HashMap<>();
        for (Capacity capacity : capacities) {
            sharers.merge(capacity.device(), 1L, Long::sum);
        }
        long[] free = new long[capacities.size()];
        boolean isKnown = false;
        for (int i = 0; i < free.length; i++) {
            Capacity capacity = capacities.get(i);
            free[i] = UNLIMITED_BYTES;
            if (capacity.isKnown()) {
                isKnown = true;
                boolean isShared = capacity.device() != Capacity.UNKNOWN;
                free[i] = capacity.freeBytes() / (isShared ? sharers.get(capacity.device()) : 1);
            }
        }
        if (!isKnown || free.length == 0) {
            return UNLIMITED_BYTES;
        }
        long low = 0;
        long high = UNLIMITED_BYTES / code.n();
        int shards = Math.min(code.n(), free.length);
        for (int i = 0; i < HALVINGS && low < high; i++) {
            long middle = low + (high - low + 1) / 2;
            long sum = 0;
            for (long bytes : free) {
                sum += Math.min(bytes, middle);
            }
            if (sum >= middle * shards) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low * code.k();
    }

    void close() {
        isStopping = true;
        LockSupport.unpark(thread);
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** After the last report. */
    synchronized void closeReader() {
        reader.close();
    }
}
