package io.qsfs.bench.tool;

import io.qsfs.codec.Code;
import io.qsfs.config.Compression;
import io.qsfs.config.VolumeConfig;

/**
 * How segments go to the backends.
 *
 * @param code         of the sealings.
 * @param segmentBytes of a segment.
 * @param chunkBytes   of a chunk.
 * @param isCompressed lz4.
 * @param placedMin    shards that make a segment placed.
 * @param inFlightMax  puts under way to one backend.
 */
record PipelinePlan(
        Code code, long segmentBytes, int chunkBytes, boolean isCompressed, int placedMin, int inFlightMax) {
    private static final long MIB = 1 << 20;
    private static final long SHARD_BYTES_MAX = 16 * MIB;

    /** What a configuration says. */
    static PipelinePlan of(VolumeConfig volume) {
        return new PipelinePlan(
                new Code(volume.minimalShards(), volume.parityShards()),
                volume.segmentBytes(),
                volume.chunkBytes(),
                volume.compression() == Compression.LZ4,
                volume.placedMin(),
                volume.inFlightMax());
    }

    /** What a configuration gets that says nothing but its code. */
    static PipelinePlan defaults(Code code) {
        return new PipelinePlan(code, segmentBytesMax(code.k()), 256 << 10, true, Math.min(code.n(), code.k() + 1), 4);
    }

    /** A third of the backends may be lost, up to 16+4. */
    static Code usualCode(int backends) {
        int n = Math.min(backends, VolumeConfig.MOUNT_SHARDS_MAX);
        int m = Math.clamp(n / 3, n > 1 ? 1 : 0, 4);
        return new Code(n - m, m);
    }

    /** The default size of a segment. */
    static long segmentBytesMax(int k) {
        return Math.min(64 * MIB, k * SHARD_BYTES_MAX - MIB);
    }

    PipelinePlan segmentBytes(long bytes) {
        return new PipelinePlan(code, bytes, chunkBytes, isCompressed, placedMin, inFlightMax);
    }

    /** The memory and space that one segment takes as shards, near enough. */
    long shardBytesTogether() {
        return segmentBytes * code.n() / code.k();
    }

    @Override
    public String toString() {
        return code + ", segments of " + Format.bytes(segmentBytes) + ", chunks of " + Format.bytes(chunkBytes) + ", "
                + (isCompressed ? "lz4" : "no compression") + ", placed at " + placedMin + ", " + inFlightMax
                + " in flight";
    }
}
