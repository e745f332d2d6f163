package io.qsfs.recall;

import io.qsfs.backend.BackendError;
import io.qsfs.codec.Code;
import io.qsfs.codec.RangeVerifier;
import io.qsfs.codec.SealEncoder;
import io.qsfs.codec.SealKind;
import io.qsfs.codec.SealRequest;
import io.qsfs.codec.SealedSegment;
import io.qsfs.codec.Suite;
import io.qsfs.index.Placement;
import io.qsfs.keys.VolumeKey;
import io.qsfs.memory.Id128;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** A volume of small segments, sealed and put on backends in memory. */
public final class SealedFixture implements AutoCloseable {
    public final Id128 volumeId = new Id128(7, 7);
    public final VolumeKey key = VolumeKey.random(new SecureRandom());
    public final Code code;
    public final long segmentBytes;
    public final int chunkBytes;
    public final List<MemoryBackend> backends = new ArrayList<>();
    public final Map<Long, byte[]> content = new HashMap<>();
    public final Map<Long, Placement> placements = new HashMap<>();
    private final SealEncoder encoder;

    public SealedFixture(Code code, long segmentBytes, int chunkBytes) {
        this.code = code;
        this.segmentBytes = segmentBytes;
        this.chunkBytes = chunkBytes;
        for (int i = 0; i < code.n(); i++) {
            backends.add(new MemoryBackend(i, true));
        }
        encoder = new SealEncoder(code, segmentBytes, chunkBytes, key, new SecureRandom());
    }

    /** Bytes of which some chunks compress and some do not. */
    public static byte[] bytes(RandomGenerator random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        for (int from = 0; from < length; from += 50_000) {
            if (random.nextBoolean()) {
                for (int i = from; i < Math.min(length, from + 50_000); i++) {
                    bytes[i] = (byte) (i / 777);
                }
            }
        }
        return bytes;
    }

    /** Seals bytes as a segment, shard i on backend i. */
    public Placement seal(int stream, long number, Id128 mountId, long epoch, byte[] plain) {
        long from = number * segmentBytes;
        MemorySegment heap = MemorySegment.ofArray(plain);
        SealRequest request = new SealRequest(
                SealKind.SEGMENT,
                volumeId,
                stream,
                mountId,
                epoch,
                number,
                from,
                from + plain.length,
                Suite.COMPRESSION_LZ4,
                1L,
                RangeVerifier.NONE);
        int errno = encoder.encode(request, (position, target, offset, length) -> {
            MemorySegment.copy(heap, position - from, target, offset, length);
            return 0;
        });
        if (errno != 0) {
            throw new AssertionError("errno=" + errno);
        }
        SealedSegment sealed = encoder.sealed();
        List<Id128> holders = new ArrayList<>();
        for (int shard = 0; shard < code.n(); shard++) {
            MemoryBackend backend = backends.get(shard);
            backend.put(sealed.objectName(shard), sealed.shard(shard), 0, (value, error, detail) -> {
                if (error != BackendError.NONE) {
                    throw new AssertionError(error + detail);
                }
            });
            holders.add(backend.id());
        }
        int[] stored = new int[sealed.chunkCount()];
        int[] crcs = new int[sealed.chunkCount()];
        for (int i = 0; i < stored.length; i++) {
            stored[i] = sealed.chunkStored(i);
            crcs[i] = sealed.chunkCrc(i);
        }
        Placement placement = PlacementRecord.of(
                stream,
                sealed.identity().suite(),
                number,
                mountId,
                epoch,
                sealed.sealId(),
                from,
                from + plain.length,
                sealed.shardBytes(),
                chunkBytes,
                stored,
                crcs,
                code.k(),
                holders);
        if (stream == 0) {
            placements.put(number, placement);
            content.put(number, plain);
        }
        return placement;
    }

    /** The name of a shard's object. */
    public String object(Placement placement, int shard) {
        return ShardSet.of(volumeId, placement).object(shard);
    }

    @Override
    public void close() {
        encoder.close();
        key.close();
    }
}
