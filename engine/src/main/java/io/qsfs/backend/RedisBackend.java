package io.qsfs.backend;

import io.netty.channel.EventLoop;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import io.qsfs.memory.NativeBuffer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A server that speaks RESP2, as Redis does. The object's name is the key, behind {@code <prefix>qsfs:}; one server, database and prefix
 * are one backend. Puts have a connection of their own, so that a read does not wait behind megabytes.
 *
 * <p>Durable only when the server itself says {@code appendonly yes}, {@code appendfsync always} and {@code maxmemory-policy
 * noeviction}; asked at every identify and on every new connection. A server that does not let itself be asked is not durable.
 *
 * <p>Threading: any thread; state is the event loop's.
 */
final class RedisBackend implements Backend {
    private static final int SCAN_COUNT = 512;
    private static final long CLOSE_WAIT_S = 10;
    private static final String PRESENT = "1";

    private final BackendSpec spec;
    private final BackendThreads threads;
    private final String keyPrefix;
    private final String password;
    private final RedisLink puts;
    private final RedisLink reads;
    private volatile Identity identity;
    private volatile boolean isServerDurable;
    private volatile boolean isClosed;

    RedisBackend(BackendSpec spec, Clock clock) {
        this.spec = spec;
        this.threads = BackendThreads.acquire();
        this.keyPrefix = spec.prefix() + "qsfs:";
        try {
            this.password = spec.password().resolve(spec.name());
            EventLoop loop = threads.eventLoops().next();
            SecureRandom random = new SecureRandom();
            this.puts = new RedisLink(spec, clock, loop, random, new Greeting());
            this.reads = new RedisLink(spec, clock, loop, random, new Greeting());
        } catch (RuntimeException e) {
            threads.release();
            throw e;
        }
    }

    private String key(String object) {
        return keyPrefix + object;
    }

    private static RedisCommand config(String setting) {
        return RedisCommand.of("CONFIG", "GET", setting);
    }

    private static List<RedisCommand> durabilityQuestions() {
        return List.of(config("appendonly"), config("appendfsync"), config("maxmemory-policy"));
    }

    /** AUTH and SELECT; and on a connection that replaces another, whether it is still the same server with the same promises. */
    private final class Greeting implements RedisLink.Greeting {
        private boolean asksIdentity;
        private int fixed;

        @Override
        public List<RedisCommand> commands() {
            List<RedisCommand> commands = new ArrayList<>();
            if (password != null) {
                commands.add(
                        spec.username().isEmpty()
                                ? RedisCommand.of("AUTH", password)
                                : RedisCommand.of("AUTH", spec.username(), password));
            }
            if (spec.database() != 0) {
                commands.add(RedisCommand.of("SELECT", Integer.toString(spec.database())));
            }
            fixed = commands.size();
            asksIdentity = identity != null;
            if (asksIdentity) {
                commands.add(RedisCommand.of("GET", key(ObjectNames.IDENTITY)));
                commands.addAll(durabilityQuestions());
            }
            return commands;
        }

        @Override
        public RedisLink.Refusal check(List<Object> replies) {
            for (int i = 0; i < fixed; i++) {
                if (replies.get(i) instanceof RespError error) {
                    return new RedisLink.Refusal(BackendError.DENIED, "the server refuses: " + error.text());
                }
            }
            if (!asksIdentity) {
                return null;
            }
            Found found = found(replies.get(fixed));
            if (found.error != BackendError.NONE) {
                return new RedisLink.Refusal(found.error, found.detail);
            }
            if (!found.identity.equals(identity)) {
                return new RedisLink.Refusal(
                        BackendError.FOREIGN,
                        "it was backend " + identity.backend() + " and is " + found.identity.backend() + " now");
            }
            return durability(replies.subList(fixed + 1, fixed + 4));
        }
    }

    /** What the identity key holds. */
    private record Found(Identity identity, BackendError error, String detail) {}

    private static Found found(Object reply) {
        if (reply instanceof RespError error) {
            return new Found(null, error.meaning(), "the server refuses: " + error.text());
        }
        if (!(reply instanceof byte[] bytes)) {
            return new Found(null, BackendError.ABSENT, "there is no identity on the server");
        }
        Identity.Reading reading = Identity.decode(bytes);
        return reading.identity() == null
                ? new Found(null, BackendError.CORRUPT, reading.problem())
                : new Found(reading.identity(), BackendError.NONE, "");
    }

