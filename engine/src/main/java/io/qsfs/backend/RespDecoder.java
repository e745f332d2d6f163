package io.qsfs.backend;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Reads replies of a RESP2 server from a stream of bytes that is cut anywhere. A bulk that somebody waits for in native
 * memory goes there piece by piece as it comes; everything else becomes a value: {@link String} for a simple string,
 * {@link RespError}, {@link Long}, {@code byte[]} for a bulk, {@link List} for an array, {@link #NIL}.
 *
 * <p>Nothing is allocated by a length that the server claims, only by bytes that came, and no more than
 * {@link #VALUE_BYTES_MAX} for one reply.
 *
 * <p>Threading: one thread, the connection's event loop.
 */
public final class RespDecoder {
    /** The reply that stands for "nothing there". */
    public static final Object NIL = new Object();
    /** The reply of which the bytes went to the sink's memory. */
    public static final Object STREAMED = new Object();

    /** Heap that one reply may take, counted generously. */
    public static final int VALUE_BYTES_MAX = 16 << 20;

    static final int LINE_BYTES_MAX = 64 * 1024;
    static final int DEPTH_MAX = 8;
    private static final int ELEMENT_COST_BYTES = 64;
    private static final int BULK_STEP_BYTES = 64 * 1024;

    /** Takes the replies. */
    public interface Sink {
        /**
         * A top-level bulk of this length comes.
         *
         * @return memory of at least this length, written from its position on; null to get the bulk as a value.
         * @throws RespException when it is longer than anything that was asked for.
         */
        ByteBuffer bulk(long length) throws RespException;

        /** A whole reply. */
        void reply(Object value) throws RespException;
    }

    private final Sink sink;
    private final ArrayDeque<Frame> open = new ArrayDeque<>();
    private byte[] line = new byte[128];
    private int lineBytes;
    private boolean inBulk;
    /** Of the current bulk, with its final CR LF. */
    private long bulkLeft;

    private ByteBuffer bulkTarget;
    private byte[] bulk;
    private int bulkBytes;
    private int valueCost;

    /** A decoder at the beginning of a stream. */
    public RespDecoder(Sink sink) {
        this.sink = sink;
    }

    /**
     * Takes all bytes of {@code in}.
     *
     * @throws RespException when they are not RESP; the decoder is of no use after it.
     */
    public void decode(ByteBuf in) throws RespException {
        while (in.isReadable()) {
            if (inBulk) {
                takeBulk(in);
            } else {
                takeLine(in);
            }
        }
    }

    /** True between replies. */
    public boolean isIdle() {
        return !inBulk && lineBytes == 0 && open.isEmpty();
    }

    private void takeLine(ByteBuf in) throws RespException {
        int end = in.indexOf(in.readerIndex(), in.writerIndex(), (byte) '\n');
        int bytes = (end < 0 ? in.writerIndex() : end + 1) - in.readerIndex();
        if (lineBytes + bytes > LINE_BYTES_MAX) {
            throw new RespException("a line of a reply is longer than " + LINE_BYTES_MAX + " bytes");
        }
        if (lineBytes + bytes > line.length) {
            line = Arrays.copyOf(line, Math.max(line.length * 2, lineBytes + bytes));
        }
        in.readBytes(line, lineBytes, bytes);
        lineBytes += bytes;
        if (end < 0) {
            return;
        }
        if (lineBytes < 3 || line[lineBytes - 2] != '\r') {
            throw new RespException("a line of a reply does not end in CR LF or is empty");
        }
        int textBytes = lineBytes - 3;
        lineBytes = 0;
        takeHeader(line[0], textBytes);
    }

    private void takeHeader(byte type, int textBytes) throws RespException {
        switch (type) {
            case '+' -> value(text(textBytes), textBytes);
            case '-' -> value(new RespError(text(textBytes)), textBytes);
            case ':' -> value(number(textBytes), 0);
            case '$' -> beginBulk(number(textBytes));
            case '*' -> beginArray(number(textBytes));
            default -> throw new RespException("a reply begins with byte 0x%02x".formatted(type));
        }
    }

    private String text(int bytes) {
        return new String(line, 1, bytes, StandardCharsets.UTF_8);
    }

    private long number(int textBytes) throws RespException {
        int at = 1;
        int end = 1 + textBytes;
        boolean isNegative = at < end && line[at] == '-';
        at += isNegative ? 1 : 0;
        if (at == end || end - at > 18) { // 18 digits cannot overflow
            throw new RespException("a number of a reply has " + (end - at) + " digits");
        }
        long number = 0;
        for (; at < end; at++) {
            int digit = line[at] - '0';
            if (digit < 0 || digit > 9) {
                throw new RespException("a number of a reply has the byte 0x%02x".formatted(line[at]));
            }
            number = number * 10 + digit;
        }
        return isNegative ? -number : number;
    }

    private void beginBulk(long length) throws RespException {
        if (length == -1) {
            value(NIL, 0);
            return;
        }
        if (length < 0) {
            throw new RespException("a bulk has length " + length);
        }
        bulkTarget = open.isEmpty() ? sink.bulk(length) : null;
        if (bulkTarget != null && bulkTarget.remaining() < length) {
            throw new AssertionError("bulk of " + length + " bytes for " + bulkTarget);
        }
        if (bulkTarget == null && length > VALUE_BYTES_MAX) {
            throw new RespException("a bulk of " + length + " bytes was not asked for");
        }
        bulk = bulkTarget == null ? new byte[(int) Math.min(length, BULK_STEP_BYTES)] : null;
        bulkBytes = 0;
        bulkLeft = length + 2;
        inBulk = true;
    }

    private void takeBulk(ByteBuf in) throws RespException {
        if (bulkLeft > 2) {
            int step = (int) Math.min(bulkLeft - 2, in.readableBytes());
            if (bulkTarget != null) {
                int limit = bulkTarget.limit();
                bulkTarget.limit(bulkTarget.position() + step);
                in.readBytes(bulkTarget);
                bulkTarget.limit(limit);
            } else {
                takeHeapBulk(in, step);
            }
            bulkLeft -= step;
            return;
        }
        byte expected = (byte) (bulkLeft == 2 ? '\r' : '\n');
        if (in.readByte() != expected) {
            throw new RespException("a bulk is longer than it said");
        }
        bulkLeft--;
        if (bulkLeft == 0) {
            inBulk = false;
            Object whole =
                    bulkTarget != null ? STREAMED : bulkBytes == bulk.length ? bulk : Arrays.copyOf(bulk, bulkBytes);
            int cost = bulkBytes;
            bulkTarget = null;
            bulk = null;
            value(whole, cost);
        }
    }

    private void takeHeapBulk(ByteBuf in, int step) {
        if (bulkBytes + step > bulk.length) {
            long whole = bulkBytes + bulkLeft - 2;
            bulk = Arrays.copyOf(bulk, (int) Math.min(whole, Math.max(bulk.length * 2L, bulkBytes + step)));
        }
        in.readBytes(bulk, bulkBytes, step);
        bulkBytes += step;
    }

    private void beginArray(long count) throws RespException {
        if (count == -1) {
            value(NIL, 0);
        } else if (count == 0) {
            value(List.of(), 0);
        } else if (count < 0 || count > VALUE_BYTES_MAX / ELEMENT_COST_BYTES) {
            throw new RespException("an array has " + count + " elements");
        } else if (open.size() == DEPTH_MAX) {
            throw new RespException("arrays lie in each other more than " + DEPTH_MAX + " deep");
        } else {
            open.push(new Frame((int) count));
        }
    }

    private void value(Object value, int bytes) throws RespException {
        Object whole = value;
        valueCost += ELEMENT_COST_BYTES + bytes;
        if (valueCost > VALUE_BYTES_MAX) {
            throw new RespException("a reply takes more than " + VALUE_BYTES_MAX + " bytes");
        }
        while (!open.isEmpty()) {
            Frame frame = open.peek();
            frame.values.add(whole);
            if (frame.values.size() < frame.count) {
                return;
            }
            whole = frame.values;
            open.pop();
        }
        valueCost = 0;
        sink.reply(whole);
    }

    /** An array that is not whole yet. */
    private static final class Frame {
        final int count;
        final List<Object> values = new ArrayList<>();

        Frame(int count) {
            this.count = count;
        }
    }
}
