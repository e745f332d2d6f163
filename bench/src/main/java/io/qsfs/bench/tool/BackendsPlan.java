package io.qsfs.bench.tool;

import io.qsfs.config.QsfsException;
import io.qsfs.config.Units;
import java.util.ArrayList;
import java.util.List;

/**
 * What is measured of each backend.
 *
 * @param sizes         of objects in bytes, ascending.
 * @param concurrencies operations under way, ascending.
 * @param openBytes     size of the objects of the open loop.
 * @param stepNs        length of a step.
 * @param spaceBytes    most that lies on a backend at once, and most memory of operations under way.
 * @param rounds        of everything.
 */
record BackendsPlan(
        List<Long> sizes, List<Integer> concurrencies, long openBytes, long stepNs, long spaceBytes, int rounds) {
    /** Of what a closed loop reaches: the loads that are offered. */
    static final double[] OFFERED = {0.2, 0.4, 0.6, 0.8, 0.9, 1.0, 1.2};

    private static final long SIZE_MAX = 16L << 20;
    private static final int CONCURRENCY_MAX = 64;

    /** True when this many objects of this size may be under way. */
    boolean fits(long bytes, int concurrency) {
        return bytes * concurrency <= spaceBytes / 2;
    }

    /** Reads {@code 4KiB,1MiB}. */
    static List<Long> sizes(String list) {
        List<Long> sizes = new ArrayList<>();
        for (String text : list.split(",")) {
            long bytes = Units.parseSize(text.strip());
            if (bytes < 1 || bytes > SIZE_MAX) {
                throw new QsfsException("size \"" + text + "\" is not from 1B to 16MiB: write a list like 4KiB,1MiB.");
            }
            sizes.add(bytes);
        }
        return sizes.stream().distinct().sorted().toList();
    }

    /** Reads {@code 1,4,16}. */
    static List<Integer> concurrencies(String list) {
        List<Integer> counts = new ArrayList<>();
        for (String text : list.split(",")) {
            int count = text.strip().matches("[0-9]{1,4}") ? Integer.parseInt(text.strip()) : 0;
            if (count < 1 || count > CONCURRENCY_MAX) {
                throw new QsfsException("concurrency \"" + text + "\" is not from 1 to " + CONCURRENCY_MAX
                        + ": write a list like 1,8,64.");
            }
            counts.add(count);
        }
        return counts.stream().distinct().sorted().toList();
    }
}