    /** Notes whether the server's puts are durable; null when that is as configured, else the refusal. */
    private RedisLink.Refusal durability(List<Object> replies) {
        String appendOnly = setting(replies.get(0));
        String appendFsync = setting(replies.get(1));
        String policy = setting(replies.get(2));
        isServerDurable = "yes".equals(appendOnly) && "always".equals(appendFsync) && "noeviction".equals(policy);
        if (isServerDurable || spec.buffered()) {
            return null;
        }
        String seen = "appendonly " + appendOnly + ", appendfsync " + appendFsync + ", maxmemory-policy " + policy;
        return new RedisLink.Refusal(BackendError.NOT_DURABLE, Backends.notDurable(spec.name(), seen));
    }

    private static String setting(Object reply) {
        if (reply instanceof List<?> pair && pair.size() == 2 && pair.get(1) instanceof byte[] value) {
            return new String(value, StandardCharsets.UTF_8);
        }
        return "not told";
    }

    @Override
    public String name() {
        return spec.name();
    }

    @Override
    public Id128 id() {
        Identity known = identity;
        return known == null ? Id128.NIL : known.backend();
    }

    @Override
    public boolean durable() {
        return identity != null && isServerDurable && !spec.buffered();
    }

    @Override
    public long bufferedGraceNs() {
        return durable() ? 0 : spec.bufferedGraceNs();
    }

    private void call(
            RedisLink link,
            String what,
            List<RedisCommand> commands,
            MemorySegment target,
            long deadlineNs,
            RedisCall.End end) {
        link.submit(new RedisCall(what, commands, target, end), deadlineNs);
    }

    /** True when the operation may go on; else it has ended in ABSENT. */
    private <T> boolean isIdentified(String what, Completion<T> completion) {
        if (identity != null || isClosed) {
            return true;
        }
        Backends.complete(completion, null, BackendError.ABSENT, what + ": the backend was not identified yet");
        return false;
    }

    /** The first reply that is an error; null when there is none. */
    private static RespError refusal(List<Object> replies) {
        for (Object reply : replies) {
            if (reply instanceof RespError error) {
                return error;
            }
        }
        return null;
    }

    /** Ends the operation when it failed or the server refused; false when it is to be judged by its replies. */
    private static <T> boolean endsBadly(
            String what, List<Object> replies, BackendError error, String detail, Completion<T> completion) {
        if (error != BackendError.NONE) {
            Backends.complete(completion, null, error, detail);
            return true;
        }
        RespError refusal = refusal(replies);
        if (refusal != null) {
            Backends.complete(completion, null, refusal.meaning(), what + ": the server refuses: " + refusal.text());
            return true;
        }
        return false;
    }

    @Override
    public void identify(long deadlineNs, Completion<Identity> completion) {
        List<RedisCommand> commands = new ArrayList<>();
        commands.add(RedisCommand.of("GET", key(ObjectNames.IDENTITY)));
        commands.addAll(durabilityQuestions());
        call(reads, "identify", commands, null, deadlineNs, (replies, error, detail) -> {
            if (error != BackendError.NONE) {
                Backends.complete(completion, null, error, detail);
                return;
            }
            Found found = found(replies.getFirst());
            Identity before = identity;
            if (found.error != BackendError.NONE) {
                Backends.complete(completion, null, found.error, found.detail);
            } else if (before != null && !before.equals(found.identity)) {
                Backends.complete(
                        completion,
                        null,
                        BackendError.FOREIGN,
                        "it was backend " + before.backend() + " and is " + found.identity.backend() + " now");
            } else {
                RedisLink.Refusal refusal = durability(replies.subList(1, 4));
                if (refusal != null) {
                    Backends.complete(completion, null, refusal.error(), refusal.detail());
                    return;
                }
                identity = found.identity;
                Backends.complete(completion, found.identity, BackendError.NONE, "");
            }
        });
    }

