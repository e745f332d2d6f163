package io.qsfs.index;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;

import io.qsfs.bindings.isal.Isal;
import io.qsfs.memory.Id128;
import java.lang.foreign.MemorySegment;

/**
 * The end of a checkpoint file, behind the copy of the index: what the copy is of, and its checksum.
 *
 * <pre>
 *  0       8         12           16          32              40         48         56       60     64    68      72
 * +-------+---------+------------+-----------+---------------+----------+----------+--------+------+-----+-------+
 * | magic | version | content crc| volume id | content bytes | position | sequence | length | crc  |  0  | crc   |
 * +-------+---------+------------+-----------+---------------+----------+----------+--------+------+-----+-------+
 * </pre>
 *
 * Position, sequence, length and crc are those of the last applied record; the last field is the CRC32C of the bytes
 * before it.
 *
 * <p>Threading: stateless.
 */
final class CheckpointTrailer {
    static final int BYTES = 72;

    private static final long MAGIC = 0x31504b4353465351L; // "QSFSCKP1"
    private static final int VERSION = 1;
    private static final int AT_MAGIC = 0;
    private static final int AT_VERSION = 8;
    private static final int AT_CONTENT_CRC = 12;
    private static final int AT_VOLUME_ID = 16;
    private static final int AT_CONTENT_BYTES = 32;
    private static final int AT_POSITION = 40;
    private static final int AT_SEQUENCE = 48;
    private static final int AT_LENGTH = 56;
    private static final int AT_CRC = 60;
    private static final int AT_RESERVED = 64;
    private static final int AT_TRAILER_CRC = 68;

    private CheckpointTrailer() {}

    static void encode(MemorySegment out, CheckpointInfo info) {
        out.set(LONG, AT_MAGIC, MAGIC);
        out.set(INT, AT_VERSION, VERSION);
        out.set(INT, AT_CONTENT_CRC, info.contentCrc());
        info.volumeId().write(out, AT_VOLUME_ID);
        out.set(LONG, AT_CONTENT_BYTES, info.contentBytes());
        out.set(LONG, AT_POSITION, info.position());
        out.set(LONG, AT_SEQUENCE, info.sequence());
        out.set(INT, AT_LENGTH, info.length());
        out.set(INT, AT_CRC, info.crc());
        out.set(INT, AT_RESERVED, 0);
        out.set(INT, AT_TRAILER_CRC, Isal.crc32c(out, 0, AT_TRAILER_CRC, 0));
    }

    /** Null when these bytes are no trailer of a file that long. */
    static CheckpointInfo decode(MemorySegment in, long fileBytes) {
        if (in.get(LONG, AT_MAGIC) != MAGIC
                || in.get(INT, AT_VERSION) != VERSION
                || in.get(INT, AT_TRAILER_CRC) != Isal.crc32c(in, 0, AT_TRAILER_CRC, 0)
                || in.get(LONG, AT_CONTENT_BYTES) != fileBytes - BYTES) {
            return null;
        }
        return new CheckpointInfo(
                Id128.read(in, AT_VOLUME_ID),
                in.get(LONG, AT_POSITION),
                in.get(LONG, AT_SEQUENCE),
                in.get(INT, AT_LENGTH),
                in.get(INT, AT_CRC),
                in.get(LONG, AT_CONTENT_BYTES),
                in.get(INT, AT_CONTENT_CRC));
    }
}
