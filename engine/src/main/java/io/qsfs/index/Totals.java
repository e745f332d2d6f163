package io.qsfs.index;

/**
 * Counts over the whole volume.
 *
 * @param inodes         all inodes, the root and orphans too.
 * @param allocatedBytes sum of the lengths of all extents.
 */
public record Totals(long inodes, long allocatedBytes) {}
