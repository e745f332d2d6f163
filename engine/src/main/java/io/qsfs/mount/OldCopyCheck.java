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
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Finds out whether a state directory is an old copy: backends then hold metadata of this epoch by a mount that its log never had,
 * because the original went on after the copy was made. What a machine wrote under a lower title is a fork and no concern.
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

    /** Where an object of a mount that is not known here lies. */
    private record Found(Backend backend, String object, ShardName name) {}

    /** Refuses an old copy. What no backend answers about cannot be known, and keeps nobody from mounting. */
    void requireOriginal(Collection<? extends Backend> backends) {
        Set<Id128> known = knownMounts();
        for (Found found : strangers(backends, known).values()) {
            long epoch = epochOf(found);
            if (epoch >= opened.volume().epoch()) {
                throw new QsfsException("the state directory " + opened.path()
                        + " is an old copy: mount " + found.name().mountId() + " has put metadata segment "
                        + found.name().segment() + " of epoch " + epoch
                        + " on the backends, and this directory knows nothing of it; move it away, and run qsfs recover"
                        + " to go on from what the backends have.");
            }
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

    /** One object for each mount that is not known here. */
    private Map<Id128, Found> strangers(Collection<? extends Backend> backends, Set<Id128> known) {
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
        Map<Id128, Found> strangers = new HashMap<>();
        listings.forEach((backend, done) -> {
            done.await();
            for (String object : names.get(backend)) {
                ShardName name = ShardName.parse(object);
                if (name != null && !known.contains(name.mountId())) {
                    strangers.putIfAbsent(name.mountId(), new Found(backend, object, name));
                }
            }
        });
        return strangers;
    }

    /** The epoch in the header of a shard; -1 when it cannot be read, and then says nothing. */
    private long epochOf(Found found) {
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
                return -1;
            }
            ShardHeader header = ShardHeader.read(buffer.segment(), 0);
            return header == null ? -1 : header.epoch();
        }
    }
}
