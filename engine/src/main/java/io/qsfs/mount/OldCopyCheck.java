package io.qsfs.mount;

import io.qsfs.backend.Backend;
import io.qsfs.backend.BackendError;
import io.qsfs.backend.BlockingCompletion;
import io.qsfs.codec.ShardHeader;
import io.qsfs.codec.ShardName;
import io.qsfs.config.QsfsException;
import io.qsfs.log.SegmentFile;
import io.qsfs.log.Streams;
import io.qsfs.memory.Clock;
import io.qsfs.memory.Id128;
import io.qsfs.memory.NativeBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Finds out whether a state directory is an old copy: backends then hold metadata of this epoch by a mount that its log never had, or
 * behind the end of its log, because the original went on after the copy was made. Nothing is placed before it is durable here, so of an
 * original neither is ever found. What a machine wrote under a lower title is a fork and no concern.
 *
 * <p>Threading: the thread that mounts, before anything is written.
 */
final class OldCopyCheck {
    private static final long LIST_NS = 30_000_000_000L;

    private final OpenedVolume opened;
    private final Clock clock;

    OldCopyCheck(OpenedVolume opened, Clock clock) {
        this.opened = opened;
        this.clock = clock;
    }

    /** Where an object lies that may not be of this log. */
    private record Found(Backend backend, String object, ShardName name) {}

    /** What one look is enough for: a mount that is not known here, or a segment of one that is. */
    private record Suspect(Id128 mountId, long segment) {}

    /** Refuses an old copy. What no backend answers about cannot be known, and keeps nobody from mounting. */
    void requireOriginal(Collection<? extends Backend> backends) {
        Set<Id128> known = knownMounts();
        long end = opened.metaEnd();
        for (Collection<Found> shards : suspects(backends, known, end)) {
            requireOurs(shards, known, end);
        }
    }

    /** The first shard whose header can be read says what they all are; when there is none, nothing is known. */
    private void requireOurs(Collection<Found> shards, Set<Id128> known, long end) {
        for (Found found : shards) {
            ShardHeader header = header(found);
            if (header == null) {
                continue;
            }
            boolean isOurs =
                    known.contains(found.name().mountId()) && header.sealing().to() <= end;
            if (!isOurs && header.epoch() >= opened.volume().epoch()) {
                throw new QsfsException("the state directory " + opened.path()
                        + " is an old copy: mount " + found.name().mountId() + " has put metadata segment "
                        + found.name().segment() + " of epoch " + header.epoch() + " up to position "
                        + header.sealing().to()
                        + " on the backends, and this directory knows nothing of it; move it away, and run qsfs recover"
                        + " to go on from what the backends have.");
            }
            return;
        }
    }

    private Set<Id128> knownMounts() {
        Set<Id128> known = new HashSet<>();
        for (int stream : new int[] {Streams.DATA, Streams.META}) {
            opened.index().writer().forEachSegment(stream, info -> known.add(info.mountId()));
            for (SegmentFile file : opened.log().catalog().files(stream)) {
                known.add(file.identity().mountId());
            }
        }
        opened.index().writer().rollback();
        return known;
    }

    /**
     * Of each mount that is not known here, and of each segment that can reach beyond the end of the log, one object of each
     * backend that has any.
     */
    private List<Collection<Found>> suspects(Collection<? extends Backend> backends, Set<Id128> known, long end) {
        Map<Backend, Set<String>> names = new HashMap<>();
        Map<Backend, BlockingCompletion<Void>> listings = new LinkedHashMap<>();
        for (Backend backend : backends) {
            Set<String> found = ConcurrentHashMap.newKeySet();
            BlockingCompletion<Void> done = new BlockingCompletion<>();
            backend.list(
                    ShardName.prefix(Streams.META), clock.nanoTime() + LIST_NS, (name, bytes) -> found.add(name), done);
            names.put(backend, found);
            listings.put(backend, done);
        }
        long segmentBytes = opened.log().catalog().segmentBytes();
        Map<Suspect, Map<Backend, Found>> suspects = new HashMap<>();
        listings.forEach((backend, done) -> {
            done.await();
            for (String object : names.get(backend)) {
                ShardName name = ShardName.parse(object);
                if (name == null) {
                    continue;
                }
                Found found = new Found(backend, object, name);
                if (!known.contains(name.mountId())) {
                    note(suspects, new Suspect(name.mountId(), -1), found);
                } else if ((name.segment() + 1) * segmentBytes > end) {
                    note(suspects, new Suspect(name.mountId(), name.segment()), found);
                }
            }
        });
        List<Collection<Found>> shards = new ArrayList<>();
        suspects.values().forEach(ofBackends -> shards.add(ofBackends.values()));
        return shards;
    }

    private static void note(Map<Suspect, Map<Backend, Found>> suspects, Suspect suspect, Found found) {
        suspects.computeIfAbsent(suspect, s -> new LinkedHashMap<>()).putIfAbsent(found.backend(), found);
    }

    /** The header of a shard; null when it cannot be read, and then says nothing. */
    private ShardHeader header(Found found) {
        try (NativeBuffer buffer = new NativeBuffer(ShardHeader.BYTES)) {
            BlockingCompletion<Void> done = new BlockingCompletion<>();
            found.backend()
                    .getRange(
                            found.object(),
                            0,
                            buffer.segment().asSlice(0, ShardHeader.BYTES),
                            clock.nanoTime() + LIST_NS,
                            done);
            if (done.await() != BackendError.NONE) {
                return null;
            }
            return ShardHeader.read(buffer.segment(), 0);
        }
    }
}
