package io.qsfs.log;

import static io.qsfs.memory.LittleEndian.LONG;

import io.qsfs.memory.Id128;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.security.SecureRandom;

/**
 * Counts the mounts of a state directory and gives each an identity that no other has, durable before its first record.
 *
 * <pre>
 *   0         8          24
 *  +---------+----------+
 *  | counter | mount id |   payload of state file kind 1
 *  +---------+----------+
 * </pre>
 *
 * @param counter how often the state directory was mounted.
 * @param mountId of the last mount.
 */
public record MountState(long counter, Id128 mountId) {
    /** Before the first mount. */
    public static final MountState NONE = new MountState(0, Id128.NIL);

    private static final int KIND = 1;
    private static final int BYTES = 24;

    /** What {@code path} holds; NONE when it does not exist. */
    public static MountState read(Disk disk, Path path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment payload = new StateFile(disk, path, KIND).read(arena);
            return payload == null ? NONE : new MountState(payload.get(LONG, 0), Id128.read(payload, 8));
        }
    }

    /** Draws the identity of the next mount; when this returns, it is durable. */
    public static MountState next(Disk disk, Path path, SecureRandom random) {
        MountState next = new MountState(read(disk, path).counter + 1, Id128.random(random));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment payload = arena.allocate(BYTES, 8);
            payload.set(LONG, 0, next.counter);
            next.mountId.write(payload, 8);
            new StateFile(disk, path, KIND).write(payload);
        }
        return next;
    }
}
