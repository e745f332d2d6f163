package io.qsfs.recall;

import io.qsfs.memory.Id128;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;

/**
 * Which metadata segments are history. Each mount's first record says from which epoch and position it goes on; what
 * another mount wrote above that position is a fork that was left, and is never applied.
 *
 * <pre>
 *   epoch 1  [mount a: 0 1 2 | 3]         3 lies above the position that c continues from: not history
 *   epoch 2            \
 *                       [mount c: 4 5]    history = a: 0 1 2, c: 4 5
 * </pre>
 *
 * <p>Threading: stateless.
 */
final class Lineage {
    /** No limit. */
    static final long WHOLE = Long.MAX_VALUE;

    /**
     * A mount whose first metadata segment could be read.
     *
     * @param counter          of its state directory.
     * @param fromMetaPosition end of the history that it continues; 0: it begins the volume.
     * @param numbers          its metadata segments that are whole.
     */
    record Mount(
            Id128 mountId,
            long counter,
            long epoch,
            long fromEpoch,
            long fromMetaPosition,
            NavigableSet<Long> numbers) {}

    /** A segment of history, up to {@code endPosition} when another mount goes on before its end. */
    record Part(Id128 mountId, long number, long endPosition) {}

    /** True when the segment of that mount reaches at least to the position. */
    interface Reach {
        boolean reaches(Id128 mountId, long number, long position);
    }

    private final Map<Id128, Mount> mounts = new HashMap<>();
    private final Map<Id128, Id128> parents = new HashMap<>();
    private final Set<Id128> anchored = new HashSet<>();
    private final long segmentBytes;
    private final Reach reach;

    private Lineage(Collection<Mount> all, long segmentBytes, Reach reach) {
        this.segmentBytes = segmentBytes;
        this.reach = reach;
        for (Mount mount : all) {
            mounts.put(mount.mountId(), mount);
        }
    }

    /** The segments of the newest history that goes back to the beginning without a gap; empty when there is none. */
    static List<Part> history(Collection<Mount> mounts, long segmentBytes, Reach reach) {
        Lineage lineage = new Lineage(mounts, segmentBytes, reach);
        lineage.anchor();
        Mount newest = null;
        for (Id128 id : lineage.anchored) {
            Mount mount = lineage.mounts.get(id);
            if (newest == null || isNewer(mount, newest)) {
                newest = mount;
            }
        }
        return newest == null ? List.of() : lineage.parts(newest);
    }

    private static boolean isNewer(Mount a, Mount b) {
        if (a.epoch() != b.epoch()) {
            return a.epoch() > b.epoch();
        }
        if (!a.numbers().first().equals(b.numbers().first())) {
            return a.numbers().first() > b.numbers().first();
        }
        return a.counter() != b.counter()
                ? a.counter() > b.counter()
                : a.mountId().compareTo(b.mountId()) > 0;
    }

    /** Finds for each mount the one that it continues, and those that so go back to the beginning. */
    private void anchor() {
        boolean isChanged = true;
        while (isChanged) { // at most once for each mount
            isChanged = false;
            for (Mount mount : mounts.values()) {
                if (!anchored.contains(mount.mountId()) && isAnchored(mount)) {
                    anchored.add(mount.mountId());
                    isChanged = true;
                }
            }
        }
    }

    private boolean isAnchored(Mount mount) {
        if (mount.fromMetaPosition() <= 0) {
            return true;
        }
        long number = (mount.fromMetaPosition() - 1) / segmentBytes;
        Mount best = null;
        for (Id128 id : anchored) {
            Mount parent = mounts.get(id);
            if (parent.epoch() == mount.fromEpoch()
                    && number < mount.numbers().first()
                    && isUnbroken(parent, number)
                    && reach.reaches(id, number, mount.fromMetaPosition())
                    && (best == null || isNewer(parent, best))) {
                best = parent;
            }
        }
        if (best == null) {
            return false;
        }
        parents.put(mount.mountId(), best.mountId());
        return true;
    }

    /** True when all segments of the mount from its first to {@code number} are there. */
    private static boolean isUnbroken(Mount mount, long number) {
        long first = mount.numbers().first();
        return number >= first
                && mount.numbers().subSet(first, true, number, true).size() == number - first + 1;
    }

    private List<Part> parts(Mount newest) {
        List<Mount> chain = new ArrayList<>();
        for (Mount mount = newest; mount != null; mount = mounts.get(parents.get(mount.mountId()))) {
            chain.addFirst(mount);
        }
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < chain.size(); i++) {
            Mount mount = chain.get(i);
            long end = i + 1 < chain.size() ? chain.get(i + 1).fromMetaPosition() : WHOLE;
            long number = mount.numbers().first();
            while (mount.numbers().contains(number) && (end == WHOLE || number * segmentBytes < end)) {
                boolean isLast = end != WHOLE && (number + 1) * segmentBytes >= end;
                parts.add(new Part(mount.mountId(), number, isLast ? end : WHOLE));
                number++;
            }
        }
        return parts;
    }
}
