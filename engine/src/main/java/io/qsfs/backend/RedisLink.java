package io.qsfs.backend;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelProgressiveFuture;
import io.netty.channel.ChannelProgressiveFutureListener;
import io.netty.channel.ChannelProgressivePromise;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import io.qsfs.memory.Clock;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;

/**
 * One connection to a server: commands go out as they come, replies belong to the calls in the order they were sent. When a call's
 * deadline passes the connection is closed: a late answer can then be taken for nobody's, nor be written into memory that was
 * given back. It is opened again by the next call, after a pause that grows with each failure in a row.
 *
 * <pre>
 *   idle ──call──▶ connecting ──▶ greeting (AUTH, SELECT, who are you) ──▶ ready
 *    ▲                 │                     │                               │
 *    └──── pause ◀─────┴─────────────────────┴──── error, timeout, close ◀───┘
 * </pre>
 *
 * <p>Threading: the event loop given, but {@link #submit}.
 */
final class RedisLink {
    private static final long PAUSE_MIN_NS = 50_000_000L;
    private static final long PAUSE_MAX_NS = 2_000_000_000L;
    private static final int CALLS_MAX = 8192;
    private static final int WATCHED_BYTES_MIN = 64 << 10;

    private final BackendSpec spec;
    private final Clock clock;
    private final EventLoop loop;
    private final RandomGenerator random;
    private final Greeting greeting;
    /** Waiting for the connection, in order. */
    private final ArrayDeque<RedisCall> waiting = new ArrayDeque<>();
    /** Sent and not answered, in order. */
    private final ArrayDeque<RedisCall> sent = new ArrayDeque<>();

    private final AtomicLong bytesMoved = new AtomicLong();

    private Channel channel;
    private boolean isReady;
    private boolean isConnecting;
    private boolean isClosed;
    private String whyClosed = "the connection was closed by the server";
    private BackendError closedBy = BackendError.UNREACHABLE;
    private long pauseNs = PAUSE_MIN_NS;
    private long notBeforeNs;
    private BackendError lastError = BackendError.UNREACHABLE;
    private String lastFailure = "";
    /** What {@link #shutDown} was given, while the channel closes. */
    private Runnable afterClose;

    /** What is said first on a new connection. */
    interface Greeting {
        /** Commands to send before any call. */
        List<RedisCommand> commands();

        /** Looks at the replies; null when the connection may be used, else why not. */
        Refusal check(List<Object> replies);
    }

    /** Why a connection is of no use. */
    record Refusal(BackendError error, String detail) {}

    RedisLink(BackendSpec spec, Clock clock, EventLoop loop, RandomGenerator random, Greeting greeting) {
        this.spec = spec;
        this.clock = clock;
        this.loop = loop;
        this.random = random;
        this.greeting = greeting;
        this.notBeforeNs = clock.nanoTime();
    }

    /** Any thread: sends a call, connecting first when need be. */
    void submit(RedisCall call, long deadlineNs) {
        try {
            loop.execute(() -> take(call, deadlineNs));
        } catch (RejectedExecutionException e) { // the loop ended with the last backend that was closed
            call.fail(BackendError.CLOSED, "backend is closed");
        }
    }

    private void take(RedisCall call, long deadlineNs) {
        long nowNs = clock.nanoTime();
        if (isClosed) {
            call.fail(BackendError.CLOSED, "backend is closed");
        } else if (deadlineNs - nowNs <= 0) {
            call.timedOut();
            call.fail(BackendError.TIMEOUT, "");
        } else if (waiting.size() + sent.size() >= CALLS_MAX) {
            call.fail(BackendError.UNREACHABLE, "more than " + CALLS_MAX + " operations wait for it");
        } else if (channel == null && !isConnecting && nowNs - notBeforeNs < 0) {
            call.fail(lastError, lastFailure);
        } else {
            call.alarm = loop.schedule(() -> expire(call), deadlineNs - nowNs, TimeUnit.NANOSECONDS);
            if (isReady) {
                send(call);
            } else {
                waiting.add(call);
                connect();
            }
        }
    }

    private void expire(RedisCall call) {
        call.timedOut();
        if (waiting.remove(call)) {
            call.fail(BackendError.TIMEOUT, "");
        } else {
            close(BackendError.UNREACHABLE, "closed, because " + call.what() + " was not answered before its deadline");
        }
    }

