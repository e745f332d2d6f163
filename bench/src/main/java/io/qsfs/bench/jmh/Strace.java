package io.qsfs.bench.jmh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * strace on all threads of a process, counting.
 *
 * <p>Threading: one thread.
 */
final class Strace {
    private static final int SIGINT = 2;
    private static final int TIMEOUT_S = 60;
    private static final int CALLS_COLUMN = 3;
    private static final int COLUMNS_MIN = 5;

    private final Process process;
    private final Path output;

    private Strace(Process process, Path output) {
        this.process = process;
        this.output = output;
    }

    /** Begins to count; returns when every thread is attached. */
    static Strace attach(long pid) throws IOException {
        Path output = Files.createTempFile("strace", ".txt");
        Process process = new ProcessBuilder("strace", "-c", "-f", "-o", output.toString(), "-p", Long.toString(pid))
                .redirectErrorStream(true)
                .start();
        String said = process.inputReader().readLine(); // "strace: Process 4711 attached with 23 threads"
        if (said == null || !said.contains("attached")) {
            process.destroy();
            Files.delete(output);
            throw new IOException("strace does not attach to process " + pid + ": " + said);
        }
        return new Strace(process, output);
    }

    /** Ends counting; calls by name. */
    Map<String, Long> detach() throws IOException, InterruptedException {
        io.qsfs.bindings.linux.Linux.kill((int) process.pid(), SIGINT);
        if (!process.waitFor(TIMEOUT_S, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException("strace does not end");
        }
        Map<String, Long> calls = new TreeMap<>();
        for (String line : Files.readAllLines(output)) {
            String[] columns = line.strip().split("\\s+");
            boolean isCount = columns.length >= COLUMNS_MIN && columns[CALLS_COLUMN].matches("\\d+");
            if (isCount && !columns[columns.length - 1].equals("total")) {
                calls.put(columns[columns.length - 1], Long.parseLong(columns[CALLS_COLUMN]));
            }
        }
        Files.delete(output);
        return calls;
    }
}
