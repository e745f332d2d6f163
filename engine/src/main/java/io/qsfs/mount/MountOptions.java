package io.qsfs.mount;

/**
 * What a mount takes from the command line and not from the configuration.
 *
 * @param allowOther other users may enter (the kernel checks modes); always so for root.
 * @param debugFuse  libfuse prints every request to stderr.
 * @param takeOver   claim a higher title when another owner's stands in the way.
 * @param noAccessTimes reads move no access times, whatever the configuration says.
 */
public record MountOptions(boolean allowOther, boolean debugFuse, boolean takeOver, boolean noAccessTimes) {
    public static final MountOptions DEFAULT = new MountOptions(false, false, false, false);
}
