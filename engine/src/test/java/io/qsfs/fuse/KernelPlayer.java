package io.qsfs.fuse;

import io.qsfs.bindings.linux.Errno;
import io.qsfs.bindings.linux.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Plays the kernel at the other end of a socket pair: writes FUSE requests as linux/fuse.h lays them out, and reads the
 * answers. One request at a time.
 */
final class KernelPlayer implements AutoCloseable {
    static final int LOOKUP = 1;
    static final int FORGET = 2;
    static final int GETATTR = 3;
    static final int SETATTR = 4;
    static final int READLINK = 5;
    static final int SYMLINK = 6;
    static final int MKNOD = 8;
    static final int MKDIR = 9;
    static final int UNLINK = 10;
    static final int RMDIR = 11;
    static final int LINK = 13;
    static final int OPEN = 14;
    static final int READ = 15;
    static final int WRITE = 16;
    static final int STATFS = 17;
    static final int RELEASE = 18;
    static final int FSYNC = 20;
    static final int FLUSH = 25;
    static final int INIT = 26;
    static final int OPENDIR = 27;
    static final int READDIR = 28;
    static final int RELEASEDIR = 29;
    static final int FSYNCDIR = 30;
    static final int CREATE = 35;
    static final int READDIRPLUS = 44;
    static final int RENAME2 = 45;
    static final int TMPFILE = 51;

    private static final int HEADER_BYTES = 40;
    private static final int ANSWER_BYTES_MAX = 1 << 20;
    /** Everything that Linux 6 offers and the daemon may ask for. */
    private static final int SETXATTR = 21;

    private static final int GETXATTR = 22;
    private static final int LISTXATTR = 23;
    private static final int REMOVEXATTR = 24;
    private static final int CAPABILITIES = 0x7fffffff & ~(1 << 30);

    private final Arena arena = Arena.ofShared();
    private final MemorySegment out = arena.allocate(ANSWER_BYTES_MAX, 8);
    private final MemorySegment in = arena.allocate(ANSWER_BYTES_MAX, 8);
    private final int kernelFd;
    private final int daemonFd;
    private long unique;

    /** The attributes of an answer. */
    record Attributes(
            long ino,
            long size,
            long blocks,
            long atimeNs,
            long mtimeNs,
            long ctimeNs,
            int mode,
            int nlink,
            int uid,
            int gid) {}

    /** An answer: 0 or a positive errno, and what follows the header. */
    record Answer(int errno, ByteBuffer body) {
        long nodeId() {
            if (errno != 0) {
                throw new AssertionError("no inode in the answer, but " + Errno.name(errno));
            }
            return body.getLong(0);
        }

        Attributes entryAttributes() {
            return attributes(40);
        }

        Attributes attributes() {
            return attributes(16);
        }

        private Attributes attributes(int at) {
            return new Attributes(
                    body.getLong(at),
                    body.getLong(at + 8),
                    body.getLong(at + 16),
                    body.getLong(at + 24) * 1_000_000_000L + body.getInt(at + 48),
                    body.getLong(at + 32) * 1_000_000_000L + body.getInt(at + 52),
                    body.getLong(at + 40) * 1_000_000_000L + body.getInt(at + 56),
                    body.getInt(at + 60),
                    body.getInt(at + 64),
                    body.getInt(at + 68),
                    body.getInt(at + 72));
        }

        byte[] bytes() {
            byte[] bytes = new byte[body.limit()];
            body.get(0, bytes);
            return bytes;
        }
    }

    /** An entry of a directory listing. */
    record Entry(String name, long ino, long offset, int type) {}

    KernelPlayer() {
        int[] pair = new int[2];
        int outcome = Linux.socketpair(Linux.AF_UNIX, Linux.SOCK_SEQPACKET, 0, pair);
        if (outcome != 0) {
            throw new IllegalStateException("socketpair: " + outcome);
        }
        daemonFd = pair[0];
        kernelFd = pair[1];
    }

    /** The end for {@link FuseSession#connect}, which then owns it. */
    int daemonFd() {
        return daemonFd;
    }

    /** The handshake; returns the answer's flags. */
    int init() {
        ByteBuffer body = body(64);
        body.putInt(7).putInt(38).putInt(1 << 20).putInt(CAPABILITIES);
        Answer answer = call(INIT, 0, body.clear());
        if (answer.errno() != 0) {
            throw new IllegalStateException("INIT: " + answer.errno());
        }
        return answer.body().getInt(12);
    }

