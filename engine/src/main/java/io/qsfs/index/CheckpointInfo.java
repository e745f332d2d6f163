package io.qsfs.index;

import io.qsfs.memory.Id128;

/**
 * What a checkpoint file is a copy of.
 *
 * @param volumeId     the volume.
 * @param position     where the last record that it contains begins in the meta stream; -1 for none.
 * @param sequence     the sequence of that record.
 * @param length       its length in bytes.
 * @param crc          the checksum in its frame.
 * @param contentBytes bytes of the copy.
 * @param contentCrc   CRC32C of the copy.
 */
public record CheckpointInfo(
        Id128 volumeId, long position, long sequence, int length, int crc, long contentBytes, int contentCrc) {
    /** Where the metadata that comes after it begins at the earliest. */
    public long end() {
        return position == IndexState.NOTHING_APPLIED ? 0 : position + length;
    }
}
