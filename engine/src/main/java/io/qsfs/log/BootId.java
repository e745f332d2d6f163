package io.qsfs.log;

import io.qsfs.memory.Id128;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Which boot of the machine this is: the page cache lives as long. */
public final class BootId {
    /** Where Linux says it. */
    public static final Path DEFAULT_PATH = Path.of("/proc/sys/kernel/random/boot_id");

    private BootId() {}

    /** The boot id in {@code path}; NIL when it cannot be read, which is equal to no other boot. */
    public static Id128 read(Path path) {
        try {
            return Id128.parse(Files.readString(path).strip().replace("-", ""));
        } catch (IOException | IllegalArgumentException e) {
            return Id128.NIL;
        }
    }

    /** True when both are known and the same. */
    public static boolean isSame(Id128 one, Id128 other) {
        return !one.isNil() && one.equals(other);
    }
}