    Answer lookup(long parent, String name) {
        return call(LOOKUP, parent, text(0, name));
    }

    /** No answer comes. */
    void forget(long ino, long count) {
        send(FORGET, ino, body(8).putLong(0, count));
    }

    Answer getattr(long ino) {
        return call(GETATTR, ino, body(16));
    }

    /** A truncation by somebody who may not keep set-user-id. */
    Answer setSizeAndKillPrivileges(long ino, long size) {
        return call(SETATTR, ino, body(88).putInt(0, 8 | 1 << 11).putLong(16, size));
    }

    Answer setXattr(long ino, String name, byte[] value) {
        ByteBuffer body = text(8, name);
        ByteBuffer whole = body(body.limit() + value.length);
        whole.put(0, body.array()).put(body.limit(), value).putInt(0, value.length);
        return call(SETXATTR, ino, whole);
    }

    Answer getXattr(long ino, String name, int size) {
        return call(GETXATTR, ino, text(8, name).putInt(0, size));
    }

    Answer listXattr(long ino, int size) {
        return call(LISTXATTR, ino, body(8).putInt(0, size));
    }

    Answer removeXattr(long ino, String name) {
        return call(REMOVEXATTR, ino, text(0, name));
    }

    /** A write past the page cache by somebody who may not keep set-user-id. */
    Answer writeAndKillPrivileges(long ino, long offset, byte[] data) {
        ByteBuffer body = body(40 + data.length);
        body.putLong(8, offset).putInt(16, data.length).putInt(20, 1 << 2).put(40, data);
        return call(WRITE, ino, body);
    }

    /** A write of pages that the kernel held in its cache. */
    Answer writeFromCache(long ino, long offset, byte[] data) {
        ByteBuffer body = body(40 + data.length);
        body.putLong(8, offset).putInt(16, data.length).putInt(20, 1).put(40, data);
        return call(WRITE, ino, body);
    }

    Answer setSize(long ino, long size) {
        return call(SETATTR, ino, body(88).putInt(0, 1 << 3).putLong(16, size));
    }

    Answer setMode(long ino, int mode) {
        return call(SETATTR, ino, body(88).putInt(0, 1).putInt(68, mode));
    }

    Answer setMtime(long ino, long seconds, int ns) {
        return call(
                SETATTR, ino, body(88).putInt(0, 1 << 5).putLong(40, seconds).putInt(60, ns));
    }

    Answer mkdir(long parent, String name, int mode) {
        return call(MKDIR, parent, text(8, name).putInt(0, mode));
    }

    Answer mknod(long parent, String name, int mode, int rdev) {
        return call(MKNOD, parent, text(16, name).putInt(0, mode).putInt(4, rdev));
    }

    Answer create(long parent, String name, int mode) {
        return call(CREATE, parent, text(16, name).putInt(0, 2).putInt(4, mode));
    }

    Answer tmpfile(long parent, int mode) {
        return call(TMPFILE, parent, text(16, "").putInt(0, 2).putInt(4, mode));
    }

    Answer symlink(long parent, String name, String target) {
        return call(SYMLINK, parent, text(0, name, target));
    }

    Answer link(long ino, long parent, String name) {
        return call(LINK, parent, text(8, name).putLong(0, ino));
    }

    Answer unlink(long parent, String name) {
        return call(UNLINK, parent, text(0, name));
    }

    Answer rmdir(long parent, String name) {
        return call(RMDIR, parent, text(0, name));
    }

    Answer rename(long parent, String name, long newParent, String newName, int flags) {
        return call(
                RENAME2, parent, text(16, name, newName).putLong(0, newParent).putInt(8, flags));
    }

    Answer readlink(long ino) {
        return call(READLINK, ino, body(0));
    }

    Answer write(long ino, long offset, byte[] data) {
        ByteBuffer body = body(40 + data.length);
        body.putLong(8, offset).putInt(16, data.length).put(40, data);
        return call(WRITE, ino, body);
    }

    Answer read(long ino, long offset, int size) {
        return call(READ, ino, readBody(offset, size));
    }

