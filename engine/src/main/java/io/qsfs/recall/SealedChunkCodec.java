package io.qsfs.recall;

import io.qsfs.codec.ChunkDecoder;
import io.qsfs.codec.Code;
import io.qsfs.codec.RangeReconstructor;
import io.qsfs.codec.ShardMac;
import io.qsfs.keys.VolumeKey;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * The codec as recall uses it.
 *
 * <p>Threading: one thread at a time. Owns decoder, MAC and reconstructors and closes them.
 */
final class SealedChunkCodec implements ChunkCodec {
    /** Codes that a volume has had; more are made anew each time they are met. */
    private static final int CODES_MAX = 16;

    private final ChunkDecoder decoder;
    private final ShardMac mac;
    private final Map<Code, RangeReconstructor> reconstructors = new HashMap<>();
    private ShardSet macOf;

    /** @param volumeKey borrowed for this object's life. */
    SealedChunkCodec(VolumeKey volumeKey, int chunkBytesMax) {
        decoder = new ChunkDecoder(volumeKey, chunkBytesMax);
        mac = new ShardMac(volumeKey);
    }

    @Override
    public boolean isGenuine(
            ShardSet set, int shard, int block, MemorySegment bytes, long offset, MemorySegment table) {
        if (macOf != set) {
            macOf = null;
            mac.begin(set.sealing(), set.code(), set.shardBytes());
            macOf = set;
        }
        return mac.isGenuine(table, shard, block, set.shardBytes(), bytes, offset);
    }

    @Override
    public void reconstruct(
            ShardSet set,
            int[] shards,
            MemorySegment[] ranges,
            int wanted,
            MemorySegment out,
            long outOffset,
            int length) {
        RangeReconstructor reconstructor = reconstructors.get(set.code());
        if (reconstructor == null) {
            if (reconstructors.size() == CODES_MAX) {
                reconstructors.values().forEach(RangeReconstructor::close);
                reconstructors.clear();
            }
            reconstructor = new RangeReconstructor(set.code());
            reconstructors.put(set.code(), reconstructor);
        }
        reconstructor.begin(wanted, length);
        for (int i = 0; i < shards.length; i++) {
            reconstructor.add(shards[i], ranges[i]);
        }
        reconstructor.reconstruct(out.asSlice(outOffset, length));
    }

    @Override
    public int open(ShardSet set, int chunk, MemorySegment cipher, long offset, int length, MemorySegment plain) {
        int plainLength = set.plainLength(chunk);
        int errno = chunk == ShardSet.TABLE
                ? decoder.decodeTable(set.header(), cipher, offset, plain)
                : decoder.decode(
                        set.sealing(), chunk, set.stored(chunk), set.crc(chunk), plainLength, cipher, offset, plain, 0);
        return errno == 0 ? plainLength : NOT_AUTHENTIC;
    }

    @Override
    public void close() {
        reconstructors.values().forEach(RangeReconstructor::close);
        mac.close();
        decoder.close();
    }
}