    @Override
    public void putIdentity(Identity made, long deadlineNs, Completion<Void> completion) {
        NativeBuffer buffer = new NativeBuffer(Identity.BYTES);
        MemorySegment bytes = buffer.segment().asSlice(0, Identity.BYTES);
        bytes.copyFrom(MemorySegment.ofArray(made.encode()));
        List<RedisCommand> commands = new ArrayList<>(durabilityQuestions());
        call(puts, "put identity", commands, null, deadlineNs, (answers, failure, why) -> {
            RedisLink.Refusal refusal = failure == BackendError.NONE ? durability(answers) : null;
            if (failure != BackendError.NONE || refusal != null) {
                buffer.close();
                Backends.complete(
                        completion,
                        null,
                        refusal == null ? failure : refusal.error(),
                        refusal == null ? why : refusal.detail());
                return;
            }
            List<RedisCommand> set = List.of(RedisCommand.setIfAbsent(key(ObjectNames.IDENTITY), List.of(bytes)));
            call(puts, "put identity", set, null, deadlineNs, (replies, error, detail) -> {
                buffer.close();
                if (endsBadly("put identity", replies, error, detail, completion)) {
                    return;
                }
                if ("OK".equals(replies.getFirst())) {
                    identity = made;
                }
                endSet("put identity", replies.getFirst(), completion);
            });
        });
    }

    @Override
    public void put(String object, List<MemorySegment> buffers, long deadlineNs, Completion<Void> completion) {
        ObjectNames.check(object);
        String what = "put " + object;
        if (!isIdentified(what, completion)) {
            return;
        }
        List<RedisCommand> commands = List.of(RedisCommand.setIfAbsent(key(object), buffers));
        call(puts, what, commands, null, deadlineNs, (replies, error, detail) -> {
            if (!endsBadly(what, replies, error, detail, completion)) {
                endSet(what, replies.getFirst(), completion);
            }
        });
    }

    @Override
    public void getRange(
            String object, long offset, MemorySegment target, long deadlineNs, Completion<Void> completion) {
        ObjectNames.check(object);
        String what = "get " + object + " at " + offset;
        if (!isIdentified(what, completion)) {
            return;
        }
        long end = offset + target.byteSize();
        List<RedisCommand> commands = new ArrayList<>();
        commands.add(RedisCommand.of("EXISTS", key(object)));
        commands.add(RedisCommand.of("STRLEN", key(object)));
        if (target.byteSize() > 0) {
            commands.add(RedisCommand.of("GETRANGE", key(object), Long.toString(offset), Long.toString(end - 1)));
        }
        call(reads, what, commands, target, deadlineNs, (replies, error, detail) -> {
            if (endsBadly(what, replies, error, detail, completion)) {
                return;
            }
            long length = length(replies);
            if (length < 0) {
                Backends.complete(completion, null, BackendError.NOT_FOUND, what + ": no such object");
            } else if (length < end) {
                Backends.complete(
                        completion,
                        null,
                        BackendError.CORRUPT,
                        what + ": it has " + length + " bytes, " + end + " were expected");
            } else if (target.byteSize() > 0) {
                endRange(what, replies.get(2), target.byteSize(), completion);
            } else {
                Backends.complete(completion, null, BackendError.NONE, "");
            }
        });
    }

    /** The length was right; but the object may have gone before it was read, and a server may say anything. */
    private static void endRange(String what, Object reply, long bytes, Completion<Void> completion) {
        BackendError error =
                switch (reply) {
                    case RedisCall.Streamed streamed when streamed.bytes() == bytes -> BackendError.NONE;
                    case RedisCall.Streamed streamed when streamed.bytes() == 0 -> BackendError.NOT_FOUND;
                    case RedisCall.Streamed streamed -> BackendError.CORRUPT;
                    default -> BackendError.UNREACHABLE;
                };
        String detail =
                error == BackendError.NONE ? "" : what + ": the answer is not the " + bytes + " bytes asked for";
        Backends.complete(completion, null, error, detail);
    }

    /** Ends a SET NX: OK, nil when the key was there, and nothing else is an acknowledgement. */
    private static void endSet(String what, Object reply, Completion<Void> completion) {
        boolean isSet = "OK".equals(reply);
        BackendError error =
                isSet ? BackendError.NONE : reply == RespDecoder.NIL ? BackendError.EXISTS : BackendError.UNREACHABLE;
        String detail = error == BackendError.EXISTS ? "it is there already" : "the server does not know SET";
        Backends.complete(completion, null, error, isSet ? "" : what + ": " + detail);
    }

