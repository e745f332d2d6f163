package io.qsfs.index;

import static io.qsfs.memory.LittleEndian.INT;
import static io.qsfs.memory.LittleEndian.LONG;

import java.lang.foreign.MemorySegment;

/**
 * How far the index has come, and its counters: the value of 'M' "state", written by every commit.
 *
 * <pre>
 *  0          8        12      16         24           32       40          48       56
 * +----------+--------+-------+----------+------------+--------+-----------+--------+
 * | position | length | crc32c| sequence | next inode | inodes | allocated | data to|
 * +----------+--------+-------+----------+------------+--------+-----------+--------+
 * </pre>
 *
 * <p>Threading: none of its own; one thread at a time.
 */
final class IndexState {
    static final int BYTES = 56;
    static final String KEY = "state";
    /** The position of no record. */
    static final long NOTHING_APPLIED = -1;

    private static final int AT_POSITION = 0;
    private static final int AT_LENGTH = 8;
    private static final int AT_CRC = 12;
    private static final int AT_SEQUENCE = 16;
    private static final int AT_NEXT_INODE = 24;
    private static final int AT_INODES = 32;
    private static final int AT_ALLOCATED_BYTES = 40;
    private static final int AT_DATA_END = 48;

    /** Where the last applied record begins in the meta stream, or {@link #NOTHING_APPLIED}. */
    long position = NOTHING_APPLIED;
    /** Its length in bytes. */
    int length;
    /** Its checksum. */
    int crc;
    /** Its sequence. */
    long sequence;
    /** One more than the highest inode number so far. */
    long nextInode = Inode.ROOT + 1;

    long inodes = 1;
    long allocatedBytes;
    /** End of the highest range of the data stream that a record named. */
    long dataEnd;

    void copyFrom(IndexState other) {
        position = other.position;
        length = other.length;
        crc = other.crc;
        sequence = other.sequence;
        nextInode = other.nextInode;
        inodes = other.inodes;
        allocatedBytes = other.allocatedBytes;
        dataEnd = other.dataEnd;
    }

    /** Where the next record begins at the earliest. */
    long end() {
        return position == NOTHING_APPLIED ? 0 : position + length;
    }

    int encode(MemorySegment value) {
        value.set(LONG, AT_POSITION, position);
        value.set(INT, AT_LENGTH, length);
        value.set(INT, AT_CRC, crc);
        value.set(LONG, AT_SEQUENCE, sequence);
        value.set(LONG, AT_NEXT_INODE, nextInode);
        value.set(LONG, AT_INODES, inodes);
        value.set(LONG, AT_ALLOCATED_BYTES, allocatedBytes);
        value.set(LONG, AT_DATA_END, dataEnd);
        return BYTES;
    }

    /** False when these bytes are no state; then nothing is changed. */
    boolean decode(MemorySegment value, int valueBytes) {
        if (valueBytes != BYTES
                || value.get(LONG, AT_POSITION) < NOTHING_APPLIED
                || value.get(INT, AT_LENGTH) < 0
                || value.get(LONG, AT_SEQUENCE) < 0
                || value.get(LONG, AT_NEXT_INODE) <= Inode.ROOT) {
            return false;
        }
        position = value.get(LONG, AT_POSITION);
        length = value.get(INT, AT_LENGTH);
        crc = value.get(INT, AT_CRC);
        sequence = value.get(LONG, AT_SEQUENCE);
        nextInode = value.get(LONG, AT_NEXT_INODE);
        inodes = value.get(LONG, AT_INODES);
        allocatedBytes = value.get(LONG, AT_ALLOCATED_BYTES);
        dataEnd = value.get(LONG, AT_DATA_END);
        return true;
    }
}
