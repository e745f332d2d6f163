package io.qsfs.fs;

import static io.qsfs.fs.CommandDescriptor.A;
import static io.qsfs.fs.CommandDescriptor.B;
import static io.qsfs.fs.CommandDescriptor.INO;
import static io.qsfs.fs.CommandDescriptor.MODE;
import static io.qsfs.fs.CommandDescriptor.REQUEST;
import static io.qsfs.fs.CommandDescriptor.TEXT;
import static io.qsfs.fs.CommandDescriptor.UID;
import static io.qsfs.fs.CommandDescriptor.X;
import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;

import io.qsfs.bindings.isal.Isal;
import io.qsfs.log.DataStream;
import io.qsfs.memory.Failpoint;
import java.lang.foreign.MemorySegment;

/**
 * Moves one payload into the data stream: claim, one {@code pwrite} from where it lies, checksum, command.
 *
 * <p>Threading: one thread, whose claim slot this is.
 */
final class WriteSender implements ParkedWrites.Sender {
    private final int slot;
    private final DataStream data;
    private final CommandRing ring;
    private final MemorySegment ringMemory;

    WriteSender(int slot, FileSystem fs) {
        this.slot = slot;
        this.data = fs.log().data();
        this.ring = fs.ring();
        this.ringMemory = ring.memory();
    }

    @Override
    public int send(long request, long ino, MemorySegment payload, int length, long offset, int flags) {
        long position = data.claim(slot, length);
        if (position < 0) {
            return (int) -position;
        }
        Failpoint.DATA_CLAIMED.hit();
        int errno = data.write(position, payload, 0, length);
        if (errno != 0) {
            data.end(slot);
            return errno;
        }
        Failpoint.DATA_WRITTEN.hit();
        int crc = Isal.crc32c(payload, 0, length, 0);
        int at = ring.claim(CommandType.WRITE, TEXT);
        ringMemory.set(LONG, at + REQUEST, request);
        ringMemory.set(LONG, at + INO, ino);
        ringMemory.set(LONG, at + A, offset);
        ringMemory.set(LONG, at + B, position);
        ringMemory.set(INT, at + MODE, length);
        ringMemory.set(INT, at + X, crc);
        ringMemory.set(INT, at + UID, flags);
        ring.publish(at);
        Failpoint.WRITE_PUBLISHED.hit();
        // After the command: whoever sees this claim ended finds its command in the ring.
        data.end(slot);
        return 0;
    }
}