    /** From EXISTS and STRLEN: bytes of an object, -1 when there is none. */
    private static long length(List<Object> replies) {
        boolean isThere = PRESENT.equals(String.valueOf(replies.get(0)));
        return isThere && replies.get(1) instanceof Long length ? length : -1;
    }

    @Override
    public void size(String object, long deadlineNs, Completion<Long> completion) {
        ObjectNames.check(object);
        String what = "size of " + object;
        if (!isIdentified(what, completion)) {
            return;
        }
        call(reads, what, sizeQuestions(object), null, deadlineNs, (replies, error, detail) -> {
            if (endsBadly(what, replies, error, detail, completion)) {
                return;
            }
            long length = length(replies);
            if (length < 0) {
                Backends.complete(completion, null, BackendError.NOT_FOUND, what + ": no such object");
            } else {
                Backends.complete(completion, length, BackendError.NONE, "");
            }
        });
    }

    private List<RedisCommand> sizeQuestions(String object) {
        return List.of(RedisCommand.of("EXISTS", key(object)), RedisCommand.of("STRLEN", key(object)));
    }

    @Override
    public void exists(
            String object,
            long expectedBytes,
            MemorySegment expectedHead,
            long deadlineNs,
            Completion<Void> completion) {
        Backends.checkHead(expectedHead, expectedBytes);
        ObjectNames.check(object);
        String what = "compare " + object;
        if (!isIdentified(what, completion)) {
            return;
        }
        byte[] head = expectedHead.toArray(ValueLayout.JAVA_BYTE);
        List<RedisCommand> commands = new ArrayList<>(sizeQuestions(object));
        commands.add(RedisCommand.of("GETRANGE", key(object), "0", Integer.toString(Math.max(0, head.length - 1))));
        call(reads, what, commands, null, deadlineNs, (replies, error, detail) -> {
            if (endsBadly(what, replies, error, detail, completion)) {
                return;
            }
            long length = length(replies);
            if (length < 0) {
                Backends.complete(completion, null, BackendError.NOT_FOUND, what + ": no such object");
                return;
            }
            boolean isSame = length == expectedBytes
                    && (head.length == 0 || replies.get(2) instanceof byte[] there && Arrays.equals(there, head));
            Backends.complete(
                    completion,
                    null,
                    isSame ? BackendError.NONE : BackendError.CORRUPT,
                    isSame ? "" : what + ": other bytes are there");
        });
    }

    @Override
    public void delete(String object, long deadlineNs, Completion<Void> completion) {
        ObjectNames.check(object);
        String what = "delete " + object;
        if (!isIdentified(what, completion)) {
            return;
        }
        List<RedisCommand> commands = List.of(RedisCommand.of("DEL", key(object)));
        call(puts, what, commands, null, deadlineNs, (replies, error, detail) -> {
            if (!endsBadly(what, replies, error, detail, completion)) {
                boolean wasThere = PRESENT.equals(String.valueOf(replies.getFirst()));
                Backends.complete(
                        completion,
                        null,
                        wasThere ? BackendError.NONE : BackendError.NOT_FOUND,
                        wasThere ? "" : what + ": no such object");
            }
        });
    }

    @Override
    public void list(String prefix, long deadlineNs, ObjectVisitor visitor, Completion<Void> completion) {
        ObjectNames.checkPrefix(prefix);
        if (isIdentified("list " + prefix, completion)) {
            scan("0", prefix, deadlineNs, visitor, completion);
        }
    }

    private void scan(
            String cursor, String prefix, long deadlineNs, ObjectVisitor visitor, Completion<Void> completion) {
        String what = "list " + prefix;
        List<RedisCommand> commands = List.of(RedisCommand.of(
                "SCAN", cursor, "MATCH", escape(key(prefix)) + "*", "COUNT", Integer.toString(SCAN_COUNT)));
        call(reads, what, commands, null, deadlineNs, (replies, error, detail) -> {
            if (endsBadly(what, replies, error, detail, completion)) {
                return;
            }
            boolean isAnswer = replies.getFirst() instanceof List<?> pair
                    && pair.size() == 2
                    && pair.get(0) instanceof byte[]
                    && pair.get(1) instanceof List<?>;
            if (!isAnswer) {
                Backends.complete(completion, null, BackendError.UNREACHABLE, what + ": the server does not know SCAN");
                return;
            }
            List<?> pair = (List<?>) replies.getFirst();
            String next = new String((byte[]) pair.get(0), StandardCharsets.US_ASCII);
            List<String> objects = new ArrayList<>();
            for (Object name : (List<?>) pair.get(1)) {
                String object = object(name, prefix);
                if (object != null) {
                    objects.add(object);
                }
            }
            sizes(objects, next, prefix, deadlineNs, visitor, completion);
        });
    }

