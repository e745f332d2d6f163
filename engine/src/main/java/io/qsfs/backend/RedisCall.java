package io.qsfs.backend;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledFuture;

/**
 * Commands that are sent together, and what becomes of their replies. It ends once: with all replies, or with an error when the
 * connection is gone and nothing of what was lent is touched any more.
 *
 * <p>Threading: the backend's event loop.
 */
final class RedisCall {
    /** Gets the end of a call on the event loop. */
    interface End {
        /**
         * @param replies one for each command; null after an error.
         * @param error NONE when all replies came, whatever they say.
         */
        void ended(List<Object> replies, BackendError error, String detail);
    }

    /** Stands among the replies for a bulk that went to the target. */
    record Streamed(long bytes) {}

    private final String what;
    private final List<RedisCommand> commands;
    private final ByteBuffer target;
    private final long targetBytes;
    private final End end;
    private final List<Object> replies = new ArrayList<>(4);
    private long streamedBytes;
    private boolean isTimedOut;
    private boolean hasEnded;
    ScheduledFuture<?> alarm;

    /** @param target where a bulk reply goes, lent until the end; null when there is none to come. */
    RedisCall(String what, List<RedisCommand> commands, MemorySegment target, End end) {
        this.what = what;
        this.commands = commands;
        this.target = target == null ? null : target.asByteBuffer();
        this.targetBytes = target == null ? -1 : target.byteSize();
        this.end = end;
    }

    /** For messages. */
    String what() {
        return what;
    }

    List<RedisCommand> commands() {
        return commands;
    }

    /** Memory for a bulk of this length; null to take it as a value. */
    ByteBuffer bulk(long length) throws RespException {
        if (target == null) {
            return null;
        }
        if (length > targetBytes) {
            throw new RespException(what + ": a bulk of " + length + " bytes came, " + targetBytes + " were asked for");
        }
        streamedBytes = length;
        return target.duplicate().clear().limit((int) length);
    }

    /** One more reply; true when it was the last. */
    boolean add(Object reply) {
        replies.add(reply == RespDecoder.STREAMED ? new Streamed(streamedBytes) : reply);
        return replies.size() == commands.size();
    }

    /** The deadline passed; the connection is about to be closed. */
    void timedOut() {
        isTimedOut = true;
    }

    void succeed() {
        if (!hasEnded) {
            hasEnded = true;
            cancelAlarm();
            end.ended(replies, BackendError.NONE, "");
        }
    }

    void fail(BackendError error, String detail) {
        if (!hasEnded) {
            hasEnded = true;
            cancelAlarm();
            end.ended(
                    null,
                    isTimedOut ? BackendError.TIMEOUT : error,
                    what + ": " + (isTimedOut ? "no answer before the deadline" : detail));
        }
    }

    private void cancelAlarm() {
        if (alarm != null) {
            alarm.cancel(false);
        }
    }
}