    private void connect() {
        if (channel != null || isConnecting) {
            return;
        }
        isConnecting = true;
        ChannelFuture connected = new Bootstrap()
                .group(loop)
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                        TimeUnit.NANOSECONDS.toMillis(spec.connectTimeoutNs()))
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel made) {
                        made.pipeline().addLast(new Handler());
                    }
                })
                .connect(spec.host(), spec.port());
        connected.addListener(future -> {
            isConnecting = false;
            if (!future.isSuccess()) {
                failed(
                        BackendError.UNREACHABLE,
                        "cannot connect: " + future.cause().getMessage());
            } else if (isClosed) {
                connected.channel().close();
            } else {
                channel = connected.channel();
                greet();
            }
        });
    }

    private void greet() {
        closedBy = BackendError.UNREACHABLE;
        whyClosed = "the connection was closed by the server";
        List<RedisCommand> commands = greeting.commands();
        if (commands.isEmpty()) {
            ready();
            return;
        }
        RedisCall call = new RedisCall("greeting", commands, null, (replies, error, detail) -> {
            if (error != BackendError.NONE) {
                return; // the connection is gone, and tells everybody
            }
            Refusal refusal = greeting.check(replies);
            if (refusal == null) {
                ready();
            } else {
                close(refusal.error(), refusal.detail());
            }
        });
        call.alarm = loop.schedule(() -> expire(call), spec.connectTimeoutNs(), TimeUnit.NANOSECONDS);
        send(call);
    }

    private void ready() {
        isReady = true;
        pauseNs = PAUSE_MIN_NS;
        RedisCall call;
        while (isReady && (call = waiting.poll()) != null) {
            send(call);
        }
    }

    private void send(RedisCall call) {
        sent.add(call);
        for (RedisCommand command : call.commands()) {
            command.encode(channel.alloc(), this::write);
        }
        channel.flush();
    }

    /** What is large tells how much of it has left. */
    private void write(ByteBuf bytes) {
        if (bytes.readableBytes() < WATCHED_BYTES_MIN) {
            channel.write(bytes);
            return;
        }
        ChannelProgressivePromise promise = channel.newProgressivePromise();
        promise.addListener(new ChannelProgressiveFutureListener() {
            private long seen;

            @Override
            public void operationProgressed(ChannelProgressiveFuture future, long progress, long total) {
                bytesMoved.addAndGet(progress - seen);
                seen = progress;
            }

            @Override
            public void operationComplete(ChannelProgressiveFuture future) {} // the reply says how it went
        });
        channel.write(bytes, promise);
    }

    /** Any thread: bytes of large values that have left for the server. */
    long bytesMoved() {
        return bytesMoved.get();
    }

    private void close(BackendError error, String why) {
        if (channel != null) {
            closedBy = error;
            whyClosed = why;
            channel.close(); // channelInactive ends the calls, when the channel has let go of their buffers
        }
    }

    /** There is no connection: everybody who waits for it hears so. */
    private void failed(BackendError error, String why) {
        isReady = false;
        channel = null;
        lastError = error;
        lastFailure = why;
        pauseNs = Math.min(PAUSE_MAX_NS, 2 * pauseNs);
        notBeforeNs = clock.nanoTime() + pauseNs / 2 + random.nextLong(pauseNs / 2);
        List<RedisCall> ended = new ArrayList<>(sent);
        ended.addAll(waiting);
        sent.clear();
        waiting.clear();
        ended.forEach(call -> call.fail(error, why));
    }

    /** Ends the connection and all calls; {@code then} runs on the loop when nothing lent is touched any more. */
    void shutDown(Runnable then) {
        loop.execute(() -> {
            isClosed = true;
            if (channel == null) {
                failed(BackendError.CLOSED, "backend is closed");
                then.run();
            } else {
                afterClose = then; // not the close future: it comes before channelInactive, which ends the calls
                close(BackendError.CLOSED, "backend is closed");
            }
        });
    }

    /** Bytes of the server. */
    private final class Handler extends ChannelInboundHandlerAdapter implements RespDecoder.Sink {
        private final RespDecoder decoder = new RespDecoder(this);

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            try {
                decoder.decode(bytes);
            } catch (RespException e) {
                close(BackendError.UNREACHABLE, "it does not speak RESP: " + e.getMessage());
            } finally {
                bytes.release();
            }
        }

        @Override
        public ByteBuffer bulk(long length) throws RespException {
            RedisCall call = sent.peek();
            return call == null ? null : call.bulk(length);
        }

        @Override
        public void reply(Object value) throws RespException {
            RedisCall call = sent.peek();
            if (call == null) {
                throw new RespException("a reply came that nobody asked for");
            }
            if (call.add(value)) {
                sent.poll();
                call.succeed();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            failed(closedBy, whyClosed);
            Runnable then = afterClose;
            afterClose = null;
            if (then != null) {
                then.run();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            close(BackendError.UNREACHABLE, "the connection broke: " + cause.getMessage());
        }
    }
}
