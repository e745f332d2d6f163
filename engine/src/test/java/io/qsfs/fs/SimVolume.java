package io.qsfs.fs;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.index.Index;
import io.qsfs.index.IndexReader;
import io.qsfs.index.Inode;
import io.qsfs.index.Machine;
import io.qsfs.log.SimDisk;
import io.qsfs.log.TableCheck;
import io.qsfs.log.record.SetAttrRecord;
import io.qsfs.mount.CrashOracle.Kind;
import io.qsfs.mount.CrashOracle.Node;
import io.qsfs.mount.CrashOracle.State;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A mounted volume whose log lies on a {@link SimDisk}: the log, the index and the file system's thread, with the test in the
 * place of the kernel. Methods return 0 or an errno.
 *
 * <p>Threading: one thread.
 */
final class SimVolume implements Replies, ParkedReads.Interrupts, AutoCloseable {
    static final long SEGMENT_BYTES = 1 << 20;

    private final SimDisk disk;
    private final VolumeRig rig;
    private final Arena arena = Arena.ofShared();
    private final RequestHandler handler;
    private final MemorySegment text = arena.allocate(1 << 13);
    private final MemorySegment payload = arena.allocate(1 << 20);
    private final Map<Long, CompletableFuture<Answer>> waiting = new ConcurrentHashMap<>();
    private long nextRequest = 1;

    private record Answer(int errno, long ino, byte[] bytes) {}

    /** Mounts, which replays what the log has. */
    SimVolume(Path directory, SimDisk disk, Machine machine) {
        this.disk = disk;
        rig = new VolumeRig(directory, disk, machine, SEGMENT_BYTES, this, this, new VolumeRig.NothingEvicted());
        try {
            TableCheck.requireAllSound(rig.log().catalog());
        } catch (AssertionError e) {
            rig.close();
            arena.close();
            throw e;
        }
        handler = rig.fileSystem().newHandler(0, arena, null);
        handler.attach();
        if (rig.index().recordIdentity(List.of(directory.resolve("log"))) != 0) {
            throw new IllegalStateException("the identity of the index cannot be written");
        }
    }

    /** As a mount does once its beginning is durable; false when the disk died before. */
    boolean dropUnused() {
        CompletableFuture<Integer> done = new CompletableFuture<>();
        rig.fileSystem().sync((token, errno) -> done.complete(errno), 0);
        if (done.join() != 0) {
            return false;
        }
        rig.log().dropUnused(rig.replay(), rig.dataEndBefore());
        return true;
    }

    Index index() {
        return rig.index();
    }

    /** Sequence of the last record that is committed. */
    long appliedSequence() {
        try (IndexReader reader = rig.index().newReader()) {
            reader.renew();
            long sequence = reader.appliedSequence();
            reader.release();
            return sequence;
        }
    }

    long made; // the inode that a call has made

    int make(long parent, String name, int mode) {
        Answer answer = ask(request ->
                handler.make(request, parent, text, put(name), mode, 0, 0, 0, 0, null, 0, Modes.isRegular(mode)));
        made = answer.ino;
        return answer.errno;
    }

    int symbolicLink(long parent, String name, String target) {
        int length = put(name);
        byte[] bytes = target.getBytes(StandardCharsets.UTF_8);
        MemorySegment.copy(bytes, 0, payload, ValueLayout.JAVA_BYTE, 0, bytes.length);
        Answer answer = ask(request ->
                handler.make(request, parent, text, length, 0120777, 0, 0, 0, 0, payload, bytes.length, false));
        made = answer.ino;
        return answer.errno;
    }

