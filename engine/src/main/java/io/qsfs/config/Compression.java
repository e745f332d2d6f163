package io.qsfs.config;

/** How chunks are compressed before they are sealed. */
public enum Compression {
    NONE,
    LZ4
}
