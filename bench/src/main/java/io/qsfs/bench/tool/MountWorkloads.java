package io.qsfs.bench.tool;

import io.qsfs.bindings.linux.Errno;
import io.qsfs.bindings.linux.FileStat;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.Failures;
import io.qsfs.config.QsfsException;
import io.qsfs.memory.NativeBuffer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What is done to a directory, by system calls of this process: sequential writes and reads of 1 MiB and 4 KiB with a
 * last fsync, random reads and writes of 4 KiB, appends with an fsync each, small files made, listed, read and
 * removed, a tree unpacked and removed. All of it in a directory of its own, which is removed.
 *
 * <p>Threading: one thread, but for the reads by four.
 */
final class MountWorkloads {
    /** The workloads in their order, with units. */
    static final Map<String, String> UNITS = units();

    private static final int MIB = 1 << 20;
    private static final int BLOCK = 4096;
    private static final int READERS = 4;
    private static final int CREATE = Linux.O_CREAT | Linux.O_EXCL | Linux.O_WRONLY | Linux.O_CLOEXEC;

    private final Session session;
    private final MountScale scale;
    private final SampleTree tree;
    private final boolean isCold;
    private final NativeBuffer memory = new NativeBuffer((READERS + 1L) * MIB);
    private final MemorySegment buffer = memory.segment();
    private final FileStat stat = new FileStat();

    private static Map<String, String> units() {
        Map<String, String> units = new LinkedHashMap<>();
        for (String name : List.of("write 1M", "write 4k", "read 1M cold", "read 1M warm")) {
            units.put(name, "MB/s");
        }
        for (String name : List.of(
                "rand read 4k x1 cold",
                "rand read 4k x4 cold",
                "rand write 4k",
                "append 4k + fsync",
                "create + write 4k",
                "stat cold")) {
            units.put(name, "/s");
        }
        units.put("list -l", "entries/s");
        units.put("read small cold", "/s");
        units.put("unlink", "/s");
        units.put("untar", "entries/s");
        units.put("rm -rf", "entries/s");
        return units;
    }

    /** @param isCold the page cache can be dropped. */
    MountWorkloads(Session session, MountScale scale, SampleTree tree, boolean isCold) {
        this.session = session;
        this.scale = scale;
        this.tree = tree;
        this.isCold = isCold;
        SplittableRandom random = new SplittableRandom(3);
        for (long at = 0; at < buffer.byteSize(); at += 8) {
            buffer.set(ValueLayout.JAVA_LONG, at, random.nextLong());
        }
    }

    /** Is told of each figure as it is there. */
    interface Listener {
        void onFigure(String workload, double value);
    }

    /** One round in a directory. */
    void run(Path directory, Listener listener) {
        String name = ".qsfs-bench-" + java.util.HexFormat.of().toHexDigits(new SecureRandom().nextLong());
        Path place = directory.resolve(name);
        int made = Linux.mkdir(place.toString(), 0700);
        if (made < 0) {
            throw new QsfsException(directory + " cannot be measured (" + Errno.message(-made)
                    + "): name a directory that is there and yours to write to.");
        }
        try {
            bigFiles(place, listener);
            appends(place, listener);
            smallFiles(place, listener);
            unpack(place, listener);
        } catch (IOException e) {
            throw new QsfsException(
                    "a workload failed in " + directory + " (" + Failures.reason(e)
                            + "): see the log of what serves it.",
                    e);
        } finally {
            remove(place);
        }
    }

    private void remove(Path place) {
        try {
            Scratch.removeTree(place);
        } catch (IOException e) {
            session.output().error("could not remove " + place + " (" + Failures.reason(e) + "): rm -r it.");
        }
    }

    void close() {
        memory.close();
    }

    private long now() {
        return session.clock().nanoTime();
    }

    private static int checked(int outcome, String what) throws IOException {
        if (outcome < 0) {
            throw new IOException(what + ": " + Errno.message(-outcome));
        }
        return outcome;
    }

    private static void whole(long outcome, long length, String what) throws IOException {
        if (outcome < 0) {
            throw new IOException(what + ": " + Errno.message((int) -outcome));
        }
        if (outcome != length) {
            throw new IOException(what + ": " + outcome + " of " + length + " bytes");
        }
    }