    int write(long ino, long offset, byte[] bytes) {
        MemorySegment.copy(bytes, 0, payload, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return ask(request -> handler.write(request, ino, payload, bytes.length, offset, 0)).errno;
    }

    int resize(long ino, long size) {
        return ask(request -> handler.setAttributes(request, ino, SetAttrRecord.SIZE, 0, 0, 0, size, 0, 0, 0, false))
                .errno;
    }

    int link(long ino, long parent, String name) {
        return ask(request -> handler.link(request, ino, parent, text, put(name))).errno;
    }

    int remove(long parent, String name, boolean isDirectory) {
        return ask(request -> handler.remove(request, parent, text, put(name), isDirectory)).errno;
    }

    int rename(long parent, String name, long newParent, String newName) {
        int length = put(name);
        byte[] bytes = newName.getBytes(StandardCharsets.UTF_8);
        MemorySegment.copy(bytes, 0, payload, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return ask(request -> handler.rename(request, parent, text, length, newParent, payload, bytes.length, 0)).errno;
    }

    int sync() {
        return ask(handler::sync).errno;
    }

    /** Closes what is active, as flush does. */
    int closeSegments() {
        CompletableFuture<Integer> done = new CompletableFuture<>();
        rig.fileSystem().closeSegments((data, meta, errno) -> done.complete(errno));
        return done.join();
    }

    private int put(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        MemorySegment.copy(bytes, 0, text, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return bytes.length;
    }

    private interface Call {
        void make(long request);
    }

    private Answer ask(Call call) {
        long request = nextRequest++;
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        waiting.put(request, answer);
        call.make(request);
        return answer.join();
    }

    /** The whole tree as it is, by requests and the committed index. */
    State look() {
        CompletableFuture<Void> committed = new CompletableFuture<>();
        rig.fileSystem().afterCommit(() -> committed.complete(null));
        committed.join();
        State state = new State();
        try (IndexReader reader = rig.index().newReader()) {
            reader.renew();
            collect(reader, Inode.ROOT, "", state);
            reader.release();
        }
        for (Map.Entry<String, Node> entry : state.nodes().entrySet()) {
            Node node = entry.getValue();
            if (node.kind() == Kind.FILE) {
                entry.setValue(new Node(Kind.FILE, node.id(), content(node.id())));
            }
        }
        return state;
    }

    /** Inodes that the volume has, but the root: those without a name too. */
    long inodes() {
        try (IndexReader reader = rig.index().newReader()) {
            reader.renew();
            long inodes = reader.totals().inodes();
            reader.release();
            return inodes - 1;
        }
    }

    private static void collect(IndexReader reader, long directory, String prefix, State state) {
        Map<String, Long> entries = new java.util.TreeMap<>();
        reader.readDirectory(directory, 0, (name, offset, length, ino, type, cookie) -> {
            byte[] bytes = name.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
            entries.put(new String(bytes, StandardCharsets.UTF_8), ino);
            return true;
        });
        Inode inode = new Inode();
        entries.forEach((name, ino) -> {
            if (reader.inode(ino, inode) != 0) {
                throw new AssertionError(prefix + name + " has no inode " + ino);
            }
            if (Modes.isDirectory(inode.mode)) {
                state.nodes().put(prefix + name, new Node(Kind.DIRECTORY, ino, null));
                collect(reader, ino, prefix + name + "/", state);
            } else if (Modes.isRegular(inode.mode)) {
                state.nodes().put(prefix + name, new Node(Kind.FILE, ino, null));
            } else {
                try (Arena arena = Arena.ofConfined()) {
                    MemorySegment target = arena.allocate(4096);
                    int length = reader.readLink(ino, target, 0);
                    byte[] bytes = target.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
                    state.nodes().put(prefix + name, new Node(Kind.LINK, ino, bytes));
                }
            }
        });
    }

    private byte[] content(long ino) {
        java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
        while (true) {
            long at = all.size();
            Answer answer = ask(request -> handler.read(request, ino, 1 << 17, at, false));
            if (answer.errno != 0) {
                throw new AssertionError("inode " + ino + " cannot be read at " + at + ": errno " + answer.errno);
            }
            if (answer.bytes == null || answer.bytes.length == 0) {
                return all.toByteArray();
            }
            all.writeBytes(answer.bytes);
        }
    }

    /** Ends it as a clean unmount does; false when the disk died on the way. */
    boolean stopCleanly() {
        handler.close();
        try {
            rig.stopCleanly();
            return !disk.isDead();
        } catch (IllegalStateException e) {
            if (!disk.isDead()) {
                throw e;
            }
            rig.close();
            return false;
        } finally {
            arena.close();
        }
    }

    /** Ends it in the middle: what the log and the index hold on their disks is what is left. */
    @Override
    public void close() {
        handler.close();
        rig.close();
        arena.close();
    }

    // Answers

    private void answer(long request, int errno, long ino, byte[] bytes) {
        CompletableFuture<Answer> answer = waiting.remove(request);
        if (answer == null) {
            throw new AssertionError("request " + request + " was answered twice");
        }
        answer.complete(new Answer(errno, ino, bytes));
    }

    @Override
    public void error(long request, int errno) {
        answer(request, errno, 0, null);
    }

    @Override
    public void none(long request) {
        answer(request, 0, 0, null);
    }

    @Override
    public void entry(long request, Inode inode, boolean mayKeep) {
        answer(request, 0, inode.ino, null);
    }

    @Override
    public void noEntry(long request) {
        answer(request, Linux.ENOENT, 0, null);
    }

    @Override
    public void created(long request, Inode inode, boolean mayKeep) {
        answer(request, 0, inode.ino, null);
    }

    @Override
    public void attributes(long request, Inode inode, boolean mayKeep) {
        answer(request, 0, inode.ino, null);
    }

    @Override
    public void attributesChanged(long ino) {} // keeps no attributes

    @Override
    public void link(long request, MemorySegment target) {
        answer(request, 0, 0, null);
    }

    @Override
    public void written(long request, int count) {
        answer(request, 0, 0, null);
    }

    @Override
    public void xattrLength(long request, int length) {
        throw new AssertionError("nobody asked for an attribute");
    }

    @Override
    public void bytes(long request, MemorySegment source, long length) {
        answer(request, 0, 0, source.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
    }

    @Override
    @SuppressWarnings("restricted") // the iovecs are addresses
    public boolean gathered(long request, MemorySegment iovecs, int count) {
        java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
        for (int i = 0; i < count; i++) {
            long address = iovecs.get(ValueLayout.JAVA_LONG, 16L * i);
            long length = iovecs.get(ValueLayout.JAVA_LONG, 16L * i + 8);
            all.writeBytes(MemorySegment.ofAddress(address).reinterpret(length).toArray(ValueLayout.JAVA_BYTE));
        }
        answer(request, 0, 0, all.toByteArray());
        return true;
    }

    @Override
    public void space(long request, SpaceReport report) {
        answer(request, 0, 0, null);
    }

    @Override
    public void watch(long request, Runnable onInterrupt) {}

    @Override
    public void unwatch(long request) {}
}
