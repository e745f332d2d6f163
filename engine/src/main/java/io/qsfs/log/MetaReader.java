package io.qsfs.log;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.log.record.RecordType;
import io.qsfs.memory.ByteSource;
import io.qsfs.memory.LittleEndian;
import io.qsfs.memory.NativeBuffer;
import java.lang.foreign.MemorySegment;

/**
 * Walks over the records of one metadata segment, from a file or from wherever its bytes come. Nothing in the bytes is trusted:
 * a record is announced when it is whole and its checksum holds.
 *
 * <pre>{@code
 *   reader.begin(source, from, to);
 *   while ((outcome = reader.next()) == MetaReader.RECORD) { use reader.buffer(), reader.offset() }
 * }</pre>
 *
 * <p>Threading: one thread at a time; the record is valid until the next call.
 */
public final class MetaReader implements AutoCloseable {
    /** A sound record is at {@link #offset}. */
    public static final int RECORD = 0;
    /** Here the segment ends: behind its PAD record, at its limit, or where nothing was written. */
    public static final int END = 1;
    /** Here are bytes that are no sound record. */
    public static final int UNSOUND = 2;

    private static final int BUFFER_BYTES = 16 * RecordHeader.LENGTH_MAX;
    private static final MemorySegment ZEROS =
            MemorySegment.ofArray(new byte[RecordHeader.LENGTH_MAX]).asReadOnly();

    private final NativeBuffer owner = new NativeBuffer(BUFFER_BYTES);
    private final MemorySegment buffer = owner.segment();
    private ByteSource source;
    private long limit;

    /** Position of the buffer's first byte, and how many bytes of the stream are in it. */
    private long bufferPosition;

    private int buffered;
    private long position;
    private int length;
    private boolean ended;

    /**
     * Starts at a record.
     *
     * @param from position of a record, a multiple of 8.
     * @param to   end of the segment's content, exclusive; nothing is read behind it.
     */
    public void begin(ByteSource bytes, long from, long to) {
        if (from % RecordHeader.ALIGNMENT != 0 || to < from) {
            throw new IllegalArgumentException("no range of records: from=" + from + " to=" + to);
        }
        source = bytes;
        limit = to;
        position = from;
        bufferPosition = from;
        buffered = 0;
        length = 0;
        ended = false;
    }

    /** Goes to the next record: {@link #RECORD}, {@link #END}, {@link #UNSOUND}, or {@code -errno} of the source. */
    public int next() {
        position += length;
        length = 0;
        int outcome = classify();
        if (outcome == RECORD) {
            length = RecordHeader.length(buffer, offset());
            ended = type() == RecordType.PAD;
        }
        return outcome;
    }

    /**
     * After {@link #UNSOUND}: looks for the next sound record behind it with a plausible sequence; {@link #RECORD},
     * {@link #END} or {@code -errno}. {@link #next} goes on from it.
     *
     * @param afterSequence the last one known to be good.
     */
    public int resync(long afterSequence) {
        long start = position;
        length = 0;
        while (true) {
            position += RecordHeader.ALIGNMENT;
            if (limit - position < RecordHeader.BYTES) {
                return END;
            }
            int errno = fill();
            if (errno != 0) {
                return -errno;
            }
            if (isPlausible(afterSequence, start) && RecordHeader.isSound(buffer, offset(), available())) {
                length = RecordHeader.length(buffer, offset());
                ended = type() == RecordType.PAD;
                return RECORD;
            }
        }
    }

    /** What the record lies in; only this record's bytes may be looked at. */
    public MemorySegment buffer() {
        return buffer;
    }

    /** Where in the buffer it begins, a multiple of 8. */
    public long offset() {
        return position - bufferPosition;
    }

    /** Its position; after END and UNSOUND the position of what was not a record. */
    public long position() {
        return position;
    }

    /** Its length in bytes. */
    public int length() {
        return length;
    }

    /** Its place in history. */
    public long sequence() {
        return RecordHeader.sequence(buffer, offset());
    }

    /** Its type. */
    public RecordType type() {
        return RecordType.of(RecordHeader.typeCode(buffer, offset()));
    }

    /** True when the last record said that the segment is complete. */
    public boolean isEnded() {
        return ended;
    }

    /** End of the last 8 bytes at or behind {@code from} that are not all zero; {@code from} when there are none. */
    long lastByte(long from) {
        position = from;
        long last = from;
        while (limit - position >= RecordHeader.ALIGNMENT) {
            if (fill() != 0) {
                return last;
            }
            int rest = available() / RecordHeader.ALIGNMENT * RecordHeader.ALIGNMENT;
            long at = offset();
            if (buffer.asSlice(at, rest).mismatch(ZEROS.asSlice(0, rest)) >= 0) {
                int back = rest;
                while (buffer.get(LittleEndian.LONG, at + back - RecordHeader.ALIGNMENT) == 0) {
                    back -= RecordHeader.ALIGNMENT;
                }
                last = position + back;
            }
            position += rest;
        }
        return last;
    }

    private int classify() {
        if (ended || limit - position < RecordHeader.BYTES) {
            return END;
        }
        int errno = fill();
        if (errno != 0) {
            return -errno;
        }
        if (RecordHeader.isSound(buffer, offset(), available())) {
            return RECORD;
        }
        return isZero(offset()) ? END : UNSOUND;
    }

    private boolean isZero(long at) {
        return buffer.asSlice(at, RecordHeader.BYTES).mismatch(ZEROS.asSlice(0, RecordHeader.BYTES)) < 0;
    }

    private boolean isPlausible(long afterSequence, long start) {
        long at = offset();
        int announced = RecordHeader.length(buffer, at);
        long leap = RecordHeader.sequence(buffer, at) - afterSequence;
        return announced >= RecordHeader.BYTES
                && announced <= RecordHeader.LENGTH_MAX
                && leap > 0
                && leap <= (position - start) / RecordHeader.BYTES + 1;
    }

    /** Bytes of the stream from the position on that are in the buffer, at most one record's. */
    private int available() {
        return (int) Math.min(RecordHeader.LENGTH_MAX, bufferPosition + buffered - position);
    }

    /** Has the longest record, or all up to the limit, in the buffer; 0 or a positive errno. */
    private int fill() {
        long wanted = Math.min(RecordHeader.LENGTH_MAX, limit - position);
        if (bufferPosition + buffered - position >= wanted) {
            return 0;
        }
        int bytes = (int) Math.min(BUFFER_BYTES, limit - position);
        int errno = source.read(position, buffer, 0, bytes);
        if (errno != 0) {
            buffered = 0;
            bufferPosition = position;
            return errno > 0 ? errno : Linux.EIO;
        }
        bufferPosition = position;
        buffered = bytes;
        return 0;
    }

    @Override
    public void close() {
        owner.close();
    }
}
