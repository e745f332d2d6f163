package io.qsfs.memory;

/**
 * Where time comes from. The engine asks the JDK for it here and nowhere else, so that a test can hand in its own.
 *
 * <p>Threading: any thread.
 */
public interface Clock {
    /** The machine's clock. */
    Clock SYSTEM = new Clock() {
        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public long realtimeNs() {
            java.time.Instant now = java.time.Instant.now();
            return Math.addExact(Math.multiplyExact(now.getEpochSecond(), 1_000_000_000L), now.getNano());
        }
    };

    /** Monotonic nanoseconds, for durations and deadlines; compared by subtraction. */
    long nanoTime();

    /** Nanoseconds since 1970-01-01 UTC, for what a user sees (file times, logs). */
    long realtimeNs();
}
