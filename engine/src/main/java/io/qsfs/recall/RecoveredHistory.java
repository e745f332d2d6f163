package io.qsfs.recall;

import io.qsfs.memory.Id128;
import java.util.List;

/**
 * Which moment a recovery came to, and what it could not find.
 *
 * @param records      given to the visitor.
 * @param lastSequence of the last one; 0 when there was none.
 * @param lastTimeNs   when the last one was made, ns since 1970 UTC.
 * @param lastPosition where it begins in the meta stream.
 * @param lastLength   its bytes.
 * @param lastCrc      its checksum.
 * @param endPosition  end of history, the position that the next mount continues from: the end of
 *                     the last record, or of its segment when that is complete.
 * @param epoch        the epoch of the last mount in it.
 * @param mountId      that mount.
 * @param segments     metadata segments read.
 * @param stop         why it ends where it ends, when there is more that could not be read; null when it is all there
 * is.
 * @param notes        what else was found that a person should know, a sentence each.
 */
public record RecoveredHistory(
        long records,
        long lastSequence,
        long lastTimeNs,
        long lastPosition,
        int lastLength,
        int lastCrc,
        long endPosition,
        long epoch,
        Id128 mountId,
        long segments,
        String stop,
        List<String> notes) {
    /** Copies the list. */
    public RecoveredHistory {
        notes = List.copyOf(notes);
    }
}
