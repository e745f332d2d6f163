package io.qsfs.mount;

import io.qsfs.bindings.linux.FileStat;
import io.qsfs.bindings.linux.Linux;
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
        FileStat stat = new FileStat();
        if (Linux.stat(mountPoint.toString(), stat) != 0) {
            return;
        }
        // st_dev as glibc packs it: 12 bits of major in the middle, minor around it.
        long major = stat.device >>> 8 & 0xfff | stat.device >>> 32 & ~0xfffL;
        long minor = stat.device & 0xff | stat.device >>> 12 & ~0xffL;
        Path settings = Path.of("/sys/class/bdi", major + ":" + (minor & 0xffffffffL));
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
