package io.qsfs.fs;

import io.qsfs.log.MetaStream;

/**
 * Where {@link Operations} puts its records.
 *
 * <p>Threading: {@code file-system} only.
 */
interface RecordSink {
    /** The stream whose staging the next record is written into. */
    MetaStream meta();

    /**
     * Gives the record that was written at {@code at} its place in history and applies it to the index.
     *
     * @return 0, or an errno after which the volume takes no more changes.
     */
    int append(long at, int length);

    /** Something that nobody waits for went wrong: the volume stops. */
    void failed(String what, int errno);
}
