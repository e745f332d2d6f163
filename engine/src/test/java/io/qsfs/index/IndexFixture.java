package io.qsfs.index;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.qsfs.bindings.linux.Linux;
import io.qsfs.memory.Id128;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;

/** An index in a directory of its own, and what tests ask of it. */
final class IndexFixture implements AutoCloseable {
    static final Id128 VOLUME = new Id128(0x0123456789abcdefL, 0xfedcba9876543210L);
    static final long SEGMENT_BYTES = 1024;
    static final long MAP_BYTES = 1L << 30;

    final Path directory;
    final RecordLog log = new RecordLog();
    final Index index;
    final IndexWriter writer;

    IndexFixture() {
        this(MAP_BYTES);
    }

    IndexFixture(long mapBytes) {
        directory = temporaryDirectory();
        index = Index.open(context(directory).withMapBytes(mapBytes));
        writer = index.writer();
    }

    static IndexContext context(Path directory) {
        return IndexContext.of(directory, VOLUME, SEGMENT_BYTES).withMapBytes(MAP_BYTES);
    }

    static Path temporaryDirectory() {
        try {
            return Files.createTempDirectory("qsfs-index");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void delete(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Applies a record that must be taken. */
    void take(int length) {
        assertEquals(
                0, log.apply(writer, length), () -> "type " + io.qsfs.log.record.RecordHeader.typeCode(log.buffer, 0));
    }

    /** Applies a record that must be refused. */
    void refuse(Refusal refusal, int length) {
        assertEquals(refusal, Refusal.of(log.apply(writer, length)));
    }

    void commit() {
        assertEquals(0, writer.commit());
    }

    static DirectoryEntry lookup(IndexView view, long directory, String name, int expected) {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
            MemorySegment segment = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            DirectoryEntry entry = new DirectoryEntry();
            assertEquals(expected, view.lookup(directory, segment, 0, bytes.length, entry), name);
            return entry;
        }
    }

    static Inode inode(IndexView view, long ino) {
        Inode inode = new Inode();
        assertEquals(0, view.inode(ino, inode), () -> "inode " + ino);
        return inode;
    }

    static String readLink(IndexView view, long ino) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(1 << 16);
            int length = view.readLink(ino, out, 0);
            return length < 0
                    ? "errno " + -length
                    : new String(out.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
        }
    }

    /** The value of an extended attribute, null when there is none. */
    static byte[] attribute(IndexView view, long ino, String name) {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
            MemorySegment segment = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            MemorySegment out = arena.allocate(1 << 16);
            int length = view.attribute(ino, segment, 0, bytes.length, out, 0);
            if (length < 0) {
                assertEquals(-Linux.ENODATA, length);
                return null;
            }
            return out.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** The names of the extended attributes of an inode, in the order of reading. */
    static List<String> attributeNames(IndexView view, long ino) {
        List<String> names = new java.util.ArrayList<>();
        assertEquals(0, view.forEachAttribute(ino, (name, offset, length, valueBytes) -> {
            byte[] bytes = name.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
            names.add(new String(bytes, StandardCharsets.UTF_8));
            return true;
        }));
        return names;
    }

    /** Names and cookies of a directory, in the order of reading. */
    static List<String> names(IndexView view, long directory, long afterCookie) {
        List<String> names = new java.util.ArrayList<>();
        assertEquals(0, view.readDirectory(directory, afterCookie, (name, offset, length, ino, type, cookie) -> {
            byte[] bytes = name.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
            names.add(new String(bytes, StandardCharsets.UTF_8));
            return true;
        }));
        return names;
    }

    /** A range of the data stream that more than one extent names. */
    record Shared(long position, long length, long count) {}

    /** The whole table of shared ranges, in order. */
    static List<Shared> shared(IndexWriter writer) {
        List<Shared> ranges = new java.util.ArrayList<>();
        assertEquals(0, writer.forEachEntry((key, keyBytes, value, valueBytes) -> {
            if (IndexKey.isTag(key, keyBytes, IndexKey.SHARED)) {
                assertEquals(IndexKey.ONE_BYTES, keyBytes);
                assertEquals(SharedValue.BYTES, valueBytes);
                ranges.add(new Shared(IndexKey.first(key), SharedValue.length(value), SharedValue.count(value)));
            }
        }));
        return ranges;
    }

    /** Every entry of the tree, in hex. */
    static TreeMap<String, String> dump(IndexWriter writer) {
        TreeMap<String, String> dump = new TreeMap<>();
        HexFormat hex = HexFormat.of();
        assertEquals(
                0,
                writer.forEachEntry((key, keyBytes, value, valueBytes) -> dump.put(
                        hex.formatHex(key.asSlice(0, keyBytes).toArray(ValueLayout.JAVA_BYTE)),
                        hex.formatHex(value.asSlice(0, valueBytes).toArray(ValueLayout.JAVA_BYTE)))));
        return dump;
    }

    @Override
    public void close() {
        index.close();
        delete(directory);
    }
}
