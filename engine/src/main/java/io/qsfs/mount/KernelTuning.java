package io.qsfs.mount;

import io.qsfs.mount.control.MountPoints;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the kernel read ahead further and keep more dirty pages than its defaults for FUSE, where that is permitted.
 *
 * <p>Threading: stateless.
 */
final class KernelTuning {
    private static final String READ_AHEAD_KB = "1024";
    private static final String MAX_RATIO_PERCENT = "40";
    private static final Logger LOG = LoggerFactory.getLogger(KernelTuning.class);

    private KernelTuning() {}

    static void apply(Path mountPoint) {
        String device = MountPoints.device(mountPoint);
        if (device == null) {
            return;
        }
        Path settings = Path.of("/sys/class/bdi", device);
        set(settings.resolve("read_ahead_kb"), READ_AHEAD_KB);
        set(settings.resolve("max_ratio"), MAX_RATIO_PERCENT);
    }

    private static void set(Path file, String value) {
        try {
            Files.writeString(file, value);
        } catch (IOException e) {
            LOG.debug("{} stays as it is: {}", file, e.getMessage());
        }
    }
}
