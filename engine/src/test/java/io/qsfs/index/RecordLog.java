package io.qsfs.index;

import io.qsfs.log.record.CloneRecord;
import io.qsfs.log.record.ClosedRecord;
import io.qsfs.log.record.LinkRecord;
import io.qsfs.log.record.MakeRecord;
import io.qsfs.log.record.PadRecord;
import io.qsfs.log.record.PlacedRecord;
import io.qsfs.log.record.PunchRecord;
import io.qsfs.log.record.PurgeRecord;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.log.record.RemoveXattrRecord;
import io.qsfs.log.record.RenameRecord;
import io.qsfs.log.record.SetAttrRecord;
import io.qsfs.log.record.SetXattrRecord;
import io.qsfs.log.record.ShardRecord;
import io.qsfs.log.record.SyncRecord;
import io.qsfs.log.record.UnlinkRecord;
import io.qsfs.log.record.WriteRecord;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes records, gives them sequences and positions, and keeps those that a writer has taken. Plays the meta stream.
 */
final class RecordLog {
    static final long START_NS = 1_000_000_000_000L;

    /** A record as it lies in the stream. */
    record Entry(long position, byte[] bytes) {}

    final List<Entry> taken = new ArrayList<>();
    final MemorySegment buffer = Arena.ofAuto().allocate(RecordHeader.LENGTH_MAX, 8);
    private final MemorySegment text = Arena.ofAuto().allocate(1 << 17, 8);
    long sequence;
    long position = 4096;
    long timeNs = START_NS;

    /** Applies what was just encoded; what was taken is remembered. */
    int apply(IndexWriter writer, int length) {
        RecordHeader.seal(buffer, 0, sequence + 1);
        if (!RecordHeader.isSound(buffer, 0, length)) {
            throw new AssertionError("a test made an unsound record of type " + RecordHeader.typeCode(buffer, 0));
        }
        int rc = writer.apply(buffer, 0, position);
        if (rc == 0) {
            taken.add(new Entry(position, buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE)));
            sequence++;
            position += length;
        }
        return rc;
    }

    /** Applies the remembered records from a sequence on. */
    static int replay(IndexWriter writer, List<Entry> entries, int from, int to, int commitEvery) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment record = arena.allocate(RecordHeader.LENGTH_MAX, 8);
            for (int i = from; i < to; i++) {
                byte[] bytes = entries.get(i).bytes();
                MemorySegment.copy(bytes, 0, record, ValueLayout.JAVA_BYTE, 0, bytes.length);
                int rc = writer.apply(record, 0, entries.get(i).position());
                if (rc == 0 && (i + 1) % commitEvery == 0) {
                    rc = writer.commit();
                }
                if (rc != 0) {
                    return rc;
                }
            }
        }
        return writer.commit();
    }

    int make(long parent, long ino, int mode, String name, String target) {
        byte[] n = bytes(name);
        byte[] t = bytes(target);
        put(n, 0);
        put(t, 1024);
        return MakeRecord.encode(
                buffer, 0, tick(), parent, ino, mode, 10, 20, 0, text, 0, n.length, text, 1024, t.length);
    }

    int link(long ino, long parent, String name) {
        byte[] n = bytes(name);
        put(n, 0);
        return LinkRecord.encode(buffer, 0, tick(), ino, parent, text, 0, n.length);
    }

    int unlink(long parent, long ino, String name, boolean isDirectory) {
        byte[] n = bytes(name);
        put(n, 0);
        return UnlinkRecord.encode(buffer, 0, tick(), parent, ino, text, 0, n.length, isDirectory ? 1 : 0);
    }

    int rename(long parent, long newParent, long ino, long replaced, String name, String newName, boolean exchange) {
        byte[] n = bytes(name);
        byte[] m = bytes(newName);
        put(n, 0);
        put(m, 1024);
        return RenameRecord.encode(
                buffer,
                0,
                tick(),
                parent,
                newParent,
                ino,
                replaced,
                text,
                0,
                n.length,
                text,
                1024,
                m.length,
                exchange ? 1 : 0);
    }

    int write(long ino, long fileOffset, long dataPosition, int length, int flags) {
        return WriteRecord.encode(buffer, 0, tick(), flags, ino, fileOffset, dataPosition, length, 0x1234);
    }

    int punch(long ino, long fileOffset, long bytes, int flags) {
        return PunchRecord.encode(buffer, 0, tick(), flags, ino, fileOffset, bytes);
    }

    int cloneRange(long sourceIno, long sourceOffset, long ino, long fileOffset, long bytes, int flags) {
        return CloneRecord.encode(buffer, 0, tick(), flags, sourceIno, sourceOffset, ino, fileOffset, bytes);
    }

    int setAttributes(long ino, int valid, int mode, long size) {
        return setAttributes(ino, valid, mode, size, 0);
    }

    int setAttributes(long ino, int valid, int mode, long size, int flags) {
        long now = tick();
        return SetAttrRecord.encode(buffer, 0, now, flags, ino, valid, mode, 77, 88, size, now + 1, now + 2, now + 3);
    }

    int setXattr(long ino, String name, byte[] value, int flags, int mode) {
        byte[] n = bytes(name);
        put(n, 0);
        put(value, 1024);
        return SetXattrRecord.encode(buffer, 0, tick(), flags, ino, mode, text, 0, n.length, text, 1024, value.length);
    }

    int removeXattr(long ino, String name, int flags, int mode) {
        byte[] n = bytes(name);
        put(n, 0);
        return RemoveXattrRecord.encode(buffer, 0, tick(), flags, ino, mode, text, 0, n.length);
    }

    int purge(long ino) {
        return PurgeRecord.encode(buffer, 0, tick(), ino);
    }

    int sync() {
        return SyncRecord.encode(buffer, 0, tick(), 0, 0);
    }

    int pad(int length) {
        return PadRecord.encode(buffer, 0, length, tick());
    }

    int closed(int stream, long number, Id128 mount, long from, long to) {
        return ClosedRecord.encode(buffer, 0, tick(), stream, number, mount, from, to);
    }

    int placed(int stream, long number, Id128 mount, Id256 seal, long from, long to, int k, int n, int chunks) {
        int length = PlacedRecord.encode(
                buffer, 0, tick(), stream, 1, number, mount, 3, seal, from, to, 4096, 1024, chunks, k, n);
        for (int i = 0; i < n; i++) {
            PlacedRecord.putBackend(buffer, 0, i, new Id128(9, i));
        }
        for (int i = 0; i < chunks; i++) {
            PlacedRecord.putChunk(buffer, 0, i, i % 2 == 0 ? 100 + i : 0x8000_0000 | i, 7 * i);
        }
        return length;
    }

    int shard(int stream, long number, Id256 seal, int index, Id128 backend) {
        return ShardRecord.encode(buffer, 0, tick(), stream, index, number, seal, backend);
    }

    private long tick() {
        timeNs += 1000;
        return timeNs;
    }

    private static byte[] bytes(String s) {
        return s.getBytes(StandardCharsets.UTF_8);
    }

    private void put(byte[] bytes, long at) {
        MemorySegment.copy(bytes, 0, text, ValueLayout.JAVA_BYTE, at, bytes.length);
    }
}
