package io.qsfs.recall;

import io.qsfs.codec.Code;
import io.qsfs.codec.ShardName;
import io.qsfs.memory.Id128;
import io.qsfs.memory.Id256;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which shards the backends list, put together by sealing. Names that are none of a shard are ignored and counted.
 *
 * <p>Threading: one thread fills it, then it does not change.
 */
public final class ShardListing {
    private record Key(int stream, long number, Id128 mountId, Id256 sealId, Code code) {}

    private record Segment(int stream, long number) {}

    private final Map<Key, Id128[]> found = new HashMap<>();
    private final Map<String, String> silent = new TreeMap<>();
    private final List<String> listed = new ArrayList<>();
    private long shards;
    private long strangers;
    private List<FoundSealing> sealings;
    private Map<Segment, List<FoundSealing>> bySegment;

    /** A backend lists an object. */
    void add(Id128 backend, String object) {
        ShardName name = ShardName.parse(object);
        if (name == null) {
            strangers++;
            return;
        }
        Key key = new Key(name.stream(), name.segment(), name.mountId(), name.sealId(), name.code());
        Id128[] backends = found.computeIfAbsent(key, k -> {
            Id128[] nobody = new Id128[k.code().n()];
            Arrays.fill(nobody, Id128.NIL);
            return nobody;
        });
        if (backends[name.index()].isNil()) {
            backends[name.index()] = backend;
        }
        shards++;
        sealings = null;
        bySegment = null;
    }

    void addListed(String backendName) {
        listed.add(backendName);
    }

    void addSilent(String backendName, String why) {
        silent.put(backendName, why);
    }

    /** Every sealing found, ordered by stream, number, and shards found, most first. */
    public List<FoundSealing> sealings() {
        if (sealings == null) {
            List<FoundSealing> all = new ArrayList<>();
            found.forEach((key, backends) -> all.add(new FoundSealing(
                    key.stream(), key.number(), key.mountId(), key.sealId(), key.code(), Arrays.asList(backends))));
            all.sort((a, b) -> {
                int order = Integer.compare(a.stream(), b.stream());
                order = order != 0 ? order : Long.compare(a.number(), b.number());
                order = order != 0 ? order : a.mountId().compareTo(b.mountId());
                order = order != 0 ? order : Integer.compare(b.shardsFound(), a.shardsFound());
                return order != 0
                        ? order
                        : a.sealId().toString().compareTo(b.sealId().toString());
            });
            sealings = List.copyOf(all);
        }
        return sealings;
    }

    /** Sealings of one segment, whatever mount they are of. */
    public List<FoundSealing> sealings(int stream, long number) {
        if (sealings == null || bySegment == null) {
            bySegment = new HashMap<>();
            for (FoundSealing sealing : sealings()) {
                bySegment
                        .computeIfAbsent(new Segment(sealing.stream(), sealing.number()), s -> new ArrayList<>())
                        .add(sealing);
            }
        }
        return bySegment.getOrDefault(new Segment(stream, number), List.of());
    }

    /** Segments of which some shards were found, but of no sealing enough to read it; ascending. */
    public List<Long> incomplete(int stream) {
        TreeSet<Long> numbers = new TreeSet<>();
        sealings().stream().filter(s -> s.stream() == stream).forEach(s -> numbers.add(s.number()));
        sealings().stream().filter(s -> s.stream() == stream && s.isWhole()).forEach(s -> numbers.remove(s.number()));
        return List.copyOf(numbers);
    }

    /**
     * The highest segment number of a stream that any backend names, -1 when there is none: new numbers begin above.
     */
    public long highestNumber(int stream) {
        long highest = -1;
        for (FoundSealing sealing : sealings()) {
            if (sealing.stream() == stream) {
                highest = Math.max(highest, sealing.number());
            }
        }
        return highest;
    }

    /** Names of the backends that were listed. */
    public List<String> listedBackends() {
        return List.copyOf(listed);
    }

    /** Backends that could not be listed, and why. */
    public Map<String, String> silentBackends() {
        return Map.copyOf(silent);
    }

    /** Shards found. */
    public long shardCount() {
        return shards;
    }

    /** Objects among the shards whose names are none of a shard. */
    public long strangerCount() {
        return strangers;
    }
}
