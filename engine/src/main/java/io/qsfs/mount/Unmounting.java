package io.qsfs.mount;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.memory.Failpoint;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Unmounts what this process serves. The kernel writes pages back on the way, and waits for this process to take them; a thread of
 * ours that waits there cannot be killed, and keeps the connection open that it waits for. So another process waits:
 * {@code fusermount3}, which may unmount for users without privileges too.
 *
 * <p>Threading: stateless; blocks.
 */
final class Unmounting {
    private static final String BUSY = "busy";

    private Unmounting() {}

    /** 0 when it is unmounted, also when it was before, or a negative errno: {@code -EBUSY} while files are open. */
    static int unmount(Path mountPoint) {
        Failpoint.UNMOUNT_BEGUN.hit();
        int outcome = byHelper(mountPoint);
        Failpoint.UNMOUNTED.hit();
        return outcome;
    }

    private static int byHelper(Path mountPoint) {
        ProcessBuilder builder =
                new ProcessBuilder("fusermount3", "-u", "--", mountPoint.toString()).redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C");
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) { // not installed
            return directly(mountPoint);
        }
        try {
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() == 0) {
                return 0;
            }
            return said.contains(BUSY) ? -Linux.EBUSY : directly(mountPoint);
        } catch (IOException e) {
            return directly(mountPoint);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return -Linux.EINTR;
        }
    }

    private static int directly(Path mountPoint) {
        int outcome = Linux.umount2(mountPoint.toString(), 0);
        return outcome == -Linux.EINVAL ? 0 : outcome; // it is unmounted already
    }
}
