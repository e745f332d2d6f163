package io.qsfs.backend;

/**
 * Watches how a backend answers.
 *
 * <p>Threading: any thread; each method holds the monitor for a few additions.
 */
final class HealthMeter {
    /** Operations without an answer in a row that make a backend count as down. */
    static final int DOWN_AFTER_FAILURES = 3;

    private static final int EWMA_SHIFT = 3;
    /** Steps of the estimate of the 95th percentile, as parts of itself: up 19 times the step down. */
    private static final long P95_STEP_UP_DIVISOR = 20;

    private static final long P95_STEP_DOWN_DIVISOR = 380;

    /** Two of the largest shards. */
    private static final long SPACE_AGAIN_BYTES = 32L << 20;

    private boolean full;
    /** The least that was told to be free since it was full; MAX when nothing was. */
    private long freeBytesWhileFull;

    private boolean isWrong;
    private int consecutiveFailures;
    private BackendError lastError = BackendError.NONE;
    private String lastDetail = "";
    private long getLatencyEwmaNs;
    private long getLatencyP95Ns;
    private long putLatencyEwmaNs;
    private long operations;
    private long errors;
    private long corruptions;
    private long bytesPut;
    private long bytesFetched;

    synchronized void onPut(long bytes, long latencyNs, BackendError error, String detail) {
        count(error, detail);
        if (error == BackendError.FULL && !full) {
            full = true;
            freeBytesWhileFull = Long.MAX_VALUE;
        }
        if (error == BackendError.NONE) {
            full = false;
            bytesPut += bytes;
            putLatencyEwmaNs = average(putLatencyEwmaNs, latencyNs);
        }
    }

    synchronized void onGet(long bytes, long latencyNs, BackendError error, String detail) {
        count(error, detail);
        if (error == BackendError.CORRUPT) {
            corruptions++;
        }
        if (error == BackendError.NONE) {
            bytesFetched += bytes;
            getLatencyEwmaNs = average(getLatencyEwmaNs, latencyNs);
            getLatencyP95Ns = percentile(getLatencyP95Ns, latencyNs);
        }
    }

    synchronized void onOther(BackendError error, String detail) {
        count(error, detail);
    }

    /** So much is free. There is space again when that is plenty, or has grown since the backend was full. */
    synchronized void onSpace(long freeBytes) {
        if (freeBytes >= SPACE_AGAIN_BYTES || freeBytes > freeBytesWhileFull) {
            full = false;
        }
        freeBytesWhileFull = Math.min(freeBytesWhileFull, freeBytes);
    }

    private void count(BackendError error, String detail) {
        operations++;
        if (error.isAnswer()) {
            consecutiveFailures = 0;
            isWrong = false;
            return;
        }
        if (error == BackendError.CLOSED) {
            return; // our own doing
        }
        errors++;
        lastError = error;
        lastDetail = detail;
        if (error == BackendError.FULL) {
            consecutiveFailures = 0; // it answers, and its objects can be read
            return;
        }
        consecutiveFailures++;
        isWrong = error == BackendError.ABSENT || error == BackendError.FOREIGN;
    }

    private static long average(long beforeNs, long nowNs) {
        return beforeNs == 0 ? nowNs : beforeNs + ((nowNs - beforeNs) >> EWMA_SHIFT);
    }

    private static long percentile(long beforeNs, long nowNs) {
        if (beforeNs == 0) {
            return 2 * nowNs;
        }
        return nowNs > beforeNs
                ? beforeNs + Math.max(1, beforeNs / P95_STEP_UP_DIVISOR)
                : Math.max(1, beforeNs - beforeNs / P95_STEP_DOWN_DIVISOR);
    }

    synchronized Health health(int putsInFlight, int putsQueued) {
        Health.State state = isWrong || consecutiveFailures >= DOWN_AFTER_FAILURES
                ? Health.State.DOWN
                : consecutiveFailures > 0 ? Health.State.SUSPECT : Health.State.UP;
        return new Health(
                state,
                full,
                consecutiveFailures,
                lastError,
                lastDetail,
                getLatencyEwmaNs,
                getLatencyP95Ns,
                putLatencyEwmaNs,
                operations,
                errors,
                corruptions,
                bytesPut,
                bytesFetched,
                putsInFlight,
                putsQueued);
    }
}
