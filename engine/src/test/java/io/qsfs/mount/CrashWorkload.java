package io.qsfs.mount;

import io.qsfs.mount.CrashOracle.Kind;
import io.qsfs.mount.CrashOracle.Node;
import io.qsfs.mount.CrashOracle.State;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Random operations on one directory of a mount, each told to an oracle before it begins. The oracle takes an operation for
 * acknowledged when it was answered: the death of a process takes nothing that it has answered. Content counts from the sync
 * or the close of its file on, because the kernel keeps written pages back until then.
 *
 * <p>Threading: one thread runs it; others only call {@link #stop}.
 */
final class CrashWorkload {
    private static final int NODES_MAX = 40;
    private static final int BYTES_MAX = 150_000;
    private static final int SEGMENT_FILLING_BYTES = 1_500_000;

    private final Path directory;
    private final Random random;
    private final CrashOracle oracle = new CrashOracle();
    private FileChannel orphan;
    private long nextId;
    private long nextName;
    private long operations;
    private volatile boolean isStopped;

    /** One kind of operation. Others may be added to the list; each says first what comes of it. */
    private interface Operation {
        void run() throws IOException;
    }

    private final List<Operation> kinds = List.of(
            this::writeAndSync,
            this::writeAndSync,
            this::writeAndClose,
            this::overwrite,
            this::overwrite,
            this::appendSynchronously,
            this::replaceByRename,
            this::replaceByRename,
            this::resize,
            this::link,
            this::unlink,
            this::unlink,
            this::makeDirectory,
            this::removeDirectory,
            this::moveAnything,
            this::symbolicLink,
            this::holdOrphan,
            this::syncDirectory);

    CrashWorkload(Path directory, Random random) {
        this.directory = directory;
        this.random = random;
    }

    void stop() {
        isStopped = true;
    }

    long operations() {
        return operations;
    }

    /** Runs until {@link #stop} or until the mount fails; returns the failure, or null. */
    IOException run() {
        isStopped = false;
        try {
            while (!isStopped) {
                if (oracle.current().nodes().size() > NODES_MAX) {
                    unlink();
                } else {
                    kinds.get(random.nextInt(kinds.size())).run();
                }
                operations++;
            }
            return null;
        } catch (IOException e) {
            return e;
        } finally {
            forgetOrphan();
        }
    }

    /** The mount is there again: the directory must look as it may, and does from here on. */
    void check() throws IOException {
        oracle.requireNamesOfOne(look(directory));
    }

    private State look(Path top) throws IOException {
        State state = new State();
        Map<Object, Long> ids = new HashMap<>();
        try (Stream<Path> paths = Files.walk(top)) {
            for (Path path : (Iterable<Path>) paths.sorted().skip(1)::iterator) {
                Map<String, Object> is =
                        Files.readAttributes(path, "unix:mode,ino,nlink,size", java.nio.file.LinkOption.NOFOLLOW_LINKS);
                long id = ids.computeIfAbsent(is.get("ino"), ino -> nextId++);
                String name = top.relativize(path).toString();
                state.nodes().put(name, node(path, id));
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return state;
    }

    private static Node node(Path path, long id) throws IOException {
        if (Files.isSymbolicLink(path)) {
            return new Node(
                    Kind.LINK, id, Files.readSymbolicLink(path).toString().getBytes());
        }
        return Files.isDirectory(path)
                ? new Node(Kind.DIRECTORY, id, null)
                : new Node(Kind.FILE, id, Files.readAllBytes(path));
    }

    // What there is to choose from.

    private Path on(String path) {
        return directory.resolve(path);
    }

    private String choose(Predicate<Map.Entry<String, Node>> filter) {
        List<String> found = new ArrayList<>();
        for (Map.Entry<String, Node> entry : oracle.current().nodes().entrySet()) {
            if (filter.test(entry)) {
                found.add(entry.getKey());
            }
        }
        return found.isEmpty() ? null : found.get(random.nextInt(found.size()));
    }

    private String chooseFile() {
        return choose(entry -> entry.getValue().kind() == Kind.FILE);
    }

    private String newName() {
        String parent = choose(entry -> entry.getValue().kind() == Kind.DIRECTORY);
        String name = "n" + nextName++;
        return parent == null || random.nextInt(3) > 0 ? name : parent + "/" + name;
    }

    private byte[] newBytes() {
        int bound = random.nextInt(40) == 0 ? SEGMENT_FILLING_BYTES : random.nextInt(3) == 0 ? BYTES_MAX : 5_000;
        byte[] bytes = new byte[random.nextInt(bound)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] with(byte[] content, int at, byte[] bytes) {
        byte[] result = Arrays.copyOf(content, Math.max(content.length, at + bytes.length));
        System.arraycopy(bytes, 0, result, at, bytes.length);
        return result;
    }

    private void content(String path, byte[] content) {
        State next = oracle.current().copy();
        next.content(path, content);
        oracle.begin(next);
    }

    private void create(String path) throws IOException {
        State next = oracle.current().copy();
        next.nodes().put(path, new Node(Kind.FILE, nextId++, new byte[0]));
        oracle.begin(next);
    }

    // The operations.

    private void writeAndSync() throws IOException {
        write(newName(), true);
    }

    private void writeAndClose() throws IOException {
        write(newName(), false);
    }

    private void write(String path, boolean isSynced) throws IOException {
        create(path);
        try (FileChannel channel =
                FileChannel.open(on(path), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            oracle.acknowledged();
            byte[] content = new byte[0];
            for (int i = 0; i <= random.nextInt(3); i++) {
                byte[] bytes = newBytes();
                int at = content.length + (random.nextInt(5) == 0 ? random.nextInt(20_000) : 0); // a hole
                content = bytes.length == 0 ? content : with(content, at, bytes);
                content(path, content);
                channel.write(ByteBuffer.wrap(bytes), at);
            }
            if (isSynced) {
                channel.force(random.nextBoolean());
                oracle.acknowledged();
            }
        }
        oracle.acknowledged();
    }

    private void overwrite() throws IOException {
        String path = chooseFile();
        if (path == null) {
            return;
        }
        byte[] content = oracle.current().nodes().get(path).content();
        byte[] bytes = newBytes();
        int at = random.nextInt(content.length + 1);
        content(path, bytes.length == 0 ? content : with(content, at, bytes));
        try (FileChannel channel = FileChannel.open(on(path), StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(bytes), at);
            if (random.nextBoolean()) {
                channel.force(false);
                oracle.acknowledged();
            }
        }
        oracle.acknowledged();
    }

    private void appendSynchronously() throws IOException {
        String path = chooseFile();
        if (path == null) {
            return;
        }
        try (FileChannel channel = FileChannel.open(
                on(path),
                StandardOpenOption.WRITE,
                StandardOpenOption.APPEND,
                random.nextBoolean() ? StandardOpenOption.SYNC : StandardOpenOption.DSYNC)) {
            for (int i = 0; i <= random.nextInt(4); i++) {
                byte[] content = oracle.current().nodes().get(path).content();
                byte[] bytes = newBytes();
                content(path, with(content, content.length, bytes));
                channel.write(ByteBuffer.wrap(bytes));
                oracle.acknowledged();
            }
        }
    }

    /** As editors and databases replace a file: written beside, synced, renamed over it, directory synced. */
    private void replaceByRename() throws IOException {
        String target = chooseFile();
        if (target == null) {
            return;
        }
        String beside = newName();
        write(beside, true);
        State next = oracle.current().copy();
        next.nodes().remove(target);
        next.move(beside, target);
        oracle.begin(next);
        Files.move(on(beside), on(target), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        oracle.acknowledged();
        sync(on(target).getParent());
    }

    private void resize() throws IOException {
        String path = chooseFile();
        if (path == null) {
            return;
        }
        byte[] content = oracle.current().nodes().get(path).content();
        int length = random.nextInt(content.length + 10_000);
        content(path, Arrays.copyOf(content, length));
        try (RandomAccessFile file = new RandomAccessFile(on(path).toFile(), "rw")) {
            file.setLength(length);
        }
        oracle.acknowledged();
    }

    private void link() throws IOException {
        String path = chooseFile();
        if (path == null) {
            return;
        }
        String name = newName();
        State next = oracle.current().copy();
        next.nodes().put(name, next.nodes().get(path));
        oracle.begin(next);
        Files.createLink(on(name), on(path));
        oracle.acknowledged();
    }

    private void unlink() throws IOException {
        String path = choose(entry -> entry.getValue().kind() != Kind.DIRECTORY);
        if (path == null) {
            return;
        }
        State next = oracle.current().copy();
        next.nodes().remove(path);
        oracle.begin(next);
        Files.delete(on(path));
        oracle.acknowledged();
    }

    private void makeDirectory() throws IOException {
        String path = newName();
        State next = oracle.current().copy();
        next.nodes().put(path, new Node(Kind.DIRECTORY, nextId++, null));
        oracle.begin(next);
        Files.createDirectory(on(path));
        oracle.acknowledged();
    }

    private void removeDirectory() throws IOException {
        State state = oracle.current();
        String path = choose(entry -> entry.getValue().kind() == Kind.DIRECTORY
                && state.nodes().keySet().stream().noneMatch(other -> other.startsWith(entry.getKey() + "/")));
        if (path == null) {
            return;
        }
        State next = state.copy();
        next.nodes().remove(path);
        oracle.begin(next);
        Files.delete(on(path));
        oracle.acknowledged();
    }

    private void moveAnything() throws IOException {
        String path = choose(entry -> true);
        String name = "m" + nextName++;
        if (path == null) {
            return;
        }
        State next = oracle.current().copy();
        next.move(path, name);
        oracle.begin(next);
        Files.move(on(path), on(name), StandardCopyOption.ATOMIC_MOVE);
        oracle.acknowledged();
    }

    private void symbolicLink() throws IOException {
        String path = newName();
        String target = "target " + random.nextInt();
        State next = oracle.current().copy();
        next.nodes().put(path, new Node(Kind.LINK, nextId++, target.getBytes()));
        oracle.begin(next);
        Files.createSymbolicLink(on(path), Path.of(target));
        oracle.acknowledged();
    }

    /** A file that has lost its last name and is open when the process dies: it must be gone after. */
    private void holdOrphan() throws IOException {
        forgetOrphan();
        String path = newName();
        write(path, false);
        orphan = FileChannel.open(on(path), StandardOpenOption.READ, StandardOpenOption.WRITE);
        State next = oracle.current().copy();
        next.nodes().remove(path);
        oracle.begin(next);
        Files.delete(on(path));
        oracle.acknowledged();
        orphan.write(ByteBuffer.wrap(newBytes()), 0);
    }

    private void forgetOrphan() {
        if (orphan != null) {
            try {
                orphan.close();
            } catch (IOException e) {
                // its mount is gone, and nobody wants its content
            }
            orphan = null;
        }
    }

    private void syncDirectory() throws IOException {
        sync(directory);
        oracle.acknowledged();
    }

    private static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
