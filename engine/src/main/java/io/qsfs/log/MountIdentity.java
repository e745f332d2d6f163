package io.qsfs.log;

import io.qsfs.memory.Id128;

/**
 * Who writes: stands in the header of every segment of a mount.
 *
 * @param mountId      drawn for this mount, never used by another.
 * @param mountCounter number of mounts of this state directory.
 * @param epoch        of the title that it writes under.
 */
public record MountIdentity(Id128 mountId, long mountCounter, long epoch) {}
