package io.qsfs.mount.control;

import io.qsfs.memory.Clock;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * Lines over a socket, bounded in length and in time: the other end may send garbage, half a line, or nothing, and may not
 * read what it is sent.
 *
 * <p>Threading: one thread.
 */
final class Lines implements AutoCloseable {
    private static final long FOREVER_NS = Long.MAX_VALUE / 2;

    private final SocketChannel channel;
    private final Selector selector;
    private final SelectionKey key;
    private final Clock clock;
    private final ByteBuffer received;

    /**
     * @param channel owned, closed by {@link #close}.
     * @param lineBytesMax longest line that is accepted, with its end.
     */
    Lines(SocketChannel channel, int lineBytesMax, Clock clock) throws IOException {
        this.channel = channel;
        this.clock = clock;
        this.received = ByteBuffer.allocate(lineBytesMax);
        channel.configureBlocking(false);
        selector = Selector.open();
        key = channel.register(selector, 0);
    }

    /**
     * The next line without its end.
     *
     * @param timeoutNs 0 waits for ever.
     * @return null when the other end closed between lines.
     * @throws EOFException when it closed within a line.
     * @throws LineTooLongException when the line is too long; the connection is of no further use.
     * @throws SocketTimeoutException when the line is not whole in time.
     */
    String read(long timeoutNs) throws IOException {
        long deadlineNs = clock.nanoTime() + (timeoutNs == 0 ? FOREVER_NS : timeoutNs);
        int searched = 0;
        while (true) {
            for (; searched < received.position(); searched++) {
                if (received.get(searched) == '\n') {
                    return take(searched);
                }
            }
            if (!received.hasRemaining()) {
                throw new LineTooLongException(received.capacity());
            }
            int count = channel.read(received);
            if (count < 0) {
                if (received.position() == 0) {
                    return null;
                }
                throw new EOFException("half a line");
            }
            if (count == 0) {
                await(SelectionKey.OP_READ, deadlineNs);
            }
        }
    }

    private String take(int length) {
        String line = new String(received.array(), 0, length, StandardCharsets.UTF_8);
        received.flip().position(length + 1);
        received.compact();
        return line;
    }

    /** Sends a line; {@code line} has no end. */
    void write(String line, long timeoutNs) throws IOException {
        long deadlineNs = clock.nanoTime() + timeoutNs;
        ByteBuffer left = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
        while (left.hasRemaining()) {
            if (channel.write(left) == 0) {
                await(SelectionKey.OP_WRITE, deadlineNs);
            }
        }
    }

    private void await(int operation, long deadlineNs) throws IOException {
        long leftMs = (deadlineNs - clock.nanoTime()) / 1_000_000;
        if (leftMs <= 0) {
            throw new SocketTimeoutException("no answer in time");
        }
        key.interestOps(operation);
        selector.select(leftMs);
        selector.selectedKeys().clear();
    }

    @Override
    public void close() throws IOException {
        selector.close();
        channel.close();
    }

    /** A line longer than the limit. */
    static final class LineTooLongException extends IOException {
        private static final long serialVersionUID = 1L;

        LineTooLongException(int max) {
            super("a line has more than " + max + " bytes");
        }
    }
}
