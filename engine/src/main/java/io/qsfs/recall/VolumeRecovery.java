package io.qsfs.recall;

import io.qsfs.backend.Backend;
import io.qsfs.backend.BackendError;
import io.qsfs.codec.ChunkTable;
import io.qsfs.codec.ShardHeader;
import io.qsfs.index.Placement;
import io.qsfs.keys.VolumeKey;
import io.qsfs.log.MetaElsewhere;
import io.qsfs.log.MetaReader;
import io.qsfs.log.RecordVisitor;
import io.qsfs.log.record.MountRecord;
import io.qsfs.log.record.RecordHeader;
import io.qsfs.log.record.RecordType;
import io.qsfs.memory.ByteSource;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Finds a volume again from its backends and its key: lists shards, works out which metadata is history, and gives
 * its records in order. Also fetches whole metadata segments back, and the placements of segments whose record was
 * lost.
 *
 * <p>Order: {@link #list}, {@link #replay}, then {@link #placement} for what the replayed index does not know. Only
 * {@link #placement} and {@link #fetchSegment} may be called without a replay.
 *
 * <p>Threading: one thread, which blocks.
 */
public final class VolumeRecovery implements AutoCloseable {
    private static final int META = 1;
    private static final String SHARDS = "shard/";

    private final Id128 volumeId;
    private final long segmentBytes;
    private final Clock clock;
    private final Collection<? extends Backend> backends;
    private final SegmentReader segments;
    /** Buffers that are lent to backends: closed only when none is. */
    private final Arena arena = Arena.ofShared();

    private final long timeoutNs;
    private final MemorySegment table;
    private final MemorySegment firstChunk;
    private final MemorySegment plain;

    private final MetaReader reader = new MetaReader();

    private ShardListing listing;
    private final Map<FoundSealing, Opened> opened = new HashMap<>();
    private final List<String> notes = new ArrayList<>();

    /** A sealing whose header and chunk table were read and belong together. */
    private record Opened(ShardHeader header, ShardSet set) {}

    /**
     * Allocates a segment's bytes and the buffers of its fetching.
     *
     * @param volumeKey borrowed for this object's life.
     * @param backends  all backends of the volume that can be reached, identified; they outlive this object.
     * @param settings  with the volume's chunk size and shard count.
     * @param timeoutNs how long a listing and each fetch may take.
     */
    public VolumeRecovery(
            Id128 volumeId,
            VolumeKey volumeKey,
            long segmentBytes,
            Clock clock,
            Collection<? extends Backend> backends,
            FetchSettings settings,
            long timeoutNs) {
        this.volumeId = volumeId;
        this.segmentBytes = segmentBytes;
        this.clock = clock;
        this.backends = List.copyOf(backends);
        this.timeoutNs = timeoutNs;
        ChunkCodec codec = new SealedChunkCodec(volumeKey, settings.slotBytes());
        segments = new SegmentReader(
                settings, clock, arena, new BackendAccess(backends), codec, timeoutNs, new RecallCounters());
        table = arena.allocate(ChunkTable.bytes(ShardHeader.CHUNK_COUNT_MAX), 64);
        firstChunk = arena.allocate(settings.slotBytes(), 64);
        plain = arena.allocate(segmentBytes, 4096);
    }

    /** Asks every backend which shards it has, all at once. Who does not answer is named in the outcome. */
    public ShardListing list() {
        ShardListing result = new ShardListing();
        long deadlineNs = clock.nanoTime() + timeoutNs;
        Set<String> waiting = new HashSet<>();
        for (Backend backend : backends) {
            waiting.add(backend.name());
            List<String> names = new ArrayList<>(); // the backend's until it has answered
            backend.list(
                    SHARDS,
                    deadlineNs,
                    (name, bytes) -> names.add(name),
                    (value, error, detail) -> segments.inbox().send(() -> {
                        if (waiting.remove(backend.name())) {
                            take(result, backend, names, error, detail);
                        }
                    }));
        }
        segments.pumpUntil(waiting::isEmpty, deadlineNs + 1_000_000_000L);
        waiting.forEach(name -> result.addSilent(name, "no answer"));
        waiting.clear();
        listing = result;
        return result;
    }

    private static void take(
            ShardListing result, Backend backend, List<String> names, BackendError error, String detail) {
        if (error != BackendError.NONE) {
            result.addSilent(backend.name(), error + (detail.isEmpty() ? "" : ": " + detail));
            return;
        }
        result.addListed(backend.name());
        for (String name : names) {
            result.add(backend.id(), name);
        }
    }

    /**
     * Gives the records of history to the visitor, from the first on.
     *
     * @return what moment that is. Without any metadata, a history of no records.
     */
    public RecoveredHistory replay(RecordVisitor visitor) {
        notes.clear();
        List<Lineage.Mount> mounts = mounts();
        List<Lineage.Part> parts = Lineage.history(mounts, segmentBytes, this::reaches);
        noteWhatIsLeftOut(mounts, parts);
        Map<Id128, Long> epochs = new HashMap<>();
        mounts.forEach(mount -> epochs.put(mount.mountId(), mount.epoch()));
        Replay replay = new Replay(visitor);
        for (Lineage.Part part : parts) {
            String stop = replay.part(part, epochs.get(part.mountId()));
            if (stop != null) {
                return replay.outcome(stop);
            }
        }
        return replay.outcome(parts.isEmpty() ? null : whatFollows(parts.getLast()));
    }

    /** Why there is nothing behind the last segment of history, when something should be. */
    private String whatFollows(Lineage.Part last) {
        long next = last.number() + 1;
        for (FoundSealing sealing : listing.sealings(META, next)) {
            if (sealing.mountId().equals(last.mountId())) {
                return "of metadata segment " + next + " only " + sealing.shardsFound() + " shards were found, and "
                        + sealing.code().k() + " are needed";
            }
        }
        for (FoundSealing sealing : listing.sealings()) {
            if (sealing.stream() == META && sealing.mountId().equals(last.mountId()) && sealing.number() > next) {
                return "metadata segment " + next + " is missing, though there are later ones";
            }
        }
        return null;
    }

    /** The mounts of whose metadata the beginning can be read. */
    private List<Lineage.Mount> mounts() {
        Map<Id128, TreeSet<Long>> whole = new TreeMap<>();
        Set<Id128> seen = new TreeSet<>();
        for (FoundSealing sealing : listing.sealings()) {
            if (sealing.stream() == META) {
                seen.add(sealing.mountId());
                if (sealing.isWhole()) {
                    whole.computeIfAbsent(sealing.mountId(), id -> new TreeSet<>())
                            .add(sealing.number());
                }
            }
        }
        List<Lineage.Mount> mounts = new ArrayList<>();
        whole.forEach((mountId, numbers) -> {
            Lineage.Mount mount = mount(mountId, numbers);
            if (mount != null) {
                mounts.add(mount);
                seen.remove(mountId);
            }
        });
        seen.forEach(id -> notes.add("Metadata of mount " + id + " cannot be used: its beginning is missing."));
        return mounts;
    }

    private Lineage.Mount mount(Id128 mountId, TreeSet<Long> numbers) {
        for (Opened segment : open(META, numbers.first(), mountId)) {
            long from = segment.header().sealing().from();
            if (segments.readOne(segment.set(), 0, firstChunk) == null
                    && RecordHeader.isSound(firstChunk, 0, segment.set().plainLength(0))
                    && RecordHeader.typeCode(firstChunk, 0) == RecordType.MOUNT.code()
                    && MountRecord.mountId(firstChunk, 0).equals(mountId)
                    && from == numbers.first() * segmentBytes) {
                return new Lineage.Mount(
                        mountId,
                        MountRecord.mountCounter(firstChunk, 0),
                        MountRecord.epoch(firstChunk, 0),
                        MountRecord.fromEpoch(firstChunk, 0),
                        MountRecord.fromMetaPosition(firstChunk, 0),
                        numbers);
            }
        }
        return null;
    }

    private boolean reaches(Id128 mountId, long number, long position) {
        List<Opened> found = open(META, number, mountId);
        // A segment that ends with a PAD record is complete; history then goes on behind its window.
        return !found.isEmpty()
                && (found.getFirst().header().sealing().to() >= position || position == (number + 1) * segmentBytes);
    }

    private void noteWhatIsLeftOut(List<Lineage.Mount> mounts, List<Lineage.Part> parts) {
        Map<Id128, Lineage.Part> last = new HashMap<>();
        parts.forEach(part -> last.put(part.mountId(), part));
        for (Lineage.Mount mount : mounts) {
            Lineage.Part end = last.get(mount.mountId());
            if (end == null) {
                notes.add("Metadata of mount " + mount.mountId() + " (epoch " + mount.epoch()
                        + ") is not part of this history: another mount continued without it, or what it continues is"
                        + " missing.");
            } else if (end.endPosition() != Lineage.WHOLE && mount.numbers().last() > end.number()) {
                notes.add("Metadata of mount " + mount.mountId() + " (epoch " + mount.epoch() + ") above position "
                        + end.endPosition() + " is not part of this history: a later mount continued from there.");
            }
        }
    }

    /** The sealings of a segment that can be opened, longest first. */
    private List<Opened> open(int stream, long number, Id128 mountId) {
        List<Opened> found = new ArrayList<>();
        for (FoundSealing sealing : listing.sealings(stream, number)) {
            if (sealing.isWhole() && sealing.mountId().equals(mountId)) {
                Opened one = open(sealing);
                if (one != null) {
                    found.add(one);
                }
            }
        }
        found.sort(
                Comparator.comparingLong((Opened one) -> one.header().sealing().to())
                        .reversed());
        return found;
    }

    /** Reads a header and the chunk table that it leads to; a header that lies leads to none. */
    private Opened open(FoundSealing sealing) {
        Opened known = opened.get(sealing);
        if (known != null) {
            return known;
        }
        Id128[] backends = sealing.backends().toArray(new Id128[0]);
        for (int shard = 0; shard < backends.length; shard++) {
            ShardHeader header =
                    backends[shard].isNil() ? null : segments.readHeader(backends[shard], sealing.object(shard));
            if (header == null
                    || !header.sealing().volumeId().equals(volumeId)
                    || header.sealing().plainBytes() > segmentBytes) {
                continue;
            }
            ShardSet tableOnly = ShardSet.withoutTable(header, backends);
            if (segments.readOne(tableOnly, ShardSet.TABLE, table) == null) {
                Opened result = new Opened(header, withTable(header, backends));
                opened.put(sealing, result);
                return result;
            }
        }
        return null;
    }

    private ShardSet withTable(ShardHeader header, Id128[] backends) {
        int count = header.chunkCount();
        int[] stored = new int[count];
        int[] crcs = new int[count];
        for (int chunk = 0; chunk < count; chunk++) {
            stored[chunk] = ChunkTable.stored(table, ChunkTable.HEADER_BYTES, chunk);
            crcs[chunk] = ChunkTable.crc(table, ChunkTable.HEADER_BYTES, chunk);
        }
        return ShardSet.of(
                header.sealing(), header.code(), header.shardBytes(), header.chunkBytes(), stored, crcs, backends);
    }

    /**
     * The placement of a segment as its shards tell it, for a segment whose PLACED record is not in the recovered
     * metadata; null when no sealing of it can be opened.
     */
    public Placement placement(int stream, long number, Id128 mountId) {
        List<Opened> found = open(stream, number, mountId);
        if (found.isEmpty()) {
            return null;
        }
        ShardHeader header = found.getFirst().header();
        ShardSet set = found.getFirst().set();
        List<Id128> holders = new ArrayList<>();
        int[] stored = new int[set.chunkCount()];
        int[] crcs = new int[set.chunkCount()];
        for (int shard = 0; shard < set.code().n(); shard++) {
            holders.add(set.backend(shard));
        }
        for (int chunk = 0; chunk < stored.length; chunk++) {
            stored[chunk] = set.stored(chunk);
            crcs[chunk] = set.crc(chunk);
        }
        return PlacementRecord.of(
                stream,
                header.sealing().suite(),
                number,
                mountId,
                header.epoch(),
                header.sealing().sealId(),
                header.sealing().from(),
                header.sealing().to(),
                set.shardBytes(),
                set.chunkBytes(),
                stored,
                crcs,
                set.code().k(),
                holders);
    }

    /**
     * Fetches a whole segment back by its placement.
     *
     * @param dst native memory with room for it; gets the plain bytes from its first position on.
     * @return null, or why it cannot be had, for a person.
     */
    public String fetchSegment(Placement placement, MemorySegment dst) {
        return segments.readAll(ShardSet.of(volumeId, placement), dst);
    }

    /**
     * Metadata segments for a scan of the local log: by their placement, else, after {@link #list}, by their shards.
     * The content is valid until the next one is fetched.
     */
    public MetaElsewhere elsewhere(PlacementSource placements) {
        return number -> {
            Placement known = placements.placement(META, number);
            if (known != null && fetchSegment(known, plain) == null) {
                return new MetaElsewhere.Content(plainSource(known.fromPosition()), known.toPosition());
            }
            for (FoundSealing sealing : listing == null ? List.<FoundSealing>of() : listing.sealings(META, number)) {
                Opened one = sealing.isWhole() ? open(sealing) : null;
                if (one != null && segments.readAll(one.set(), plain) == null) {
                    long from = one.header().sealing().from();
                    return new MetaElsewhere.Content(
                            plainSource(from), one.header().sealing().to());
                }
            }
            return null;
        };
    }

    private ByteSource plainSource(long from) {
        return (position, target, offset, length) -> {
            MemorySegment.copy(plain, position - from, target, offset, length);
            return 0;
        };
    }

    @Override
    public void close() {
        reader.close();
        segments.close();
        if (!segments.isAnythingLent()) {
            arena.close();
        }
    }

    /** Where the replay of records is. */
    private final class Replay {
        private final RecordVisitor visitor;
        private long records;
        private long lastSequence;
        private long lastTimeNs;
        private long lastPosition;
        private int lastCrc;
        private long endPosition;
        private long epoch;
        private Id128 mountId = Id128.NIL;
        private long segmentCount;
        private int lastLength;

        Replay(RecordVisitor visitor) {
            this.visitor = visitor;
        }

        /** Null, or why history ends in this segment. */
        String part(Lineage.Part part, long partEpoch) {
            String failure = "metadata segment " + part.number() + " cannot be opened";
            for (Opened segment : open(META, part.number(), part.mountId())) {
                failure = segments.readAll(segment.set(), plain);
                if (failure == null) {
                    segmentCount++;
                    epoch = partEpoch;
                    mountId = part.mountId();
                    return records(
                            segment.header().sealing().from(),
                            segment.header().sealing().to(),
                            part);
                }
            }
            return failure;
        }

        private String records(long from, long to, Lineage.Part part) {
            reader.begin(plainSource(from), from, Math.max(from, Math.min(to, part.endPosition())));
            int outcome = reader.next();
            while (outcome == MetaReader.RECORD) {
                long sequence = reader.sequence();
                if (lastSequence != 0 && sequence != lastSequence + 1) {
                    return "the record at position " + reader.position() + " has sequence " + sequence + " after "
                            + lastSequence;
                }
                int stop = visitor.onRecord(reader.buffer(), reader.offset(), reader.position(), reader.length());
                if (stop != 0) {
                    return "the record at position " + reader.position() + " was not taken: " + stop;
                }
                took();
                outcome = reader.next();
            }
            if (outcome != MetaReader.END) {
                return "the record at position " + reader.position() + " is not sound";
            }
            if (reader.isEnded()) {
                endPosition = (part.number() + 1) * segmentBytes;
            }
            return null;
        }

        private void took() {
            records++;
            lastSequence = reader.sequence();
            lastTimeNs = RecordHeader.timeNs(reader.buffer(), reader.offset());
            lastPosition = reader.position();
            lastLength = reader.length();
            lastCrc = RecordHeader.crc(reader.buffer(), reader.offset());
            endPosition = reader.position() + reader.length();
        }

        RecoveredHistory outcome(String stop) {
            return new RecoveredHistory(
                    records,
                    lastSequence,
                    lastTimeNs,
                    lastPosition,
                    lastLength,
                    lastCrc,
                    endPosition,
                    epoch,
                    mountId,
                    segmentCount,
                    stop,
                    notes);
        }
    }
}