    /** The object behind a key; null when it is none that was asked for. */
    private String object(Object name, String prefix) {
        if (!(name instanceof byte[] bytes)) {
            return null;
        }
        String key = new String(bytes, StandardCharsets.UTF_8);
        boolean isOurs = key.startsWith(keyPrefix) && key.startsWith(prefix, keyPrefix.length());
        String object = isOurs ? key.substring(keyPrefix.length()) : null;
        return ObjectNames.IDENTITY.equals(object) ? null : object;
    }

    private void sizes(
            List<String> objects,
            String cursor,
            String prefix,
            long deadlineNs,
            ObjectVisitor visitor,
            Completion<Void> completion) {
        if (objects.isEmpty()) {
            goOn(cursor, prefix, deadlineNs, visitor, completion);
            return;
        }
        List<RedisCommand> commands = new ArrayList<>();
        for (String object : objects) {
            commands.add(RedisCommand.of("STRLEN", key(object)));
        }
        String what = "list " + prefix;
        call(reads, what, commands, null, deadlineNs, (replies, error, detail) -> {
            if (error != BackendError.NONE) {
                Backends.complete(completion, null, error, detail);
                return;
            }
            for (int i = 0; i < objects.size(); i++) {
                if (replies.get(i) instanceof Long length) { // else it is a key of another type, none of ours
                    visitor.onObject(objects.get(i), length);
                }
            }
            goOn(cursor, prefix, deadlineNs, visitor, completion);
        });
    }

    private void goOn(
            String cursor, String prefix, long deadlineNs, ObjectVisitor visitor, Completion<Void> completion) {
        if (cursor.equals("0")) {
            Backends.complete(completion, null, BackendError.NONE, "");
        } else {
            scan(cursor, prefix, deadlineNs, visitor, completion);
        }
    }

    /** Characters that mean something in a pattern of SCAN. */
    static String escape(String text) {
        StringBuilder escaped = new StringBuilder();
        for (char c : text.toCharArray()) {
            if ("*?[]\\^-".indexOf(c) >= 0) {
                escaped.append('\\');
            }
            escaped.append(c);
        }
        return escaped.toString();
    }

    @Override
    public long bytesMoved() {
        return puts.bytesMoved();
    }

    @Override
    public void capacity(long deadlineNs, Completion<Capacity> completion) {
        if (!isIdentified("capacity", completion)) {
            return;
        }
        List<RedisCommand> commands = List.of(RedisCommand.of("INFO", "memory"));
        call(reads, "capacity", commands, null, deadlineNs, (replies, error, detail) -> {
            if (endsBadly("capacity", replies, error, detail, completion)) {
                return;
            }
            String info = replies.getFirst() instanceof byte[] text ? new String(text, StandardCharsets.UTF_8) : "";
            long most = field(info, "maxmemory:");
            long used = field(info, "used_memory:");
            Capacity capacity = most <= 0 || used < 0
                    ? Capacity.CANNOT_TELL
                    : new Capacity(most, Math.max(0, most - used), Capacity.UNKNOWN);
            Backends.complete(completion, capacity, BackendError.NONE, "");
        });
    }

    private static long field(String info, String name) {
        for (String line : info.split("\r?\n")) {
            if (line.startsWith(name)) {
                try {
                    return Long.parseLong(line.substring(name.length()).strip());
                } catch (NumberFormatException e) {
                    return -1; // not a number: the server does not tell
                }
            }
        }
        return -1;
    }

    @Override
    public void close() {
        if (isClosed) {
            return;
        }
        isClosed = true;
        CountDownLatch ended = new CountDownLatch(2);
        puts.shutDown(ended::countDown);
        reads.shutDown(ended::countDown);
        try {
            if (!ended.await(CLOSE_WAIT_S, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the connections of backend " + spec.name() + " did not close");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            threads.release();
        }
    }
}
