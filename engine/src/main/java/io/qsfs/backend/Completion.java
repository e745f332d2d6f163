package io.qsfs.backend;

/**
 * Is told once how an operation ended. Runs on a thread of the backend ({@code epoll-i}, {@code dir-io-i}, the timer) or,
 * when an operation is refused at once, on the caller's: it must not block and must not throw. What was lent to the
 * operation is the caller's again when it is called.
 *
 * @param <T> what the operation gives.
 */
@FunctionalInterface
public interface Completion<T> {
    /**
     * @param value  the result; null unless {@code error} is {@link BackendError#NONE}, and for operations without one.
     * @param error  never null.
     * @param detail what was tried and what came back, for a log line; empty when all is well, never null.
     */
    void done(T value, BackendError error, String detail);
}
