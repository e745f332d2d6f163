package io.qsfs.mount;

import java.util.List;

/**
 * What a recovery found.
 *
 * @param volumeId 32 hex digits.
 * @param epoch    of the title that was written, one above the last.
 * @param momentMs the moment of history that the volume is at now, milliseconds since 1970; 0 when the volume was empty.
 * @param inodes   files, directories and links.
 * @param bytes    content of files.
 * @param metaSegments how many metadata segments were applied.
 * @param missing  what was looked for and not found, one sentence each; empty is good.
 */
public record RecoverReport(
        String volumeId, long epoch, long momentMs, long inodes, long bytes, long metaSegments, List<String> missing) {}
