package io.qsfs.bench.jmh;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the threads of a Java process have done so far, by the kind of thread: {@code fuse-worker}, {@code file-system} and so on.
 *
 * @param wakeUps times that a thread slept of its own will, and was woken.
 * @param allocated bytes on the heap.
 */
record ProcessCounters(Map<String, Long> wakeUps, Map<String, Long> allocated) {
    private static final Pattern SWITCHES = Pattern.compile("^voluntary_ctxt_switches:\\s*(\\d+)$", Pattern.MULTILINE);
    private static final Pattern THREAD =
            Pattern.compile("^\"([^\"]+)\".* allocated=(\\d+)([BKMG])? ", Pattern.MULTILINE);
    /** The JVM's own threads: what they do is not paid for an operation. */
    private static final Pattern OF_JVM = Pattern.compile(
            "(C1 |C2 |VM |Monitor |Attach |Service |Signal |Common|Notification|Reference |Finalizer|Cleaner|main|java).*");

    private static final String UNITS = "BKMG";
    private static final int UNIT_SHIFT = 10;

    static ProcessCounters of(long pid) throws IOException, InterruptedException {
        Map<String, Long> wakeUps = new TreeMap<>();
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "task"))) {
            for (Path thread : threads) {
                addWakeUps(thread, wakeUps);
            }
        }
        Process jcmd = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        Long.toString(pid),
                        "Thread.print",
                        "-e")
                .redirectErrorStream(true)
                .start();
        String text = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (jcmd.waitFor() != 0) {
            throw new IOException("jcmd " + pid + " Thread.print: " + text.strip());
        }
        Map<String, Long> allocated = new TreeMap<>();
        Matcher matcher = THREAD.matcher(text);
        while (matcher.find()) {
            int unit = matcher.group(3) == null ? 0 : UNITS.indexOf(matcher.group(3));
            allocated.merge(kind(matcher.group(1)), Long.parseLong(matcher.group(2)) << (UNIT_SHIFT * unit), Long::sum);
        }
        return new ProcessCounters(wakeUps, allocated);
    }

    private static void addWakeUps(Path thread, Map<String, Long> wakeUps) throws IOException {
        try {
            String kind = kind(Files.readString(thread.resolve("comm")).strip());
            Matcher matcher = SWITCHES.matcher(Files.readString(thread.resolve("status")));
            if (matcher.find()) {
                wakeUps.merge(kind, Long.parseLong(matcher.group(1)), Long::sum);
            }
        } catch (NoSuchFileException e) {
            return; // the thread ended meanwhile
        }
    }

    /** Without the number at the end. */
    private static String kind(String name) {
        return name.replaceAll("[-#]?\\d+$", "");
    }

    Map<String, Long> wakeUpsSince(ProcessCounters before) {
        return difference(wakeUps, before.wakeUps);
    }

    Map<String, Long> allocatedSince(ProcessCounters before) {
        return difference(allocated, before.allocated);
    }

    private static Map<String, Long> difference(Map<String, Long> after, Map<String, Long> before) {
        Map<String, Long> difference = new TreeMap<>();
        after.forEach((name, count) -> {
            if (!OF_JVM.matcher(name).matches()) {
                difference.put(name, count - before.getOrDefault(name, 0L));
            }
        });
        return difference;
    }
}
