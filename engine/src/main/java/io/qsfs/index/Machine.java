package io.qsfs.index;

import io.qsfs.bindings.linux.FileStat;
import io.qsfs.bindings.linux.Linux;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What tells one run of a machine, and one file of it, from all others; a seam for tests.
 *
 * <p>Threading: any thread.
 */
public interface Machine {
    /** This machine. */
    Machine THIS = new Machine() {
        private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

        @Override
        public String bootId() {
            try {
                return Files.readString(BOOT_ID).strip();
            } catch (IOException e) {
                throw new UncheckedIOException(BOOT_ID + " cannot be read", e);
            }
        }

        @Override
        public FileIdentity identify(Path file) {
            FileStat stat = new FileStat();
            if (Linux.stat(file.toString(), stat) < 0) {
                return null;
            }
            long mount = Linux.mountIdUnique(file.toString());
            return new FileIdentity(stat.device, stat.inode, mount < 0 ? FileIdentity.NO_MOUNT : mount);
        }
    };

    /** Drawn anew at every start of the kernel. */
    String bootId();

    /** Who the file is now, or null when there is none. */
    FileIdentity identify(Path file);

    /**
     * A file as the kernel knows it until the next boot. Device and inode are not enough: a loop device that is used
     * again for another image has the same numbers in the same boot, so the mount counts too.
     *
     * @param device  st_dev.
     * @param inode   st_ino.
     * @param mountId unique id of the mount that it lies on, {@link #NO_MOUNT} where the kernel (before 6.8) has none.
     */
    record FileIdentity(long device, long inode, long mountId) {
        /** No id of a mount. */
        public static final long NO_MOUNT = 0;
    }
}
