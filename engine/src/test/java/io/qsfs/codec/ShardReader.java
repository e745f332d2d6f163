package io.qsfs.codec;

import io.qsfs.keys.VolumeKey;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Reads a whole sealing from shard objects alone, range by range, rebuilding what is not there. For tests. */
final class ShardReader implements AutoCloseable {
    private final Code code;
    private final RangeReconstructor reconstructor;
    private final ChunkDecoder decoder;
    private final ChunkLocation location = new ChunkLocation();

    ShardReader(Code code, int chunkBytes, VolumeKey key) {
        this.code = code;
        reconstructor = new RangeReconstructor(code);
        decoder = new ChunkDecoder(key, chunkBytes);
    }

    /** The plain bytes, or null when something does not authenticate. Missing objects are null. */
    byte[] read(MemorySegment[] objects) {
        ShardHeader header = null;
        for (MemorySegment object : objects) {
            if (header == null && object != null) {
                header = ShardHeader.read(object, 0);
            }
        }
        try (Arena arena = Arena.ofConfined()) {
            int sealedTableBytes = ChunkTable.sealedBytes(header.chunkCount());
            MemorySegment sealedTable = fetch(arena, objects, header, header.tableOffset(), sealedTableBytes);
            MemorySegment table = arena.allocate(ChunkTable.bytes(header.chunkCount()), 8);
            if (decoder.decodeTable(header, sealedTable, 0, table) != 0) {
                return null;
            }
            MemorySegment plain = arena.allocate(header.sealing().plainBytes());
            for (int chunk = 0; chunk < header.chunkCount(); chunk++) {
                int stored = ChunkTable.stored(table, ChunkTable.HEADER_BYTES, chunk);
                long offset = ChunkTable.sealedOffset(table, ChunkTable.HEADER_BYTES, chunk);
                int length = ChunkTable.storedBytes(stored) + SealIdentity.TAG_BYTES;
                MemorySegment sealed = fetch(arena, objects, header, offset, length);
                int errno = decoder.decode(
                        header.sealing(),
                        chunk,
                        stored,
                        ChunkTable.crc(table, ChunkTable.HEADER_BYTES, chunk),
                        header.sealing().chunkPlainBytes(chunk, header.chunkBytes()),
                        sealed,
                        0,
                        plain,
                        (long) chunk * header.chunkBytes());
                if (errno != 0) {
                    return null;
                }
            }
            return plain.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    private MemorySegment fetch(Arena arena, MemorySegment[] objects, ShardHeader header, long offset, int length) {
        MemorySegment sealed = arena.allocate(length);
        if (!location.locate(offset, length, header.shardBytes(), code.k())) {
            throw new AssertionError("offset=" + offset + " length=" + length);
        }
        long at = 0;
        for (int range = 0; range < location.count(); range++) {
            MemorySegment target = sealed.asSlice(at, location.length(range));
            MemorySegment object = objects[location.shard(range)];
            if (object != null) {
                target.copyFrom(object.asSlice(location.objectOffset(range), location.length(range)));
            } else {
                reconstructor.begin(location.shard(range), location.length(range));
                for (int i = 0; i < code.n(); i++) {
                    if (objects[i] != null) {
                        reconstructor.add(i, objects[i].asSlice(location.objectOffset(range), location.length(range)));
                    }
                }
                reconstructor.reconstruct(target);
            }
            at += location.length(range);
        }
        return sealed;
    }

    @Override
    public void close() {
        decoder.close();
        reconstructor.close();
    }
}
