package io.qsfs.keeper;

/** What can be expected of eviction when the disk of the log is low. */
public enum Outlook {
    /** Segments went at the last look, or none was taken yet. */
    GOING,
    /** Nothing went, but something may: it is still being placed, or read back. */
    LATER,
    /** Whatever is here stays: it is in use, or lies on too few backends. */
    HOPELESS
}
