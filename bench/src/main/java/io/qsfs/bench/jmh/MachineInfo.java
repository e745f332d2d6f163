package io.qsfs.bench.jmh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Where and with what the figures were taken. */
final class MachineInfo {
    private static final Path GOVERNOR = Path.of("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    private static final String UNKNOWN = "unknown";

    private MachineInfo() {}

    /** In the order in which they are shown. */
    static Map<String, Object> describe(List<String> jvmFlags) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("processor", field("/proc/cpuinfo", "model name"));
        facts.put("processors", Runtime.getRuntime().availableProcessors());
        facts.put("memory", field("/proc/meminfo", "MemTotal"));
        facts.put("governor", read(GOVERNOR));
        facts.put("load", read(Path.of("/proc/loadavg")));
        facts.put("kernel", System.getProperty("os.version"));
        facts.put("jdk", System.getProperty("java.vendor.version", "") + " " + Runtime.version());
        facts.put("jvmFlags", jvmFlags);
        facts.put("libcrypto", io.qsfs.bindings.crypto.OpenSsl.version());
        facts.put("libfuse", io.qsfs.bindings.fuse.Fuse.packageVersion());
        facts.put("commit", System.getProperty("qsfs.commit", UNKNOWN));
        return facts;
    }

    private static String field(String file, String name) {
        return read(Path.of(file))
                .lines()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse(UNKNOWN);
    }

    /** A file that a machine may lack. */
    private static String read(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            return UNKNOWN;
        }
    }
}
