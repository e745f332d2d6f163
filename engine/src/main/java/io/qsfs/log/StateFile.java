package io.qsfs.log;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;

import io.qsfs.bindings.isal.Isal;
import io.qsfs.bindings.linux.Linux;
import io.qsfs.config.QsfsException;
import io.qsfs.memory.Failpoint;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * A small record in a file of its own, replaced as a whole or not at all: written under a name for unfinished ones, synced,
 * renamed, directory synced. When {@link #write} returns it is durable.
 *
 * <pre>
 *   0          8         12     16              20       24
 *  +----------+---------+------+---------------+--------+---------
 *  | QSFSSTAT | version | kind | payload bytes | crc32c | payload
 *  +----------+---------+------+---------------+--------+---------
 * </pre>
 *
 * The checksum covers bytes 8..19 and the payload.
 *
 * <p>Threading: one thread at a time for a file.
 */
public final class StateFile {
    /** The longest payload. */
    public static final int PAYLOAD_BYTES_MAX = 4096;

    private static final long MAGIC = 0x5441_5453_5346_5351L; // "QSFSSTAT"
    private static final int VERSION = 1;
    private static final int AT_VERSION = 8;
    private static final int AT_KIND = 12;
    private static final int AT_PAYLOAD_BYTES = 16;
    private static final int AT_CRC = 20;
    private static final int HEADER_BYTES = 24;
    private static final int PERMISSIONS = 0600;

    private final Disk disk;
    private final Path path;
    private final int kind;

    /** A state file; {@code kind} tells one from another and is part of the format. */
    public StateFile(Disk disk, Path path, int kind) {
        this.disk = disk;
        this.path = path;
        this.kind = kind;
    }

    /**
     * Replaces the record durably. {@code payload} is borrowed until return.
     *
     * @throws QsfsException when the disk refuses; the old record is then still there.
     */
    public void write(MemorySegment payload) {
        int bytes = Math.toIntExact(payload.byteSize());
        if (bytes > PAYLOAD_BYTES_MAX) {
            throw new IllegalArgumentException("payload of " + bytes + " bytes for " + path);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment content = arena.allocate(HEADER_BYTES + bytes, 8);
            content.set(LONG, 0, MAGIC);
            content.set(INT, AT_VERSION, VERSION);
            content.set(INT, AT_KIND, kind);
            content.set(INT, AT_PAYLOAD_BYTES, bytes);
            MemorySegment.copy(payload, 0, content, HEADER_BYTES, bytes);
            content.set(INT, AT_CRC, crc(content, bytes));
            int outcome = replace(content);
            if (outcome < 0) {
                throw new QsfsException("The state file " + path + " cannot be written (errno " + -outcome + "): "
                        + (outcome == -Linux.ENOSPC ? "free some space on that disk." : "check the disk."));
            }
        }
    }

    private int replace(MemorySegment content) {
        Path unfinished = path.resolveSibling(path.getFileName() + SegmentName.UNFINISHED_SUFFIX);
        int fd = disk.open(unfinished, Linux.O_WRONLY | Linux.O_CREAT | Linux.O_TRUNC, PERMISSIONS);
        if (fd < 0) {
            return fd;
        }
        int outcome = disk.pwrite(fd, content, 0, content.byteSize(), 0);
        if (outcome >= 0) {
            outcome = disk.fsync(fd);
        }
        disk.close(fd);
        if (outcome >= 0) {
            Failpoint.STATE_FILE_WRITTEN.hit();
            outcome = disk.rename(unfinished, path);
        }
        if (outcome >= 0) {
            Failpoint.STATE_FILE_NAMED.hit();
            outcome = disk.syncDirectory(path.getParent());
        } else {
            disk.unlink(unfinished);
        }
        return outcome;
    }

    /**
     * The payload, in memory of {@code arena}; null when the file does not exist.
     *
     * @throws QsfsException when it exists and is not sound.
     */
    public MemorySegment read(Arena arena) {
        int fd = disk.open(path, Linux.O_RDONLY, 0);
        if (fd == -Linux.ENOENT) {
            return null;
        }
        if (fd < 0) {
            throw damaged("cannot be opened: errno=" + -fd);
        }
        MemorySegment content = arena.allocate(HEADER_BYTES + PAYLOAD_BYTES_MAX, 8);
        long bytes = disk.pread(fd, content, 0, content.byteSize(), 0);
        disk.close(fd);
        if (bytes < 0) {
            throw damaged("cannot be read: errno=" + -bytes);
        }
        String defect = defect(content, bytes);
        if (defect != null) {
            throw damaged(defect);
        }
        return content.asSlice(HEADER_BYTES, content.get(INT, AT_PAYLOAD_BYTES));
    }

    /** What is wrong with these bytes of a file, or null. Safe on arbitrary bytes. */
    String defect(MemorySegment content, long available) {
        if (available < HEADER_BYTES || content.get(LONG, 0) != MAGIC) {
            return "is no state file";
        }
        int bytes = content.get(INT, AT_PAYLOAD_BYTES);
        if (bytes < 0 || bytes > PAYLOAD_BYTES_MAX || bytes > available - HEADER_BYTES) {
            return "is cut off: payload=" + bytes + " file=" + available;
        }
        if (content.get(INT, AT_CRC) != crc(content, bytes)) {
            return "has a wrong checksum";
        }
        if (content.get(INT, AT_VERSION) != VERSION || content.get(INT, AT_KIND) != kind) {
            return "is of another kind: version=" + content.get(INT, AT_VERSION) + " kind=" + content.get(INT, AT_KIND);
        }
        return null;
    }

    private QsfsException damaged(String what) {
        return new QsfsException("The state file " + path + " " + what
                + ": if it cannot be restored, start with an empty state directory and qsfs recover.");
    }

    private static int crc(MemorySegment content, int payloadBytes) {
        int crc = Isal.crc32c(content, AT_VERSION, AT_CRC - AT_VERSION, 0);
        return Isal.crc32c(content, HEADER_BYTES, payloadBytes, crc);
    }
}
