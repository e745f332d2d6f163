package io.qsfs.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * Replies come out as they went in, however the stream is cut, streamed or not; and arbitrary bytes end in {@link RespException} or in
 * waiting for more, never in anything else or in memory by a length that a server claims.
 */
class RespDecoderPropertyTest {
    private static final int STREAM_FROM_BYTES = 100;
    private static final int DEPTH_MAX = 4;

    /** Writes down replies in words; bulks of some length go to its own memory. */
    private static final class Recorder implements RespDecoder.Sink {
        final List<String> replies = new ArrayList<>();
        final int streamFrom;
        ByteBuffer memory;

        Recorder(int streamFrom) {
            this.streamFrom = streamFrom;
        }

        @Override
        public ByteBuffer bulk(long length) throws RespException {
            if (length < streamFrom) {
                return null;
            }
            if (length > 1 << 20) {
                throw new RespException("too long");
            }
            memory = ByteBuffer.allocate((int) length + 3); // longer than need be
            return memory.duplicate().position(2);
        }

        @Override
        public void reply(Object value) {
            if (value == RespDecoder.STREAMED) {
                assertEquals(0, memory.get(0) | memory.get(1) | memory.get(memory.capacity() - 1));
                byte[] bytes = new byte[memory.capacity() - 3];
                memory.get(2, bytes);
                replies.add(describe(bytes));
            } else {
                replies.add(describe(value));
            }
        }
    }

    private static String describe(Object value) {
        return switch (value) {
            case String text -> "+" + text;
            case RespError error -> "-" + error.text();
            case Long number -> ":" + number;
            case byte[] bytes -> "$" + HexFormat.of().formatHex(bytes);
            case List<?> list ->
                list.stream().map(RespDecoderPropertyTest::describe).toList().toString();
            default -> {
                assertEquals(RespDecoder.NIL, value);
                yield "nil";
            }
        };
    }

    private static Object arbitrary(Random random, int depth) {
        return switch (random.nextInt(depth < DEPTH_MAX ? 6 : 5)) {
            case 0 -> "text " + random.nextInt();
            case 1 -> new RespError("ERR \u00e4 " + random.nextInt());
            case 2 -> random.nextLong(-999_999_999_999_999_999L, 1_000_000_000_000_000_000L);
            case 3 -> {
                byte[] bytes = new byte[random.nextInt(4) == 0 ? random.nextInt(200_000) : random.nextInt(200)];
                random.nextBytes(bytes);
                yield bytes;
            }
            case 4 -> RespDecoder.NIL;
            default -> {
                List<Object> list = new ArrayList<>();
                for (int i = random.nextInt(5); i > 0; i--) {
                    list.add(arbitrary(random, depth + 1));
                }
                yield list;
            }
        };
    }

