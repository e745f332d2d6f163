package io.qsfs.fs;

/**
 * What {@code statfs} says. All figures in 64 bits.
 *
 * @param totalBytes size of the volume.
 * @param freeBytes what can still be written.
 * @param inodes inodes in use.
 * @param freeInodes inodes that can still be made.
 */
public record SpaceReport(long totalBytes, long freeBytes, long inodes, long freeInodes) {}
