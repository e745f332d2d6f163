package io.qsfs.bench.tool;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a run was made on: figures without it say nothing.
 *
 * @param processor  model as the kernel names it.
 * @param processors that Java may use.
 * @param memoryBytes of the machine.
 * @param kernel     release.
 * @param java       version and vendor.
 * @param loadBefore load average of the last minute at the start: much of it is somebody else's work.
 */
public record Machine(
        String processor, int processors, long memoryBytes, String kernel, String java, double loadBefore) {
    /** This one. */
    static Machine here() {
        return new Machine(
                field(Path.of("/proc/cpuinfo"), "model name"),
                Runtime.getRuntime().availableProcessors(),
                memory(),
                System.getProperty("os.version"),
                Runtime.version() + " (" + System.getProperty("java.vendor") + ")",
                load());
    }

    private static long memory() {
        String text = field(Path.of("/proc/meminfo"), "MemTotal").replaceAll("[^0-9]", "");
        return text.isEmpty() ? -1 : Long.parseLong(text) * 1024;
    }

    static double load() {
        try {
            return Double.parseDouble(Files.readString(Path.of("/proc/loadavg")).split(" ")[0]);
        } catch (IOException | NumberFormatException e) {
            return -1; // not told here
        }
    }

    private static String field(Path file, String name) {
        try {
            return Files.readAllLines(file, StandardCharsets.ISO_8859_1).stream()
                    .filter(line -> line.startsWith(name))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        } catch (IOException e) {
            return "unknown"; // not told here
        }
    }
}
