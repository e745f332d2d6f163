package io.qsfs.log;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;

import io.qsfs.memory.Id128;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * What stands in the state directory between two mounts, and in another file of the same kind while one runs: where log and
 * index were, and which files they were. Whether that makes the index trusted is not decided here.
 *
 * <pre>
 *   0                8          16     20         24              32        48
 *  +----------------+----------+------+----------+---------------+---------+--------------
 *  | meta position  | sequence | crc  |    0     | data position | boot id | index device
 *  +----------------+----------+------+----------+---------------+---------+--------------
 *   56             64           72           80               96
 *  +--------------+------------+------------+----------------+
 *  | index inode  | log device | log inode  | mount id       |   payload of state file kind 2
 *  +--------------+------------+------------+----------------+
 * </pre>
 *
 * @param metaPosition of the last record that the index has.
 * @param sequence     of that record.
 * @param crc          of that record.
 * @param dataPosition end of the data stream.
 * @param bootId       see {@link BootId}.
 * @param indexDevice  device of the index file.
 * @param indexInode   its inode: a copy has another.
 * @param logDevice    device of the log directory.
 * @param logInode     its inode.
 * @param mountId      the mount that wrote this.
 */
public record CleanMarker(
        long metaPosition,
        long sequence,
        int crc,
        long dataPosition,
        Id128 bootId,
        long indexDevice,
        long indexInode,
        long logDevice,
        long logInode,
        Id128 mountId) {
    private static final int KIND = 2;
    private static final int BYTES = 96;

    /** What {@code path} holds; null when it does not exist. */
    public static CleanMarker read(Disk disk, Path path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment payload = new StateFile(disk, path, KIND).read(arena);
            if (payload == null || payload.byteSize() < BYTES) {
                return null;
            }
            return new CleanMarker(
                    payload.get(LONG, 0),
                    payload.get(LONG, 8),
                    payload.get(INT, 16),
                    payload.get(LONG, 24),
                    Id128.read(payload, 32),
                    payload.get(LONG, 48),
                    payload.get(LONG, 56),
                    payload.get(LONG, 64),
                    payload.get(LONG, 72),
                    Id128.read(payload, 80));
        }
    }

    /** Writes it to {@code path}; durable on return. */
    public void write(Disk disk, Path path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment payload = arena.allocate(BYTES, 8);
            payload.set(LONG, 0, metaPosition);
            payload.set(LONG, 8, sequence);
            payload.set(INT, 16, crc);
            payload.set(INT, 20, 0);
            payload.set(LONG, 24, dataPosition);
            bootId.write(payload, 32);
            payload.set(LONG, 48, indexDevice);
            payload.set(LONG, 56, indexInode);
            payload.set(LONG, 64, logDevice);
            payload.set(LONG, 72, logInode);
            mountId.write(payload, 80);
            new StateFile(disk, path, KIND).write(payload);
        }
    }

    /** Removes it from {@code path}; durable on return. */
    public static void remove(Disk disk, Path path) {
        new StateFile(disk, path, KIND).remove();
    }
}