    /** A read through a descriptor with such flags of open(2). */
    Answer readThrough(int flags, long ino, long offset, int size) {
        return call(READ, ino, readBody(offset, size).putInt(32, flags));
    }

    /** Sends a read without waiting for its answer; returns its number. */
    long sendRead(long ino, long offset, int size) {
        return send(READ, ino, readBody(offset, size));
    }

    /** The kernel's wish to have a request ended; no answer comes to it. */
    void interrupt(long request) {
        send(36, 0, body(8).putLong(0, request));
    }

    private static ByteBuffer readBody(long offset, int size) {
        return body(40).putLong(8, offset).putInt(16, size);
    }

    Answer fsync(long ino) {
        return call(FSYNC, ino, body(16));
    }

    Answer statfs() {
        return call(STATFS, 1, body(0));
    }

    List<Entry> readdir(long ino, long offset, int size) {
        Answer answer = call(READDIR, ino, readBody(offset, size));
        List<Entry> entries = new ArrayList<>();
        int at = 0;
        while (at < answer.body().limit()) {
            at = entry(answer.body(), at, entries);
        }
        return entries;
    }

    List<Entry> readdirplus(long ino, long offset, int size) {
        Answer answer = call(READDIRPLUS, ino, readBody(offset, size));
        List<Entry> entries = new ArrayList<>();
        int at = 0;
        while (at < answer.body().limit()) {
            at = entry(answer.body(), at + 128, entries);
        }
        return entries;
    }

    private static int entry(ByteBuffer body, int at, List<Entry> entries) {
        int nameLength = body.getInt(at + 16);
        byte[] name = new byte[nameLength];
        body.get(at + 24, name);
        entries.add(new Entry(
                new String(name, StandardCharsets.UTF_8),
                body.getLong(at),
                body.getLong(at + 8),
                body.getInt(at + 20)));
        return at + ((24 + nameLength + 7) & -8);
    }

    Answer call(int opcode, long nodeId, ByteBuffer body) {
        long request = send(opcode, nodeId, body);
        return receive(request);
    }

    private long send(int opcode, long nodeId, ByteBuffer body) {
        int length = HEADER_BYTES + body.limit();
        long request = unique += 2;
        out.asSlice(0, HEADER_BYTES).fill((byte) 0);
        out.set(ValueLayout.JAVA_INT, 0, length);
        out.set(ValueLayout.JAVA_INT, 4, opcode);
        out.set(ValueLayout.JAVA_LONG, 8, request);
        out.set(ValueLayout.JAVA_LONG, 16, nodeId);
        MemorySegment.copy(MemorySegment.ofBuffer(body), 0, out, HEADER_BYTES, body.limit());
        long written = Linux.write(kernelFd, out, 0, length);
        if (written != length) {
            throw new IllegalStateException("request of " + length + " bytes: " + written);
        }
        return request;
    }

    Answer receive(long request) {
        long received;
        do {
            received = Linux.read(kernelFd, in, 0, ANSWER_BYTES_MAX);
            if (received < 16) {
                throw new IllegalStateException("answer: " + received);
            }
        } while (in.get(ValueLayout.JAVA_LONG, 8) == 0); // a notice, of which this kernel needs none
        if (in.get(ValueLayout.JAVA_LONG, 8) != request) {
            throw new IllegalStateException(
                    "answer to " + in.get(ValueLayout.JAVA_LONG, 8) + ", expected one to " + request);
        }
        byte[] body = in.asSlice(16, received - 16).toArray(ValueLayout.JAVA_BYTE);
        return new Answer(
                -in.get(ValueLayout.JAVA_INT, 4), ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN));
    }

    private static ByteBuffer body(int bytes) {
        return ByteBuffer.wrap(new byte[bytes]).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer text(int fixed, String... texts) {
        int bytes = fixed;
        for (String text : texts) {
            bytes += text.getBytes(StandardCharsets.UTF_8).length + 1;
        }
        ByteBuffer body = body(bytes);
        int at = fixed;
        for (String text : texts) {
            byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
            body.put(at, encoded);
            at += encoded.length + 1;
        }
        return body;
    }

    /** Ends the session as an unmount would: the daemon's end sees end of file. */
    void hangUp() {
        Linux.shutdown(kernelFd, 2);
    }

    @Override
    public void close() {
        Linux.close(kernelFd);
        arena.close();
    }
}
