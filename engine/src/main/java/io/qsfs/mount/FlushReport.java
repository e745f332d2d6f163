package io.qsfs.mount;

import java.util.List;

/**
 * What a flush reached.
 *
 * @param local          it was asked for durability here only.
 * @param placedBytes    placed while it ran.
 * @param openForWriting files that are open for writing: their pages are the kernel's until they are fsynced.
 * @param unplaced       what could not be placed; empty is good.
 */
public record FlushReport(boolean local, long placedBytes, long openForWriting, List<Unplaced> unplaced) {}