    private static void encode(Object value, ByteArrayOutputStream out, boolean isArrayNil) {
        switch (value) {
            case String text -> out.writeBytes(("+" + text + "\r\n").getBytes(StandardCharsets.UTF_8));
            case RespError error -> out.writeBytes(("-" + error.text() + "\r\n").getBytes(StandardCharsets.UTF_8));
            case Long number -> out.writeBytes((":" + number + "\r\n").getBytes(StandardCharsets.UTF_8));
            case byte[] bytes -> {
                out.writeBytes(("$" + bytes.length + "\r\n").getBytes(StandardCharsets.UTF_8));
                out.writeBytes(bytes);
                out.writeBytes("\r\n".getBytes(StandardCharsets.UTF_8));
            }
            case List<?> list -> {
                out.writeBytes(("*" + list.size() + "\r\n").getBytes(StandardCharsets.UTF_8));
                list.forEach(each -> encode(each, out, isArrayNil));
            }
            default -> out.writeBytes((isArrayNil ? "*-1\r\n" : "$-1\r\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    @Property(tries = 300)
    void shouldReadWhatWasWrittenHoweverItIsCut(@ForAll long seed) throws RespException {
        Random random = new Random(seed);
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        List<String> expected = new ArrayList<>();
        for (int i = random.nextInt(10); i >= 0; i--) {
            Object value = arbitrary(random, 0);
            encode(value, stream, random.nextBoolean());
            expected.add(describe(value));
        }
        byte[] bytes = stream.toByteArray();
        int stepMax = 1 + random.nextInt(random.nextBoolean() ? 7 : 100_000);
        Recorder recorder = new Recorder(random.nextBoolean() ? STREAM_FROM_BYTES : Integer.MAX_VALUE);
        RespDecoder decoder = new RespDecoder(recorder);
        for (int at = 0; at < bytes.length; ) {
            int step = Math.min(bytes.length - at, 1 + random.nextInt(stepMax));
            decoder.decode(Unpooled.wrappedBuffer(bytes, at, step));
            at += step;
        }
        assertEquals(expected, recorder.replies);
        assertTrue(decoder.isIdle());
    }

    @Example
    void shouldReadAByteAtATime() throws RespException {
        Recorder recorder = new Recorder(3);
        RespDecoder decoder = new RespDecoder(recorder);
        for (byte b :
                "+OK\r\n$3\r\nabc\r\n*2\r\n$0\r\n\r\n*0\r\n$0\r\n\r\n:-7\r\n".getBytes(StandardCharsets.US_ASCII)) {
            decoder.decode(Unpooled.wrappedBuffer(new byte[] {b}));
        }
        assertEquals(List.of("+OK", "$616263", "[$, []]", "$", ":-7"), recorder.replies);
    }

    @Example
    void shouldRefuseWhatIsNotResp() {
        for (String bad : new String[] {
            "\r\n",
            "\n",
            "+OK\n",
            "HTTP/1.1 200 OK\r\n",
            ":\r\n",
            ":1a\r\n",
            ":-\r\n",
            ":1234567890123456789\r\n",
            "$-2\r\n",
            "$16777217\r\n",
            "$3\r\nabcd\r\n",
            "$3\r\nabc\n\r",
            "*-2\r\n",
            "*999999999\r\n",
            "*262145\r\n",
            "*1\r\n".repeat(RespDecoder.DEPTH_MAX + 1),
            "+" + "x".repeat(RespDecoder.LINE_BYTES_MAX),
            "*1\r\n$99999999\r\n",
            "*3\r\n" + ("$8388608\r\n" + "x".repeat(8 << 20) + "\r\n").repeat(2)
        }) {
            RespDecoder decoder = new RespDecoder(new Recorder(Integer.MAX_VALUE));
            ByteBuf in = Unpooled.wrappedBuffer(bad.getBytes(StandardCharsets.US_ASCII));
            assertThrows(RespException.class, () -> decoder.decode(in), bad.substring(0, Math.min(30, bad.length())));
        }
    }

    /** Of a length that is claimed and never comes, nothing is taken. */
    @Example
    void shouldNotAllocateByAClaim() throws RespException {
        List<RespDecoder> decoders = new ArrayList<>();
        for (int i = 0; i < 2000; i++) { // 32 GiB if it were believed
            RespDecoder decoder = new RespDecoder(new Recorder(Integer.MAX_VALUE));
            decoder.decode(Unpooled.wrappedBuffer("*200000\r\n$16777216\r\nabc".getBytes(StandardCharsets.US_ASCII)));
            decoders.add(decoder);
        }
        assertEquals(2000, decoders.size());
    }

    @Property(tries = 2000)
    void shouldWithstandChangedStreams(@ForAll long seed) {
        Random random = new Random(seed);
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        for (int i = 0; i < 3; i++) {
            encode(arbitrary(random, 2), stream, false);
        }
        byte[] bytes = stream.toByteArray();
        for (int i = 0; i < 3; i++) {
            bytes[random.nextInt(Math.min(bytes.length, 40))] =
                    (byte) "0123456789-+:$*\r\n a".charAt(random.nextInt(19));
        }
        decode(bytes, random.nextInt(1000));
    }

    private static void decode(byte[] bytes, int streamFrom) {
        RespDecoder decoder = new RespDecoder(new Recorder(streamFrom));
        try {
            decoder.decode(Unpooled.wrappedBuffer(bytes));
        } catch (RespException e) {
            assertTrue(e.getMessage().length() < 200);
        }
    }

    /** See CodecFuzzTest for how to fuzz. */
    @FuzzTest(maxDuration = "1m")
    void fuzzReplies(byte[] bytes) {
        decode(bytes, Integer.MAX_VALUE);
        decode(bytes, 4);
    }
}
