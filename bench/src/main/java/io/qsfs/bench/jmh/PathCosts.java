package io.qsfs.bench.jmh;

import io.qsfs.bindings.linux.Linux;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.IntConsumer;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Counts what each path of a mount costs its process: system calls by strace, times that a thread slept and was woken, bytes on the
 * heap. Each path is walked three times: to have it compiled, to count what does not disturb, and under strace. What {@code
 * scripts/mount-costs} starts, once for the paths of a fresh mount and once for those of a mount whose names no kernel remembers.
 *
 * <p>Threading: one thread, a process of its own beside the mount's.
 */
@Command(name = "mount-costs", mixinStandardHelpOptions = true)
public final class PathCosts implements Callable<Integer> {
    private static final int SMALL_BYTES = 4096;
    private static final int LARGE_BYTES = 1 << 20;
    private static final int READ_BYTES = 128 << 10;
    private static final int PASSES = 3;
    private static final int MODE = 0644;

    @Option(names = "--pid", required = true, description = "process of the mount")
    private long pid;

    @Option(names = "--count", defaultValue = "2000", description = "operations of a pass (${DEFAULT-VALUE})")
    private int count;

    @Option(names = "--cold", description = "the paths of names and bytes that the kernel does not remember")
    private boolean isCold;

    @Parameters(paramLabel = "DIR", description = "mount point")
    private Path directory;

    private final PrintStream out = System.out;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment buffer = Buffers.random(arena, LARGE_BYTES);

    /** A walk over {@code count} operations, the pass is 0 to 2. */
    @FunctionalInterface
    private interface Walk {
        void run(int pass);
    }

    private PathCosts() {}

    /** Starts it. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new PathCosts()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (isCold) {
            walkCold();
        } else {
            walkFresh();
        }
        return 0;
    }

    private void walkFresh() throws IOException, InterruptedException {
        for (int pass = 0; pass < PASSES; pass++) {
            Files.createDirectories(folder(pass));
        }
        out.println("| path | system calls of the process, per operation | woken, per operation | heap, B/op |");
        out.println("|---|---|---|---|");
        measure("create an empty file", count, each(this::create));
        measure("write 4 KiB into a file, close", count, each(this::writeSmall));
        measure("append 4 KiB, fsync", count / 10, pass -> appendAndSync(pass, count / 10));
        measure("write 1 MiB", count / 20, pass -> writeLarge(pass, count / 20));
        measure("read 128 KiB, warm", count / 20, pass -> readLarge(pass, count / 20));
        measure("read 128 KiB, cold", count / 20, pass -> {
            forgetLarge(pass);
            readLarge(pass, count / 20);
        });
    }

    private void walkCold() throws IOException, InterruptedException {
        measure("lookup and stat, cold", count, each(this::stat));
        measure("read 4 KiB of a small file, cold", count, each(this::readSmall));
        measure("list, an entry", count, this::list);
        measure("unlink", count, each(this::unlink));
    }

    private Walk each(java.util.function.BiConsumer<Integer, Integer> operation) {
        return pass -> repeat(i -> operation.accept(pass, i));
    }

    private void repeat(IntConsumer operation) {
        for (int i = 0; i < count; i++) {
            operation.accept(i);
        }
    }

    private Path folder(int pass) {
        return directory.resolve("costs-" + pass);
    }

    private String file(int pass, int number) {
        return folder(pass).resolve("file-" + number).toString();
    }

    private void create(int pass, int number) {
        Linux.close(required(Linux.open(file(pass, number), Linux.O_WRONLY | Linux.O_CREAT, MODE), "create"));
    }

    private void writeSmall(int pass, int number) {
        int fd = required(Linux.open(file(pass, number), Linux.O_WRONLY, 0), "open");
        required((int) Linux.pwrite(fd, buffer, 0, SMALL_BYTES, 0), "pwrite");
        Linux.close(fd);
    }

    private void readSmall(int pass, int number) {
        int fd = required(Linux.open(file(pass, number), Linux.O_RDONLY, 0), "open");
        required((int) Linux.pread(fd, buffer, 0, SMALL_BYTES, 0), "pread");
        Linux.close(fd);
    }

    private void appendAndSync(int pass, int times) {
        int fd = required(
                Linux.open(directory.resolve("synced-" + pass).toString(), Linux.O_WRONLY | Linux.O_CREAT, MODE),
                "open");
        for (int i = 0; i < times; i++) {
            required((int) Linux.pwrite(fd, buffer, 0, SMALL_BYTES, (long) i * SMALL_BYTES), "pwrite");
            required(Linux.fsync(fd), "fsync");
        }
        Linux.close(fd);
    }

    private String large(int pass) {
        return directory.resolve("large-" + pass).toString();
    }

    private void writeLarge(int pass, int times) {
        int fd = required(Linux.open(large(pass), Linux.O_WRONLY | Linux.O_CREAT, MODE), "open");
        for (int i = 0; i < times; i++) {
            required((int) Linux.pwrite(fd, buffer, 0, LARGE_BYTES, (long) i * LARGE_BYTES), "pwrite");
        }
        required(Linux.fsync(fd), "fsync");
        Linux.close(fd);
    }

    private void readLarge(int pass, int times) {
        int fd = required(Linux.open(large(pass), Linux.O_RDONLY, 0), "open");
        for (int i = 0; i < times; i++) {
            required((int) Linux.pread(fd, buffer, 0, READ_BYTES, (long) i * READ_BYTES), "pread");
        }
        Linux.close(fd);
    }

    private void forgetLarge(int pass) {
        int fd = required(Linux.open(large(pass), Linux.O_RDONLY, 0), "open");
        required(Linux.posixFadvise(fd, 0, 0, Linux.POSIX_FADV_DONTNEED), "posix_fadvise");
        Linux.close(fd);
    }

    private void stat(int pass, int number) {
        required(Linux.stat(file(pass, number), new io.qsfs.bindings.linux.FileStat()), "stat");
    }

    private void unlink(int pass, int number) {
        required(Linux.unlink(file(pass, number)), "unlink");
    }

    private void list(int pass) {
        int entries = 0;
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder(pass))) {
            for (Path ignored : stream) {
                entries++;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (entries != count) {
            throw new IllegalStateException("listed " + entries + " of " + count);
        }
    }

    private static int required(int result, String what) {
        if (result < 0) {
            throw new IllegalStateException(what + ": errno=" + -result);
        }
        return result;
    }

    private void measure(String name, int operations, Walk walk) throws IOException, InterruptedException {
        walk.run(0);
        ProcessCounters before = ProcessCounters.of(pid);
        walk.run(1);
        ProcessCounters after = ProcessCounters.of(pid);
        Strace strace = Strace.attach(pid);
        walk.run(2);
        Map<String, Long> calls = strace.detach();
        out.println("| " + name + " | " + perOperation(calls, operations) + " | "
                + perOperation(after.wakeUpsSince(before), operations) + " | "
                + perOperation(after.allocatedSince(before), operations) + " |");
    }

    /** Largest first; what happens less than once in a hundred operations is left out. */
    private static String perOperation(Map<String, Long> counts, int operations) {
        List<String> words = new ArrayList<>();
        counts.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .filter(entry -> entry.getValue() * 100 >= operations)
                .forEach(entry -> words.add(
                        String.format(Locale.ROOT, "%s %.2f", entry.getKey(), (double) entry.getValue() / operations)));
        return words.isEmpty() ? "none" : String.join(", ", words);
    }
}
