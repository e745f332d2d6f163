package io.qsfs.log.record;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;
import static io.qsfs.memory.LittleEndian.SHORT;

import io.qsfs.bindings.isal.Isal;
import java.lang.foreign.MemorySegment;

/**
 * The frame of every record of the meta stream. Records are 8-byte aligned and never cross a segment.
 *
 * <pre>
 *  0        4        8     10    12       16               24               32
 * +--------+--------+-----+-----+--------+----------------+----------------+---------
 * | length | crc32c | type|flags|  0     | sequence       | time, ns       | payload
 * +--------+--------+-----+-----+--------+----------------+----------------+---------
 * </pre>
 *
 * {@code length} counts the whole record and is a multiple of 8. {@code crc32c} covers bytes 0..3 and 8..length. The sequence
 * grows by one from record to record through the life of a volume. Fewer than {@link #BYTES} bytes left in a segment are zero
 * and end it.
 *
 * <p>Threading: stateless.
 */
public final class RecordHeader {
    /** Size of the frame in bytes, and the least length of a record. */
    public static final int BYTES = 32;
    /** The longest record but padding: an extended attribute of 64 KiB with its name, in whole pages. */
    public static final int LENGTH_MAX = 68 * 1024;
    /** Alignment of every record in bytes. */
    public static final int ALIGNMENT = 8;

    private static final int LENGTH = 0;
    private static final int CRC = 4;
    private static final int TYPE = 8;
    private static final int FLAGS = 10;
    private static final int RESERVED = 12;
    private static final int SEQUENCE = 16;
    private static final int TIME = 24;

    private RecordHeader() {}

    /** Rounds a length in bytes up to the alignment of records. */
    public static int align(int length) {
        return (length + ALIGNMENT - 1) & -ALIGNMENT;
    }

    /** Writes all of the frame but the checksum, which {@link #seal} adds when the payload is complete. */
    static void encode(MemorySegment target, long at, int length, RecordType type, int flags, long timeNs) {
        assert length >= BYTES && length % ALIGNMENT == 0 : length;
        target.set(INT, at + LENGTH, length);
        target.set(INT, at + CRC, 0);
        target.set(SHORT, at + TYPE, (short) type.code());
        target.set(SHORT, at + FLAGS, (short) flags);
        target.set(INT, at + RESERVED, 0);
        target.set(LONG, at + SEQUENCE, 0L);
        target.set(LONG, at + TIME, timeNs);
    }

    /** Gives the record its place in history and its checksum. Nothing may change in it afterwards. */
    public static void seal(MemorySegment record, long at, long sequence) {
        record.set(LONG, at + SEQUENCE, sequence);
        record.set(INT, at + CRC, computeCrc(record, at, length(record, at)));
    }

    /** The checksum that a record of {@code length} bytes at {@code at} must carry. */
    public static int computeCrc(MemorySegment record, long at, int length) {
        int crc = Isal.crc32c(record, at, CRC, 0);
        return Isal.crc32c(record, at + TYPE, length - TYPE, crc);
    }

    /** Length of the whole record in bytes; unchecked, so of foreign bytes it can be anything. */
    public static int length(MemorySegment record, long at) {
        return record.get(INT, at + LENGTH);
    }

    /** The stored checksum. */
    public static int crc(MemorySegment record, long at) {
        return record.get(INT, at + CRC);
    }

    /** The type's code; see {@link RecordType#of}. */
    public static int typeCode(MemorySegment record, long at) {
        return Short.toUnsignedInt(record.get(SHORT, at + TYPE));
    }

    /** Flags of the type. */
    public static int flags(MemorySegment record, long at) {
        return Short.toUnsignedInt(record.get(SHORT, at + FLAGS));
    }

    /** Place in the history of the volume, from 1. */
    public static long sequence(MemorySegment record, long at) {
        return record.get(LONG, at + SEQUENCE);
    }

    /** When the change was made: ns since 1970 UTC; it becomes ctime, and mtime where content or a directory changed. */
    public static long timeNs(MemorySegment record, long at) {
        return record.get(LONG, at + TIME);
    }

    /**
     * True when {@code available} bytes at {@code at} begin with a whole record of a known type and its checksum holds and its
     * payload is well formed, so that every accessor and {@code apply} may be called. Safe on arbitrary bytes.
     */
    public static boolean isSound(MemorySegment record, long at, long available) {
        if (available < BYTES) {
            return false;
        }
        int length = length(record, at);
        if (length < BYTES || length % ALIGNMENT != 0 || length > available) {
            return false;
        }
        RecordType type = RecordType.of(typeCode(record, at));
        if (type == null || (type != RecordType.PAD && length > LENGTH_MAX)) {
            return false;
        }
        return crc(record, at) == computeCrc(record, at, length) && type.isWellFormed(record, at, length);
    }
}
