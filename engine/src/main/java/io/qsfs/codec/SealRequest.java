package io.qsfs.codec;

import io.qsfs.memory.Id128;
import java.util.Objects;

/**
 * What to seal. Code, chunk size and suite are the encoder's; the seal id is drawn by it.
 *
 * @param kind what it is.
 * @param volumeId the volume.
 * @param stream 0 data, 1 meta.
 * @param mountId the mount that wrote the segment.
 * @param epoch the epoch it was written in.
 * @param segment number of the segment.
 * @param from first position.
 * @param to end, exclusive; more than {@code from}.
 * @param compression {@link Suite#COMPRESSION_NONE} or {@link Suite#COMPRESSION_LZ4}.
 * @param createdNs when it is sealed: ns since 1970 UTC.
 * @param verifier sees the plain bytes first.
 */
public record SealRequest(
        SealKind kind,
        Id128 volumeId,
        int stream,
        Id128 mountId,
        long epoch,
        long segment,
        long from,
        long to,
        int compression,
        long createdNs,
        RangeVerifier verifier) {
    /** A request. */
    public SealRequest {
        Objects.requireNonNull(kind);
        Objects.requireNonNull(volumeId);
        Objects.requireNonNull(mountId);
        Objects.requireNonNull(verifier);
        if (from < 0 || to <= from) {
            throw new IllegalArgumentException("nothing to seal: from=" + from + " to=" + to);
        }
    }
}