    private double perSecond(double count, long fromNs) {
        session.stop().check();
        return count * 1e9 / Math.max(1, now() - fromNs);
    }

    private void cold() throws IOException {
        session.stop().check();
        if (isCold) {
            dropCaches();
        }
    }

    /** True when the kernel's caches can be dropped: root, and not in a container that forbids it. */
    static boolean canDropCaches() {
        try {
            dropCaches();
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static void dropCaches() throws IOException {
        Process sync =
                new ProcessBuilder("sync").inheritIO().start(); // writes back what is dirty: only clean pages can go
        try {
            sync.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Stop.Stopped();
        }
        Files.writeString(Path.of("/proc/sys/vm/drop_caches"), "3\n");
    }

    // Big files

    private void bigFiles(Path place, Listener listener) throws IOException {
        String big = place.resolve("big").toString();
        String small = place.resolve("big4k").toString();
        long size = scale.bigBytes();
        long ns = scale.timedNs();
        listener.onFigure("write 1M", writeFile(big, MIB, size));
        listener.onFigure("write 4k", writeFile(small, BLOCK, scale.smallBytes()));
        checked(Linux.unlink(small), "unlink");
        cold();
        listener.onFigure("read 1M cold", readFile(big, size));
        listener.onFigure("read 1M warm", readFile(big, size));
        int[] order = shuffled((int) (size / BLOCK), 11);
        cold();
        listener.onFigure("rand read 4k x1 cold", randomReads(big, order, 1, ns));
        cold();
        listener.onFigure("rand read 4k x4 cold", randomReads(big, order, READERS, ns));
        listener.onFigure("rand write 4k", randomWrites(big, order, ns));
        checked(Linux.unlink(big), "unlink");
    }

    private double writeFile(String file, int block, long size) throws IOException {
        long fromNs = now();
        int fd = checked(Linux.open(file, CREATE, 0644), "open");
        try {
            for (long at = 0; at < size; at += block) {
                whole(Linux.pwrite(fd, buffer, 0, block, at), block, "pwrite");
                if (at % (64 * MIB) == 0) {
                    session.stop().check();
                }
            }
            checked(Linux.fsync(fd), "fsync");
        } finally {
            Linux.close(fd);
        }
        return perSecond(size / 1e6, fromNs);
    }

    private double readFile(String file, long size) throws IOException {
        long fromNs = now();
        int fd = checked(Linux.open(file, Linux.O_RDONLY | Linux.O_CLOEXEC, 0), "open");
        try {
            for (long at = 0; at < size; at += MIB) {
                whole(Linux.pread(fd, buffer, 0, MIB, at), MIB, "pread");
            }
        } finally {
            Linux.close(fd);
        }
        return perSecond(size / 1e6, fromNs);
    }

    /** Every block once, in no order. */
    private static int[] shuffled(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    private double randomReads(String file, int[] order, int readers, long durationNs) throws IOException {
        AtomicLong done = new AtomicLong();
        AtomicReference<IOException> failure = new AtomicReference<>();
        CountDownLatch ended = new CountDownLatch(readers);
        long fromNs = now();
        for (int reader = 0; reader < readers; reader++) {
            int slot = reader;
            Runnable work = () -> {
                try {
                    done.addAndGet(readBlocks(file, order, slot, order.length / readers * slot, fromNs + durationNs));
                } catch (IOException e) {
                    failure.compareAndSet(null, e);
                } finally {
                    ended.countDown();
                }
            };
            if (readers == 1) {
                work.run();
            } else {
                Thread.ofPlatform().name("reader-" + slot).start(work);
            }
        }
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Stop.Stopped();
        }
        if (failure.get() != null) {
            throw failure.get();
        }
        return perSecond(done.get(), fromNs);
    }

    private long readBlocks(String file, int[] order, int slot, int first, long untilNs) throws IOException {
        int fd = checked(Linux.open(file, Linux.O_RDONLY | Linux.O_CLOEXEC, 0), "open");
        long done = 0;
        try {
            for (int i = first; now() - untilNs < 0; i = i + 1 == order.length ? 0 : i + 1) {
                long at = (long) order[i] * BLOCK;
                whole(Linux.pread(fd, buffer, (slot + 1L) * MIB, BLOCK, at), BLOCK, "pread");
                done++;
                if (done % 4096 == 0 && session.stop().isRequested()) {
                    break;
                }
            }
        } finally {
            Linux.close(fd);
        }
        return done;
    }

    private double randomWrites(String file, int[] order, long durationNs) throws IOException {
        int fd = checked(Linux.open(file, Linux.O_WRONLY | Linux.O_CLOEXEC, 0), "open");
        long fromNs = now();
        long done = 0;
        try {
            for (int i = 0; now() - fromNs < durationNs; i = i + 1 == order.length ? 0 : i + 1) {
                whole(Linux.pwrite(fd, buffer, 0, BLOCK, (long) order[i] * BLOCK), BLOCK, "pwrite");
                done++;
            }
            return perSecond(done, fromNs);
        } finally {
            Linux.close(fd);
        }
    }

    private void appends(Path place, Listener listener) throws IOException {
        long ns = scale.timedNs();
        int fd = checked(Linux.open(place.resolve("log").toString(), CREATE, 0644), "open");
        long fromNs = now();
        long done = 0;
        try {
            while (now() - fromNs < ns) {
                whole(Linux.pwrite(fd, buffer, 0, BLOCK, done * BLOCK % (64L * MIB)), BLOCK, "pwrite");
                checked(Linux.fsync(fd), "fsync");
                done++;
            }
            listener.onFigure("append 4k + fsync", perSecond(done, fromNs));
        } finally {
            Linux.close(fd);
        }
    }

    // Small files

    private void smallFiles(Path place, Listener listener) throws IOException {
        int count = scale.files();
        Path folder = place.resolve("files");
        checked(Linux.mkdir(folder.toString(), 0755), "mkdir");
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            names.add(folder.resolve(String.format("f%06d", i)).toString());
        }
        long fromNs = now();
        for (String name : names) {
            int fd = checked(Linux.open(name, CREATE, 0644), "create");
            whole(Linux.write(fd, buffer, 0, BLOCK), BLOCK, "write");
            checked(Linux.close(fd), "close");
        }
        listener.onFigure("create + write 4k", perSecond(count, fromNs));
        cold();
        fromNs = now();
        for (String name : names) {
            checked(Linux.stat(name, stat), "stat");
        }
        listener.onFigure("stat cold", perSecond(count, fromNs));
        fromNs = now();
        int listed = 0;
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                checked(Linux.lstat(entry.toString(), stat), "lstat");
                listed++;
            }
        }
        listener.onFigure("list -l", perSecond(listed, fromNs));
        cold();
        fromNs = now();
        for (String name : names) {
            int fd = checked(Linux.open(name, Linux.O_RDONLY | Linux.O_CLOEXEC, 0), "open");
            whole(Linux.read(fd, buffer, MIB, 2L * BLOCK), BLOCK, "read");
            checked(Linux.close(fd), "close");
        }
        listener.onFigure("read small cold", perSecond(count, fromNs));
        fromNs = now();
        for (String name : names) {
            checked(Linux.unlink(name), "unlink");
        }
        listener.onFigure("unlink", perSecond(count, fromNs));
    }

    private void unpack(Path place, Listener listener) throws IOException {
        Path root = place.resolve("include");
        checked(Linux.mkdir(root.toString(), 0755), "mkdir");
        List<String> paths = tree.entries().stream()
                .map(e -> root.resolve(e.name()).toString())
                .toList();
        long fromNs = now();
        for (int i = 0; i < paths.size(); i++) {
            byte[] content = tree.entries().get(i).content();
            if (content == null) {
                checked(Linux.mkdir(paths.get(i), 0755), "mkdir");
                continue;
            }
            int fd = checked(Linux.open(paths.get(i), CREATE, 0644), "create");
            for (int at = 0; at < content.length; at += MIB) {
                int length = Math.min(MIB, content.length - at);
                MemorySegment.copy(content, at, buffer, ValueLayout.JAVA_BYTE, MIB, length);
                whole(Linux.write(fd, buffer, MIB, length), length, "write");
            }
            checked(Linux.close(fd), "close");
        }
        listener.onFigure("untar", perSecond(paths.size(), fromNs));
        fromNs = now();
        Scratch.removeTree(root);
        listener.onFigure("rm -rf", perSecond(paths.size(), fromNs));
    }
}
