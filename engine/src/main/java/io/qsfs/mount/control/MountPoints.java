package io.qsfs.mount.control;

import io.qsfs.bindings.linux.FsStat;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.Failures;
import io.qsfs.config.QsfsException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Mount points, looked at without entering them: one whose process is dead answers ENOTCONN to everything.
 *
 * <p>Threading: stateless.
 */
public final class MountPoints {
    private static final Path MOUNTINFO = Path.of("/proc/self/mountinfo");
    private static final int SYMLINKS_MAX = 40;

    private MountPoints() {}

    /**
     * A line of mountinfo.
     *
     * @param device     as {@code 0:52}, major and minor.
     * @param mountPoint canonical.
     * @param type       as {@code fuse.qsfs}.
     * @param source     as {@code qsfs:NAME}.
     */
    public record Mounted(String device, String mountPoint, String type, String source) {
        /** Whether it is one of ours. */
        public boolean isQsfs() {
            return type.equals("fuse.qsfs") || source.startsWith("qsfs:");
        }
    }

    /**
     * The path that the kernel knows a directory by, without touching the directory itself.
     *
     * @throws QsfsException when its parent does not exist.
     */
    public static Path canonical(Path directory) {
        Path path = directory.toAbsolutePath().normalize();
        try {
            for (int i = 0; i < SYMLINKS_MAX && Files.isSymbolicLink(path); i++) {
                path = path.resolveSibling(Files.readSymbolicLink(path)).normalize();
            }
            Path parent = path.getParent();
            return parent == null ? path : parent.toRealPath().resolve(path.getFileName());
        } catch (IOException e) {
            throw new QsfsException(
                    "directory " + directory + " cannot be found (" + Failures.reason(e) + "): check the path.", e);
        }
    }

    /** What is mounted on top at a canonical path, null when nothing is. */
    public static Mounted find(Path canonical) {
        Mounted top = null;
        for (Mounted mounted : list()) {
            if (mounted.mountPoint().equals(canonical.toString())) {
                top = mounted;
            }
        }
        return top;
    }

    /**
     * The device of what is mounted at a canonical path, as {@code 0:52}; null when nothing is. A process that serves a mount
     * asks here: if it asked its own mount and was killed before it answered, it could never end.
     */
    public static String device(Path canonical) {
        Mounted mounted = find(canonical);
        return mounted == null ? null : mounted.device();
    }

    /**
     * True when the process that served what is mounted here is gone. Attributes may still come from the kernel's cache, the
     * free space never does.
     */
    public static boolean isDead(Path canonical) {
        return Linux.statvfs(canonical.toString(), new FsStat()) == -Linux.ENOTCONN;
    }

    /** All that is mounted, in the order of mounting. */
    public static List<Mounted> list() {
        try {
            return parse(Files.readAllLines(MOUNTINFO, StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            throw new QsfsException(MOUNTINFO + " cannot be read (" + Failures.reason(e) + "): is /proc mounted?", e);
        }
    }

    /** Lines look like {@code 36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/root rw}. */
    static List<Mounted> parse(List<String> lines) {
        List<Mounted> mounts = new ArrayList<>();
        for (String line : lines) {
            int separator = line.indexOf(" - ");
            if (separator < 0) {
                continue;
            }
            String[] before = line.substring(0, separator).split(" ");
            String[] after = line.substring(separator + 3).split(" ");
            if (before.length >= 5 && after.length >= 2) {
                mounts.add(new Mounted(before[2], unescape(before[4]), after[0], unescape(after[1])));
            }
        }
        return mounts;
    }

    /** The kernel writes space, tab, newline and backslash as three octal digits; bytes are UTF-8 here. */
    private static String unescape(String field) {
        byte[] bytes = new byte[field.length()];
        int length = 0;
        for (int i = 0; i < field.length(); i++) {
            char c = field.charAt(i);
            if (c == '\\'
                    && i + 3 < field.length()
                    && field.substring(i + 1, i + 4).matches("[0-3][0-7][0-7]")) {
                bytes[length++] = (byte) Integer.parseInt(field.substring(i + 1, i + 4), 8);
                i += 3;
            } else {
                bytes[length++] = (byte) c;
            }
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }
}
