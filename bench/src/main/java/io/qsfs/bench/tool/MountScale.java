package io.qsfs.bench.tool;

/**
 * How much the workloads of a directory do.
 *
 * @param bigBytes   of the file that is read and written in 1 MiB and at random; whole MiB.
 * @param smallBytes of the file that is written in 4 KiB.
 * @param timedNs    of what is done for a time.
 * @param files      small ones.
 * @param entries    of the tree at most.
 */
record MountScale(long bigBytes, long smallBytes, long timedNs, int files, int entries) {
    private static final long MIB = 1 << 20;
    private static final long SECOND_NS = 1_000_000_000L;

    /** The usual. */
    static final MountScale FULL = new MountScale(1024 * MIB, 128 * MIB, 5 * SECOND_NS, 5000, 40_000);

    /** With {@code --quick}. */
    static final MountScale QUICK = new MountScale(256 * MIB, 128 * MIB, 2 * SECOND_NS, 1000, 2000);
}
