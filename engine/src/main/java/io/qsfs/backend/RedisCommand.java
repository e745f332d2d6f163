package io.qsfs.backend;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * One command in RESP2: {@code *N CRLF} and {@code $LENGTH CRLF bytes CRLF} for each argument. The last argument may lie in native
 * memory, which is sent from where it is.
 *
 * <p>Threading: immutable.
 */
final class RedisCommand {
    private static final byte[] CRLF = {'\r', '\n'};

    private final List<String> arguments;
    private final int valueIndex;
    private final List<MemorySegment> value;
    private final long valueBytes;

    private RedisCommand(List<String> arguments, int valueIndex, List<MemorySegment> value) {
        this.arguments = arguments;
        this.valueIndex = valueIndex;
        this.value = value;
        long bytes = 0;
        for (MemorySegment segment : value) {
            bytes += segment.byteSize();
        }
        this.valueBytes = bytes;
    }

    /** Only words. */
    static RedisCommand of(String... arguments) {
        return new RedisCommand(List.of(arguments), -1, List.of());
    }

    /** {@code SET key value NX}; the value is lent until the connection has given its buffers back. */
    static RedisCommand setIfAbsent(String key, List<MemorySegment> value) {
        return new RedisCommand(List.of("SET", key, "NX"), 2, value);
    }

    /** Bytes of the value. */
    long valueBytes() {
        return valueBytes;
    }

    /** Where the pieces of a command go, in order. */
    interface Out {
        void write(ByteBuf piece);
    }

    /** Encodes: what is not payload is gathered in small buffers, payload is wrapped. */
    void encode(ByteBufAllocator allocator, Out out) {
        boolean hasValue = valueIndex >= 0;
        ByteBuf text = allocator.directBuffer();
        text.writeCharSequence("*" + (arguments.size() + (hasValue ? 1 : 0)) + "\r\n", StandardCharsets.US_ASCII);
        for (int i = 0; i < arguments.size(); i++) {
            if (i == valueIndex) {
                text.writeCharSequence("$" + valueBytes + "\r\n", StandardCharsets.US_ASCII);
                out.write(text);
                for (MemorySegment segment : value) {
                    if (segment.byteSize() > 0) {
                        out.write(Unpooled.wrappedBuffer(segment.asByteBuffer()));
                    }
                }
                text = allocator.directBuffer();
                text.writeBytes(CRLF);
            }
            byte[] argument = arguments.get(i).getBytes(StandardCharsets.UTF_8);
            text.writeCharSequence("$" + argument.length + "\r\n", StandardCharsets.US_ASCII);
            text.writeBytes(argument).writeBytes(CRLF);
        }
        out.write(text);
    }

    /** The name, never an argument: one of them may be a password. */
    @Override
    public String toString() {
        return arguments.getFirst();
    }
}
