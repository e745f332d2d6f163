package io.qsfs.mount;

import java.util.List;

/**
 * What an init made.
 *
 * @param volumeId 32 hex digits.
 * @param created  false when {@link VolumeLauncher.InitMode#CONTINUE} found the volume whole.
 * @param epoch    of the title that was written.
 * @param warnings one sentence each.
 */
public record InitReport(String volumeId, boolean created, long epoch, List<String> warnings) {}
