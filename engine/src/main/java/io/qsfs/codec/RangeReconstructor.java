package io.qsfs.codec;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Gives one range of one lost shard from the same range of k others: what a read of evicted bytes needs when a backend is gone or
 * rotten. Ranges of any length, from any offset.
 *
 * <p>Collects what arrives in any order: {@link #begin}, {@link #add} for each answer until {@link #isReady}, then
 * {@link #reconstruct}. Ranges are borrowed from {@code add} until {@code reconstruct} or the next {@code begin}.
 *
 * <p>Threading: one thread at a time. Owns its native memory and gives it back on close.
 */
public final class RangeReconstructor implements AutoCloseable {
    private final ReedSolomon coder;
    private final int[] present;
    private final MemorySegment[] given;
    private final int[] missing = new int[1];
    private final MemorySegment[] made = new MemorySegment[1];
    private int count;
    private int length;

    /** A reconstructor for one code. */
    public RangeReconstructor(Code code) {
        coder = new ReedSolomon(code);
        present = new int[code.k()];
        given = new MemorySegment[code.k()];
    }

    /** Starts anew: {@code length} bytes of shard {@code missingShard}, data or parity, are wanted. */
    public void begin(int missingShard, int length) {
        assert missingShard >= 0 && missingShard < coder.code().n() : missingShard;
        missing[0] = missingShard;
        this.length = length;
        count = 0;
    }

    /**
     * Takes the same range of another shard; ignored when there are enough, or it is there already, or is the missing one.
     *
     * @param range native, at least as long as was asked for in {@link #begin}.
     */
    public void add(int shard, MemorySegment range) {
        if (isReady() || shard == missing[0]) {
            return;
        }
        for (int i = 0; i < count; i++) {
            if (present[i] == shard) {
                return;
            }
        }
        present[count] = shard;
        given[count] = range;
        count++;
    }

    /** True when k ranges are here. */
    public boolean isReady() {
        return count == present.length;
    }

    /** Writes the missing range. {@code target} is native, borrowed until return, at least as long as the range. */
    public void reconstruct(MemorySegment target) {
        assert isReady() : "ranges=" + count + " of " + present.length;
        made[0] = target;
        coder.reconstruct(present, given, missing, 1, made, length);
        made[0] = null;
        Arrays.fill(given, null);
        count = 0;
    }

    @Override
    public void close() {
        coder.close();
    }
}
