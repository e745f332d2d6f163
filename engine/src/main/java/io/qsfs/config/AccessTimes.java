package io.qsfs.config;

/** What a read does to the access time of a file. */
public enum AccessTimes {
    /** Nothing. */
    NONE,
    /** Moves it when it is not newer than the last change, or a day old. */
    RELATIME
}
