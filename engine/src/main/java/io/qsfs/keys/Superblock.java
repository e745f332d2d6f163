package io.qsfs.keys;

import io.qsfs.memory.Id128;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a volume is: its identity, its code and sizes, its backends, and the slots that its key is wrapped in. Stored on every
 * backend as {@code superblock/<generation>}; {@link SuperblockObject} has the bytes.
 *
 * @param volumeId the volume.
 * @param generation from 1; every change makes a new one.
 * @param createdNs when the volume was made: ns since 1970 UTC.
 * @param k data shards of new sealings.
 * @param m parity shards of new sealings.
 * @param segmentBytes size of a segment; fixed for the volume's life.
 * @param chunkBytes plain bytes of a chunk in new sealings.
 * @param suite algorithms of new sealings.
 * @param compression of new sealings.
 * @param backends all backends of the volume.
 * @param slots the key slots.
 */
public record Superblock(
        Id128 volumeId,
        int generation,
        long createdNs,
        int k,
        int m,
        long segmentBytes,
        int chunkBytes,
        int suite,
        int compression,
        List<BackendEntry> backends,
        List<KeySlot> slots) {
    /** The most backends of a volume. */
    public static final int BACKENDS_MAX = 1024;
    /** The most key slots of a volume. */
    public static final int SLOTS_MAX = 32;
    /** The largest segment in bytes. */
    public static final long SEGMENT_BYTES_MAX = 1L << 30;

    private static final int PAGE_BYTES = 4096;
    private static final int CHUNK_BYTES_MAX = 4 << 20;
    private static final int CHUNKS_MAX = 4096;
    private static final int SHARDS_MAX = 255;

    /**
     * One backend of the volume.
     *
     * @param id its identity.
     * @param group the group (site, provider, rack) that it belongs to; at most 64 bytes of UTF-8.
     * @param durable true when an acknowledged put there is durable.
     */
    public record BackendEntry(Id128 id, String group, boolean durable) {
        /** Longest group name in bytes of UTF-8. */
        public static final int GROUP_BYTES_MAX = 64;
    }

    /**
     * A superblock.
     *
     * @throws IllegalArgumentException when a value is out of range, naming it.
     */
    public Superblock {
        backends = List.copyOf(backends);
        slots = List.copyOf(slots);
        String wrong = whyImpossible(generation, k, m, segmentBytes, chunkBytes, backends, slots);
        if (wrong != null) {
            throw new IllegalArgumentException(wrong);
        }
    }

    /** The name of the object on each backend. */
    public String objectName() {
        return String.format("superblock/%08x", generation);
    }

    /** The same volume with other backends or slots, one generation later. */
    public Superblock next(List<BackendEntry> otherBackends, List<KeySlot> otherSlots) {
        return new Superblock(
                volumeId,
                generation + 1,
                createdNs,
                k,
                m,
                segmentBytes,
                chunkBytes,
                suite,
                compression,
                otherBackends,
                otherSlots);
    }

    private static String whyImpossible(
            int generation,
            int k,
            int m,
            long segmentBytes,
            int chunkBytes,
            List<BackendEntry> backends,
            List<KeySlot> slots) {
        if (generation < 1) {
            return "superblock generation=" + generation + " is not positive";
        }
        if (k < 1 || m < 0 || k > SHARDS_MAX || m > SHARDS_MAX - k) {
            return "superblock code impossible: k=" + k + " m=" + m;
        }
        if (chunkBytes < PAGE_BYTES || chunkBytes > CHUNK_BYTES_MAX || chunkBytes % PAGE_BYTES != 0) {
            return "superblock chunkBytes=" + chunkBytes + " is not a multiple of 4096 from 4096 to " + CHUNK_BYTES_MAX;
        }
        if (segmentBytes < chunkBytes
                || segmentBytes > SEGMENT_BYTES_MAX
                || segmentBytes % PAGE_BYTES != 0
                || (segmentBytes - 1) / chunkBytes + 1 > CHUNKS_MAX) {
            return "superblock segmentBytes=" + segmentBytes + " is not 1 to 4096 chunks of chunkBytes=" + chunkBytes;
        }
        if (backends.size() > BACKENDS_MAX || slots.size() > SLOTS_MAX) {
            return "superblock too large: backends=" + backends.size() + " slots=" + slots.size();
        }
        Set<Id128> seen = new HashSet<>();
        for (BackendEntry backend : backends) {
            if (!seen.add(backend.id()) || backend.id().isNil()) {
                return "superblock names backend " + backend.id() + " twice, or it is no identity";
            }
            if (backend.group().getBytes(StandardCharsets.UTF_8).length > BackendEntry.GROUP_BYTES_MAX) {
                return "superblock group name longer than " + BackendEntry.GROUP_BYTES_MAX + " bytes: "
                        + backend.group();
            }
        }
        return null;
    }
}
