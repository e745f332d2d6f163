package io.qsfs.log;

/**
 * Where a scan begins.
 *
 * @param position    of the next record: the end of the last one applied, or the base of a segment.
 * @param sequence    of that record; 0 when it is not known.
 * @param durableData position in the data stream that was durable for sure, 0 when none is known.
 * @param durableMeta the same in the meta stream.
 */
public record ScanStart(long position, long sequence, long durableData, long durableMeta) {
    /** The beginning of a volume. */
    public static final ScanStart BEGINNING = new ScanStart(0, 1, 0, 0);
}
