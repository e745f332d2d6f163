package io.qsfs.backend;

/**
 * Space on a backend by its own word.
 *
 * @param totalBytes all of it; {@link #UNKNOWN} when the backend cannot tell.
 * @param freeBytes  what can still be put; {@link #UNKNOWN} when the backend cannot tell.
 * @param device     {@code st_dev} of a local directory, so that a disk shared by several counts once; else {@link #UNKNOWN}.
 */
public record Capacity(long totalBytes, long freeBytes, long device) {
    /** A backend that cannot tell does not limit. */
    public static final long UNKNOWN = -1;

    /** Nothing is known. */
    public static final Capacity CANNOT_TELL = new Capacity(UNKNOWN, UNKNOWN, UNKNOWN);

    /** True when the backend told how much is free. */
    public boolean isKnown() {
        return freeBytes != UNKNOWN;
    }
}
