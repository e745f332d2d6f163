package io.qsfs.mount;

import io.qsfs.bindings.linux.FileStat;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.QsfsException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kernel's table of mounts, as far as a mount point of ours is concerned.
 *
 * <p>Threading: stateless.
 */
final class MountTable {
    private static final Path TABLE = Path.of("/proc/self/mountinfo");
    private static final int DEVICE_FIELD = 2;
    private static final int MOUNT_POINT_FIELD = 4;
    private static final String SEPARATOR = " - ";
    private static final Logger LOG = LoggerFactory.getLogger(MountTable.class);

    private MountTable() {}

    /**
     * One mount.
     *
     * @param device major:minor, names the mount's directory under /sys/class/bdi.
     * @param mountPoint where.
     * @param type of the file system.
     * @param source as it was mounted.
     */
    record Entry(String device, Path mountPoint, String type, String source) {}

    /** The uppermost mount on exactly this path, or null. */
    static Entry find(Path mountPoint) {
        Entry found = null;
        for (Entry entry : entries()) {
            if (entry.mountPoint().equals(mountPoint)) {
                found = entry;
            }
        }
        return found;
    }

    private static List<Entry> entries() {
        List<Entry> entries = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(TABLE, StandardCharsets.UTF_8)) {
                Entry entry = parse(line);
                if (entry != null) {
                    entries.add(entry);
                }
            }
        } catch (IOException e) {
            throw new QsfsException("cannot read " + TABLE + " (" + e.getMessage() + "): is /proc mounted?", e);
        }
        return entries;
    }

    /** A line of mountinfo (proc(5)), or null when it is not one. */
    static Entry parse(String line) {
        int separator = line.indexOf(SEPARATOR);
        if (separator < 0) {
            return null;
        }
        String[] left = line.substring(0, separator).split(" ");
        String[] right = line.substring(separator + SEPARATOR.length()).split(" ");
        if (left.length <= MOUNT_POINT_FIELD || right.length < 2) {
            return null;
        }
        return new Entry(left[DEVICE_FIELD], Path.of(unescape(left[MOUNT_POINT_FIELD])), right[0], unescape(right[1]));
    }

    /** Space, tab, newline and backslash are written as three octal digits. */
    private static String unescape(String text) {
        if (text.indexOf('\\') < 0) {
            return text;
        }
        StringBuilder plain = new StringBuilder();
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '\\'
                    && at + 3 < text.length()
                    && text.substring(at + 1, at + 4).matches("[0-7]{3}")) {
                plain.append((char) Integer.parseInt(text.substring(at + 1, at + 4), 8));
                at += 4;
            } else {
                plain.append(c);
                at++;
            }
        }
        return plain.toString();
    }

    /**
     * Makes sure that a volume can be mounted there: an existing directory, no mount of ours on it; what a killed process left
     * behind is detached.
     *
     * @return a line for the user when something was detached, else null.
     */
    static String prepare(Path mountPoint) {
        String said = null;
        int outcome = Linux.stat(mountPoint.toString(), new FileStat());
        if (outcome == -Linux.ENOTCONN) {
            outcome = Linux.umount2(mountPoint.toString(), Linux.MNT_DETACH);
            if (outcome != 0) {
                throw new QsfsException("the mount point " + mountPoint
                        + " was left behind by a process that is gone and cannot be detached: run umount -l "
                        + mountPoint + " as root.");
            }
            said = "detached " + mountPoint + ", which a process that is gone had left mounted";
            outcome = Linux.stat(mountPoint.toString(), new FileStat());
        }
        if (outcome != 0 || !Files.isDirectory(mountPoint)) {
            throw new QsfsException("the mount point " + mountPoint
                    + (outcome == -Linux.ENOENT ? " does not exist" : " is not a directory that can be entered")
                    + ": make it with mkdir -p " + mountPoint + ".");
        }
        Entry entry = find(mountPoint);
        if (entry != null && entry.type().startsWith("fuse")) {
            throw new QsfsException("the mount point " + mountPoint + " is in use: " + entry.source() + " ("
                    + entry.type() + ") is mounted there; unmount it first or take another directory.");
        }
        return said;
    }

    /** Lets the kernel read ahead further and keep more dirty pages than its defaults for FUSE, where that is permitted. */
    static void tune(Path mountPoint) {
        Entry entry = find(mountPoint);
        if (entry == null) {
            return;
        }
        Path settings = Path.of("/sys/class/bdi", entry.device());
        set(settings.resolve("read_ahead_kb"), "1024");
        set(settings.resolve("max_ratio"), "40");
    }

    private static void set(Path file, String value) {
        try {
            Files.writeString(file, value);
        } catch (IOException e) {
            LOG.debug("{} stays as it is: {}", file, e.getMessage());
        }
    }
}
