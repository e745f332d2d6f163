package io.qsfs.log;

/**
 * A file among the segments that is not one, or not any more. It is never changed or deleted.
 *
 * @param name   of the file.
 * @param reason what is wrong with it.
 */
public record ForeignFile(String name, String reason) {}
