package io.qsfs.mount;

/**
 * How far a long step is.
 *
 * @param step           what is done, a noun phrase such as "placing".
 * @param doneBytes      done so far.
 * @param totalBytes     the whole; may grow while the step runs.
 * @param bytesPerSecond recent rate, 0 when nothing moves, -1 when not known.
 * @param segmentsLeft   segments that wait, -1 when segments do not apply.
 */
public record Progress(String step, long doneBytes, long totalBytes, long bytesPerSecond, long segmentsLeft) {
    /** Milliseconds that the rest takes at the present rate, -1 when that cannot be told. */
    public long remainingMs() {
        if (bytesPerSecond <= 0) {
            return -1;
        }
        return Math.max(0, totalBytes - doneBytes) * 1000 / bytesPerSecond;
    }
}
