package io.qsfs.log;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;

import io.qsfs.bindings.isal.Isal;
import io.qsfs.memory.Id128;
import java.lang.foreign.MemorySegment;

/**
 * The first 4096 bytes of a segment file. Little endian; identities in the order of their digits; what is not named is zero.
 *
 * <pre>
 *    0          8        12        16             32       36       40        48
 *   +----------+--------+---------+--------------+--------+--------+---------+--------------
 *   | QSFSSEG1 |version | bytes   | volume id    | stream |   0    | number  | base position
 *   +----------+--------+---------+--------------+--------+--------+---------+--------------
 *   56              64          80              88        96          104          4092
 *   +---------------+-----------+---------------+---------+-----------+------------+--------+
 *   | segment bytes | mount id  | mount counter | epoch   | created   |     0      | crc32c |
 *   +---------------+-----------+---------------+---------+-----------+------------+--------+
 * </pre>
 *
 * Position p of the stream is at offset {@code BYTES + (p - base position)} of the file.
 *
 * <p>Threading: stateless.
 */
public final class SegmentHeader {
    /** Size of the header, and where the window begins in the file. */
    public static final int BYTES = 4096;
    /** Version of segment file, records and range table. */
    public static final int VERSION = 1;
    /** The longest segment that a header may announce. */
    public static final long SEGMENT_BYTES_MAX = 1L << 30;

    private static final long MAGIC = 0x3147_4553_5346_5351L; // "QSFSSEG1"
    private static final int AT_VERSION = 8;
    private static final int AT_BYTES = 12;
    private static final int AT_VOLUME_ID = 16;
    private static final int AT_STREAM = 32;
    private static final int AT_RESERVED = 36;
    private static final int AT_NUMBER = 40;
    private static final int AT_BASE_POSITION = 48;
    private static final int AT_SEGMENT_BYTES = 56;
    private static final int AT_MOUNT_ID = 64;
    private static final int AT_MOUNT_COUNTER = 80;
    private static final int AT_EPOCH = 88;
    private static final int AT_CREATED = 96;
    private static final int AT_ZERO = 104;
    private static final int AT_CRC = 4092;

    private SegmentHeader() {}

    /** Writes a whole header at {@code at}. */
    public static void encode(
            MemorySegment target,
            long at,
            Id128 volumeId,
            int stream,
            long number,
            long segmentBytes,
            MountIdentity identity,
            long createdNs) {
        target.set(LONG, at, MAGIC);
        target.set(INT, at + AT_VERSION, VERSION);
        target.set(INT, at + AT_BYTES, BYTES);
        volumeId.write(target, at + AT_VOLUME_ID);
        target.set(INT, at + AT_STREAM, stream);
        target.set(INT, at + AT_RESERVED, 0);
        target.set(LONG, at + AT_NUMBER, number);
        target.set(LONG, at + AT_BASE_POSITION, Math.multiplyExact(number, segmentBytes));
        target.set(LONG, at + AT_SEGMENT_BYTES, segmentBytes);
        identity.mountId().write(target, at + AT_MOUNT_ID);
        target.set(LONG, at + AT_MOUNT_COUNTER, identity.mountCounter());
        target.set(LONG, at + AT_EPOCH, identity.epoch());
        target.set(LONG, at + AT_CREATED, createdNs);
        target.asSlice(at + AT_ZERO, AT_CRC - AT_ZERO).fill((byte) 0);
        target.set(INT, at + AT_CRC, Isal.crc32c(target, at, AT_CRC, 0));
    }

    /** What is wrong with the {@code available} bytes at {@code at}, or null when the accessors may be called. */
    public static String defect(MemorySegment header, long at, long available) {
        if (available < BYTES) {
            return "shorter than its header: bytes=" + available;
        }
        if (header.get(LONG, at) != MAGIC) {
            return "no segment file: magic=0x" + Long.toHexString(header.get(LONG, at));
        }
        if (header.get(INT, at + AT_VERSION) != VERSION) {
            return "of another version: version=" + header.get(INT, at + AT_VERSION);
        }
        int stored = header.get(INT, at + AT_CRC);
        int computed = Isal.crc32c(header, at, AT_CRC, 0);
        if (stored != computed) {
            return String.format("header crc mismatch: stored=0x%08x computed=0x%08x", stored, computed);
        }
        long bytes = segmentBytes(header, at);
        int stream = stream(header, at);
        long number = number(header, at);
        boolean consistent = header.get(INT, at + AT_BYTES) == BYTES
                && (stream == Streams.DATA || stream == Streams.META)
                && bytes > 0
                && bytes <= SEGMENT_BYTES_MAX
                && bytes % BYTES == 0
                && number >= 0
                && number < Long.MAX_VALUE / bytes
                && basePosition(header, at) == number * bytes;
        return consistent ? null : "header contradicts itself: stream=" + stream + " number=" + number;
    }

    /** The volume. */
    public static Id128 volumeId(MemorySegment header, long at) {
        return Id128.read(header, at + AT_VOLUME_ID);
    }

    /** See {@link Streams}. */
    public static int stream(MemorySegment header, long at) {
        return header.get(INT, at + AT_STREAM);
    }

    /** Segment number in the stream. */
    public static long number(MemorySegment header, long at) {
        return header.get(LONG, at + AT_NUMBER);
    }

    /** Position of the window's first byte. */
    public static long basePosition(MemorySegment header, long at) {
        return header.get(LONG, at + AT_BASE_POSITION);
    }

    /** Size of the window. */
    public static long segmentBytes(MemorySegment header, long at) {
        return header.get(LONG, at + AT_SEGMENT_BYTES);
    }

    /** The mount that wrote it. */
    public static MountIdentity identity(MemorySegment header, long at) {
        return new MountIdentity(
                Id128.read(header, at + AT_MOUNT_ID),
                header.get(LONG, at + AT_MOUNT_COUNTER),
                header.get(LONG, at + AT_EPOCH));
    }

    /** When the file was made, ns since 1970 UTC. */
    public static long createdNs(MemorySegment header, long at) {
        return header.get(LONG, at + AT_CREATED);
    }
}
